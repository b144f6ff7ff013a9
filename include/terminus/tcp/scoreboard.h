/// The scoreboard of the sender: what is known of each stretch of sequence space in flight. The
/// peer holds it (RFC 2018), it is judged lost (RFC 6675, RFC 8985), it was sent again, and when it
/// last left. Kept as runs of like segments, bounded: when there are too many runs, the least
/// telling ones are joined, and what is forgotten thereby may be sent once more than needed.
#pragma once

#include "terminus/tcp/seq.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace terminus::tcp {

namespace run_flag {
inline constexpr std::uint8_t sacked = 1;   ///< the peer reported it: RFC 2018
inline constexpr std::uint8_t lost = 2;     ///< judged lost since it last left the peer's reports
inline constexpr std::uint8_t resent = 4;   ///< sent again since it was judged lost
inline constexpr std::uint8_t again = 8;    ///< sent more than once: Karn's algorithm
inline constexpr std::uint8_t pushed = 16;  ///< its last segment carried PSH
}  // namespace run_flag

/// Segments of one size (the last may be shorter) that left at one time and fared alike. It begins
/// where the run before it ends.
struct Run {
    Seq end;
    std::uint32_t sent_at_us = 0;  ///< 0 where it means nothing: SACKed, or lost and not yet resent
    std::uint16_t size_bytes = 0;  ///< sequence space of each segment
    std::uint8_t flags = 0;

    [[nodiscard]] constexpr bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    /// Counted in the pipe: RFC 6675 section 4, SetPipe.
    [[nodiscard]] constexpr bool in_flight() const {
        return !has(run_flag::sacked) && (!has(run_flag::lost) || has(run_flag::resent));
    }
    /// Lost, and not yet sent again.
    [[nodiscard]] constexpr bool is_due() const {
        return (flags & (run_flag::sacked | run_flag::lost | run_flag::resent)) == run_flag::lost;
    }
    [[nodiscard]] constexpr std::uint32_t segments(std::uint32_t bytes) const {
        return size_bytes == 0 ? 1 : (bytes + size_bytes - 1) / size_bytes;
    }
    void take_sacked();                           ///< the peer holds it
    void lose();                                  ///< judged lost
    void send_again(std::uint32_t now_us);        ///< sent once more
    void return_to_flight(std::uint32_t now_us);  ///< not lost after all
};

/// Sums over the runs.
struct Tally {
    std::uint32_t flight_bytes = 0;  ///< the pipe
    std::uint32_t sacked_bytes = 0, due_bytes = 0;
    std::uint32_t segments = 0, sacked_segments = 0, lost_segments = 0, resent_segments = 0;
};

class Scoreboard {
public:
    static constexpr std::size_t capacity = 16;

    /// Nothing is in flight; the next segment begins at `from`.
    void clear(Seq from) {
        begin_ = from;
        count_ = 0;
        is_unmarked_ = true;
    }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] Seq begin() const { return begin_; }
    [[nodiscard]] Seq end() const { return count_ == 0 ? begin_ : runs_[count_ - 1].end; }
    [[nodiscard]] std::span<const Run> runs() const { return {runs_.data(), count_}; }
    [[nodiscard]] Seq left_of(std::size_t index) const {
        return index == 0 ? begin_ : runs_[index - 1].end;
    }
    [[nodiscard]] Tally tally() const;
    /// Two of its sums alone, and whether a run is_due(): asked for with each segment and each ACK.
    [[nodiscard]] std::uint32_t flight_bytes() const {
        if (is_unmarked_) return end() - begin_;
        return bytes_of([](const Run& run) { return run.in_flight(); });
    }
    [[nodiscard]] std::uint32_t sacked_bytes() const {
        if (is_unmarked_) return 0;
        return bytes_of([](const Run& run) { return run.has(run_flag::sacked); });
    }
    [[nodiscard]] bool has_due() const {
        return !is_unmarked_ && std::ranges::any_of(runs(), &Run::is_due);
    }

    /// A new segment left: it ends at `end` and begins where the last one ended.
    void append(Seq end, std::uint8_t flags, std::uint32_t now_us);
    /// Calls change(left, run) for each run of [left, right), split where it must be.
    template <typename Change>
    void change(Seq left, Seq right, Change&& change) {
        left = later(left, begin_);
        right = earlier(right, end());
        if (left >= right) return;
        if (left != begin_ || right != end()) make_room();
        const std::size_t first = split(left), past = split(right);
        for (std::size_t i = first; i < past; ++i)
            change(left_of(i), runs_[i]);
        join();
        look_for_marks();
    }
    /// Everything below `una` is acknowledged: calls taken(left, run) for each run, then forgets.
    template <typename Taken>
    void acknowledge(Seq una, Taken&& taken) {
        if (empty() && una > begin_) return clear(una);
        una = earlier(una, end());
        if (una <= begin_) return;
        if (una != end()) make_room();
        const std::size_t past = split(una);
        for (std::size_t i = 0; i < past; ++i)
            taken(left_of(i), std::as_const(runs_[i]));
        drop_first(past);
        begin_ = una;
        if (!is_unmarked_) look_for_marks();
    }

private:
    template <typename Which>
    [[nodiscard]] std::uint32_t bytes_of(Which&& which) const {
        std::uint32_t sum = 0;
        Seq left = begin_;
        for (const Run& run : runs()) {
            sum += which(run) ? run.end - left : 0;
            left = run.end;
        }
        return sum;
    }
    void look_for_marks() {
        is_unmarked_ = std::ranges::none_of(
            runs(), [](const Run& run) { return run.has(run_flag::sacked | run_flag::lost); });
    }
    void make_room();                         ///< for two more runs
    void squeeze();                           ///< joins the two runs that tell least apart
    [[nodiscard]] std::size_t split(Seq at);  ///< the run that begins at `at`
    void join();                              ///< neighbours that are alike become one
    void drop_first(std::size_t count);
    [[nodiscard]] std::uint64_t difference(std::size_t index) const;
    void merge(std::size_t index);

    Seq begin_;
    std::uint16_t count_ = 0;
    bool is_unmarked_ = true;  ///< no run is SACKed or lost, as most of the time
    std::array<Run, capacity> runs_{};
};
static_assert(sizeof(Scoreboard) == 8 + 12 * Scoreboard::capacity);

}  // namespace terminus::tcp
