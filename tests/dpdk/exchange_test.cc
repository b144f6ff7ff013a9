/// Rings between workers, and what is collected for them.
#include "worker/exchange.h"

#include "worker/handover.h"

#include <gtest/gtest.h>

#include <array>

namespace terminus {
namespace {

Frame numbered(std::uint32_t number) {
    Frame frame;
    frame.length = number;
    return frame;
}

TEST(Exchange, CarriesFramesInOrderAndRefusesWhenFull) {
    Exchange exchange(2);
    std::array<Passed, Exchange::ring_entries> sent, received;
    for (std::uint32_t i = 0; i < sent.size(); ++i)
        sent[i] = {.frame = numbered(i), .errand = i % 2 == 0 ? Errand::send : Errand::steer};
    EXPECT_EQ(exchange.pass(0, 1, std::span{sent}.first(500)), 500U);
    EXPECT_EQ(exchange.pass(0, 1, std::span{sent}.subspan(500)), sent.size() - 500);
    EXPECT_EQ(exchange.pass(0, 1, std::span{sent}.first(1)), 0U);
    EXPECT_EQ(exchange.take(1, 0, received), 0U);
    EXPECT_EQ(exchange.take(0, 1, std::span{received}.first(32)), 32U);
    EXPECT_EQ(exchange.take(0, 1, std::span{received}.subspan(32)), received.size() - 32);
    for (std::uint32_t i = 0; i < received.size(); ++i) {
        EXPECT_EQ(received[i].frame.length, i);
        EXPECT_EQ(received[i].errand, sent[i].errand);
    }
    EXPECT_EQ(exchange.take(0, 1, received), 0U);
}

class HandingOver : public ::testing::Test {
protected:
    HandedCounters of(Errand errand) { return counters_[static_cast<std::size_t>(errand)]; }
    std::size_t waiting(std::uint16_t to) {
        std::array<Passed, Exchange::ring_entries> all;
        return exchange_.take(0, to, all);
    }
    Exchange exchange_{3};
    HandOver::Counters counters_{};
    HandOver handover_{exchange_, 0, counters_};
};

TEST_F(HandingOver, PushesOnceForEachTarget) {
    for (std::uint32_t i = 0; i < 20; ++i)
        handover_.add(static_cast<std::uint16_t>(1 + i % 2), numbered(i), Errand::steer);
    EXPECT_EQ(waiting(1), 0U) << "collected only";
    EXPECT_TRUE(handover_.push().empty());
    EXPECT_EQ(waiting(1), 10U);
    EXPECT_EQ(waiting(2), 10U);
    EXPECT_EQ(of(Errand::steer).out, 20U);
}

TEST_F(HandingOver, GivesBackAndCountsWhatDoesNotFit) {
    constexpr std::uint32_t more = 70;
    for (std::uint32_t i = 0; i < Exchange::ring_entries + more; ++i)
        handover_.add(1, numbered(i), Errand::send);
    handover_.add(2, numbered(7), Errand::copy);
    const auto dropped = handover_.push();
    ASSERT_EQ(dropped.size(), more);
    EXPECT_EQ(dropped.front().length, Exchange::ring_entries);
    EXPECT_EQ(of(Errand::send).out, Exchange::ring_entries);
    EXPECT_EQ(of(Errand::send).lost, more);
    EXPECT_EQ(of(Errand::copy).out, 1U);
    EXPECT_TRUE(handover_.push().empty()) << "they are given back once";
}

}  // namespace
}  // namespace terminus
