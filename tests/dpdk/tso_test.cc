/// TSO: which frames make a chain, what a device gets, and that it writes what each frame would
/// have been. The device is net_ring, which gives chains back as they are, and a cutter in the
/// test's own words; then net_virtio_user, whose other end is net_vhost.
#include "dpdk/tso.h"

#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"
#include "terminus/wire/tcp.h"

#include "dpdk/lane.h"
#include "harness.h"

#include <gtest/gtest.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <array>
#include <functional>
#include <vector>

namespace terminus::testing {
namespace {

using Bytes = std::vector<std::byte>;
constexpr std::size_t segment_bytes = 1460, link_bytes = 14;

std::size_t header_bytes(bool is_ip6) { return link_bytes + (is_ip6 ? 40 : 20) + 20; }
TcpHeader& tcp_of(Bytes& bytes, bool is_ip6) {
    return overlay<TcpHeader>(bytes.data() + header_bytes(is_ip6) - 20);
}

/// The segment `index` of a flow, as the stack leaves it to a lane.
Unfinished segment(bool is_ip6, std::size_t index, std::size_t text = segment_bytes) {
    Unfinished made = unfinished_frame(is_ip6, true, text);
    tcp_of(made.bytes, is_ip6).seq =
        be32{0xffff'f000U + static_cast<std::uint32_t>(index * segment_bytes)};  // it wraps
    if (!is_ip6)
        overlay<Ip4Header>(made.bytes.data() + link_bytes).id =
            be16{static_cast<std::uint16_t>(7 + index)};
    for (std::size_t i = 0; i < text; ++i)
        made.bytes[header_bytes(is_ip6) + i] = static_cast<std::byte>((index * text + i) % 251);
    return made;
}

/// What a device that cuts writes: each segment with the chain's header, but for its own length,
/// id, sequence number and checksums, and PSH and FIN on the last only.
std::vector<Bytes> cut(const Bytes& chain, bool is_ip6) {
    std::vector<Bytes> all;
    const std::size_t header = header_bytes(is_ip6);
    for (std::size_t at = header; at < chain.size(); at += segment_bytes) {
        const std::size_t text = std::min(segment_bytes, chain.size() - at);
        Unfinished one = unfinished_frame(is_ip6, true, text);
        const auto lengths_and_sum = one.bytes;
        std::copy_n(chain.begin(), header, one.bytes.begin());
        std::copy_n(chain.begin() + static_cast<std::ptrdiff_t>(at), text,
                    one.bytes.begin() + static_cast<std::ptrdiff_t>(header));
        auto& tcp = tcp_of(one.bytes, is_ip6);
        const be16 without_length = tcp.checksum;
        tcp.seq = be32{tcp.seq.host() + static_cast<std::uint32_t>(at - header)};
        if (at + text < chain.size()) tcp.flags &= ~(tcp_flag::psh | tcp_flag::fin) & 0xff;
        std::uint32_t sum = without_length.host() + 20U + static_cast<std::uint32_t>(text);
        tcp.checksum = be16{static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16))};
        if (is_ip6) {
            overlay<Ip6Header>(one.bytes.data() + link_bytes).payload_length =
                be16{static_cast<std::uint16_t>(20 + text)};
        } else {
            auto& ip = overlay<Ip4Header>(one.bytes.data() + link_bytes);
            ip.total_length = be16{static_cast<std::uint16_t>(40 + text)};
            ip.id = be16{static_cast<std::uint16_t>(ip.id.host() + all.size())};
            ip.checksum = be16{};
        }
        all.push_back(finish(one));
    }
    return all;
}

Bytes bytes_of(const rte_mbuf* mbuf) {
    Bytes bytes;
    for (; mbuf != nullptr; mbuf = mbuf->next) {
        const auto* data = rte_pktmbuf_mtod(mbuf, const std::byte*);
        bytes.insert(bytes.end(), data, data + mbuf->data_len);
    }
    return bytes;
}

/// A lane whose device offers all, over net_ring.
class Tso : public ::testing::TestWithParam<bool> {
protected:
    Tso() {
        rte_eth_dev_get_port_by_name("net_ring0", &port_);
        lane_ = std::make_unique<EthdevLane>(
            LanePlan{.port = port_,
                     .lane = 3,
                     .offloads = {.ip4_checksum = true, .tcp_checksum = true, .udp_checksum = true},
                     .chain_segments = burst_of_lane,
                     .pool = rig_.pool.get()});
    }

