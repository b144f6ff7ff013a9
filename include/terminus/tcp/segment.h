/// A segment in host order: what arrives, and what answers it.
#pragma once

#include "terminus/tcp/seq.h"
#include "terminus/wire/tcp.h"
#include "terminus/wire/tcp_options.h"

#include <cstdint>

namespace terminus::tcp {

struct Segment {
    Seq seq, ack;
    std::uint32_t text_length = 0;
    std::uint16_t window = 0;  ///< as on the wire, unscaled
    std::uint16_t urgent = 0;  ///< the urgent pointer, counted with URG only
    std::uint8_t flags = 0;
    std::uint8_t ecn = 0;  ///< the IP header's codepoint, see ecn.h
    TcpOptions options{};

    [[nodiscard]] constexpr bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    /// SEG.LEN: SYN and FIN count (RFC 9293 section 3.4).
    [[nodiscard]] constexpr std::uint32_t length() const {
        return text_length + (has(tcp_flag::syn) ? 1 : 0) + (has(tcp_flag::fin) ? 1 : 0);
    }
    [[nodiscard]] constexpr Seq end() const { return seq + length(); }
};

/// A segment to be written: its fields and options; its text, if any, is elsewhere.
struct Reply {
    Seq seq{}, ack{};
    std::uint16_t window = 0;
    std::uint16_t urgent = 0;  ///< the urgent pointer, with URG
    std::uint8_t flags = 0;
    std::uint8_t ecn = 0;  ///< the IP header's codepoint, see ecn.h
    TcpOptions options{};
};

}  // namespace terminus::tcp
