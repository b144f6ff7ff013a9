/// More comes than a worker can serve, in virtual time: a device whose ring holds 1024 frames, and
/// a core that takes 2 us for a segment of a flow, 4 us for a stranger that it answers and 1 us for
/// one that it drops. Live flows lose hardly anything, strangers get what is left, and all is well
/// afterwards.
#include "terminus/base/rng.h"
#include "terminus/wire/tcp.h"

#include "seat.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

constexpr std::uint16_t first_port = 2000, live_flows = 40;
constexpr std::size_t ring_frames = 1024;
constexpr std::uint64_t flow_us = 2, answer_us = 4, drop_us = 1;

Datagram segment(std::uint16_t port, std::uint8_t flags) {
    const Ends ends = ends_of(Family::ip4);
    Datagram made;
    made.source_mac = ends.their_mac;
    made.destination_mac = ends.our_mac;
    made.source = ends.theirs;
    made.destination = ends.ours;
    made.source_port = port;
    made.destination_port = port_of(Serve::echo);
    made.flags = flags;
    made.window = 65535;
    return made;
}

class Overload : public testing::Test {
protected:
    struct Kind {
        std::uint64_t offered = 0, missed = 0;
    };

    Overload() {
        for (std::uint16_t i = 0; i < live_flows; ++i)
            flows_.push_back(open(static_cast<std::uint16_t>(first_port + i)));
        EXPECT_EQ(seat_.stack->flows(), live_flows);
    }
    ~Overload() override { EXPECT_EQ(lane_.fault(), ""); }

    /// A handshake; the ACK that ended it, which may be said again at any time.
    Bytes open(std::uint16_t port) {
        forget_sent();
        lane_.arrive(encode(segment(port, tcp_flag::syn)));
        turn();
        Datagram ack = segment(port, tcp_flag::ack);
        for (const Bytes& frame : lane_.departed()) {
            const Datagram answer = decode(frame);
            if (answer.destination_port == port) ack.ack = answer.seq + 1;
        }
        ack.seq = 1;
        lane_.arrive(encode(ack));
        turn();
        return encode(ack);
    }

    /// A turn, and the time that it would take.
    std::uint64_t turn() {
        const Counters before = seat_.stack->counters();
        seat_.worker->turn();
        const Counters& after = seat_.stack->counters();
        const auto ended = [&](End end) {
            const auto at = static_cast<std::size_t>(end);
            return after.ends[at] - before.ends[at];
        };
        const std::uint64_t us = 1 + flow_us * ended(End::consumed) +
                                 answer_us * ended(End::answered) + drop_us * ended(End::dropped);
        seat_.clock.step_us = us;
        return us;
    }

    void offer(const Bytes& frame, Kind& kind) {
        ++kind.offered;
        const std::uint64_t taken = seat_.worker->counters().lanes[0].frames_received;
        if (arrived_ - taken == ring_frames) {
            ++kind.missed;
            return;
        }
        ++arrived_;
        lane_.arrive(frame);
    }

    /// A tenth of the frames is of live flows, the others are SYNs.
    void flood(std::uint64_t us, std::uint64_t frames_per_ms) {
        arrived_ = seat_.worker->counters().lanes[0].frames_received;
        for (std::uint64_t passed = 0, sent = 0; passed < us; forget_sent()) {
            passed += turn();
            for (; sent < passed * frames_per_ms / 1000; ++sent) {
                if (sent % 10 == 0)
                    offer(flows_[rng_.below(live_flows)], known_);
                else
                    offer(encode(segment(static_cast<std::uint16_t>(1 + rng_.below(1000)),
                                         tcp_flag::syn)),
                          strangers_);
            }
        }
    }
    /// As idle as a worker may be: its longest sleep is 500 us.
    void rest(std::uint64_t ms) {
        seat_.clock.step_us = 500;
        for (std::uint64_t i = 0; i < 2 * ms; ++i)
            seat_.worker->turn();
        forget_sent();
    }
    void forget_sent() { (void)lane_.departed(); }
    std::uint64_t drops(Drop reason) {
        return seat_.stack->counters().drops[static_cast<std::size_t>(reason)];
    }

    Exchange exchange_{1};
    MemoryLane lane_{MemoryLane::Shape{.buffers = 2048}};
    Seat seat_{exchange_, 0, {.lane = &lane_}};
    Rng rng_{1};
    std::vector<Bytes> flows_;
    std::uint64_t arrived_ = 0;
    Kind known_, strangers_;
};

/// A second at twice the 260 frames of a millisecond that it can serve.
TEST_F(Overload, ServesLiveFlowsBeforeStrangers) {
    flood(1'000'000, 520);
    EXPECT_LT(known_.missed, known_.offered / 50);
    EXPECT_GT(strangers_.missed, 0U);
    EXPECT_GT(drops(Drop::overload), 0U);
    EXPECT_GT(seat_.stack->counters().ends[0], strangers_.offered / 4);
}

/// 300 clients who each wait for an answer before they say more keep every burst full.
TEST_F(Overload, IsNotWhatClientsDoWhoWait) {
    for (int round = 0; round < 100; ++round) {
        for (std::uint16_t i = 0; i < 300; ++i)
            lane_.arrive(i % 8 == 0 ? flows_[i % live_flows] : encode(segment(i, tcp_flag::syn)));
        for (int turns = 0; turns < 9; ++turns)  // 12 frames are left when the others come
            turn();
    }
    EXPECT_EQ(drops(Drop::overload), 0U);
}

TEST_F(Overload, ServesAllStrangersWhereNoFlowIsHeard) {
    for (int i = 0; i < 4000; ++i)
        lane_.arrive(encode(segment(static_cast<std::uint16_t>(1 + i % 1000), tcp_flag::rst)));
    for (int i = 0; i < 200; ++i)
        turn();
    EXPECT_EQ(drops(Drop::overload), 0U);
    EXPECT_EQ(drops(Drop::reset_without_flow), 4000U);
}

TEST_F(Overload, IsForgottenWithinASecond) {
    rest(10'000);
    const std::size_t on_loan = lane_.on_loan();
    flood(100'000, 520);
    rest(1000);
    const std::uint64_t dropped = drops(Drop::overload);
    EXPECT_GT(dropped, 0U);
    for (std::size_t i = 0; i < 70 * burst_frames; ++i)  // at once, and it is no overload
        lane_.arrive(i % 8 == 0 ? flows_[0] : encode(segment(1, tcp_flag::syn)));
    for (int turns = 0; turns < 70; ++turns)
        turn();
    EXPECT_EQ(drops(Drop::overload), dropped);
    rest(200'000);
    EXPECT_EQ(seat_.stack->flows(), live_flows) << "those who never were have gone, others live";
    EXPECT_EQ(lane_.on_loan(), on_loan);
}

}  // namespace
}  // namespace terminus::test
