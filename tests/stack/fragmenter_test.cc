/// The fragmenter: where it cuts, and that reassembly undoes it.
#include "terminus/stack/fragmenter.h"

#include "terminus/base/rng.h"
#include "terminus/stack/reassembly.h"
#include "terminus/wire/ethernet.h"

#include "packet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace terminus {
namespace {

using test::Bytes;
using test::Packet;

constexpr std::uint64_t seed = 20261121;

/// A UDP datagram with this many bytes after the IP header, v4 or v6.
Packet whole(bool is_ip6, std::size_t ip_payload, std::uint64_t from = 1) {
    Rng rng{from};
    Bytes text(ip_payload - 8);
    std::ranges::generate(text, [&] { return std::byte(rng.below(256)); });
    Packet packet = is_ip6 ? Packet::udp("2001:db8::9", 5, "2001:db8::2", 7)
                           : Packet::udp("192.0.2.9", 5, "198.18.0.2", 7);
    return packet.text(text).ip_id(77);
}

/// The fragments of a datagram as frames with the packet's link header.
std::vector<Bytes> fragments_of(const Packet& packet, std::uint16_t mtu, std::uint32_t id) {
    const Bytes datagram = packet.datagram();
    const Bytes frame = packet.bytes();
    Fragmenter fragmenter{datagram, mtu, id};
    std::vector<Bytes> made;
    Bytes room(mtu);
    while (const std::size_t length = fragmenter.next(room)) {
        EXPECT_LE(length, mtu);
        made.emplace_back(frame.begin(), frame.begin() + sizeof(EthernetHeader));
        made.back().insert(made.back().end(), room.begin(),
                           room.begin() + static_cast<std::ptrdiff_t>(length));
    }
    return made;
}

TEST(Fragmenter, IsUndoneByReassembly) {
    for (std::uint64_t round = 0; round < 200; ++round) {
        SCOPED_TRACE("seed " + std::to_string(seed + round));
        Rng rng{seed + round};
        const bool is_ip6 = rng.chance(0.5);
        const auto mtu =
            static_cast<std::uint16_t>(is_ip6 ? 1280 + rng.below(700) : 576 + rng.below(1400));
        Packet packet = whole(is_ip6, mtu + rng.below(30000), round);
        if (is_ip6 && rng.chance(0.5)) packet.extension(0, Bytes(6));
        packet.ip_id(static_cast<std::uint16_t>(round));
        const auto frames = fragments_of(packet, mtu, static_cast<std::uint32_t>(round));
        Reassembly reassembly{{}, {{1, 2}}};
        Reassembled taken;
        for (const auto& frame : frames) {
            ASSERT_FALSE(taken.complete);
            View view;
            ASSERT_EQ(parse(frame, Checked::unknown, Checked::unknown, view), Drop::none);
            ASSERT_TRUE(view.is_fragment);
            taken = reassembly.take(view, frame, 0, Tick{});
            ASSERT_EQ(taken.drop, Drop::none);
        }
        ASSERT_TRUE(taken.complete);
        const auto whole_again = taken.frame.subspan(taken.l3);
        ASSERT_EQ(Bytes(whole_again.begin(), whole_again.end()), packet.datagram());
    }
}

TEST(Fragmenter, CutsAtMultiplesOfEightBelowTheMtu) {
    const auto frames = fragments_of(whole(false, 2000), 1000, 0x1234);
    ASSERT_EQ(frames.size(), 3U);  // 976 + 976 + 48 bytes of text
    EXPECT_EQ(frames[0].size(), 14U + 20 + 976);
    EXPECT_EQ(frames[2].size(), 14U + 20 + 48);
    const auto field = [](const Bytes& frame, std::size_t at) {
        return load<be16>(frame.data() + 14 + at).host();
    };
    EXPECT_EQ(field(frames[0], 4), 0x1234);
    EXPECT_EQ(field(frames[0], 6), 0x2000);        // MF, offset 0
    EXPECT_EQ(field(frames[1], 6), 0x2000 | 122);  // 976 / 8
    EXPECT_EQ(field(frames[2], 6), 244);
}

TEST(Fragmenter, LeavesAFittingIp6DatagramInOneFragment) {
    const auto frames = fragments_of(whole(true, 64), 1280, 5);
    ASSERT_EQ(frames.size(), 1U);  // RFC 6946: atomic
    EXPECT_EQ(frames[0][14 + 6], std::byte{44});
    EXPECT_EQ(frames[0][14 + 40], std::byte{17});
}

}  // namespace
}  // namespace terminus
