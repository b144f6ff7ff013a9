/// One HTTP request head, read and judged: RFC 9112 (syntax, framing) and RFC 9110 (methods,
/// fields). Private to the http service. Nothing is kept: a view of the text goes in, a verdict
/// comes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace terminus::http {

/// The kinds of answer: one text of one length each. The last six end the connection.
enum class Answer : std::uint8_t {
    get_kept,
    head_kept,
    get_closed,
    head_closed,
    not_found,
    not_allowed,
    bad_request,
    not_implemented,
};
inline constexpr std::size_t answer_count = 8;

[[nodiscard]] constexpr bool closes(Answer answer) { return answer >= Answer::get_closed; }

/// A longer head is refused: RFC 9112 section 2.3 leaves the limit to us.
inline constexpr std::size_t head_limit_bytes = 8192;

/// The length of the empty lines that `text` begins with: RFC 9112 section 2.2 wants them ignored.
[[nodiscard]] std::size_t empty_lines(std::string_view text);

/// The length of the first head in `text`, its empty line included; 0 while it is incomplete.
/// `text` does not begin with an empty line.
[[nodiscard]] std::size_t head_length(std::string_view text);

/// What a complete head deserves. `head` is what head_length() measured.
[[nodiscard]] Answer judge(std::string_view head);

}  // namespace terminus::http
