/// TCP options: RFC 9293 section 3.2 (MUST-4), RFC 7323 (window scale, timestamps), RFC 2018
/// (SACK).
#pragma once

#include "terminus/base/endian.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

struct SackBlock {
    std::uint32_t left = 0;   ///< first sequence number of the block
    std::uint32_t right = 0;  ///< one past its last
};

/// The kinds, as IANA lists them.
namespace tcp_option {
inline constexpr std::uint8_t end = 0;
inline constexpr std::uint8_t no_operation = 1;
inline constexpr std::uint8_t mss = 2;
inline constexpr std::uint8_t window_scale = 3;
inline constexpr std::uint8_t sack_permitted = 4;
inline constexpr std::uint8_t sack = 5;
inline constexpr std::uint8_t timestamps = 8;
}  // namespace tcp_option

/// The most that a data offset of 15 leaves for options.
inline constexpr std::size_t tcp_options_bytes_max = 40;

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

/// Whether a segment has none that write_tcp_options() would write. Each field is read as it was
/// written: compared one by one, GCC reads several at once, which then waits for their stores.
[[nodiscard]] inline bool has_none(const TcpOptions& options) {
    return (options.mss | (options.window_scale ^ 0xff) | options.sack_permitted |
            options.timestamps | options.sack_count) == 0;
}

/// The advised layout of timestamps alone: RFC 7323 appendix A.
inline constexpr std::uint32_t timestamps_only_bytes = 12, timestamps_advised = 0x0101080a;
/// Whether the options are exactly that: NOP, NOP, then timestamps.
[[nodiscard]] inline bool is_timestamps_only(std::span<const std::byte> options) {
    return options.size() == timestamps_only_bytes &&
           load<be32>(options.data()) == be32{timestamps_advised};
}

/// Reads the bytes between the TCP header and its data offset, in any segment (MUST-5), whatever
/// the alignment (MUST-64). Unknown options (MUST-6), and known ones whose length is not theirs,
/// are skipped; a length below two or beyond the end ends the parse (RFC 9293 section 3.2, MUST-7),
/// and what was read before it stands. Of an option that comes twice the last counts.
[[nodiscard]] TcpOptions parse_tcp_options(std::span<const std::byte> options);

/// How many bytes write_tcp_options() will write.
[[nodiscard]] std::size_t tcp_options_bytes(const TcpOptions& options);

/// Writes what is present, each once and with its length (MUST-68), with NOPs before it so that
/// every option ends on a multiple of four: no padding is left to be zero (RFC 9293 section 3.1,
/// MUST-69). `room` holds at least tcp_options_bytes_max. Returns the number of bytes written, a
/// multiple of four and at most that; SACK blocks that do not fit are left out.
[[nodiscard]] std::size_t write_tcp_options(const TcpOptions& options, std::span<std::byte> room);

}  // namespace terminus
