/// One line of a packet script, read: see script.h for the language.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace terminus::test {

/// A sequence number as written: relative to its side's SYN, or absolute with a leading '@'.
struct Number {
    std::uint32_t value = 0;
    bool absolute = false;
};

/// What follows `<` or `>`.
struct Segment {
    std::uint8_t flags = 0;
    Number seq;
    std::uint32_t length = 0;
    bool any_length = false;  ///< written (*)
    std::optional<Number> ack;
    bool any_ack = false;  ///< written ack *
    std::optional<std::uint16_t> window, urgent;
    std::optional<std::uint8_t> ecn;            ///< the codepoint: RFC 3168 section 5
    std::optional<std::uint8_t> traffic_class;  ///< without ECN's bits
    std::optional<std::uint8_t> hop_limit;
    std::optional<std::string> options;  ///< as written between < and >
    std::optional<std::string> text;     ///< as written between quotes
    bool text_goes_on = false;           ///< the quotes are followed by ...
};

/// The line without its comment and the blanks around it.
[[nodiscard]] std::string strip(std::string_view line);
/// The words of a line; what stands in quotes or in <> is one word, with its quotes or brackets.
[[nodiscard]] std::vector<std::string> words_of(std::string_view line);
/// The words of a segment, from the flags on. Throws std::invalid_argument for what cannot be read.
[[nodiscard]] Segment parse_segment(const std::vector<std::string>& words);
/// "200", "200ms", "3s", "40us" as microseconds.
[[nodiscard]] std::uint64_t parse_us(std::string_view text);
[[nodiscard]] std::uint32_t parse_number(std::string_view text);

}  // namespace terminus::test
