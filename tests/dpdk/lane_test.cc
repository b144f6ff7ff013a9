/// Frames and mbufs, over net_ring: what is sent comes back, mbuf and all.
#include "dpdk/lane.h"

#include "harness.h"

#include <gtest/gtest.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <array>

namespace terminus::testing {
namespace {

std::uint16_t port_of(const std::string& name) {
    std::uint16_t port = 0;
    EXPECT_EQ(rte_eth_dev_get_port_by_name(name.c_str(), &port), 0);
    return port;
}

/// An mbuf with these bytes, to be sent past the lane.
rte_mbuf* mbuf_with(const Pool& pool, std::span<const std::byte> bytes) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool.get());
    const auto length = static_cast<std::uint16_t>(bytes.size());
    std::memcpy(rte_pktmbuf_append(mbuf, length), bytes.data(), bytes.size());
    return mbuf;
}

void send_raw(rte_mbuf* mbuf) { ASSERT_EQ(rte_eth_tx_burst(port_of("net_ring0"), 0, &mbuf, 1), 1); }

TEST(Lane, GivesFreshFramesAndTakesThemBack) {
    Rig rig("net_ring0");
    std::array<Frame, 40> frames;
    ASSERT_EQ(rig.lane->fresh(frames), 40U);
    EXPECT_EQ(rig.pool.available(), rig.pool.capacity() - 40);
    for (const Frame& frame : frames) {
        EXPECT_NE(frame.handle, nullptr);
        EXPECT_EQ(frame.length, 0);
        EXPECT_GE(frame.headroom, minimum_headroom);
        EXPECT_GE(frame.capacity, 1500 + 18);
        EXPECT_EQ(frame.lane, 3);
    }
    rig.lane->release(frames);
}

TEST(Lane, GivesAPrefixWhenThePoolRunsOut) {
    Rig rig("net_ring0", 1500, 64);
    std::array<Frame, 100> frames;
    const std::size_t count = rig.lane->fresh(frames);
    EXPECT_EQ(count, 64U);
    rig.lane->release(std::span(frames).first(count));
}

TEST(Lane, CarriesABurstInOrder) {
    Rig rig("net_ring0");
    std::array<Frame, 40> out;
    ASSERT_EQ(rig.lane->fresh(out), out.size());
    for (std::size_t i = 0; i < out.size(); ++i)
        fill(out[i], plain_frame(60 + 30 * i, static_cast<std::uint8_t>(i)));
    ASSERT_EQ(rig.lane->transmit(out), out.size());
    std::array<Frame, 64> in;
    ASSERT_EQ(rig.lane->receive(in), 32U);  // a burst is 32
    ASSERT_EQ(rig.lane->receive(std::span(in).subspan(32)), 8U);
    for (std::size_t i = 0; i < out.size(); ++i) {
        EXPECT_EQ(copy_of(in[i]), plain_frame(60 + 30 * i, static_cast<std::uint8_t>(i)));
        EXPECT_EQ(in[i].lane, 3);
        EXPECT_GE(in[i].headroom, minimum_headroom);
    }
    rig.lane->release(std::span(in).first(40));
}

TEST(Lane, SendsAReceivedFrameAgainWithAPrependedHeader) {
    Rig rig("net_ring0");
    ASSERT_TRUE(send(*rig.lane, plain_frame(60, 1)));
    Frame frame = receive(*rig.lane);
    frame.prepend(100);
    const auto longer = plain_frame(160, 5);
    fill(frame, longer);
    ASSERT_EQ(rig.lane->transmit({&frame, 1}), 1U);
    frame = receive(*rig.lane);
    EXPECT_EQ(copy_of(frame), longer);
    rig.lane->release({&frame, 1});
}

TEST(Lane, FinishesChecksumsThatTheDeviceDoesNot) {
    Rig rig("net_ring0");
    ASSERT_FALSE(rig.device->facts().finishes_tcp);
    for (const bool is_ip6 : {false, true})
        for (const bool is_tcp : {false, true}) {
            const Unfinished frame = unfinished_frame(is_ip6, is_tcp, 101);
            ASSERT_TRUE(send(*rig.lane, frame));
            Frame got = receive(*rig.lane, is_ip6 ? 0x86dd : 0x0800);
            EXPECT_EQ(copy_of(got), finish(frame)) << is_ip6 << is_tcp;
            rig.lane->release({&got, 1});
        }
}

