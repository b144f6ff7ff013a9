/// A segment in host order: what arrives, and what answers it.
#pragma once

#include "terminus/tcp/seq.h"
#include "terminus/wire/tcp.h"

#include <cstdint>

namespace terminus::tcp {

struct Segment {
    Seq seq, ack;
    std::uint32_t text_length = 0;
    std::uint16_t window = 0;  ///< as on the wire, unscaled
    std::uint8_t flags = 0;
    // From the options, read on SYNs only: RFC 9293 section 3.7.1, RFC 7323 section 2.
    std::uint16_t mss = 0;             ///< 0: absent
    std::uint8_t window_scale = 0xff;  ///< 0xff: absent

    [[nodiscard]] constexpr bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    /// SEG.LEN: SYN and FIN count (RFC 9293 section 3.4).
    [[nodiscard]] constexpr std::uint32_t length() const {
        return text_length + (has(tcp_flag::syn) ? 1 : 0) + (has(tcp_flag::fin) ? 1 : 0);
    }
    [[nodiscard]] constexpr Seq end() const { return seq + length(); }
};

/// A segment without text to be written. For SYNs the options are written from mss and
/// window_scale.
struct Reply {
    Seq seq{}, ack{};
    std::uint16_t window = 0;
    std::uint8_t flags = 0;
    std::uint16_t mss = 0;
    std::uint8_t window_scale = 0xff;
};

}  // namespace terminus::tcp
