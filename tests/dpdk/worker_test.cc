/// The worker's loop over lanes in memory, with a real stack and a clock that the test moves: no
/// DPDK.
#include "seat.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace terminus::test {
namespace {

/// A worker's lane to a device where it has no queue: the buffers are another lane's.
class QueuelessLane final : public Lane {
public:
    explicit QueuelessLane(Lane& buffers) : buffers_(buffers) {}
    std::size_t receive(std::span<Frame>) override { return 0; }
    std::size_t transmit(std::span<const Frame>) override { return 0; }
    std::size_t fresh(std::span<Frame> frames) override { return buffers_.fresh(frames); }
    void release(std::span<const Frame> frames) override { buffers_.release(frames); }

private:
    Lane& buffers_;
};

/// One worker with one lane.
struct Single {
    Exchange exchange{1};
    MemoryLane lane{MemoryLane::Shape{.buffers = 2048}};
    Seat seat{exchange, 0, {.lane = &lane}};

    ~Single() { EXPECT_EQ(lane.fault(), ""); }
    Worker& worker() { return *seat.worker; }
};

Datagram ping_from(std::uint8_t last_byte) {
    const Ends ends = ends_of(Family::ip4);
    Datagram ping;
    ping.source_mac = ends.their_mac;
    ping.destination_mac = ends.our_mac;
    ping.source = ends.theirs;
    ping.source.bytes[15] = last_byte;
    ping.destination = ends.ours;
    ping.protocol = protocol_icmp4;
    ping.type = 8;
    ping.payload = "are you there?";
    return ping;
}

/// The echo replies among what a lane sent.
std::vector<Datagram> replies(MemoryLane& lane) {
    std::vector<Datagram> all;
    for (const Bytes& frame : lane.departed()) {
        const Datagram datagram = decode(frame);
        EXPECT_EQ(datagram.fault, "");
        if (datagram.ether_type == 0x0800 && datagram.type == 0) all.push_back(datagram);
    }
    return all;
}

TEST(Worker, AnswersThroughTheLaneThatAsked) {
    Single single;
    for (const int last_byte : {1, 5, 7})
        single.lane.arrive(encode(ping_from(static_cast<std::uint8_t>(last_byte))));
    EXPECT_TRUE(single.worker().turn());
    const auto answers = replies(single.lane);
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(answers[1].destination, ping_from(5).source);
    const WorkerCounters counters = single.worker().counters();
    EXPECT_EQ(counters.lanes[0].frames_received, 3U);
    EXPECT_GE(counters.lanes[0].frames_sent, 3U);
    EXPECT_EQ(single.worker().stack_counters().frames_received, 3U);
}

// The first turn reports groups and begins duplicate address detection, once: RFC 4862 section 5.4.
TEST(Worker, HasFreshFramesInItsFirstTurn) {
    Single single;
    single.worker().turn();
    const auto frames = single.lane.departed();
    const auto sent = [&](std::uint8_t type) {
        return std::ranges::count_if(frames, [&](const Bytes& frame) {
            const Datagram datagram = decode(frame);
            return datagram.ether_type == 0x86dd && datagram.type == type;
        });
    };
    EXPECT_GE(sent(143), 1) << "no MLDv2 report";
    EXPECT_GE(sent(135), 1) << "no duplicate address detection";
}

TEST(Worker, TakesAtMostABurstInATurn) {
    Single single;
    for (int i = 0; i < 40; ++i)
        single.lane.arrive(encode(ping_from(1)));
    single.worker().turn();
    EXPECT_EQ(single.worker().counters().lanes[0].frames_received, burst_frames);
    single.worker().turn();
    EXPECT_EQ(single.worker().counters().lanes[0].frames_received, 40U);
}

TEST(Worker, GivesEveryFrameBackWhenItStops) {
    Single single;
    single.lane.arrive(encode(ping_from(1)));
    single.worker().turn();
    EXPECT_GT(single.lane.on_loan(), 0U) << "the stock of fresh frames";
    ASSERT_TRUE(single.seat.rings.to_worker.push(Stop{}));
    single.worker().run();
    EXPECT_EQ(single.lane.on_loan(), 0U);
    Answer answer;
    ASSERT_TRUE(single.seat.rings.to_control.pop(answer));
    EXPECT_EQ(std::get<Adopted>(answer).epoch, 1U);
    ASSERT_TRUE(single.seat.rings.to_control.pop(answer));
    EXPECT_TRUE(std::holds_alternative<Stopped>(answer));
}

TEST(Worker, SaysWhichPolicyItHasAdopted) {
    Single single;
    single.worker().turn();
    EXPECT_EQ(single.worker().rule_hits()[0], 1U);
    single.seat.adopt(7);
    single.worker().turn();
    const auto hits = single.worker().rule_hits();
    EXPECT_EQ(hits.size(), 1 + service_rules().size());
    EXPECT_EQ(hits[0], 7U);
    Answer answer;
    ASSERT_TRUE(single.seat.rings.to_control.pop(answer));
    ASSERT_TRUE(single.seat.rings.to_control.pop(answer));
    EXPECT_EQ(std::get<Adopted>(answer).epoch, 7U);
}

/// Past the gratuitous ARP, DAD and MLD reports of the start.
void settle(Single& single) {
    single.seat.clock.step_us = 100'000;
    for (int i = 0; i < 100; ++i)
        single.worker().turn();
    single.seat.clock.step_us = 2;
    single.worker().turn();
}

TEST(Worker, CountsOnlyTurnsWithWorkAsBusy) {
    Single single;
    settle(single);
    const WorkerCounters before = single.worker().counters();
    single.lane.arrive(encode(ping_from(1)));
    EXPECT_TRUE(single.worker().turn());
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(single.worker().turn());
    const WorkerCounters after = single.worker().counters();
    EXPECT_EQ(after.turns - before.turns, 4U);
    EXPECT_EQ(after.busy_turns - before.busy_turns, 1U);
    EXPECT_EQ(after.cycles - before.cycles, 8000U);
    EXPECT_EQ(after.busy_cycles - before.busy_cycles, 2000U);
    EXPECT_EQ(after.turn_sum_ns - before.turn_sum_ns, 2000U);
    EXPECT_EQ(after.turn_buckets[11] - before.turn_buckets[11], 1U);  // below 2048 ns
}

/// What it does for control is work; what it sleeps afterwards is not.
TEST(Worker, CountsCommandsAsWorkAndSleepAsNone) {
    Single single;
    settle(single);
    const WorkerCounters before = single.worker().counters();
    single.seat.adopt(2);
    EXPECT_TRUE(single.worker().turn());
    single.seat.clock.step_us = 3;
    EXPECT_FALSE(single.worker().turn());
    single.seat.clock.step_us = 500;  // asleep until the next reading
    EXPECT_FALSE(single.worker().turn());
    const WorkerCounters after = single.worker().counters();
    EXPECT_EQ(after.cycles - before.cycles, 505'000U);
    EXPECT_EQ(after.busy_cycles - before.busy_cycles, 3000U);
}

/// A device whose transmit ring is full.
class FullLane final : public Lane {
public:
    explicit FullLane(MemoryLane& lane) : lane_(lane) {}
    std::size_t receive(std::span<Frame> frames) override { return lane_.receive(frames); }
    std::size_t transmit(std::span<const Frame> frames) override {
        offers.push_back(frames.size());
        return 0;
    }
    std::size_t fresh(std::span<Frame> frames) override { return lane_.fresh(frames); }
    void release(std::span<const Frame> frames) override { lane_.release(frames); }
    std::vector<std::size_t> offers;

private:
    MemoryLane& lane_;
};

TEST(Worker, OffersAFrameTwiceThenReleasesAndCountsIt) {
    Exchange exchange(1);
    MemoryLane memory{MemoryLane::Shape{.buffers = 2048}};
    FullLane full(memory);
    Seat seat(exchange, 0, {.lane = &full});
    memory.arrive(encode(ping_from(1)));
    seat.worker->turn();
    ASSERT_EQ(full.offers.size() % 2, 0U);
    EXPECT_GE(seat.worker->counters().lanes[0].frames_unsent, 1U);
    EXPECT_EQ(seat.worker->counters().lanes[0].frames_sent, 0U);
    ASSERT_TRUE(seat.rings.to_worker.push(Stop{}));
    seat.worker->run();
    EXPECT_EQ(memory.on_loan(), 0U);
    EXPECT_EQ(memory.fault(), "");
}

/// Two workers and a device with one queue, which the first has.
struct Pair {
    Exchange exchange{2};
    MemoryLane lane{MemoryLane::Shape{.buffers = 4096}};
    QueuelessLane queueless{lane};
    std::shared_ptr<const Spreads> spreads = even_spreads(2);
    Seat first{exchange, 0, {.lane = &lane}, spreads};
    Seat second{exchange, 1, {.lane = &queueless, .has_queue = false, .sender = 0}, spreads};

    void turn() {
        first.worker->turn();
        second.worker->turn();
        first.worker->turn();
    }
    void stop() {
        for (Seat* seat : {&first, &second}) {
            ASSERT_TRUE(seat->rings.to_worker.push(Stop{}));
            seat->worker->run();
        }
        for (Seat* seat : {&first, &second})
            seat->worker->release_passed();
        EXPECT_EQ(lane.on_loan(), 0U);
        EXPECT_EQ(lane.fault(), "");
    }
};

TEST(Worker, SharesOneQueueWithAnother) {
    Pair pair;
    for (std::uint8_t i = 1; i <= 30; ++i)
        pair.lane.arrive(encode(ping_from(static_cast<std::uint8_t>(i + 2))));
    pair.turn();
    EXPECT_EQ(replies(pair.lane).size(), 30U);
    const WorkerCounters second = pair.second.worker->counters();
    const HandedCounters steered = handed(*pair.first.worker, Errand::steer);
    EXPECT_GT(steered.out, 0U);
    EXPECT_LT(steered.out, 30U);
    EXPECT_EQ(steered.lost, 0U);
    EXPECT_EQ(second.passed_in, steered.out);
    EXPECT_EQ(pair.first.worker->stack_counters().frames_received, 30 - steered.out);
    EXPECT_GE(handed(*pair.second.worker, Errand::send).out, steered.out);
    EXPECT_EQ(second.lanes[0].frames_sent, 0U);
    pair.stop();
}

TEST(Worker, CopiesArpToAllOthers) {
    Pair pair;
    pair.turn();  // the stocks are full now
    Bytes arp(42, std::byte{0});
    std::ranges::fill(std::span(arp).first(6), std::byte{0xff});
    arp[12] = std::byte{0x08};
    arp[13] = std::byte{0x06};
    pair.lane.arrive(arp);
    pair.turn();
    EXPECT_EQ(handed(*pair.first.worker, Errand::copy).out, 1U);
    EXPECT_EQ(handed(*pair.first.worker, Errand::steer).out, 0U);
    EXPECT_EQ(pair.second.worker->counters().passed_in, 1U);
    pair.stop();
}

TEST(Worker, DropsAndCountsWhenTheOwnersRingIsFull) {
    Pair pair;
    pair.first.worker->turn();
    for (int i = 0; i < 2000; ++i)
        pair.lane.arrive(encode(ping_from(static_cast<std::uint8_t>(3 + i % 200))));
    for (int i = 0; i < 70; ++i)
        pair.first.worker->turn();  // the second sleeps
    const WorkerCounters counters = pair.first.worker->counters();
    EXPECT_EQ(counters.lanes[0].frames_received, 2000U);
    const HandedCounters steered = handed(*pair.first.worker, Errand::steer);
    EXPECT_EQ(steered.out, Exchange::ring_entries);
    EXPECT_GT(steered.lost, 0U);
    EXPECT_EQ(pair.first.worker->stack_counters().frames_received + steered.out + steered.lost,
              2000U);
    pair.stop();
}

}  // namespace
}  // namespace terminus::test
