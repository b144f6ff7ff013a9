// Every state that can be reached, met by every combination of flags at every kind of sequence and
// acknowledgment number, with text and without. What must hold for all of them: no crash, no leak,
// no RST for an RST, at most one answer, transitions that RFC 9293 figure 5 knows, and sequence
// numbers that never go back. And each answer and transition is the one that RFC 9293
// section 3.10.7 says: oracle.h.
#include "oracle.h"
#include "script_runner.h"

#include <gtest/gtest.h>

#include <set>

namespace terminus::test {
namespace {

using tcp::State;

/// Offsets from what the receiver expects: before, at the edges, inside and beyond its window of
/// 65535.
constexpr std::array<std::int64_t, 8> seq_offsets{-100, -1, 0, 1, 65534, 65535, 70000, 1LL << 31};
/// Offsets from our SND.NXT.
constexpr std::array<std::int64_t, 6> ack_offsets{-100'000, -1, 0, 1, 100, 1LL << 31};
/// Half of the sequence space away: before, by RFC 1982's rule for what cannot be compared.
constexpr std::int64_t half = 1LL << 31;
/// Its right edge stands: a FIN takes one off it.
constexpr std::int64_t offered_window = 65535;
constexpr unsigned flag_combinations = 64;  // FIN to URG

/// Where one segment may lead: RFC 9293 section 3.3.2, figure 5, and the sum of a segment's ACK and
/// FIN.
std::set<State> successors(State from) {
    switch (from) {
        case State::closed: return {State::closed};
        case State::listen: return {State::closed, State::syn_received};
        case State::syn_sent:
            return {State::syn_sent, State::syn_received, State::established, State::closed};
        case State::syn_received:
            return {State::syn_received, State::established, State::close_wait, State::closed};
        case State::established: return {State::established, State::close_wait, State::closed};
        case State::fin_wait_1:
            return {State::fin_wait_1, State::fin_wait_2, State::closing, State::time_wait,
                    State::closed};
        case State::fin_wait_2: return {State::fin_wait_2, State::time_wait, State::closed};
        case State::close_wait: return {State::close_wait, State::closed};
        case State::closing: return {State::closing, State::time_wait, State::closed};
        case State::last_ack: return {State::last_ack, State::closed};
        case State::time_wait: return {State::time_wait, State::syn_received};
    }
    return {};
}

/// What our side and the peer's have sent when the state is reached, in sequence numbers behind the
/// SYN.
std::uint32_t our_nxt(State state) {
    switch (state) {
        case State::closed:
        case State::listen: return 0;
        case State::fin_wait_1:
        case State::fin_wait_2:
        case State::closing:
        case State::last_ack:
        case State::time_wait: return 2;
        default: return 1;
    }
}
std::uint32_t their_nxt(State state) {
    switch (state) {
        case State::closed:
        case State::listen:
        case State::syn_sent: return 0;
        case State::close_wait:
        case State::closing:
        case State::last_ack:
        case State::time_wait: return 2;
        default: return 1;
    }
}

class Matrix : public testing::TestWithParam<std::tuple<State, Family>> {
protected:
    void try_all(unsigned flags);
    void try_one(const Segment& segment, const Encounter& met);
    void reach();
    void check_answers(const Segment& segment, const Encounter& met);
    void check_answer(const Datagram* got, const Segment& segment, const Encounter& met);
    void check_transition(const Segment& segment);
    [[nodiscard]] State state_now();

    State from_ = std::get<0>(GetParam());
    ScriptRunner runner_{setup_of(from_), std::get<1>(GetParam())};
    bool listening_ = false;
    int port_ = 4000;
    Status before_;
};

void Matrix::reach() {
    std::string prelude = setup_of(from_).prelude;
    if (const auto at = prelude.find("call listen"); listening_ && at != std::string::npos)
        prelude.erase(at, std::string_view{"call listen"}.size());
    listening_ = true;
    port_ = port_ == 60'000 ? 4000 : port_ + 1;
    ASSERT_TRUE(runner_.play("new", "new port " + std::to_string(port_)));
    ASSERT_TRUE(runner_.play("setup", prelude)) << runner_.failure();
    if (runner_.conversation())
        before_ = runner_.harness().stack().status(*runner_.conversation()).value;
}

State Matrix::state_now() {
    for (std::size_t i = 0; i < tcp::state_count; ++i)
        if (runner_.harness().flows_in(static_cast<State>(i)) > 0) return static_cast<State>(i);
    return State::closed;
}

/// RFC 9293 section 3.10.7.1: no RST for an RST; and no segment without text has two answers.
void Matrix::check_answers(const Segment& segment, const Encounter& met) {
    std::vector<Datagram> answers;
    while (runner_.harness().has_sent()) {
        answers.push_back(runner_.harness().next_sent());
        EXPECT_FALSE((segment.flags & 4) != 0 && answers.back().has(4)) << "an RST for an RST";
    }
    EXPECT_LE(answers.size(), 1U);
    EXPECT_FALSE((segment.flags & 4) != 0 && from_ == State::closed && !answers.empty());
    check_answer(answers.empty() ? nullptr : &answers.front(), segment, met);
}

/// The answer and the state are the oracle's.
void Matrix::check_answer(const Datagram* got, const Segment& segment, const Encounter& met) {
    constexpr std::uint8_t syn_ack = 0x12, plain_ack = 0x10, reset = 0x04, reset_ack = 0x14;
    const Verdict verdict = judge(met);
    EXPECT_EQ(tcp::name(state_now()), tcp::name(verdict.next));
    const Datagram sent = runner_.segment_of(segment);
    if (verdict.answer == Answer::none || (verdict.answer == Answer::maybe_ack && got == nullptr)) {
        EXPECT_EQ(got, nullptr) << "nothing should be said";
        return;
    }
    ASSERT_NE(got, nullptr) << "no answer";
    switch (verdict.answer) {
        case Answer::syn_ack:
            EXPECT_EQ(got->flags, syn_ack);
            EXPECT_EQ(got->ack, sent.seq + 1);
            return;
        case Answer::reset:
            EXPECT_EQ(got->flags, reset);
            EXPECT_EQ(got->seq, sent.ack);
            return;
        case Answer::reset_with_ack:
            EXPECT_EQ(got->flags, reset_ack);
            EXPECT_EQ(got->seq, 0U);
            EXPECT_EQ(got->ack, sent.seq + segment.length + (segment.flags & 1U) +
                                    (segment.flags >> 1U & 1U));
            return;
        default: EXPECT_EQ(got->flags, plain_ack);
    }
}

void Matrix::check_transition(const Segment& segment) {
    const State to = state_now();
    EXPECT_TRUE(successors(from_).contains(to)) << tcp::name(to);
    // A SYN in the window sends SYN-RECEIVED back to LISTEN: RFC 9293 section 3.10.7.4, fourth.
    const bool back_to_listen = from_ == State::syn_received && (segment.flags & 2) != 0;
    const bool may_end = (segment.flags & 4) != 0 || back_to_listen || from_ == State::last_ack ||
                         from_ == State::closed || from_ == State::listen;
    EXPECT_TRUE(to != State::closed || may_end) << "it ended without an RST";
    if (!runner_.conversation() || to == State::closed || to == State::syn_received) return;
    const auto status = runner_.harness().stack().status(*runner_.conversation());
    if (!status.ok() || status.value.state == State::closed || from_ == State::syn_sent) return;
    EXPECT_TRUE(status.value.snd_una <= status.value.snd_nxt);
    EXPECT_TRUE(before_.snd_una <= status.value.snd_una);
    EXPECT_TRUE(before_.rcv_nxt <= status.value.rcv_nxt);
    EXPECT_TRUE(before_.rcv_adv <= status.value.rcv_adv);
    EXPECT_TRUE(status.value.rcv_nxt <= status.value.rcv_adv + 1);
}

void Matrix::try_one(const Segment& segment, const Encounter& met) {
    reach();
    if (HasFatalFailure()) return;
    runner_.harness().inject(runner_.segment_of(segment));
    check_answers(segment, met);
    check_transition(segment);
    EXPECT_EQ(runner_.harness().fault(), "");
    runner_.let_go();
    runner_.harness().stack().abort_all(runner_.harness().now());
    runner_.harness().pass_ms(3);
    runner_.harness().forget_sent();
    ASSERT_EQ(runner_.harness().stack().flows(), 0U);
    if (from_ == State::closed || from_ == State::syn_sent) return;
    listening_ = false;
}

void Matrix::try_all(unsigned flags) {
    for (const std::int64_t seq : seq_offsets)
        for (const std::int64_t ack : ack_offsets)
            for (const std::uint32_t length : {0U, 10U}) {
                Segment segment;
                segment.flags = static_cast<std::uint8_t>(flags);
                segment.seq.value = their_nxt(from_) + static_cast<std::uint32_t>(seq);
                segment.ack = Number{our_nxt(from_) + static_cast<std::uint32_t>(ack), false};
                segment.length = length;
                segment.window = (seq + ack) % 2 == 0 ? 65535 : 0;
                try_one(segment, {.state = from_,
                                  .flags = segment.flags,
                                  .seq = seq == half ? -half : seq,
                                  .ack = ack == half ? -half : ack,
                                  .text = length,
                                  .window = offered_window - their_nxt(from_) / 2});
                ASSERT_FALSE(HasFailure())
                    << tcp::name(from_) << " met " << describe_flags(segment.flags) << " seq "
                    << seq << " ack " << ack << " length " << length;
            }
}

TEST_P(Matrix, HoldsTheInvariants) {
    for (unsigned flags = 0; flags < flag_combinations && !HasFailure(); ++flags)
        try_all(flags);
}

INSTANTIATE_TEST_SUITE_P(
    AllStates, Matrix,
    testing::Combine(testing::Values(State::closed, State::listen, State::syn_sent,
                                     State::syn_received, State::established, State::fin_wait_1,
                                     State::fin_wait_2, State::close_wait, State::closing,
                                     State::last_ack, State::time_wait),
                     testing::Values(Family::ip4, Family::ip6)),
    [](const auto& place) {
        return std::string{tcp::name(std::get<0>(place.param))} +
               (std::get<1>(place.param) == Family::ip4 ? "_ip4" : "_ip6");
    });

}  // namespace
}  // namespace terminus::test
