/// Devices without a kernel side: net_null, net_pcap, and those that cannot be.
#include "dpdk/device.h"

#include "dpdk/clock.h"
#include "harness.h"

#include <gtest/gtest.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace terminus::testing {
namespace {

std::string reason_of(const DevicePlan& plan) {
    eal();
    Pool pool({.name = "pool", .frames = 256});
    try {
        Device device(plan, {&pool});
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

TEST(Device, NullReceivesAndTakesEverything) {
    Rig rig("net_null0");
    std::array<Frame, 32> frames;
    ASSERT_EQ(rig.lane->receive(frames), 32U);
    EXPECT_EQ(frames[0].length, 64);
    ASSERT_EQ(rig.lane->transmit(frames), 32U);
    EXPECT_EQ(rig.device->stats().frames_received, 32U);
    EXPECT_EQ(rig.device->stats().frames_sent, 32U);
    EXPECT_FALSE(rig.device->extended_stats().empty());
}

TEST(Device, PcapReadsWhatItWrote) {
    const std::string path =
        ::testing::TempDir() + "terminus-dpdk-" + std::to_string(getpid()) + ".pcap";
    {
        Rig rig("net_pcap0,tx_pcap=" + path);
        for (std::uint8_t i = 0; i < 5; ++i)
            ASSERT_TRUE(send(*rig.lane, plain_frame(60U + i, i)));
    }
    Rig rig("net_pcap0,rx_pcap=" + path);
    for (std::uint8_t i = 0; i < 5; ++i) {
        Frame frame = receive(*rig.lane);
        EXPECT_EQ(copy_of(frame), plain_frame(60U + i, i));
        rig.lane->release({&frame, 1});
    }
    std::remove(path.c_str());
}

TEST(Device, TellsItsFacts) {
    Rig rig("net_ring0");
    const DeviceFacts& facts = rig.device->facts();
    EXPECT_EQ(facts.name, "net_ring0");
    EXPECT_EQ(facts.driver, "net_ring");
    EXPECT_EQ(facts.mtu_bytes, 1500);
    EXPECT_EQ(facts.lanes, 1);
    EXPECT_TRUE(rig.device->link().is_up);
    const auto lines = to_lines(facts);
    ASSERT_GE(lines.size(), 5U);
    for (const std::string& line : lines)
        EXPECT_TRUE(line.starts_with("device net_ring0: ")) << line;
}

TEST(Device, GivesWorkersBeyondItsQueuesALaneWithoutOne) {
    eal();
    Pool first({.name = "first", .frames = 256}), second({.name = "second", .frames = 256});
    {
        Device device({.device = "net_ring0", .mac = {}, .groups = {}, .descriptors = 64},
                      {&first, &second});
        device.start();
        ASSERT_LE(device.facts().lanes, 2);
        const auto lane = device.lane(1);
        Frame frame;
        ASSERT_EQ(lane->fresh({&frame, 1}), 1U);
        EXPECT_EQ(second.available(), 255U);
        lane->release({&frame, 1});
    }
    EXPECT_EQ(second.available(), 256U);
}

TEST(Device, IsGoneAfterItsEnd) {
    { Rig rig("net_null7"); }
    std::uint16_t port = 0;
    EXPECT_NE(rte_eth_dev_get_port_by_name("net_null7", &port), 0);
}

TEST(Device, SaysThatItDoesNotExist) {
    EXPECT_NE(reason_of({.device = "net_nothing0", .mac = {}, .groups = {}})
                  .find("device net_nothing0: cannot be opened"),
              std::string::npos);
}

TEST(Device, SaysThatTheMtuCannotBe) {
    const std::string why =
        reason_of({.device = "net_null0", .mtu_bytes = 20, .mac = {}, .groups = {}});
    EXPECT_NE(why.find("mtu 20 is not within"), std::string::npos) << why;
}

TEST(Pool, HoldsAFrameOfTheMtuInOneBuffer) {
    EXPECT_EQ(buffer_bytes(1500), 128 + 2048);
    EXPECT_GE(buffer_bytes(9000), 128 + 9000 + 22);
    EXPECT_GE(frame_memory_mib(8192, 1500, 2, 2), 2U * 8192 * (128 + 2048) >> 20);
}

// net_af_xdp tells the kernel of `frames` times one buffer's bytes from the first one on: what lies
// behind that is refused, and with it all that waits to be sent.
TEST(Pool, LaysItsBuffersWithoutGaps) {
    eal();
    Pool pool({.name = "packed", .frames = 2048});
    std::pair<std::uintptr_t, std::uintptr_t> span{UINTPTR_MAX, 0};
    rte_mempool_obj_iter(
        pool.get(),
        [](rte_mempool*, void* opaque, void* object, unsigned) {
            auto& seen = *static_cast<std::pair<std::uintptr_t, std::uintptr_t>*>(opaque);
            const auto at = reinterpret_cast<std::uintptr_t>(object);
            seen = {std::min(seen.first, at), std::max(seen.second, at)};
        },
        &span);
    const std::size_t one =
        pool.get()->header_size + pool.get()->elt_size + pool.get()->trailer_size;
    EXPECT_EQ(span.second - span.first, 2047 * one);
    rte_mbuf* const buffer = rte_pktmbuf_alloc(pool.get());
    ASSERT_NE(buffer, nullptr);
    EXPECT_EQ(rte_mbuf_data_iova(buffer), reinterpret_cast<std::uintptr_t>(buffer->buf_addr) + 128);
    rte_pktmbuf_free(buffer);
}

TEST(Clock, NeverGoesBackAndAgreesWithTheKernel) {
    TscClock clock(5000);
    Reading before = clock.read();
    for (int i = 0; i < 100000; ++i) {
        const Reading now = clock.read();
        ASSERT_GE(now.now, before.now);
        ASSERT_GE(now.cycles, before.cycles);
        before = now;
    }
    timespec low{}, high{};
    clock_gettime(CLOCK_MONOTONIC, &low);
    const std::uint64_t us = clock.read().now.us;
    clock_gettime(CLOCK_MONOTONIC, &high);
    const auto to_us = [](const timespec& t) {
        return static_cast<std::uint64_t>(t.tv_sec) * 1000000 +
               static_cast<std::uint64_t>(t.tv_nsec) / 1000;
    };
    EXPECT_GE(us + 1000, to_us(low));
    EXPECT_LE(us, to_us(high) + 1000);
}

}  // namespace
}  // namespace terminus::testing
