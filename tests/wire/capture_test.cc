/// Real packets: the captures' good and bad checksums, and that every frame parses without a crash.
#include "terminus/wire/ethernet.h"
#include "terminus/wire/view.h"

#include "packet.h"
#include "pcap.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

using test::Bytes;

constexpr std::size_t l3 = 14;

void set(Bytes& frame, std::size_t at, const Bytes& value) {
    std::ranges::copy(value, frame.begin() + static_cast<std::ptrdiff_t>(at));
}
Bytes part(const Bytes& frame, std::size_t at, std::size_t count) {
    const auto bytes = std::span{frame}.subspan(at, count);
    return {bytes.begin(), bytes.end()};
}
/// The same packet between 198.18.184.238 and itself instead of loopback addresses, which no wire
/// carries. Its words have the sum of 127.0.0.1's (0x7f01), so every checksum stays as right or
/// wrong as it was.
void leave_loopback(Bytes& frame) {
    for (const std::size_t at : {l3 + 12, l3 + 16})
        set(frame, at, test::from_hex("c612 b8ee"));
}

/// As the last node of a type 0 route sees the packet: no segments left, the last address the
/// destination.
void end_route(Bytes& frame) {
    constexpr std::size_t routing = l3 + 40;
    const auto addresses = std::to_integer<std::size_t>(frame[routing + 1]) / 2;
    frame[routing + 3] = std::byte{0};
    set(frame, l3 + 24, part(frame, routing + 8 + 16 * (addresses - 1), 16));
}

/// As mobile IPv6 sees the packet once the home address is back in its place; the option becomes
/// padding.
void go_home(Bytes& frame) {
    constexpr std::size_t option = l3 + 40 + 6;  // after a PadN
    frame[option] = std::byte{1};
    set(frame, l3 + 8, part(frame, option + 2, 16));
}

Drop parsed(const Bytes& frame) {
    View view;
    return parse(frame, Checked::unknown, Checked::unknown, view);
}

Bytes only_frame(const std::filesystem::path& file) {
    const auto capture = test::read_capture(file);
    EXPECT_EQ(capture.link_type, 1U);
    EXPECT_EQ(capture.frames.size(), 1U);
    return capture.frames.at(0);
}

struct Pair {
    const char* name;
    Drop bad;
    void (*mend)(Bytes&);  ///< what must change before the checksum is looked at
};
void nothing(Bytes&) {}

constexpr std::array pairs{
    Pair{"ip4-icmp", Drop::icmp_checksum, nothing},
    Pair{"ip4-tcp", Drop::tcp_checksum, leave_loopback},
    Pair{"ip4-udp", Drop::udp_checksum, leave_loopback},
    Pair{"ip6-hoa-tcp", Drop::tcp_checksum, go_home},
    Pair{"ip6-hoa-udp", Drop::udp_checksum, go_home},
    Pair{"ip6-icmp6", Drop::icmp_checksum, nothing},
    Pair{"ip6-route0-icmp6", Drop::icmp_checksum, end_route},
    Pair{"ip6-route0-tcp", Drop::tcp_checksum, end_route},
    Pair{"ip6-route0-udp", Drop::udp_checksum, end_route},
    Pair{"ip6-tcp", Drop::tcp_checksum, nothing},
    Pair{"ip6-udp", Drop::udp_checksum, nothing},
};

TEST(Captures, GoodChecksumsPassAndBadOnesAreNamed) {
    TERMINUS_CAPTURES_OR_SKIP(root);
    for (const auto& pair : pairs) {
        const auto file = [&](const char* ending) {
            return *root / "chksums" / (std::string{pair.name} + ending);
        };
        auto good = only_frame(file("-good-chksum.pcap"));
        auto bad = only_frame(file("-bad-chksum.pcap"));
        pair.mend(good);
        pair.mend(bad);
        EXPECT_EQ(name(parsed(good)), name(Drop::none)) << pair.name;
        EXPECT_EQ(name(parsed(bad)), name(pair.bad)) << pair.name;
    }
}

TEST(Captures, ABadIp4HeaderChecksumIsNamed) {
    TERMINUS_CAPTURES_OR_SKIP(root);
    auto frame = only_frame(*root / "chksums/ip4-bad-chksum.pcap");
    leave_loopback(frame);
    EXPECT_EQ(name(parsed(frame)), "ip_checksum");
}

TEST(Captures, UnendedRoutesHomeAddressesAndLoopbackAreDropped) {  // as they came
    TERMINUS_CAPTURES_OR_SKIP(root);
    for (const char* kind : {"tcp", "udp", "icmp6"}) {
        const auto route = "chksums/ip6-route0-" + std::string{kind} + "-good-chksum.pcap";
        EXPECT_EQ(name(parsed(only_frame(*root / route))), "ip6_routing");
    }
    for (const char* kind : {"tcp", "udp"}) {
        const auto home = "chksums/ip6-hoa-" + std::string{kind} + "-good-chksum.pcap";
        EXPECT_EQ(name(parsed(only_frame(*root / home))), "ip6_option");
        const auto loopback = "chksums/ip4-" + std::string{kind} + "-good-chksum.pcap";
        EXPECT_EQ(name(parsed(only_frame(*root / loopback))), "ip_source_invalid");
    }
}

/// A protocol that we do not speak is the stack's to refuse, whatever its own checksum.
TEST(Captures, MobilityHeadersAreAnotherProtocol) {
    TERMINUS_CAPTURES_OR_SKIP(root);
    for (const char* file : {"mip6-good-mh-chksum.pcap", "mip6-bad-mh-chksum.pcap"}) {
        View view;
        const auto frame = only_frame(*root / "chksums" / file);
        EXPECT_EQ(name(parse(frame, Checked::unknown, Checked::unknown, view)), "none");
        EXPECT_EQ(view.kind, Kind::other);
        EXPECT_EQ(view.protocol, 135);
    }
}

TEST(Captures, EveryFrameParsesAndStaysInsideItself) {
    TERMINUS_CAPTURES_OR_SKIP(root);
    std::size_t frames = 0, whole = 0;
    for (const auto& file : test::capture_files(*root)) {
        for (const auto& frame : test::ethernet_frames(file)) {
            View view;
            const auto verdict = parse(frame, Checked::unknown, Checked::unknown, view);
            ++frames;
            if (verdict != Drop::none) continue;
            ++whole;
            ASSERT_TRUE(view.l3 < view.l4 && view.l4 <= view.payload && view.payload <= view.end);
            ASSERT_LE(view.end, frame.size()) << file;
        }
    }
    EXPECT_GT(frames, 1000U);
    EXPECT_GT(whole, frames / 3);  // many were captured short on purpose
}

}  // namespace
}  // namespace terminus
