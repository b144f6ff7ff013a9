/// A worker for tests without DPDK: a real stack, lanes in memory, and a clock that the test moves.
#pragma once

#include "terminus/stack/policy.h"

#include "support/datagram.h"
#include "support/harness.h"
#include "support/memory_lane.h"
#include "worker/worker.h"

#include <array>
#include <memory>
#include <vector>

namespace terminus::test {

/// A clock that only the test moves: a step at each reading, at 1 GHz.
class TestClock final : public Clock {
public:
    Reading read() override {
        reading_.now = reading_.now.after_us(step_us);
        reading_.cycles += step_us * 1000;  // 1 GHz
        return reading_;
    }
    [[nodiscard]] double cycles_per_us() const override { return 1000; }
    std::uint64_t step_us = 1;

private:
    Reading reading_{Tick{1'000'000}, 0};
};

/// What devices without RSS are spread by: a key like any other.
inline std::vector<std::byte> test_rss_key() {
    std::vector<std::byte> key(Toeplitz::key_bytes);
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<std::byte>(i * 89 + 7);
    return key;
}
inline std::shared_ptr<const Spreads> even_spreads(std::uint16_t workers) {
    return std::make_shared<const Spreads>(Spreads{Spread::even(test_rss_key(), workers)});
}

/// What a worker has handed on, and lost on the way.
inline HandedCounters handed(const Worker& worker, Errand errand) {
    return worker.counters().handed[static_cast<std::size_t>(errand)];
}

/// One worker with its stack; several of them share an Exchange.
struct Seat {
    Seat(Exchange& exchange, std::uint16_t index, WorkerLane lane,
         const std::shared_ptr<const Spreads>& spreads = nullptr)
        : memory(Stack::bytes_needed(test_settings()) / sizeof(Line) + 1) {
        StackSettings of_stack = test_settings();
        of_stack.worker = index;
        of_stack.workers = exchange.workers();
        of_stack.seed = index + 1U;
        of_stack.spreads = spreads;
        stack = std::make_unique<Stack>(of_stack, std::as_writable_bytes(std::span{memory}),
                                        clock.read().now);
        WorkerSettings settings;
        settings.worker = index;
        settings.publish_us = 0;  // after every turn
        settings.lanes = {lane};
        settings.spreads = spreads;
        worker = std::make_unique<Worker>(settings, *stack, clock, rings, exchange);
        adopt(1);
    }

    void adopt(std::uint64_t epoch) {
        rings.to_worker.push(
            AdoptPolicy{.epoch = epoch,
                        .policy = std::make_shared<const Policy>(Policy::compile(service_rules())),
                        .services = std::make_shared<const Services>(built_in_services())});
    }

    struct alignas(64) Line : std::array<std::byte, 64> {};
    std::vector<Line> memory;
    TestClock clock;
    CommandRings rings;
    std::unique_ptr<Stack> stack;
    std::unique_ptr<Worker> worker;
};

}  // namespace terminus::test
