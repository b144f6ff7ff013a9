/// A pool of frame buffers in DPDK's memory: one per worker, which all of the worker's lanes share.
/// Made and destroyed by control; any worker may give buffers back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct rte_mempool;

namespace terminus {

struct PoolPlan {
    std::string name;  ///< unique in the process, at most 20 characters
    std::uint32_t frames =
        8192;  ///< what all receive rings, all transmit rings and the stock can hold at once
    std::uint16_t mtu_bytes = 1500;  ///< the largest MTU of the devices
    int socket = -1;                 ///< NUMA node, where it has room; -1: any
};

/// Bytes of one buffer from its headroom on: frames of this MTU with a link header, one tag and the
/// FCS.
[[nodiscard]] std::uint16_t buffer_bytes(std::uint16_t mtu_bytes);
/// What DPDK needs for these pools, and for the rings of `queues` queue pairs: EalPlan::memory_mib.
/// Without DPDK.
[[nodiscard]] std::size_t frame_memory_mib(std::uint32_t frames, std::uint16_t mtu_bytes,
                                           unsigned pools, unsigned queues);

class Pool {
public:
    /// Throws std::runtime_error when there is not enough memory.
    explicit Pool(const PoolPlan& plan);
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    /// Every buffer has come back by now, and the devices are closed.
    ~Pool();

    [[nodiscard]] rte_mempool* get() const { return pool_; }
    [[nodiscard]] std::uint16_t mtu_bytes() const { return mtu_bytes_; }
    /// Buffers in all, and those not in use now (approximate while workers run). Any thread.
    [[nodiscard]] std::size_t capacity() const;
    [[nodiscard]] std::size_t available() const;

private:
    rte_mempool* pool_;
    std::uint16_t mtu_bytes_;
};

}  // namespace terminus
