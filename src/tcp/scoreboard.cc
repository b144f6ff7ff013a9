#include "terminus/tcp/scoreboard.h"

#include "terminus/base/assert.h"

#include <algorithm>
#include <cstdlib>

namespace terminus::tcp {
namespace {

using namespace run_flag;

constexpr std::uint8_t state_flags = sacked | lost | resent;

std::uint32_t apart_us(const Run& a, const Run& b) {
    return static_cast<std::uint32_t>(
        std::abs(static_cast<std::int32_t>(b.sent_at_us - a.sent_at_us)));
}

/// `a` is `length` long and comes before `b`: one run could say the same.
bool is_alike(const Run& a, std::uint32_t length, const Run& b) {
    return (a.flags | pushed) == (b.flags | pushed) && !a.has(pushed) &&
           a.sent_at_us == b.sent_at_us && a.size_bytes == b.size_bytes && a.size_bytes != 0 &&
           length % a.size_bytes == 0;
}

}  // namespace

void Run::take_sacked() {
    flags = sacked;
    sent_at_us = 0;
}

void Run::lose() {
    flags = static_cast<std::uint8_t>((flags & (again | pushed)) | lost);
    sent_at_us = 0;
}

void Run::send_again(std::uint32_t now_us) {
    flags = static_cast<std::uint8_t>((flags & (lost | pushed)) | resent | again);
    sent_at_us = now_us;
}

void Run::return_to_flight(std::uint32_t now_us) {
    flags = static_cast<std::uint8_t>((flags & pushed) | again);
    sent_at_us = now_us;
}

Tally Scoreboard::tally() const {
    Tally sum;
    for (std::size_t i = 0; i < count_; ++i) {
        const Run& run = runs_[i];
        const std::uint32_t bytes = run.end - left_of(i), segments = run.segments(bytes);
        sum.segments += segments;
        if (run.in_flight()) sum.flight_bytes += bytes;
        if (run.is_due()) sum.due_bytes += bytes;
        if (run.has(sacked)) sum.sacked_bytes += bytes, sum.sacked_segments += segments;
        if (run.has(lost)) sum.lost_segments += segments;
        if (run.has(resent)) sum.resent_segments += segments;
    }
    return sum;
}

void Scoreboard::append(Seq end, std::uint8_t flags, std::uint32_t now_us) {
    const std::uint32_t bytes = end - this->end();
    Run run{end, now_us, static_cast<std::uint16_t>(std::min(bytes, 65535U)), flags};
    if (count_ > 0) {
        Run& last = runs_[count_ - 1];
        const std::uint32_t length = last.end - left_of(count_ - 1);
        // The last segment of a run may be shorter than the others.
        if (run.size_bytes < last.size_bytes) run.size_bytes = last.size_bytes;
        if (is_alike(last, length, run)) {
            last.end = end;
            last.flags = flags;
            return;
        }
        run.size_bytes = static_cast<std::uint16_t>(std::min(bytes, 65535U));
    }
    if (count_ == capacity) squeeze();
    runs_[count_++] = run;
}

void Scoreboard::make_room() {
    while (count_ > capacity - 2)
        squeeze();
}

/// How much is forgotten when the run at `index` and the next become one.
std::uint64_t Scoreboard::difference(std::size_t index) const {
    const Run &a = runs_[index], &b = runs_[index + 1];
    if (((a.flags ^ b.flags) & state_flags) == 0) return apart_us(a, b);
    constexpr std::uint64_t other_state = 1ULL << 32;
    if (a.has(sacked)) return other_state + (a.end - left_of(index));
    if (b.has(sacked)) return other_state + (b.end - a.end);
    return 2 * other_state;
}

/// Never makes SACKed what is not: it would never be sent again.
void Scoreboard::merge(std::size_t index) {
    const Run a = runs_[index];
    Run& b = runs_[index + 1];
    const Seq end = b.end;
    const auto kept = static_cast<std::uint8_t>(b.flags & pushed);
    const auto size = std::max(a.size_bytes, b.size_bytes);
    const auto sent_twice = static_cast<std::uint8_t>((a.flags | b.flags) & again);
    const bool same = ((a.flags ^ b.flags) & state_flags) == 0;
    if (same) {
        const bool later_a = static_cast<std::int32_t>(a.sent_at_us - b.sent_at_us) > 0;
        if (later_a) b.sent_at_us = a.sent_at_us;
        b.flags |= sent_twice;
    } else if (b.has(sacked)) {
        b = a;
        b.flags = static_cast<std::uint8_t>((a.flags & ~pushed) | kept);
    } else if (!a.has(sacked)) {
        b.lose();
        b.flags |= static_cast<std::uint8_t>(kept | sent_twice);
    }
    b.end = end;
    b.size_bytes = size;
    std::copy(runs_.begin() + static_cast<std::ptrdiff_t>(index) + 1, runs_.begin() + count_,
              runs_.begin() + static_cast<std::ptrdiff_t>(index));
    --count_;
}

void Scoreboard::squeeze() {
    TERMINUS_ASSERT(count_ > 1);
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count_; ++i)
        if (difference(i) < difference(best)) best = i;
    merge(best);
}

std::size_t Scoreboard::split(Seq at) {
    std::size_t i = 0;
    while (i < count_ && runs_[i].end <= at)
        ++i;
    if (i == count_ || left_of(i) == at) return i;
    TERMINUS_ASSERT(count_ < capacity);
    std::copy_backward(runs_.begin() + static_cast<std::ptrdiff_t>(i), runs_.begin() + count_,
                       runs_.begin() + count_ + 1);
    ++count_;
    runs_[i].end = at;
    runs_[i].flags &= static_cast<std::uint8_t>(~pushed);
    return i + 1;
}

void Scoreboard::join() {
    std::size_t kept = 0;
    for (std::size_t i = 1; i < count_; ++i) {
        const std::uint32_t length = runs_[kept].end - left_of(kept);
        if (is_alike(runs_[kept], length, runs_[i]))
            runs_[kept] = runs_[i];
        else
            runs_[++kept] = runs_[i];
    }
    if (count_ > 0) count_ = static_cast<std::uint16_t>(kept + 1);
}

void Scoreboard::drop_first(std::size_t count) {
    std::copy(runs_.begin() + static_cast<std::ptrdiff_t>(count), runs_.begin() + count_,
              runs_.begin());
    count_ = static_cast<std::uint16_t>(count_ - count);
}

}  // namespace terminus::tcp
