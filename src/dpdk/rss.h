/// Receive side scaling as the device has it: the key and the redirection table, read back, and
/// what workers make of them. Control only.
#pragma once

#include "terminus/stack/steering.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace terminus {

struct RssFacts {
    std::vector<std::byte> key;  ///< empty: the device does not tell
    std::vector<std::uint16_t>
        queue_of_slot;        ///< the redirection table, by hash modulo its size; empty likewise
    std::uint64_t types = 0;  ///< DPDK's flow types in use; 0: no RSS
    std::array<bool, rss_types> steers{};  ///< by RssType: those of `types` that count ports
};

/// A key of fresh entropy. Throws std::runtime_error when the kernel has none.
[[nodiscard]] std::vector<std::byte> random_rss_key(std::size_t bytes);
/// Asks the device for a table with as many slots for each queue; one that refuses keeps its own.
void spread_evenly(std::uint16_t port, std::uint16_t table_slots, std::uint16_t queues);
/// What the device says of itself; it may be untrue until frames prove it.
[[nodiscard]] RssFacts read_rss(std::uint16_t port, std::size_t key_bytes,
                                std::uint16_t table_slots);
/// How the device says that it spreads over the queues of `workers`. Nothing: it does not say, or
/// in a way that we cannot follow.
[[nodiscard]] std::optional<Spread> spread_of(const RssFacts& facts, std::uint16_t workers);
/// One line for the log.
[[nodiscard]] std::string to_string(const RssFacts& facts);

}  // namespace terminus
