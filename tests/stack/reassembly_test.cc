/// Reassembly: random cuts, overlaps that must never pass, and the bounds.
#include "terminus/stack/reassembly.h"

#include "terminus/base/rng.h"

#include "packet.h"
#include "pcap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace terminus {
namespace {

using test::Bytes;
using test::Packet;

constexpr std::uint64_t seed = 20261121;
constexpr Tick start{1'000'000};

Bytes pattern(std::size_t bytes, std::uint64_t from) {
    Rng rng{from};
    Bytes made(bytes);
    std::ranges::generate(made, [&] { return std::byte(rng.below(256)); });
    return made;
}

class Heard : public ReassemblySink {
public:
    void expired(std::span<const std::byte> first, std::uint8_t interface,
                 std::size_t fragments) override {
        firsts.emplace_back(first.begin(), first.end());
        interfaces.push_back(interface);
        given_up += fragments;
    }
    std::vector<Bytes> firsts;
    std::vector<std::uint8_t> interfaces;
    std::size_t given_up = 0;
};

class Reassembling : public ::testing::Test {
protected:
    Reassembled take(const Bytes& frame, Tick now = start, std::uint8_t interface = 0) {
        View view;
        EXPECT_EQ(parse(frame, Checked::unknown, Checked::unknown, view), Drop::none);
        EXPECT_TRUE(view.is_fragment);
        return reassembly_.take(view, frame, interface, now);
    }
    void limit(const ReassemblyLimits& limits) { reassembly_ = Reassembly{limits, {{1, 2}}}; }

    Reassembly reassembly_{ReassemblyLimits{}, {{1, 2}}};
};

std::string what(const Reassembled& taken) {
    return taken.complete             ? "complete"
           : taken.drop == Drop::none ? "held"
                                      : std::string{name(taken.drop)};
}

/// From the IP header on.
Bytes datagram_of(const Reassembled& taken) {
    const auto datagram = taken.frame.subspan(taken.l3);
    return {datagram.begin(), datagram.end()};
}

/// A UDP datagram with this many bytes after the IP header, v4 or v6.
Packet whole(bool is_ip6, std::size_t ip_payload, std::uint64_t from = 1) {
    Packet packet = is_ip6 ? Packet::udp("2001:db8::9", 5, "2001:db8::2", 7)
                           : Packet::udp("192.0.2.9", 5, "198.18.0.2", 7);
    return packet.text(pattern(ip_payload - 8, from)).ip_id(77);
}

Bytes piece(Packet packet, std::size_t offset, std::size_t length, bool more) {
    return packet.fragment(77, offset, length, more).bytes();
}

struct Cut {
    std::size_t offset, length;
    bool more;
};

/// Cuts at random multiples of eight into pieces that fit a frame.
std::vector<Cut> random_cuts(std::size_t bytes, Rng& rng) {
    std::vector<Cut> cuts;
    for (std::size_t at = 0; at < bytes;) {
        std::size_t length = (rng.below(170) + 1) * 8;
        if (at == 0 && length >= bytes) length = (bytes - 1) / 8 * 8;
        length = std::min(length, bytes - at);
        cuts.push_back({at, length, at + length < bytes});
        at += length;
    }
    return cuts;
}

struct Sent {
    Bytes frame;
    std::size_t of;
};

TEST_F(Reassembling, YieldsEqualBytesHoweverTheyWereCutShuffledDuplicatedAndMixed) {
    for (std::uint64_t round = 0; round < 300; ++round) {
        SCOPED_TRACE("seed " + std::to_string(seed + round));
        Rng rng{seed + round};
        std::vector<Bytes> expected;
        std::vector<Sent> sent;
        for (std::uint32_t i = 0; i < 4; ++i) {
            const std::size_t bytes = 9 + rng.below(rng.chance(0.2) ? 20000 : 3000);
            const Packet packet = whole(i % 2 == 1, bytes, rng.next());
            expected.push_back(packet.datagram());
            const auto id = static_cast<std::uint32_t>(round * 4 + i);
            if (i % 2 == 0) {  // the identification stays in an IPv4 header
                expected.back()[4] = std::byte(id >> 8);
                expected.back()[5] = std::byte(id);
                expected.back()[10] = expected.back()[11] = std::byte{0};
                const auto sum =
                    test::naive_checksum({expected.back().begin(), expected.back().begin() + 20});
                expected.back()[10] = std::byte(sum >> 8);
                expected.back()[11] = std::byte(sum);
            }
            for (const auto& cut : random_cuts(bytes, rng)) {
                Packet fragment = packet;
                sent.push_back(
                    {fragment.fragment(id, cut.offset, cut.length, cut.more).bytes(), i});
            }
        }
        for (std::size_t i = sent.size() - 1; i > 0; --i)
            std::swap(sent[i], sent[rng.below(static_cast<std::uint32_t>(i + 1))]);
        std::vector<int> finished(expected.size(), 0);
        for (const auto& [frame, of] : sent) {
            Reassembled taken = take(frame);
            if (!taken.complete && rng.chance(0.2)) taken = take(frame);  // again, exactly
            ASSERT_EQ(taken.drop, Drop::none);
            if (!taken.complete) continue;
            ++finished[of];
            ASSERT_EQ(datagram_of(taken), expected[of]);
            View view;
            ASSERT_EQ(parse(taken.frame, Checked::unknown, Checked::unknown, view), Drop::none);
            ASSERT_EQ(view.kind, Kind::udp);
        }
        ASSERT_EQ(finished, (std::vector<int>{1, 1, 1, 1}));
        ASSERT_EQ(reassembly_.size(), 0U);
        ASSERT_EQ(reassembly_.fragments_held(), 0U);
    }
}

class Overlapping : public Reassembling, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Families, Overlapping, ::testing::Bool());

