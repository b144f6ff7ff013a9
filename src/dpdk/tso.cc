/// Finding runs, and making and unmaking chains.
#include "dpdk/tso.h"

#include "terminus/base/endian.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"
#include "terminus/wire/tcp.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

namespace terminus {

namespace {

constexpr std::size_t most_chain_bytes = 65535;  // what an IP packet's length can say
/// Some devices refuse chains of segments below 256 bytes, and small ones gain little.
constexpr std::size_t least_segment_bytes = 512;
constexpr auto ends_run = static_cast<std::uint8_t>(tcp_flag::psh | tcp_flag::fin);

rte_mbuf* mbuf_of(const Frame& frame) { return static_cast<rte_mbuf*>(frame.handle); }
std::size_t header_bytes(const Frame& frame) { return frame.length - frame.text_length; }
std::byte* ip_of(const Frame& frame) { return frame.data + frame.l2_length; }
std::byte* tcp_of(const Frame& frame) { return ip_of(frame) + frame.l3_length; }

bool same_bytes(const std::byte* one, const std::byte* other, std::size_t count) {
    return std::memcmp(one, other, count) == 0;
}

/// Whether a header is the other's but for what a device writes into each segment itself.
template <typename Header, typename Clear>
bool same_but(const std::byte* one, const std::byte* other, Clear clear) {
    auto first = load<Header>(one), second = load<Header>(other);
    clear(first);
    clear(second);
    return std::memcmp(&first, &second, sizeof(Header)) == 0;
}

/// A device gives the segments ids that count up; RFC 6864 section 4.1: an atomic datagram may have
/// any.
bool same_ip4(const std::byte* one, const std::byte* other, std::size_t index) {
    const auto first = load<Ip4Header>(one), second = load<Ip4Header>(other);
    const auto id = static_cast<std::uint16_t>(first.id.host() + index);
    if (first.fragment != be16{ip4_dont_fragment} && second.id.host() != id) return false;
    return same_but<Ip4Header>(
        one, other, [](Ip4Header& ip) { ip.total_length = ip.id = ip.checksum = be16{}; });
}

bool same_ip(const Frame& one, const Frame& other, std::size_t index) {
    if (!one.is_ip6) return same_ip4(ip_of(one), ip_of(other), index);
    return same_but<Ip6Header>(ip_of(one), ip_of(other),
                               [](Ip6Header& ip) { ip.payload_length = be16{}; });
}

/// PSH and FIN come with the last segment of a chain, and nothing else does.
bool same_tcp(const Frame& one, const Frame& other) {
    const std::size_t bytes = header_bytes(one) - one.l2_length - one.l3_length;
    return same_but<TcpHeader>(tcp_of(one), tcp_of(other),
                               [](TcpHeader& tcp) {
                                   tcp.seq = be32{};
                                   tcp.checksum = be16{};
                                   tcp.flags &= static_cast<std::uint8_t>(~ends_run);
                               }) &&
           same_bytes(tcp_of(one) + sizeof(TcpHeader), tcp_of(other) + sizeof(TcpHeader),
                      bytes - sizeof(TcpHeader));
}

bool same_shape(const Frame& one, const Frame& other) {
    return other.finish_l4 && other.is_tcp && other.is_ip6 == one.is_ip6 &&
           other.l2_length == one.l2_length && other.l3_length == one.l3_length &&
           header_bytes(other) == header_bytes(one);
}

/// Each segment but the last has the first one's flags. ECE holds for all of them (RFC 3168 section
/// 6.1.3), but CWR is said once (section 6.1.2).
bool may_begin(const Frame& frame) {
    const std::size_t plain = frame.is_ip6 ? sizeof(Ip6Header) : sizeof(Ip4Header);
    if (!frame.finish_l4 || !frame.is_tcp || frame.text_length < least_segment_bytes ||
        frame.l3_length != plain)
        return false;
    const auto& tcp = overlay<TcpHeader>(tcp_of(frame));
    return (tcp.flags & ~tcp_flag::ece) == tcp_flag::ack;
}

/// Whether `next` is what the device would write for the segment `index` of a chain.
bool continues(const Frame& first, const Frame& next, std::size_t index) {
    if (!same_shape(first, next) || next.text_length == 0 || next.text_length > first.text_length)
        return false;
    const auto &begins = overlay<TcpHeader>(tcp_of(first)), &tcp = overlay<TcpHeader>(tcp_of(next));
    const auto ahead = static_cast<std::uint32_t>(index * first.text_length);
    return tcp.seq.host() == begins.seq.host() + ahead && same_tcp(first, next) &&
           same_ip(first, next, index) && same_bytes(first.data, next.data, first.l2_length);
}

bool ends(const Frame& first, const Frame& frame) {
    return frame.text_length < first.text_length ||
           (overlay<TcpHeader>(tcp_of(frame)).flags & ends_run) != 0;
}

/// The header that the device cuts up: the whole length, the last one's flags, and the
/// pseudo-header's sum without the length.
void write_header(const Frame& first, const Frame& last, std::size_t text) {
    const std::size_t packet = header_bytes(first) - first.l2_length + text;
    std::byte* const ip = ip_of(first);
    auto& tcp = overlay<TcpHeader>(tcp_of(first));
    tcp.flags = overlay<TcpHeader>(tcp_of(last)).flags;
    if (first.is_ip6) {
        const auto payload = static_cast<std::uint16_t>(packet - sizeof(Ip6Header));
        overlay<Ip6Header>(ip).payload_length = be16{payload};
        const auto* header = reinterpret_cast<const rte_ipv6_hdr*>(ip);
        store(&tcp.checksum, rte_ipv6_phdr_cksum(header, RTE_MBUF_F_TX_TCP_SEG));
        return;
    }
    auto& ip4 = overlay<Ip4Header>(ip);
    const auto* header = reinterpret_cast<const rte_ipv4_hdr*>(ip);
    ip4.total_length = be16{static_cast<std::uint16_t>(packet)};
    ip4.checksum = be16{};
    store(&tcp.checksum, rte_ipv4_phdr_cksum(header, RTE_MBUF_F_TX_TCP_SEG));
    if ((mbuf_of(first)->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0)
        store(&ip4.checksum, rte_ipv4_cksum(header));
}

}  // namespace

std::size_t run_length(std::span<const Frame> frames, std::size_t most) {
    if (!may_begin(frames[0])) return 1;
    std::size_t length = 1, bytes = frames[0].length;
    while (length < std::min(frames.size(), most) && !ends(frames[0], frames[length - 1]) &&
           bytes + frames[length].text_length <= most_chain_bytes &&
           continues(frames[0], frames[length], length))
        bytes += frames[length++].text_length;
    return length;
}

ChainedBurst::ChainedBurst(std::span<const Frame> frames, std::size_t most_segments)
    : frames_{frames} {
    while (!frames.empty()) {
        const std::size_t length = run_length(frames, most_segments);
        packets_[count_] = mbuf_of(frames[0]);
        lengths_[count_++] = static_cast<std::uint8_t>(length);
        if (length > 1) chain(frames.first(length));
        frames = frames.subspan(length);
    }
}

/// The first frame's buffer stays whole; of the others the headers are left out.
void ChainedBurst::chain(std::span<const Frame> run) {
    const Frame& first = run[0];
    std::size_t text = 0;
    rte_mbuf* last = nullptr;
    for (const Frame& frame : run) {
        rte_mbuf* const mbuf = mbuf_of(frame);
        text += frame.text_length;
        if (last != nullptr) {
            rte_pktmbuf_adj(mbuf, static_cast<std::uint16_t>(header_bytes(frame)));
            last->next = mbuf;
        }
        last = mbuf;
    }
    std::memcpy(kept_[chains_++].data(), first.data, header_bytes(first));
    write_header(first, run.back(), text);
    rte_mbuf& head = *packets_[count_ - 1];
    head.nb_segs = static_cast<std::uint16_t>(run.size());
    head.pkt_len = static_cast<std::uint32_t>(header_bytes(first) + text);
    head.ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
    head.l4_len = (header_bytes(first) - first.l2_length - first.l3_length) & 0xffU;
    head.tso_segsz = first.text_length;
}

void ChainedBurst::unchain(std::span<const Frame> run, const Header& header) {
    std::memcpy(run[0].data, header.data(), header_bytes(run[0]));
    rte_mbuf& head = *mbuf_of(run[0]);
    head.ol_flags &= ~RTE_MBUF_F_TX_TCP_SEG;
    head.nb_segs = 1;
    head.pkt_len = head.data_len;
    for (const Frame& frame : run)
        mbuf_of(frame)->next = nullptr;
    for (const Frame& frame : run.subspan(1))
        rte_pktmbuf_prepend(mbuf_of(frame), static_cast<std::uint16_t>(header_bytes(frame)));
}

std::size_t ChainedBurst::end(std::size_t taken) {
    std::size_t frame = 0, frames_taken = 0, chain = 0;
    for (std::size_t packet = 0; packet < count_; frame += lengths_[packet++]) {
        const std::size_t length = lengths_[packet];
        if (packet < taken) frames_taken += length;
        if (length == 1) continue;
        if (packet >= taken) unchain(frames_.subspan(frame, length), kept_[chain]);
        if (packet < taken) segments_taken_ += length;
        if (packet < taken) ++chains_taken_;
        ++chain;
    }
    return frames_taken;
}

}  // namespace terminus