TEST(Lane, SumsAFrameOnceThoughItIsSentTwice) {
    Rig rig("net_ring0");
    while (send(*rig.lane, plain_frame(60, 1))) {  // until the ring is full
    }
    const Unfinished unfinished = unfinished_frame(false, true, 10);
    Frame frame;
    ASSERT_EQ(rig.lane->fresh({&frame, 1}), 1U);
    fill(frame, unfinished);
    ASSERT_EQ(rig.lane->transmit({&frame, 1}), 0U);
    std::array<Frame, 32> in;
    while (const std::size_t count = rig.lane->receive(in))
        rig.lane->release(std::span(in).first(count));
    ASSERT_EQ(rig.lane->transmit({&frame, 1}), 1U);
    frame = receive(*rig.lane, 0x0800);
    EXPECT_EQ(copy_of(frame), finish(unfinished));
    rig.lane->release({&frame, 1});
}

TEST(Lane, TellsTheDevicesVerdictsAndHash) {
    Rig rig("net_ring0");
    rte_mbuf* mbuf = mbuf_with(rig.pool, plain_frame(60, 1));
    mbuf->ol_flags =
        RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH;
    mbuf->hash.rss = 0x12345678;
    send_raw(mbuf);
    Frame frame = receive(*rig.lane);
    EXPECT_EQ(frame.ip_checksum, Checked::bad);
    EXPECT_EQ(frame.l4_checksum, Checked::good);
    EXPECT_TRUE(frame.has_hash);
    EXPECT_EQ(frame.hash, 0x12345678U);
    rig.lane->release({&frame, 1});
}

TEST(Lane, TakesAnUnwrittenChecksumForUnknown) {
    Rig rig("net_ring0");
    rte_mbuf* mbuf = mbuf_with(rig.pool, plain_frame(60, 1));
    mbuf->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
    send_raw(mbuf);
    Frame frame = receive(*rig.lane);
    EXPECT_EQ(frame.l4_checksum, Checked::unknown);
    rig.lane->release({&frame, 1});
}

TEST(Lane, PutsAStrippedTagBackIntoTheBytes) {
    Rig rig("net_ring0");
    rte_mbuf* mbuf = mbuf_with(rig.pool, plain_frame(60, 1));
    mbuf->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    mbuf->vlan_tci = 42;
    send_raw(mbuf);
    Frame frame = receive(*rig.lane, 0x8100);
    ASSERT_EQ(frame.length, 64);
    EXPECT_EQ(load<be16>(frame.data + 14), be16{42});
    EXPECT_EQ(load<be16>(frame.data + 16), be16{experimental_type});
    rig.lane->release({&frame, 1});
}

TEST(Lane, JoinsTheBuffersOfOneFrame) {
    Rig rig("net_ring0");
    const auto whole = plain_frame(900, 1);
    rte_mbuf* head = mbuf_with(rig.pool, std::span(whole).first(500));
    ASSERT_EQ(rte_pktmbuf_chain(head, mbuf_with(rig.pool, std::span(whole).subspan(500))), 0);
    send_raw(head);
    Frame frame = receive(*rig.lane);
    EXPECT_EQ(copy_of(frame), whole);
    rig.lane->release({&frame, 1});
}

TEST(Lane, DropsAndCountsWhatDoesNotFitOneBuffer) {
    Rig rig("net_ring0");
    const auto part = plain_frame(1500, 1);
    rte_mbuf* head = mbuf_with(rig.pool, part);
    ASSERT_EQ(rte_pktmbuf_chain(head, mbuf_with(rig.pool, part)), 0);
    send_raw(head);
    ASSERT_TRUE(send(*rig.lane, plain_frame(60, 9)));
    Frame frame = receive(*rig.lane);
    EXPECT_EQ(copy_of(frame), plain_frame(60, 9));
    EXPECT_EQ(rig.lane->tally().unusable, 1U);
    rig.lane->release({&frame, 1});
}

TEST(Lane, MakesTheHeadroomThatADriverDidNotLeave) {
    Rig rig("net_ring0");
    rte_mbuf* mbuf = mbuf_with(rig.pool, plain_frame(60, 1));
    rte_pktmbuf_prepend(mbuf, 100);
    std::memcpy(rte_pktmbuf_mtod(mbuf, void*), plain_frame(160, 1).data(), 160);
    send_raw(mbuf);
    Frame frame = receive(*rig.lane);
    EXPECT_GE(frame.headroom, minimum_headroom);
    EXPECT_EQ(copy_of(frame), plain_frame(160, 1));
    rig.lane->release({&frame, 1});
}

TEST(Lane, WithoutAQueueOnlyGivesAndTakesBuffers) {
    Rig rig("net_ring0");
    EthdevLane lane({.has_queue = false, .lane = 1, .offloads = {}, .pool = rig.pool.get()});
    Frame frame;
    ASSERT_EQ(lane.fresh({&frame, 1}), 1U);
    fill(frame, plain_frame(60, 1));
    EXPECT_EQ(lane.transmit({&frame, 1}), 0U);
    lane.release({&frame, 1});
    EXPECT_EQ(lane.receive({&frame, 1}), 0U);
}

}  // namespace
}  // namespace terminus::testing
