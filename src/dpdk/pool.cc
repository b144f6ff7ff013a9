/// Frame buffers: their size, and the memory that they need.
#include "dpdk/pool.h"

#include "terminus/stack/frame.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_memzone.h>

#include <algorithm>
#include <stdexcept>

namespace terminus {

static_assert(RTE_PKTMBUF_HEADROOM >= minimum_headroom);

namespace {

constexpr unsigned cached_frames = 256;  ///< per thread, so that the shared ring is touched seldom
constexpr std::uint16_t link_bytes = 14 + 4 + 4;  ///< Ethernet header, 802.1Q tag, FCS

void free_zone(rte_mempool_memhdr*, void* zone) {
    rte_memzone_free(static_cast<const rte_memzone*>(zone));
}

rte_mempool* empty_pool(const PoolPlan& plan) {
    const std::uint16_t room = buffer_bytes(plan.mtu_bytes);
    const unsigned cache = std::min(cached_frames, plan.frames / 4);
    // The flag tells the mempool that objects may cross pages.
    rte_mempool* pool = rte_mempool_create_empty(
        plan.name.c_str(), plan.frames, static_cast<unsigned>(sizeof(rte_mbuf)) + room, cache,
        sizeof(rte_pktmbuf_pool_private), plan.socket, RTE_MEMPOOL_F_NO_IOVA_CONTIG);
    if (pool == nullptr) return nullptr;
    rte_pktmbuf_pool_private head{};
    head.mbuf_data_room_size = room;
    rte_pktmbuf_pool_init(pool, &head);
    return pool;
}

/// Lays all buffers into one zone, one behind the other. Pages do not matter: the devices address
/// the zone by its virtual addresses.
bool populate(rte_mempool* pool, const PoolPlan& plan) {
    const std::size_t one = pool->header_size + pool->elt_size + pool->trailer_size;
    const std::size_t bytes = one * plan.frames + RTE_CACHE_LINE_SIZE;
    const rte_memzone* zone = rte_memzone_reserve((plan.name + "-zone").c_str(), bytes, plan.socket,
                                                  RTE_MEMZONE_SIZE_HINT_ONLY);
    if (zone == nullptr) return false;
    void* owned = const_cast<rte_memzone*>(zone);
    const int laid = rte_mempool_populate_iova(pool, static_cast<char*>(zone->addr), zone->iova,
                                               zone->len, free_zone, owned);
    if (laid <= 0) rte_memzone_free(zone);
    return laid == static_cast<int>(plan.frames);
}

/// A pool without gaps. DPDK's own keeps its objects from crossing pages, which with small pages
/// takes one and a half times the memory, and which net_af_xdp does not expect: it registers
/// `frames` times an object's bytes with the kernel, and what lies behind is refused.
rte_mempool* packed_pool(const PoolPlan& plan) {
    rte_mempool* pool = empty_pool(plan);
    if (pool != nullptr && populate(pool, plan)) {
        rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
        return pool;
    }
    rte_mempool_free(pool);
    return nullptr;
}

/// With physical addresses a buffer must not cross a page: the next one may be anywhere.
rte_mempool* make_pool(const PoolPlan& plan) {
    if (rte_eal_iova_mode() == RTE_IOVA_VA) return packed_pool(plan);
    return rte_pktmbuf_pool_create(plan.name.c_str(), plan.frames,
                                   std::min(cached_frames, plan.frames / 4), 0,
                                   buffer_bytes(plan.mtu_bytes), plan.socket);
}

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

Pool::Pool(const PoolPlan& plan) : pool_(make_pool(plan)), mtu_bytes_(plan.mtu_bytes) {
    if (pool_ != nullptr) return;
    PoolPlan elsewhere = plan;
    elsewhere.socket = SOCKET_ID_ANY;
    if (plan.socket != SOCKET_ID_ANY) pool_ = make_pool(elsewhere);
    if (pool_ != nullptr) return;
    throw std::runtime_error("no memory for " + std::to_string(plan.frames) +
                             " frame buffers of MTU " + std::to_string(plan.mtu_bytes) + ": " +
                             rte_strerror(rte_errno) + ": give more huge pages, or fewer workers");
}

Pool::~Pool() { rte_mempool_free(pool_); }

std::size_t Pool::capacity() const { return pool_->size; }
std::size_t Pool::available() const { return rte_mempool_avail_count(pool_); }

}  // namespace terminus
