#include "clock.h"

#include <bit>
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

/// The octave and the three bits that follow.
std::size_t bucket_of(std::uint64_t cycles) {
    const auto octave = static_cast<std::size_t>(std::bit_width(cycles | 8));
    return octave * 8 + (cycles >> (octave - 4) & 7);
}

/// The first number of cycles beyond a bucket.
std::uint64_t end_of_bucket(std::size_t bucket) { return (8 + bucket % 8 + 1) << (bucket / 8 - 4); }

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
    if (turn.interrupted) {
        ++interrupted_;
        return turn;
    }
    if (turn.cycles > longest_) longest_ = turn.cycles;
    ++histogram_[bucket_of(turn.cycles)];
    return turn;
}

std::uint64_t TurnClock::cycles_of_all_but(double share) const {
    const auto beyond = static_cast<std::uint64_t>(static_cast<double>(turns_) * share);
    std::size_t bucket = histogram_.size() - 1;
    for (std::uint64_t seen = histogram_[bucket]; bucket > 32 && seen <= beyond;)
        seen += histogram_[--bucket];
    return end_of_bucket(bucket);
}

}  // namespace terminus::bench
