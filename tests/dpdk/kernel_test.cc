/// Devices with a kernel side: net_tap, and net_af_packet and net_af_xdp over a veth, in a network
/// namespace.
#include "dpdk/device.h"
#include "harness.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace terminus::testing {
namespace {

/// A veth pair for the test: Terminus has tmveth0, the kernel tmveth1.
class Veth : public ::testing::Test {
protected:
    void SetUp() override {
        if (!has_namespace()) GTEST_SKIP() << "needs root";
        ASSERT_TRUE(
            run("ip link add tmveth0 type veth peer name tmveth1 && ip link set tmveth0 up && "
                "ip link set tmveth1 up"));
    }
    void TearDown() override {
        if (has_namespace()) run("ip link del tmveth0");
    }
};

/// The frames must come whole through both ways.
void converse(Rig& rig, const PacketSocket& kernel) {
    for (const std::size_t bytes : {60U, 61U, 700U, 1514U}) {
        ASSERT_TRUE(kernel.send(plain_frame(bytes, 1)));
        Frame frame = receive(*rig.lane);
        EXPECT_EQ(copy_of(frame), plain_frame(bytes, 1));
        EXPECT_GE(frame.headroom, minimum_headroom);
        ASSERT_EQ(rig.lane->transmit({&frame, 1}), 1U);  // the same frame, back
        EXPECT_EQ(kernel.receive(), plain_frame(bytes, 1));
        ASSERT_TRUE(send(*rig.lane, plain_frame(bytes, 2)));  // a fresh frame
        EXPECT_EQ(kernel.receive(), plain_frame(bytes, 2));
    }
}

/// Whoever finishes checksums, the wire must have them right.
void send_checksummed(Rig& rig, const PacketSocket& kernel) {
    for (const bool is_ip6 : {false, true})
        for (const bool is_tcp : {false, true}) {
            const Unfinished frame = unfinished_frame(is_ip6, is_tcp, 101);
            ASSERT_TRUE(send(*rig.lane, frame));
            EXPECT_EQ(kernel.receive(is_ip6 ? 0x86dd : 0x0800), finish(frame)) << is_ip6 << is_tcp;
        }
}

Frame deliver(Rig& rig, const PacketSocket& kernel, const std::vector<std::byte>& bytes) {
    EXPECT_TRUE(kernel.send(bytes));
    return receive(*rig.lane, type_of(bytes));
}

class Tap : public ::testing::Test {
protected:
    void SetUp() override {
        if (!has_namespace()) GTEST_SKIP() << "needs root";
    }
};

TEST_F(Tap, CarriesFramesBothWays) {
    Rig rig("net_tap0,iface=tmtap0");
    EXPECT_TRUE(rig.device->link().is_up);
    EXPECT_FALSE(rig.device->facts().promiscuous);
    converse(rig, PacketSocket("tmtap0"));
}

TEST_F(Tap, FinishesChecksums) {
    Rig rig("net_tap0,iface=tmtap0");
    EXPECT_TRUE(rig.device->facts().finishes_tcp);
    send_checksummed(rig, PacketSocket("tmtap0"));
}

TEST_F(Tap, JudgesReceivedChecksums) {
    Rig rig("net_tap0,iface=tmtap0");
    const PacketSocket kernel("tmtap0");
    for (const bool is_ip6 : {false, true}) {
        const auto good = finish(unfinished_frame(is_ip6, true, 100));
        Frame frame = deliver(rig, kernel, good);
        EXPECT_EQ(frame.l4_checksum, Checked::good);
        if (!is_ip6) {
            EXPECT_EQ(frame.ip_checksum, Checked::good);
        }
        rig.lane->release({&frame, 1});
        auto bad_text = good;
        bad_text.back() ^= std::byte{1};
        frame = deliver(rig, kernel, bad_text);
        EXPECT_EQ(frame.l4_checksum, Checked::bad);
        rig.lane->release({&frame, 1});
    }
    auto bad_header = finish(unfinished_frame(false, false, 10));
    bad_header[14 + 8] ^= std::byte{1};  // the TTL
    Frame frame = deliver(rig, kernel, bad_header);
    EXPECT_EQ(frame.ip_checksum, Checked::bad);
    rig.lane->release({&frame, 1});
}

TEST_F(Tap, SetsMtuAndMac) {
    eal();
    Pool pool({.name = "pool", .frames = 4096, .mtu_bytes = 1400});
    {
        const Mac mac{{2, 0, 0, 0, 0, 1}};
        Device device(
            {.device = "net_tap0,iface=tmtap0", .mtu_bytes = 1400, .mac = mac, .groups = {}},
            {&pool});
        device.start();
        EXPECT_EQ(device.facts().mtu_bytes, 1400);
        EXPECT_EQ(device.facts().mac, mac);
        const auto lane = device.lane(0);
        const PacketSocket kernel("tmtap0");
        ASSERT_TRUE(kernel.send(plain_frame(1414, 3)));
        Frame frame = receive(*lane);
        EXPECT_EQ(copy_of(frame), plain_frame(1414, 3));
        ASSERT_EQ(lane->transmit({&frame, 1}), 1U);
        EXPECT_EQ(kernel.receive(), plain_frame(1414, 3));
    }
    EXPECT_EQ(pool.available(), pool.capacity());
    EXPECT_FALSE(run("ip link show tmtap0 2> /dev/null")) << "the tap is still there";
}

/// DPDK 22.11 gives its tap frames of 1522 bytes at most.
TEST_F(Tap, RefusesAnMtuBeyondItsFrames) {
    eal();
    Pool pool({.name = "pool", .frames = 4096, .mtu_bytes = 4000});
    const DevicePlan plan{
        .device = "net_tap0,iface=tmtap0", .mtu_bytes = 4000, .mac = {}, .groups = {}};
    EXPECT_THROW(Device(plan, {&pool}), std::runtime_error);
    EXPECT_FALSE(run("ip link show tmtap0 2> /dev/null")) << "the tap is still there";
}

TEST_F(Veth, AfPacketCarriesFramesBothWays) {
    Rig rig("net_af_packet0,iface=tmveth0");
    const PacketSocket kernel("tmveth1");
    converse(rig, kernel);
    send_checksummed(rig, kernel);
}

TEST_F(Veth, AfXdpCarriesFramesBothWays) {
    Rig rig("net_af_xdp0,iface=tmveth0,start_queue=0");
    rig.kept_by_driver = 2048 + 12;  // its fill ring, and what is sent and not yet confirmed
    const PacketSocket kernel("tmveth1");
    converse(rig, kernel);
    send_checksummed(rig, kernel);
}

}  // namespace
}  // namespace terminus::testing
