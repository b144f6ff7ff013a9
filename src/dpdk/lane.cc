/// Frames and mbufs: the same bytes, two descriptions.
#include "dpdk/lane.h"

#include "terminus/base/endian.h"
#include "terminus/wire/ip4.h"

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace terminus {

namespace {

constexpr std::size_t burst = burst_of_lane;
/// In mbuf.hash.usr, which transmission does not use: the lane has written this frame's checksums.
/// A frame that the device did not take the first time must not be summed again.
constexpr std::uint32_t finished = 1;

rte_mbuf* mbuf_of(const Frame& frame) { return static_cast<rte_mbuf*>(frame.handle); }

/// A device's verdicts on both checksums.
struct Verdicts {
    Checked ip, l4;
};

/// Both by one look: the six bits of ol_flags from L4_BAD to L4_GOOD say it. A checksum that the
/// sender left for hardware (NONE: good and bad) is not verified: to the stack it is unknown.
Verdicts verdicts_of(std::uint64_t flags) {
    constexpr unsigned first_bit = 3;
    static_assert(RTE_MBUF_F_RX_L4_CKSUM_BAD == 1U << first_bit);
    static_assert(RTE_MBUF_F_RX_L4_CKSUM_GOOD == 1U << (first_bit + 5));
    static constexpr auto table = [] {
        const auto verdict = [](bool good, bool bad) {
            return good == bad ? Checked::unknown : good ? Checked::good : Checked::bad;
        };
        std::array<Verdicts, 64> all{};
        for (unsigned i = 0; i < all.size(); ++i) {
            const auto has = [i](std::uint64_t flag) { return (i << first_bit & flag) != 0; };
            all[i] = {verdict(has(RTE_MBUF_F_RX_IP_CKSUM_GOOD), has(RTE_MBUF_F_RX_IP_CKSUM_BAD)),
                      verdict(has(RTE_MBUF_F_RX_L4_CKSUM_GOOD), has(RTE_MBUF_F_RX_L4_CKSUM_BAD))};
        }
        return all;
    }();
    return table[flags >> first_bit & (table.size() - 1)];
}

/// One buffer, no tag beside it, and headroom: as nearly all come.
bool is_plain(const rte_mbuf& mbuf) {
    return mbuf.nb_segs == 1 && mbuf.data_off >= minimum_headroom &&
           (mbuf.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0;
}

/// Moves the bytes back when a driver left less than the headroom that a Frame promises.
bool make_headroom(rte_mbuf& mbuf) {
    if (mbuf.data_off >= minimum_headroom) return true;
    const auto missing = static_cast<std::uint16_t>(minimum_headroom - mbuf.data_off);
    if (rte_pktmbuf_tailroom(&mbuf) < missing) return false;
    std::byte* const start = rte_pktmbuf_mtod(&mbuf, std::byte*);
    std::memmove(start + missing, start, mbuf.data_len);
    mbuf.data_off = minimum_headroom;
    return true;
}

/// One buffer, with the tag in the bytes and room in front; false where that cannot be.
[[gnu::cold]] bool make_plain(rte_mbuf& mbuf) {
    if (mbuf.nb_segs > 1 && rte_pktmbuf_linearize(&mbuf) != 0) return false;
    if ((mbuf.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) {
        rte_mbuf* same = &mbuf;
        if (rte_vlan_insert(&same) != 0) return false;
        mbuf.ol_flags &= ~RTE_MBUF_F_RX_VLAN_STRIPPED;
    }
    return make_headroom(mbuf);
}

Frame received(rte_mbuf& mbuf, std::uint8_t lane) {
    const Verdicts verdicts = verdicts_of(mbuf.ol_flags);
    const std::uint32_t hash = mbuf.hash.rss;
    mbuf.hash.usr = 0;
    return {.data = rte_pktmbuf_mtod(&mbuf, std::byte*),
            .handle = &mbuf,
            .hash = hash,
            .length = mbuf.data_len,
            .capacity = static_cast<std::uint32_t>(mbuf.buf_len - mbuf.data_off),
            .headroom = mbuf.data_off,
            .lane = lane,
            .has_hash = (mbuf.ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0,
            .ip_checksum = verdicts.ip,
            .l4_checksum = verdicts.l4};
}

/// Of a buffer as a pool keeps it: one segment, which nobody else refers to. prepare() writes what
/// transmission reads.
Frame empty(rte_mbuf& mbuf, std::uint8_t lane) {
    mbuf.hash.usr = 0;
    return {.data = static_cast<std::byte*>(mbuf.buf_addr) + RTE_PKTMBUF_HEADROOM,
            .handle = &mbuf,
            .capacity = static_cast<std::uint32_t>(mbuf.buf_len - RTE_PKTMBUF_HEADROOM),
            .headroom = RTE_PKTMBUF_HEADROOM,
            .lane = lane};
}

/// Finishes the IPv4 header checksum in software.
void finish_ip(std::byte* ip) {
    store(ip + offsetof(Ip4Header, checksum), be16{0});
    const std::uint16_t sum =
        rte_ipv4_cksum(reinterpret_cast<const rte_ipv4_hdr*>(ip));  // in wire order already
    std::memcpy(ip + offsetof(Ip4Header, checksum), &sum, sizeof(sum));
}

/// The field holds the pseudo-header's sum, so that summing the segment as it lies gives the whole.
/// RFC 768: a UDP checksum of zero would mean none.
void finish_l4(std::byte* l4, std::size_t length, bool is_tcp) {
    auto sum = static_cast<std::uint16_t>(~rte_raw_cksum(l4, length));
    if (!is_tcp && sum == 0) sum = 0xffff;
    std::memcpy(l4 + (is_tcp ? 16 : 6), &sum, sizeof(sum));
}

}  // namespace

std::size_t EthdevLane::receive(std::span<Frame> frames) {
    if (!plan_.has_queue) return 0;
    std::array<rte_mbuf*, burst> mbufs;
    const auto wanted = static_cast<std::uint16_t>(std::min(frames.size(), burst));
    const std::uint16_t count = rte_eth_rx_burst(plan_.port, plan_.queue, mbufs.data(), wanted);
    for (std::uint16_t i = 0; i < count; ++i)
        rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void*));
    std::size_t kept = 0;
    for (std::uint16_t i = 0; i < count; ++i) {
        rte_mbuf& mbuf = *mbufs[i];
        if (is_plain(mbuf) || make_plain(mbuf)) [[likely]] {
            frames[kept++] = received(mbuf, plan_.lane);
            continue;
        }
        rte_pktmbuf_free(&mbuf);
        ++tally_.unusable;
    }
    return kept;
}

std::size_t EthdevLane::transmit(std::span<const Frame> frames) {
    if (!plan_.has_queue) return 0;
    std::size_t taken = 0;
    while (taken < frames.size()) {
        const auto part = frames.subspan(taken, std::min(frames.size() - taken, burst));
        std::array<rte_mbuf*, burst> mbufs;
        std::ranges::transform(part, mbufs.begin(),
                               [this](const Frame& it) { return prepare(it); });
        const std::size_t sent = plan_.chain_segments > 1
                                     ? send_chained(part)
                                     : send(std::span{mbufs}.first(part.size()));
        taken += sent;
        if (sent < part.size()) break;
    }
    return taken;
}

std::size_t EthdevLane::send(std::span<rte_mbuf*> packets) const {
    return rte_eth_tx_burst(plan_.port, plan_.queue, packets.data(),
                            static_cast<std::uint16_t>(packets.size()));
}

/// Some devices want a chain's header written otherwise, and may refuse one: such a device gets no
/// chain any more.
std::size_t EthdevLane::send_chained(std::span<const Frame> frames) {
    ChainedBurst chained{frames, plan_.chain_segments};
    const std::span<rte_mbuf*> packets = chained.packets();
    const auto count = static_cast<std::uint16_t>(packets.size());
    if (chained.chains() != 0 &&
        rte_eth_tx_prepare(plan_.port, plan_.queue, packets.data(), count) < count) [[unlikely]] {
        chained.end(0);
        plan_.chain_segments = 0;
        return transmit(frames);
    }
    const std::size_t taken = chained.end(send(packets));
    tally_.chains += chained.chains_taken();
    tally_.chained_segments += chained.segments_taken();
    return taken;
}

/// Tells the mbuf what the frame says.
inline rte_mbuf* EthdevLane::prepare(const Frame& frame) const {
    rte_mbuf& mbuf = *mbuf_of(frame);
    mbuf.data_off = static_cast<std::uint16_t>(frame.data - static_cast<std::byte*>(mbuf.buf_addr));
    mbuf.data_len = static_cast<std::uint16_t>(frame.length);
    mbuf.pkt_len = frame.length;
    mbuf.ol_flags = 0;
    if (frame.finish_ip || frame.finish_l4) finish(frame, mbuf);
    return &mbuf;
}

/// Checksums: asked for, or written here where the device would not.
void EthdevLane::finish(const Frame& frame, rte_mbuf& mbuf) const {
    mbuf.tx_offload = 0;
    mbuf.l2_len = frame.l2_length & 0x7fU;
    mbuf.l3_len = frame.l3_length & 0x1ffU;
    mbuf.ol_flags = offload_flags(frame);
    if (mbuf.hash.usr == finished) return;
    mbuf.hash.usr = finished;
    std::byte* const ip = frame.data + frame.l2_length;
    if (frame.finish_ip && !plan_.offloads.ip4_checksum) finish_ip(ip);
    const bool l4_offered =
        frame.is_tcp ? plan_.offloads.tcp_checksum : plan_.offloads.udp_checksum;
    const std::size_t l4 = std::size_t{frame.l2_length} + frame.l3_length;
    if (frame.finish_l4 && !l4_offered) finish_l4(frame.data + l4, frame.length - l4, frame.is_tcp);
}

std::uint64_t EthdevLane::offload_flags(const Frame& frame) const {
    std::uint64_t flags = 0;
    if (frame.finish_ip && plan_.offloads.ip4_checksum) flags |= RTE_MBUF_F_TX_IP_CKSUM;
    if (frame.finish_l4 && frame.is_tcp && plan_.offloads.tcp_checksum)
        flags |= RTE_MBUF_F_TX_TCP_CKSUM;
    if (frame.finish_l4 && !frame.is_tcp && plan_.offloads.udp_checksum)
        flags |= RTE_MBUF_F_TX_UDP_CKSUM;
    if (flags != 0) flags |= frame.is_ip6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
    return flags;
}

std::size_t EthdevLane::fresh(std::span<Frame> frames) {
    std::size_t made = 0;
    while (made < frames.size()) {
        std::array<void*, burst> mbufs;
        const std::size_t count = std::min(frames.size() - made, burst);
        if (rte_mempool_get_bulk(plan_.pool, mbufs.data(), static_cast<unsigned>(count)) != 0)
            break;
        for (std::size_t i = 0; i < count; ++i)
            frames[made++] = empty(*static_cast<rte_mbuf*>(mbufs[i]), plan_.lane);
    }
    return made;
}

/// To the pool that each came from: another worker's, where that handed it over.
void EthdevLane::release(std::span<const Frame> frames) {
    while (!frames.empty()) {
        std::array<void*, burst> ours;
        unsigned count = 0;
        for (const Frame& frame : frames.first(std::min(frames.size(), burst))) {
            rte_mbuf* const mbuf = rte_pktmbuf_prefree_seg(mbuf_of(frame));
            if (mbuf != nullptr && mbuf->pool == plan_.pool)
                ours[count++] = mbuf;
            else if (mbuf != nullptr)
                rte_mempool_put(mbuf->pool, mbuf);
        }
        rte_mempool_put_bulk(plan_.pool, ours.data(), count);
        frames = frames.subspan(std::min(frames.size(), burst));
    }
}

}  // namespace terminus
