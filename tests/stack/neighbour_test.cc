/// The neighbour cache: RFC 4861's states step by step, the frames that wait, and who is evicted.
#include "terminus/stack/neighbour.h"

#include "terminus/base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace terminus {
namespace {

using State = NeighbourState;

constexpr Tick start{1'000'000'000};
constexpr Mac mac_a{{2, 0, 0, 0, 0, 0xa}}, mac_b{{2, 0, 0, 0, 0, 0xb}};

NeighbourKey key(std::uint32_t number, std::uint8_t interface = 0) {
    return {Address::ip4(be32{0x0a000000U + number}), interface};
}

/// A frame that its handle names; there are no bytes behind it.
Frame frame(std::uintptr_t number) {
    Frame made;
    made.handle = reinterpret_cast<void*>(number);
    return made;
}
std::uintptr_t number_of(const Frame& frame) {
    return reinterpret_cast<std::uintptr_t>(frame.handle);
}

class Heard : public NeighbourSink {
public:
    void solicit(const NeighbourKey&, const Mac* to) override {
        solicited.push_back(to == nullptr ? "all" : "one");
    }
    void resolved(const Frame& frame, const Mac& mac) override {
        sent.push_back(number_of(frame));
        macs.push_back(mac);
    }
    void abandoned(const Frame& frame, Drop reason) override {
        lost.push_back(number_of(frame));
        reasons.emplace_back(name(reason));
    }
    std::vector<std::string> solicited, reasons;
    std::vector<std::uintptr_t> sent, lost;
    std::vector<Mac> macs;
};

class Neighbouring : public ::testing::Test {
protected:
    Neighbours::Found lookup(std::uint32_t number, Tick now) {
        return neighbours_.lookup(key(number), now);
    }
    void answer(std::uint32_t number, Tick now, const Mac& mac = mac_a) {
        neighbours_.learn(key(number), {.mac = mac, .solicited = true, .overrides = true}, now,
                          heard_);
    }
    void advance(Tick now) { neighbours_.advance(now, heard_); }
    State state(std::uint32_t number) { return neighbours_.state(key(number)); }

    Neighbours neighbours_{{.frames = 64, .frames_per_neighbour = 4}, {{1, 2}}};
    Heard heard_;
};

TEST_F(Neighbouring, ResolvesAndReleasesTheFramesThatWaited) {  // RFC 4861 section 7.2.2
    const auto found = lookup(1, start);
    EXPECT_EQ(found.mac, nullptr);
    EXPECT_TRUE(found.wants_solicitation);
    EXPECT_EQ(neighbours_.hold(key(1), frame(1), heard_), Drop::none);
    EXPECT_FALSE(lookup(1, start).wants_solicitation);  // one question is enough
    EXPECT_EQ(neighbours_.hold(key(1), frame(2), heard_), Drop::none);
    EXPECT_EQ(neighbours_.frames_held(), 2U);
    answer(1, start.after_ms(3));
    EXPECT_EQ(heard_.sent, (std::vector<std::uintptr_t>{1, 2}));
    EXPECT_EQ(heard_.macs[0], mac_a);
    EXPECT_EQ(neighbours_.frames_held(), 0U);
    ASSERT_NE(lookup(1, start.after_ms(4)).mac, nullptr);
    EXPECT_EQ(*lookup(1, start.after_ms(4)).mac, mac_a);
    EXPECT_EQ(state(1), State::reachable);
    EXPECT_TRUE(heard_.solicited.empty() && heard_.lost.empty());
}

TEST_F(
    Neighbouring,
    AsksThreeTimesThenGivesUpAndStaysQuiet) {  // RFC 4861 section 7.2.2; RFC 1122 section 2.3.2.1
    (void)lookup(1, start);                    // the first question is the caller's
    EXPECT_EQ(neighbours_.hold(key(1), frame(1), heard_), Drop::none);
    advance(start.after_ms(999));
    EXPECT_TRUE(heard_.solicited.empty());
    advance(start.after_ms(1000));
    advance(start.after_ms(2000));
    EXPECT_EQ(heard_.solicited, (std::vector<std::string>{"all", "all"}));
    EXPECT_TRUE(heard_.lost.empty());
    advance(start.after_ms(3000));
    EXPECT_EQ(heard_.lost, std::vector<std::uintptr_t>{1});
    EXPECT_EQ(heard_.reasons[0], "neighbour_unreachable");
    EXPECT_EQ(heard_.solicited.size(), 2U);
    EXPECT_EQ(state(1), State::failed);
    const auto found = lookup(1, start.after_ms(5999));
    EXPECT_TRUE(found.mac == nullptr && !found.wants_solicitation);
    EXPECT_EQ(neighbours_.hold(key(1), frame(2), heard_), Drop::neighbour_unreachable);
    EXPECT_TRUE(lookup(1, start.after_ms(6000)).wants_solicitation);
}

TEST_F(Neighbouring, BacksOffWhileItFailsInARow) {
    Tick now = start;
    for (const std::uint64_t quiet_ms : {3'000U, 6'000U, 12'000U, 24'000U, 24'000U}) {
        ASSERT_TRUE(lookup(1, now).wants_solicitation);
        for (int second = 0; second < 3; ++second)
            advance(now = now.after_ms(1000));
        ASSERT_EQ(state(1), State::failed);
        ASSERT_FALSE(lookup(1, {now.after_ms(quiet_ms).us - 1}).wants_solicitation);
        now = now.after_ms(quiet_ms);
    }
    (void)lookup(1, now);
    answer(1, now);  // an answer ends the row
    EXPECT_EQ(state(1), State::reachable);
}

TEST_F(Neighbouring, ForgetsFailuresAfterAWhile) {
    (void)lookup(1, start);
    for (std::uint64_t ms = 1000; ms <= 3000; ms += 1000)
        advance(start.after_ms(ms));
    EXPECT_EQ(neighbours_.size(), 1U);
    (void)lookup(2, start.after_ms(70'000));  // something that is timed
    advance(start.after_ms(71'000));
    EXPECT_EQ(state(1), State::free);
    EXPECT_EQ(neighbours_.size(), 1U);
}

// RFC 4861 section 10: REACHABLE_TIME and the others.
TEST_F(Neighbouring, AgesThenProbesThenForgets) {  // RFC 4861 section 7.3.3
    (void)lookup(1, start);
    answer(1, start);
    EXPECT_NE(lookup(1, start.after_ms(29'999)).mac, nullptr);
    EXPECT_EQ(state(1), State::reachable);
    EXPECT_NE(lookup(1, start.after_ms(30'000)).mac, nullptr);  // stale, and used: the delay begins
    EXPECT_EQ(state(1), State::delay);
    advance(start.after_ms(34'900));
    EXPECT_TRUE(heard_.solicited.empty());
    for (const std::uint64_t ms : {35'000U, 36'000U, 37'000U})
        advance(start.after_ms(ms));
    EXPECT_EQ(heard_.solicited, (std::vector<std::string>{"one", "one", "one"}));
    EXPECT_NE(lookup(1, start.after_ms(37'500)).mac, nullptr);  // frames still go there
    advance(start.after_ms(38'000));
    EXPECT_EQ(state(1), State::free);
    EXPECT_TRUE(lookup(1, start.after_ms(38'001)).wants_solicitation);  // asks all
}

TEST_F(Neighbouring, StaysReachableWhileAnUpperLayerConfirms) {  // RFC 4861 section 7.3.1
    (void)lookup(1, start);
    answer(1, start);
    for (std::uint64_t s = 0; s < 100; s += 20) {
        neighbours_.confirm(key(1), start.after_ms(s * 1000));
        ASSERT_NE(lookup(1, start.after_ms(s * 1000 + 19'000)).mac, nullptr);
        ASSERT_EQ(state(1), State::reachable);
    }
    neighbours_.confirm(key(2), start);  // an unknown one: nothing
    EXPECT_EQ(state(2), State::free);
}

TEST_F(Neighbouring,
       LearnsFromQuestionsAndNotFromAnswersThatNobodyAsked) {  // RFC 4861 sections 7.2.3, 7.2.5
    neighbours_.learn(key(1), {.mac = mac_a, .solicited = true, .overrides = true}, start, heard_);
    EXPECT_EQ(state(1), State::free);
    neighbours_.learn(key(2), {.mac = mac_a, .creates = true}, start, heard_);
    EXPECT_EQ(state(2), State::stale);
    neighbours_.learn(key(3), {.mac = {}, .has_mac = false, .creates = true}, start, heard_);
    EXPECT_EQ(state(3), State::free);
    neighbours_.learn(key(4), {.mac = broadcast_mac, .creates = true}, start, heard_);
    EXPECT_EQ(state(4), State::free);
}

struct Step {
    State before;
    NeighbourClaim claim;
    State after;
    Mac mac;
};

TEST_F(Neighbouring, FollowsTheTableOfAppendixC) {  // RFC 4861 section 7.2.5 and appendix C
    const NeighbourClaim same{.mac = mac_a}, other{.mac = mac_b};
    const auto with = [](NeighbourClaim claim, bool solicited, bool overrides) {
        claim.solicited = solicited;
        claim.overrides = overrides;
        return claim;
    };
    const NeighbourClaim bare{.mac = {}, .has_mac = false};
    const std::vector<Step> steps{
        {State::reachable, with(same, false, false), State::reachable, mac_a},
        {State::reachable, with(same, false, true), State::reachable, mac_a},
        {State::reachable, with(other, false, false), State::stale, mac_a},
        {State::reachable, with(other, true, false), State::stale, mac_a},
        {State::reachable, with(other, true, true), State::reachable, mac_b},
        {State::reachable, with(other, false, true), State::stale, mac_b},
        {State::reachable, with(bare, false, false), State::reachable, mac_a},
        {State::stale, with(same, true, false), State::reachable, mac_a},
        {State::stale, with(same, false, true), State::stale, mac_a},
        {State::stale, with(other, true, false), State::stale, mac_a},
        {State::stale, with(other, false, true), State::stale, mac_b},
        {State::stale, with(bare, true, false), State::reachable, mac_a},
        {State::probe, with(same, true, false), State::reachable, mac_a},
        {State::probe, with(other, true, false), State::probe, mac_a},
        {State::probe, with(other, true, true), State::reachable, mac_b},
        {State::probe, with(bare, true, false), State::reachable, mac_a},
    };
    std::uint32_t number = 0;
    for (const auto& [before, claim, after, mac] : steps) {
        SCOPED_TRACE("step " + std::to_string(number));
        ++number;
        Tick now = start.after_ms(number * 100'000);
        neighbours_.learn(key(number), {.mac = mac_a, .creates = true}, now, heard_);
        if (before == State::reachable) answer(number, now);
        if (before == State::probe) {
            (void)lookup(number, now);
            advance(now = now.after_ms(5'000));
        }
        ASSERT_EQ(state(number), before);
        neighbours_.learn(key(number), claim, now, heard_);
        EXPECT_EQ(state(number), after);
        EXPECT_EQ(*lookup(number, now).mac, mac);
    }
}

TEST_F(Neighbouring, KeepsInterfacesApart) {
    neighbours_.learn(key(1, 1), {.mac = mac_a, .creates = true}, start, heard_);
    EXPECT_EQ(neighbours_.state(key(1, 1)), State::stale);
    EXPECT_EQ(neighbours_.state(key(1, 2)), State::free);
}

TEST_F(Neighbouring, ReplacesTheOldestOfANeighboursFrames) {  // RFC 4861 section 7.2.2
    (void)lookup(1, start);
    for (std::uintptr_t i = 1; i <= 6; ++i)
        EXPECT_EQ(neighbours_.hold(key(1), frame(i), heard_), Drop::none);
    EXPECT_EQ(heard_.lost, (std::vector<std::uintptr_t>{1, 2}));
    EXPECT_EQ(heard_.reasons[0], "neighbour_queue_full");
    answer(1, start);
    EXPECT_EQ(heard_.sent, (std::vector<std::uintptr_t>{3, 4, 5, 6}));
}

TEST(Neighbours, HoldAnInitialWindow) {  // RFC 6928: the first burst to a peer that never asked
    Neighbours neighbours{NeighbourLimits{}, {{1, 2}}};
    Heard heard;
    (void)neighbours.lookup(key(1), start);
    for (std::uintptr_t i = 1; i <= 11; ++i)
        EXPECT_EQ(neighbours.hold(key(1), frame(i), heard), Drop::none);
    EXPECT_TRUE(heard.lost.empty());
    neighbours.release_all(heard);
}

TEST_F(Neighbouring, HoldsSixtyFourFramesInAll) {
    for (std::uint32_t n = 0; n < 20; ++n) {
        (void)lookup(n, start);
        for (std::uint32_t i = 0; i < 4; ++i)
            EXPECT_EQ(neighbours_.hold(key(n), frame(n * 4 + i), heard_),
                      n < 16 ? Drop::none : Drop::neighbour_queue_full);
    }
    EXPECT_EQ(neighbours_.frames_held(), 64U);
    neighbours_.release_all(heard_);
    EXPECT_EQ(heard_.lost.size(), 64U);
    EXPECT_EQ(neighbours_.frames_held(), 0U);
}

TEST(NeighboursFull, GivesUpWhatAScanLeftBeforeWhatIsOfUse) {  // RFC 6583 section 6.1
    Neighbours neighbours{{.entries = 8}, {{1, 2}}};
    Heard heard;
    neighbours.pin(key(1));
    EXPECT_TRUE(neighbours.lookup(key(1), start).wants_solicitation);
    neighbours.learn(key(2), {.mac = mac_a, .creates = true}, start, heard);
    (void)neighbours.lookup(key(3), start);
    EXPECT_EQ(neighbours.hold(key(3), frame(1), heard), Drop::none);
    for (std::uint32_t n = 100; n < 1100; ++n)
        (void)neighbours.lookup(key(n), start.after_us(n));
    EXPECT_EQ(neighbours.size(), 8U);
    EXPECT_EQ(neighbours.state(key(1)), State::incomplete);  // the gateway
    EXPECT_EQ(neighbours.state(key(2)), State::stale);       // a MAC that is known
    EXPECT_EQ(neighbours.state(key(3)), State::incomplete);  // a frame waits
    EXPECT_EQ(neighbours.frames_held(), 1U);
}

TEST(NeighboursFull, KeepsGatewaysThroughTheirFailures) {
    Neighbours neighbours{{.entries = 8}, {{1, 2}}};
    Heard heard;
    neighbours.pin(key(1));
    (void)neighbours.lookup(key(1), start);
    neighbours.learn(key(1), {.mac = mac_a, .solicited = true}, start, heard);
    (void)neighbours.lookup(key(1), start.after_ms(30'000));
    for (std::uint64_t ms = 35'000; ms <= 38'000; ms += 1000)
        neighbours.advance(start.after_ms(ms), heard);
    EXPECT_EQ(neighbours.state(key(1)), State::failed);
    EXPECT_TRUE(neighbours.lookup(key(1), start.after_ms(38'000)).wants_solicitation);  // at once
    for (std::uint32_t n = 100; n < 200; ++n)
        neighbours.learn(key(n), {.mac = mac_a, .creates = true}, start.after_ms(n), heard);
    EXPECT_EQ(neighbours.state(key(1)), State::incomplete);
}

TEST(NeighboursFull, LosesNoFrameInAnyOrderOfEvents) {
    constexpr std::uint64_t seed = 20261121;
    for (std::uint64_t round = 0; round < 200; ++round) {
        SCOPED_TRACE("seed " + std::to_string(seed + round));
        Rng rng{seed + round};
        Neighbours neighbours{{.entries = 16, .frames = 9}, {{rng.next(), 1}}};
        Heard heard;
        std::size_t taken = 0;
        Tick now = start;
        for (std::uintptr_t i = 0; i < 400; ++i) {
            const auto which = key(rng.below(40));
            now = now.after_ms(rng.below(700));
            switch (rng.below(4)) {
                case 0: neighbours.advance(now, heard); break;
                case 1:
                    neighbours.learn(which, {.mac = mac_a, .creates = rng.chance(0.5)}, now, heard);
                    break;
                default:
                    if (neighbours.lookup(which, now).mac != nullptr) break;
                    if (neighbours.hold(which, frame(i), heard) == Drop::none) ++taken;
            }
            ASSERT_EQ(taken, heard.sent.size() + heard.lost.size() + neighbours.frames_held());
            ASSERT_LE(neighbours.size(), 16U);
        }
        neighbours.release_all(heard);
        ASSERT_EQ(taken, heard.sent.size() + heard.lost.size());
        auto all = heard.sent;
        all.insert(all.end(), heard.lost.begin(), heard.lost.end());
        std::ranges::sort(all);
        ASSERT_EQ(std::ranges::adjacent_find(all), all.end());  // none comes back twice
    }
}

}  // namespace
}  // namespace terminus
