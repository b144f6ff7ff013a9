/// Frame buffers: their size, and the memory that they need.
#include "dpdk/pool.h"

#include "terminus/stack/frame.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <stdexcept>

namespace terminus {

static_assert(RTE_PKTMBUF_HEADROOM >= minimum_headroom);

namespace {

constexpr unsigned cached_frames = 256;  ///< per thread, so that the shared ring is touched seldom
constexpr std::uint16_t link_bytes = 14 + 4 + 4;  ///< Ethernet header, 802.1Q tag, FCS

}  // namespace

/// Rounded up to 1 KiB, because many devices count their receive buffers so.
std::uint16_t buffer_bytes(std::uint16_t mtu_bytes) {
    const unsigned data = (mtu_bytes + link_bytes + 1023U) / 1024 * 1024;
    return static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + std::max(data, 2048U));
}

std::size_t frame_memory_mib(std::uint32_t frames, std::uint16_t mtu_bytes, unsigned pools,
                             unsigned queues) {
    const std::size_t one = buffer_bytes(mtu_bytes) + sizeof(rte_mbuf) + 192;  // 192: mempool's own
    const std::size_t mib = std::size_t{1} << 20;
    return (one * frames * pools + mib - 1) / mib + 24 + std::size_t{4} * queues;
}

Pool::Pool(const PoolPlan& plan)
    : pool_(rte_pktmbuf_pool_create(plan.name.c_str(), plan.frames,
                                    std::min(cached_frames, plan.frames / 4), 0,
                                    buffer_bytes(plan.mtu_bytes), plan.socket)),
      mtu_bytes_(plan.mtu_bytes) {
    if (pool_ != nullptr) return;
    throw std::runtime_error("no memory for " + std::to_string(plan.frames) +
                             " frame buffers of MTU " + std::to_string(plan.mtu_bytes) + ": " +
                             rte_strerror(rte_errno) + ": give more huge pages, or fewer workers");
}

Pool::~Pool() { rte_mempool_free(pool_); }

std::size_t Pool::capacity() const { return pool_->size; }
std::size_t Pool::available() const { return rte_mempool_avail_count(pool_); }

}  // namespace terminus
