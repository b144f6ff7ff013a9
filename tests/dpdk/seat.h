/// A worker for tests without DPDK: a real stack, lanes in memory, and a clock that the test moves.
#pragma once

#include "terminus/stack/policy.h"

#include "support/datagram.h"
#include "support/harness.h"
#include "support/memory_lane.h"
#include "worker/worker.h"

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

/// One worker with its stack; several of them share an Exchange.
struct Seat {
    Seat(Exchange& exchange, std::uint16_t index, WorkerLane lane)
        : memory(Stack::bytes_needed(test_settings()) + 64) {
        void* at = memory.data();
        std::size_t space = memory.size();
        std::align(64, Stack::bytes_needed(test_settings()), at, space);
        stack = std::make_unique<Stack>(
            test_settings(), std::span(static_cast<std::byte*>(at), space), clock.read().now);
        WorkerSettings settings;
        settings.worker = index;
        settings.publish_us = 0;  // after every turn
        settings.lanes = {lane};
        settings.steering_key = {{1, 2}};
        worker = std::make_unique<Worker>(settings, *stack, clock, rings, exchange);
        adopt(1);
    }

    void adopt(std::uint64_t epoch) {
        rings.to_worker.push(
            AdoptPolicy{.epoch = epoch,
                        .policy = std::make_shared<const Policy>(Policy::compile(service_rules())),
                        .services = std::make_shared<const Services>(built_in_services())});
    }

    std::vector<std::byte> memory;
    TestClock clock;
    CommandRings rings;
    std::unique_ptr<Stack> stack;
    std::unique_ptr<Worker> worker;
};

}  // namespace terminus::test