    std::vector<Frame> frames(const std::vector<Unfinished>& all) {
        std::vector<Frame> made(all.size());
        EXPECT_EQ(lane_->fresh(made), made.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            fill(made[i], all[i]);
            if (!all[i].is_tcp) continue;
            made[i].text_length =
                static_cast<std::uint16_t>(all[i].bytes.size() - header_bytes(all[i].is_ip6));
        }
        return made;
    }
    /// What the device got, packet by packet; `look` sees the mbufs.
    std::vector<Bytes> packets(const std::function<void(const rte_mbuf&)>& look = {}) {
        std::vector<Bytes> all;
        std::array<rte_mbuf*, 64> mbufs;
        const std::uint16_t count = rte_eth_rx_burst(port_, 0, mbufs.data(), mbufs.size());
        for (std::uint16_t i = 0; i < count; ++i) {
            if (look) look(*mbufs[i]);
            all.push_back(bytes_of(mbufs[i]));
            rte_pktmbuf_free(mbufs[i]);
        }
        return all;
    }

    Rig rig_{"net_ring0"};
    std::uint16_t port_ = 0;
    std::unique_ptr<EthdevLane> lane_;
};

std::vector<Unfinished> bulk(bool is_ip6, std::size_t count) {
    std::vector<Unfinished> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back(segment(is_ip6, i));
    return all;
}

std::vector<Bytes> finished(const std::vector<Unfinished>& all) {
    std::vector<Bytes> bytes;
    for (const Unfinished& one : all)
        bytes.push_back(finish(one));
    return bytes;
}

TEST_P(Tso, ChainsARunThatCutsIntoTheSameSegments) {
    auto all = bulk(GetParam(), 10);
    all.push_back(segment(GetParam(), 10, 77));
    tcp_of(all.back().bytes, GetParam()).flags |= tcp_flag::psh | tcp_flag::fin;
    ASSERT_EQ(lane_->transmit(frames(all)), all.size());
    const auto got = packets([&](const rte_mbuf& head) {
        EXPECT_EQ(head.nb_segs, 11);
        EXPECT_EQ(head.pkt_len, header_bytes(GetParam()) + 10 * segment_bytes + 77);
        EXPECT_EQ(head.tso_segsz, segment_bytes);
        EXPECT_EQ(head.l2_len, link_bytes);
        EXPECT_EQ(head.l3_len, GetParam() ? 40 : 20);
        EXPECT_EQ(head.l4_len, 20);
        const std::uint64_t flags =
            RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM |
            (GetParam() ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
        EXPECT_EQ(head.ol_flags, flags);
    });
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(cut(got[0], GetParam()), finished(all));
    EXPECT_EQ(lane_->tally().chains, 1U);
    EXPECT_EQ(lane_->tally().chained_segments, 11U);
}

TEST_P(Tso, KeepsAChainWithinAnIpPacket) {
    auto all = bulk(GetParam(), 3);
    std::vector<Frame> made = frames(all);
    EXPECT_EQ(run_length(made, 32), 3U);
    EXPECT_EQ(run_length(made, 2), 2U);
    made[0].length = 65535 - 1460;  // its text, as if it were so long
    made[0].text_length = static_cast<std::uint16_t>(made[0].length - header_bytes(GetParam()));
    EXPECT_EQ(run_length(made, 32), 1U);
    made = [&] {
        lane_->release(made);
        return frames(all);
    }();
    lane_->release(made);
}

/// What the device would write otherwise than the frame says goes alone.
TEST_P(Tso, ChainsOnlyWhatTheDeviceWritesAlike) {
    const bool is_ip6 = GetParam();
    const std::size_t ip = link_bytes, tcp = header_bytes(is_ip6) - 20;
    std::vector<std::size_t> fixed{0, 6, tcp, tcp + 2, tcp + 4, tcp + 8, tcp + 14, tcp + 18};
    if (is_ip6)
        fixed.insert(fixed.end(), {ip + 1, ip + 3, ip + 7, ip + 8, ip + 24});
    else
        fixed.insert(fixed.end(), {ip + 1, ip + 4, ip + 6, ip + 8, ip + 12, ip + 16});
    for (const std::size_t at : fixed) {
        auto all = bulk(is_ip6, 3);
        all[1].bytes[at] ^= std::byte{0x20};
        std::vector<Frame> made = frames(all);
        EXPECT_EQ(run_length(made, 32), 1U) << at;
        lane_->release(made);
    }
}

TEST_P(Tso, EndsARunWithPushFinAndAShortSegment) {
    for (const std::uint8_t flag : {tcp_flag::psh, tcp_flag::fin}) {
        auto all = bulk(GetParam(), 3);
        tcp_of(all[1].bytes, GetParam()).flags |= flag;
        std::vector<Frame> made = frames(all);
        EXPECT_EQ(run_length(made, 32), 2U);
        lane_->release(made);
    }
    auto all = bulk(GetParam(), 3);
    all[1] = segment(GetParam(), 1, 1459);
    std::vector<Frame> made = frames(all);
    EXPECT_EQ(run_length(made, 32), 2U);
    lane_->release(made);
}

TEST_P(Tso, BeginsARunWithPlainFullSegmentsOnly) {
    for (const std::uint8_t flag : {tcp_flag::psh, tcp_flag::fin, tcp_flag::cwr}) {
        auto all = bulk(GetParam(), 2);
        for (Unfinished& one : all)
            tcp_of(one.bytes, GetParam()).flags |= flag;
        std::vector<Frame> made = frames(all);
        EXPECT_EQ(run_length(made, 32), 1U) << int{flag};
        lane_->release(made);
    }
    std::vector<Frame> small = frames({segment(GetParam(), 0, 100), segment(GetParam(), 0, 100)});
    EXPECT_EQ(run_length(small, 32), 1U);
    std::vector<Frame> summed = frames(bulk(GetParam(), 2));
    summed[0].finish_l4 = false;
    EXPECT_EQ(run_length(summed, 32), 1U);
    lane_->release(small);
    lane_->release(summed);
}

/// RFC 3168 section 6.1.3: ECE is said in each segment until CWR comes.
TEST_P(Tso, ChainsSegmentsThatAllEchoCongestion) {
    auto all = bulk(GetParam(), 4);
    for (Unfinished& one : all)
        tcp_of(one.bytes, GetParam()).flags |= tcp_flag::ece;
    ASSERT_EQ(lane_->transmit(frames(all)), 4U);
    const auto got = packets();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(cut(got[0], GetParam()), finished(all));
}

TEST_P(Tso, KeepsTheOrderOfRunsAndOthers) {
    std::vector<Unfinished> all{unfinished_frame(GetParam(), false, 40)};
    for (const Unfinished& one : bulk(GetParam(), 3))
        all.push_back(one);
    all.push_back(segment(GetParam(), 9));  // beyond a hole
    all.push_back(segment(GetParam(), 10));
    all.push_back(unfinished_frame(GetParam(), true, 0));
    ASSERT_EQ(lane_->transmit(frames(all)), all.size());
    const auto got = packets();
    ASSERT_EQ(got.size(), 4U);
    EXPECT_EQ(got[0].size(), all[0].bytes.size());
    EXPECT_EQ(got[1].size(), header_bytes(GetParam()) + 3 * segment_bytes);
    EXPECT_EQ(got[2].size(), header_bytes(GetParam()) + 2 * segment_bytes);
    EXPECT_EQ(got[3].size(), all.back().bytes.size());
}

TEST_P(Tso, GivesBackWholeFramesThatTheDeviceDidNotTake) {
    while (send(*rig_.lane, plain_frame(60, 1))) {  // until the ring is full
    }
    const auto all = bulk(GetParam(), 5);
    const std::vector<Frame> made = frames(all);
    ASSERT_EQ(lane_->transmit(made), 0U);
    for (std::size_t i = 0; i < made.size(); ++i) {
        const auto& mbuf = *static_cast<rte_mbuf*>(made[i].handle);
        EXPECT_EQ(copy_of(made[i]), all[i].bytes);
        EXPECT_EQ(mbuf.nb_segs, 1);
        EXPECT_EQ(mbuf.next, nullptr);
    }
    while (!packets().empty()) {
    }
    ASSERT_EQ(lane_->transmit(std::span(made).first(4)), 4U);  // a shorter run, as it may be
    const auto got = packets();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(cut(got[0], GetParam()), finished(bulk(GetParam(), 4)));
    EXPECT_EQ(lane_->tally().chains, 1U);
    lane_->release(std::span(made).subspan(4));
}

/// What the device must be told before, it is: and where it refuses, it gets the frames themselves.
TEST_P(Tso, SendsFramesWhereTheDeviceRefusesAChain) {
    auto& prepare = rte_eth_fp_ops[port_].tx_pkt_prepare;
    const auto before =
        std::exchange(prepare, [](void*, rte_mbuf** packets, std::uint16_t count) -> std::uint16_t {
            for (std::uint16_t i = 0; i < count; ++i)
                if ((packets[i]->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0) return i;
            return count;
        });
    for (int i = 0; i < 2; ++i) {
        const auto all = bulk(GetParam(), 3);
        ASSERT_EQ(lane_->transmit(frames(all)), 3U);
        const auto got = packets();
        ASSERT_EQ(got.size(), 3U);
        for (std::size_t at = 0; at < got.size(); ++at)
            EXPECT_EQ(got[at], all[at].bytes);
    }
    EXPECT_EQ(lane_->tally().chains, 0U);
    prepare = before;
}

INSTANTIATE_TEST_SUITE_P(Of, Tso, ::testing::Bool(),
                         [](const auto& is_ip6) { return is_ip6.param ? "Ip6" : "Ip4"; });

/// net_tap of DPDK 22.11 offers what it does not do: a full segment does not fit its notion of the
/// MTU, and a chain of IPv6 leaves uncut.
TEST(TsoOfDevices, IsNotTakenFromTap) {
    if (!has_namespace()) GTEST_SKIP() << "needs root";
    Rig rig("net_tap0,iface=tmtap0");
    EXPECT_TRUE(rig.device->facts().has_tso);
    EXPECT_EQ(rig.device->facts().chain_segments, 0);
}

}  // namespace
}  // namespace terminus::testing
