/// Receive side scaling as the device has it: the key and the redirection table, read back for the
/// log and for later judgement. Control only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace terminus {

struct RssFacts {
    std::vector<std::byte> key;  ///< empty: the device does not tell
    std::vector<std::uint16_t>
        queue_of_slot;        ///< the redirection table, by hash modulo its size; empty likewise
    std::uint64_t types = 0;  ///< DPDK's flow types in use; 0: no RSS
};

/// A key of fresh entropy. Throws std::runtime_error when the kernel has none.
[[nodiscard]] std::vector<std::byte> random_rss_key(std::size_t bytes);
/// What the device says of itself; it may be untrue until frames prove it.
[[nodiscard]] RssFacts read_rss(std::uint16_t port, std::size_t key_bytes,
                                std::uint16_t table_slots);
/// One line for the log.
[[nodiscard]] std::string to_string(const RssFacts& facts);

}  // namespace terminus
