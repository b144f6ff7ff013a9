// The scoreboard against a model that knows of each octet.
#include "terminus/tcp/scoreboard.h"

#include "terminus/base/rng.h"

#include <gtest/gtest.h>

#include <vector>

namespace terminus::test {
namespace {

using SentRun = tcp::Run;  // a test has a Run of its own
using tcp::Scoreboard;
using tcp::Seq;

constexpr std::uint32_t start = 0xfffffff0;

Seq at(std::uint32_t offset) { return Seq{start + offset}; }

Scoreboard sent(std::uint32_t segments) {
    Scoreboard board;
    board.clear(at(0));
    for (std::uint32_t i = 1; i <= segments; ++i)
        board.append(at(i * 100), 0, 7);
    return board;
}

TEST(Scoreboard, KeepsABurstAsOneRun) {
    Scoreboard board = sent(10);
    board.append(at(1050), 0, 7);  // the last may be shorter
    EXPECT_EQ(board.runs().size(), 1U);
    EXPECT_EQ(board.tally().segments, 11U);
    board.append(at(1150), 0, 7);
    EXPECT_EQ(board.runs().size(), 2U);
    EXPECT_EQ(board.tally().flight_bytes, 1150U);
}

// RFC 6675 section 3.
TEST(Scoreboard, CountsWhatThePeerHolds) {  // RFC 2018 section 5, RFC 6675 section 4
    Scoreboard board = sent(10);
    const auto take = [](Seq, SentRun& run) { run.take_sacked(); };
    board.change(at(300), at(500), take);
    board.change(at(400), at(700), take);
    board.change(at(0), at(100), [](Seq, SentRun& run) { run.lose(); });
    const tcp::Tally tally = board.tally();
    EXPECT_EQ(board.flight_bytes(), tally.flight_bytes);
    EXPECT_EQ(board.sacked_bytes(), tally.sacked_bytes);
    EXPECT_EQ(tally.sacked_bytes, 400U);
    EXPECT_EQ(tally.sacked_segments, 4U);
    EXPECT_EQ(tally.due_bytes, 100U);
    EXPECT_EQ(tally.flight_bytes, 500U);
    board.change(at(0), at(100), [](Seq, SentRun& run) { run.send_again(9); });
    EXPECT_EQ(board.tally().flight_bytes, 600U);
    EXPECT_EQ(board.flight_bytes(), 600U);
    EXPECT_EQ(board.tally().resent_segments, 1U);
    EXPECT_EQ(board.tally().lost_segments, 1U);
}

TEST(Scoreboard, ForgetsWhatIsAcknowledged) {
    Scoreboard board = sent(10);
    std::uint32_t bytes = 0;
    board.acknowledge(at(250), [&](Seq left, const SentRun& run) { bytes += run.end - left; });
    EXPECT_EQ(bytes, 250U);
    EXPECT_EQ(board.begin(), at(250));
    EXPECT_EQ(board.tally().flight_bytes, 750U);
    board.acknowledge(at(5000), [](Seq, const SentRun&) {});
    EXPECT_TRUE(board.empty());
    EXPECT_EQ(board.begin(), at(1000));
}

/// What the board says of each octet.
std::vector<std::uint8_t> spread(const Scoreboard& board) {
    std::vector<std::uint8_t> flags;
    for (const SentRun& run : board.runs())
        flags.resize(run.end - board.begin(), run.flags);
    return flags;
}

TEST(Scoreboard, StaysBoundedAndNeverClaimsWhatThePeerDidNotReport) {  // a bound of ours
    Rng rng{1};
    for (int round = 0; round < 200; ++round) {
        constexpr std::uint32_t segments = 60;
        Scoreboard board = sent(segments);
        std::vector<bool> reported(segments * 100, false);
        for (int i = 0; i < 60; ++i) {
            const std::uint32_t left = rng.below(segments), length = 1 + rng.below(4);
            const std::uint32_t right = std::min(left + length, segments);
            const bool sacks = rng.chance(0.6);
            for (std::uint32_t b = left * 100; sacks && b < right * 100; ++b)
                reported[b] = true;
            board.change(at(left * 100), at(right * 100), [&](Seq, SentRun& run) {
                if (sacks)
                    run.take_sacked();
                else if (run.is_due())
                    run.send_again(rng.below(1000));
                else if (run.in_flight())
                    run.lose();
            });
            ASSERT_LE(board.runs().size(), Scoreboard::capacity);
            const auto flags = spread(board);
            ASSERT_EQ(flags.size(), reported.size());
            for (std::size_t b = 0; b < flags.size(); ++b)
                ASSERT_TRUE((flags[b] & tcp::run_flag::sacked) == 0 || reported[b]);
        }
    }
}

}  // namespace
}  // namespace terminus::test