TEST_P(Overlapping,
       DiscardsTheDatagramAndAllThatStillComes) {  // RFC 5722 section 4; teardrop and friends
    const Packet packet = whole(GetParam(), 64);
    const std::vector<std::vector<Cut>> attacks{
        {{0, 32, true}, {24, 40, false}},    // teardrop: into the one before
        {{0, 32, true}, {8, 8, true}},       // inside
        {{8, 8, true}, {0, 32, true}},       // around
        {{32, 32, false}, {0, 40, true}},    // into the one after
        {{0, 32, true}, {0, 40, true}},      // the same beginning, longer
        {{0, 32, true}, {0, 24, true}},      // the same beginning, shorter
        {{32, 32, false}, {24, 32, false}},  // two ends
        {{32, 32, false}, {32, 24, false}},  // two ends, the same beginning
        {{40, 24, true}, {8, 32, false}},    // text beyond the end
        {{32, 24, true}, {32, 24, false}},   // the end or not
    };
    for (std::size_t i = 0; i < attacks.size(); ++i) {
        SCOPED_TRACE("attack " + std::to_string(i));
        limit({});
        const auto& [offset, length, more] = attacks[i][0];
        ASSERT_EQ(what(take(piece(packet, offset, length, more))), "held");
        const auto& [next, next_length, next_more] = attacks[i][1];
        EXPECT_EQ(what(take(piece(packet, next, next_length, next_more))), "fragment_overlap");
        EXPECT_EQ(reassembly_.fragments_held(), 0U);
        for (std::size_t at = 0; at < 64; at += 16)
            EXPECT_EQ(what(take(piece(packet, at, 16, at < 48))), "fragment_overlap");
        EXPECT_EQ(reassembly_.size(), 1U);
        Heard heard;
        reassembly_.advance(start.after_ms(60'000), heard);
        EXPECT_EQ(reassembly_.size(), 0U);
        EXPECT_TRUE(heard.firsts.empty());  // RFC 5722: silently
    }
}

TEST_P(Overlapping, IgnoresAnExactDuplicateOnly) {  // RFC 8200 section 4.5
    const Packet packet = whole(GetParam(), 64);
    EXPECT_EQ(what(take(piece(packet, 0, 32, true))), "held");
    EXPECT_EQ(what(take(piece(packet, 0, 32, true))), "held");
    EXPECT_EQ(reassembly_.fragments_held(), 1U);
    const Packet other = whole(GetParam(), 64, 2);  // the same place, other bytes
    EXPECT_EQ(what(take(piece(other, 0, 32, true))), "fragment_overlap");
}

TEST_P(Overlapping, NeverYieldsARandomlyOverlappedDatagram) {
    for (std::uint64_t round = 0; round < 500; ++round) {
        SCOPED_TRACE("seed " + std::to_string(seed + round));
        limit({});
        Rng rng{seed + round};
        const std::size_t bytes = 64 + rng.below(300) * 8;
        const Packet packet = whole(GetParam(), bytes, round);
        auto cuts = random_cuts(bytes, rng);
        // One piece grows by eight bytes to the left: it reaches into its neighbour.
        auto& grown = cuts[1 + rng.below(static_cast<std::uint32_t>(cuts.size() - 1))];
        if (grown.offset == 8 && !grown.more) continue;  // would be the whole datagram
        grown.offset -= 8;
        grown.length += 8;
        for (std::size_t i = cuts.size() - 1; i > 0; --i)
            std::swap(cuts[i], cuts[rng.below(static_cast<std::uint32_t>(i + 1))]);
        for (const auto& cut : cuts)
            ASSERT_FALSE(take(piece(packet, cut.offset, cut.length, cut.more)).complete);
        ASSERT_EQ(reassembly_.fragments_held(), 0U);
    }
}

TEST_P(Overlapping, TellsOfTheFirstFragmentWhenTimeRunsOut) {  // RFC 792; RFC 4443 section 3.3
    const Packet packet = whole(GetParam(), 64);
    const Bytes first = piece(packet, 0, 32, true);
    EXPECT_EQ(what(take(piece(packet, 48, 16, false), start, 3)), "held");
    EXPECT_EQ(what(take(first, start.after_ms(5'000), 3)), "held");
    Heard heard;
    const std::uint64_t lifetime_ms = GetParam() ? 60'000 : 30'000;  // from the first to arrive
    reassembly_.advance({start.after_ms(lifetime_ms).us - 1}, heard);
    EXPECT_TRUE(heard.firsts.empty());
    reassembly_.advance(start.after_ms(lifetime_ms), heard);
    ASSERT_EQ(heard.firsts.size(), 1U);
    EXPECT_EQ(heard.firsts[0], first);
    EXPECT_EQ(heard.interfaces[0], 3);
    EXPECT_EQ(heard.given_up, 2U);
    EXPECT_EQ(reassembly_.fragments_held(), 0U);
}

TEST_P(Overlapping, TellsNothingWithoutTheFirstFragment) {
    EXPECT_EQ(what(take(piece(whole(GetParam(), 64), 48, 16, false))), "held");
    Heard heard;
    reassembly_.advance(start.after_ms(60'000), heard);
    ASSERT_EQ(heard.firsts.size(), 1U);
    EXPECT_TRUE(heard.firsts[0].empty());
}

TEST_F(Reassembling, KeepsInterfacesApart) {
    const Packet packet = whole(false, 64);
    EXPECT_EQ(what(take(piece(packet, 0, 32, true), start, 1)), "held");
    EXPECT_EQ(what(take(piece(packet, 32, 32, false), start, 2)), "held");
    EXPECT_EQ(what(take(piece(packet, 32, 32, false), start, 1)), "complete");
}

TEST_F(Reassembling,
       PutsHeadersBackInFrontOfTheText) {  // RFC 8200 section 4.5: the first one's count
    Packet packet = whole(true, 64).extension(60, Bytes(6));
    const Bytes expected = packet.datagram();
    Packet first = packet, last = packet;
    // The destination options come before the fragment header in some stacks, after it in others.
    const Bytes second = last.fragment(9, 32, 32, false).bytes();
    EXPECT_EQ(what(take(first.fragment(9, 0, 32, true).bytes())), "held");
    const Reassembled taken = take(second);
    ASSERT_EQ(what(taken), "complete");
    EXPECT_EQ(datagram_of(taken), expected);
}

TEST_F(Reassembling, KeepsACongestionMark) {  // RFC 3168 section 5.3
    Packet packet = whole(false, 64).traffic_class(2);
    EXPECT_EQ(what(take(piece(packet, 0, 32, true))), "held");
    const Reassembled taken = take(piece(packet.traffic_class(3), 32, 32, false));
    ASSERT_EQ(what(taken), "complete");
    EXPECT_EQ(datagram_of(taken)[1], std::byte{3});
    const Bytes datagram = datagram_of(taken);
    EXPECT_EQ(test::naive_checksum({datagram.begin(), datagram.begin() + 20}), 0);
}

TEST_F(Reassembling, DropsAMarkBesideAFragmentThatCannotBeMarked) {  // RFC 3168 section 5.3
    Packet packet = whole(true, 64).traffic_class(0);
    EXPECT_EQ(what(take(piece(packet, 0, 32, true))), "held");
    EXPECT_EQ(what(take(piece(packet.traffic_class(3), 32, 32, false))), "fragment_malformed");
}

TEST_F(Reassembling, BoundsDatagramsPerSource) {
    limit({.datagrams_per_source = 3});
    for (std::uint32_t id = 0; id < 5; ++id) {
        Packet packet = whole(false, 64);
        EXPECT_EQ(what(take(packet.fragment(id, 0, 32, true).bytes())),
                  id < 3 ? "held" : "fragment_limit");
    }
    Packet other = Packet::udp("192.0.2.10", 5, "198.18.0.2", 7).text(Bytes(56));
    EXPECT_EQ(what(take(other.fragment(9, 0, 32, true).bytes())), "held");
    Heard heard;
    reassembly_.advance(start.after_ms(30'000), heard);
    EXPECT_EQ(reassembly_.size(), 0U);
    EXPECT_EQ(what(take(piece(whole(false, 64), 0, 32, true))), "held");  // the share is free again
}

TEST_F(Reassembling, BoundsDatagramsAndFragments) {
    limit(
        {.datagrams = 8, .fragments = 10, .fragments_per_datagram = 4, .datagrams_per_source = 99});
    const Packet packet = whole(false, 512);
    const auto send = [&](std::uint32_t id, std::size_t offset) {
        Packet fragment = packet;
        return what(take(fragment.fragment(id, offset, 8, true).bytes()));
    };
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_EQ(send(1, i * 16), "held");
    EXPECT_EQ(send(1, 64), "fragment_limit");  // the fifth of one; all of it is given up
    EXPECT_EQ(reassembly_.fragments_held(), 0U);
    EXPECT_EQ(send(1, 8), "fragment_limit");
    for (std::uint32_t id = 2; id < 7; ++id) {
        EXPECT_EQ(send(id, 0), "held");
        EXPECT_EQ(send(id, 16), "held");
    }
    EXPECT_EQ(reassembly_.fragments_held(), 10U);
    EXPECT_EQ(send(7, 0), "fragment_limit");  // the eleventh of all
    EXPECT_EQ(send(8, 0), "fragment_limit");
    EXPECT_EQ(reassembly_.size(), 8U);
    EXPECT_EQ(send(9, 0), "fragment_limit");  // the ninth datagram is not even noted
    EXPECT_EQ(reassembly_.size(), 8U);
}

TEST_F(Reassembling, RefusesAFrameThatNoBlockHolds) {
    limit({.fragment_bytes = 100});
    EXPECT_EQ(what(take(piece(whole(false, 512), 0, 256, true))), "fragment_limit");
}

TEST_F(Reassembling, TakesTheLargestDatagram) {
    const Packet packet = whole(false, 65515);
    Reassembled taken;
    for (std::size_t at = 0; at < 65515; at += 1480)
        taken = take(piece(packet, at, std::min<std::size_t>(1480, 65515 - at), at + 1480 < 65515));
    ASSERT_EQ(what(taken), "complete");
    EXPECT_EQ(taken.frame.size(), 65535U + 14);
}

TEST_F(Reassembling, RefusesAFirstFragmentWhoseOptionsMakeItTooLarge) {
    // The others had short headers, so that parse() could not see it.
    Packet packet = whole(false, 65515);
    const auto& short_headers = packet;
    for (std::size_t at = 1440; at < 65515; at += 1480)
        (void)take(
            piece(short_headers, at, std::min<std::size_t>(1480, 65515 - at), at + 1480 < 65515));
    EXPECT_EQ(what(take(piece(packet.ip_options(Bytes(20, std::byte{1})), 0, 1440, true))),
              "fragment_malformed");
}

TEST_F(Reassembling, ReadsRealCaptures) {
    TERMINUS_CAPTURES_OR_SKIP(root);
    std::size_t fragments = 0, finished = 0;
    for (const auto& file : test::capture_files(*root / "ipv4")) {
        for (const auto& frame : test::ethernet_frames(file)) {
            View view;
            if (parse(frame, Checked::unknown, Checked::unknown, view) != Drop::none) continue;
            if (!view.is_fragment) continue;
            ++fragments;
            const Reassembled taken = reassembly_.take(view, frame, 0, start);
            if (!taken.complete) continue;
            ++finished;
            EXPECT_EQ(parse(taken.frame, Checked::good, Checked::unknown, view), Drop::none)
                << file;
        }
    }
    RecordProperty("fragments", static_cast<int>(fragments));
    RecordProperty("finished", static_cast<int>(finished));
    EXPECT_GT(finished, 0U);
}

}  // namespace
}  // namespace terminus
