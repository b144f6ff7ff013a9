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

/// A checksum that the sender left for hardware (NONE) is not verified: to the stack it is unknown.
Checked ip_verdict(std::uint64_t flags) {
    const std::uint64_t verdict = flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
    if (verdict == RTE_MBUF_F_RX_IP_CKSUM_GOOD) return Checked::good;
    return verdict == RTE_MBUF_F_RX_IP_CKSUM_BAD ? Checked::bad : Checked::unknown;
}

Checked l4_verdict(std::uint64_t flags) {
    const std::uint64_t verdict = flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
    if (verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD) return Checked::good;
    return verdict == RTE_MBUF_F_RX_L4_CKSUM_BAD ? Checked::bad : Checked::unknown;
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

/// One buffer, with the tag in the bytes and room in front. Rare work is behind unlikely branches.
bool make_plain(rte_mbuf& mbuf) {
    if (mbuf.nb_segs > 1 && rte_pktmbuf_linearize(&mbuf) != 0) [[unlikely]]
        return false;
    if ((mbuf.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) [[unlikely]] {
        rte_mbuf* same = &mbuf;
        if (rte_vlan_insert(&same) != 0) return false;
        mbuf.ol_flags &= ~RTE_MBUF_F_RX_VLAN_STRIPPED;
    }
    return make_headroom(mbuf);
}

void describe(rte_mbuf& mbuf, Frame& frame) {
    frame.data = rte_pktmbuf_mtod(&mbuf, std::byte*);
    frame.handle = &mbuf;
    frame.length = mbuf.data_len;
    frame.capacity = std::uint32_t{mbuf.data_len} + rte_pktmbuf_tailroom(&mbuf);
    frame.headroom = mbuf.data_off;
    mbuf.hash.usr = 0;
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
        if (to_frame(*mbufs[i], frames[kept])) [[likely]] {
            ++kept;
            continue;
        }
        rte_pktmbuf_free(mbufs[i]);
        ++tally_.unusable;
    }
    return kept;
}

bool EthdevLane::to_frame(rte_mbuf& mbuf, Frame& frame) const {
    if (!make_plain(mbuf)) [[unlikely]]
        return false;
    frame = Frame{};
    frame.lane = plan_.lane;
    frame.ip_checksum = ip_verdict(mbuf.ol_flags);
    frame.l4_checksum = l4_verdict(mbuf.ol_flags);
    frame.has_hash = (mbuf.ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0;
    if (frame.has_hash) frame.hash = mbuf.hash.rss;
    describe(mbuf, frame);
    return true;
}

std::size_t EthdevLane::transmit(std::span<const Frame> frames) {
    if (!plan_.has_queue) return 0;
    std::size_t taken = 0;
    while (taken < frames.size()) {
        const auto part = frames.subspan(taken, std::min(frames.size() - taken, burst));
        for (const Frame& frame : part)
            prepare(frame);
        const std::size_t sent = plan_.chain_segments > 1 ? send_chained(part) : send_each(part);
        taken += sent;
        if (sent < part.size()) break;
    }
    return taken;
}

std::size_t EthdevLane::send_each(std::span<const Frame> frames) const {
    std::array<rte_mbuf*, burst> mbufs;
    std::ranges::transform(frames, mbufs.begin(), mbuf_of);
    return rte_eth_tx_burst(plan_.port, plan_.queue, mbufs.data(),
                            static_cast<std::uint16_t>(frames.size()));
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
        return send_each(frames);
    }
    const std::size_t taken =
        chained.end(rte_eth_tx_burst(plan_.port, plan_.queue, packets.data(), count));
    tally_.chains += chained.chains_taken();
    tally_.chained_segments += chained.segments_taken();
    return taken;
}

/// Tells the mbuf what the frame says, and finishes in software what the device would not.
void EthdevLane::prepare(const Frame& frame) const {
    rte_mbuf& mbuf = *mbuf_of(frame);
    mbuf.data_off = static_cast<std::uint16_t>(frame.data - static_cast<std::byte*>(mbuf.buf_addr));
    mbuf.data_len = static_cast<std::uint16_t>(frame.length);
    mbuf.pkt_len = frame.length;
    mbuf.ol_flags = 0;
    if (!frame.finish_ip && !frame.finish_l4) return;
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
        std::array<rte_mbuf*, burst> mbufs;
        const std::size_t count = std::min(frames.size() - made, burst);
        if (rte_pktmbuf_alloc_bulk(plan_.pool, mbufs.data(), static_cast<unsigned>(count)) != 0)
            break;
        for (std::size_t i = 0; i < count; ++i) {
            Frame& frame = frames[made++] = Frame{};
            frame.lane = plan_.lane;
            describe(*mbufs[i], frame);
        }
    }
    return made;
}

void EthdevLane::release(std::span<const Frame> frames) {
    std::array<rte_mbuf*, burst> mbufs;
    while (!frames.empty()) {
        const std::size_t count = std::min(frames.size(), burst);
        std::ranges::transform(frames.first(count), mbufs.begin(), mbuf_of);
        rte_pktmbuf_free_bulk(mbufs.data(), static_cast<unsigned>(count));
        frames = frames.subspan(count);
    }
}

}  // namespace terminus
