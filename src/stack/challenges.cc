#include "challenges.h"

namespace terminus {

bool Challenges::allow(std::uint64_t hash, const tcp::Settings& settings, Millis now) {
    constexpr std::int32_t second_ms = 1000;
    Entry& entry = entries_[hash % entries_.size()];
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    if (entry.count == 0 || entry.tag != tag) {
        entry = {.tag = tag, .began = now, .last = now, .count = 1};
        return true;
    }
    const auto interval = static_cast<std::int32_t>(settings.challenge_ack_interval_ms);
    if (elapsed_ms(entry.last, now) < interval) return false;
    if (elapsed_ms(entry.began, now) >= second_ms) {
        entry.began = now;
        entry.count = 0;
    }
    const std::uint32_t most = settings.challenge_acks_per_second;
    if (most != 0 && entry.count >= most) return false;
    entry.last = now;
    ++entry.count;
    return true;
}

}  // namespace terminus
