#include "clock.h"

#include <chrono>
#include <sys/resource.h>
#include <thread>
#include <x86intrin.h>

namespace terminus::bench {
namespace {

/// How often the kernel has taken this thread off its core, or made it wait for a page.
std::int64_t switches() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw + usage.ru_nvcsw;
}

}  // namespace

std::uint64_t tsc() {
    _mm_lfence();
    const std::uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
}

double tsc_hz() {
    using Clock = std::chrono::steady_clock;
    const auto began = Clock::now();
    const std::uint64_t from = tsc();
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    const std::uint64_t to = tsc();
    return static_cast<double>(to - from) /
           std::chrono::duration<double>(Clock::now() - began).count();
}

void TurnClock::begin() {
    switches_ = switches();
    began_ = tsc();
}

TurnTime TurnClock::end() {
    constexpr std::uint64_t no_switch_is_shorter = 25'000;  // 10 us: below, nobody need ask
    TurnTime turn{.cycles = tsc() - began_};
    turn.interrupted = turn.cycles > no_switch_is_shorter && switches() != switches_;
    ++turns_;
    if (turn.interrupted)
        ++interrupted_;
    else if (turn.cycles > longest_)
        longest_ = turn.cycles;
    return turn;
}

}  // namespace terminus::bench
