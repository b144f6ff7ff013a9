/// A Frame: one contiguous buffer on loan from a lane. Plain data; whoever holds it returns it
/// once, by sending it or by releasing it.
#pragma once

#include "terminus/wire/checksum.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// Every frame has at least this much room before its first byte, so that a header can be
/// prepended.
inline constexpr std::uint16_t minimum_headroom = 128;

struct Frame {
    std::byte* data = nullptr;   ///< the link header's first byte
    void* handle = nullptr;      ///< the lane's own name for the buffer
    std::uint32_t hash = 0;      ///< the device's RSS hash, where has_hash
    std::uint32_t length = 0;    ///< bytes in use from `data`; beyond 65,535 reassembled only
    std::uint32_t capacity = 0;  ///< bytes that `data` may hold
    std::uint16_t headroom = 0;  ///< bytes free before `data`
    std::uint8_t lane = 0;       ///< in: where it came from; out: where it shall go
    bool has_hash = false;
    Checked ip_checksum = Checked::unknown;  ///< in: the device's verdict
    Checked l4_checksum = Checked::unknown;
    bool finish_ip = false;  ///< out: the lane writes the IPv4 header checksum
    bool finish_l4 = false;  ///< out: the lane completes the TCP or UDP checksum; the field holds
                             ///< the folded, uncomplemented pseudo-header sum
    std::uint8_t l2_length = 0;  ///< out, with finish_*: link header bytes
    std::uint8_t l3_length = 0;  ///< out, with finish_*: network header bytes
    bool is_ip6 = false;         ///< out, with finish_*
    bool is_tcp = false;         ///< out, with finish_l4: else UDP
    std::uint16_t text_length =
        0;                    ///< out: TCP text bytes, so that a lane with TSO can chain a run
    bool is_handed = false;   ///< in: from another worker, not from a lane
    bool is_copy = false;     ///< and another worker has the original: learn, never answer
    bool is_rebuilt = false;  ///< and another worker received its fragments

    [[nodiscard]] std::span<std::byte> bytes() const { return {data, length}; }

    /// Grows the frame at its front; `count` is at most the headroom.
    void prepend(std::uint16_t count) {
        data -= count;
        length += count;
        capacity += count;
        headroom = static_cast<std::uint16_t>(headroom - count);
    }
};
static_assert(sizeof(Frame) <= 48);

}  // namespace terminus
