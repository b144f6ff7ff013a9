/// TCP options: RFC 9293 section 3.2, RFC 7323 (window scale, timestamps), RFC 2018 (SACK).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

struct SackBlock {
    std::uint32_t left = 0;   ///< first sequence number of the block
    std::uint32_t right = 0;  ///< one past its last
};

/// The options of one segment, in host order; absent ones have their default.
struct TcpOptions {
    std::uint16_t mss = 0;             ///< 0: absent
    std::uint8_t window_scale = 0xff;  ///< 0xff: absent; otherwise the shift as sent, up to 255-1
    bool sack_permitted = false;
    bool timestamps = false;
    std::uint32_t ts_value = 0, ts_echo = 0;
    std::uint8_t sack_count = 0;
    std::array<SackBlock, 4> sack{};
};

/// Reads the bytes between the TCP header and its data offset. Unknown options are skipped, an option with an
/// impossible length ends the parse (RFC 9293 section 3.2, MUST-7), what was read before it stands.
[[nodiscard]] TcpOptions parse_tcp_options(std::span<const std::byte> options);

/// Writes what is present, each once, padded with NOP and END to a multiple of four. `room` holds at least 40
/// bytes. Returns the number of bytes written, at most 40; SACK blocks that do not fit are left out.
[[nodiscard]] std::size_t write_tcp_options(const TcpOptions& options, std::span<std::byte> room);

}  // namespace terminus
