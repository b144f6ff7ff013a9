/// Token buckets for ICMP errors and resets.
#include "terminus/icmp/limiter.h"

#include "terminus/base/endian.h"

#include <algorithm>

namespace terminus {

bool TokenBucket::take(const TokenRate& rate, Tick now, std::uint32_t tokens) {
    if (rate.per_second == 0) return true;
    const std::uint64_t now_ns = now.us * 1000;
    const std::uint64_t token_ns = 1'000'000'000U / rate.per_second;
    const std::uint64_t empty_at = now_ns + std::max(rate.burst, 1U) * token_ns;
    const std::uint64_t full_at = std::max(full_at_ns_, now_ns);
    if (full_at + token_ns > empty_at) return false;
    full_at_ns_ = std::min(full_at + tokens * token_ns, empty_at);
    return true;
}

Limiter::Limiter(const LimiterRates& rates, const HashKey& key)
    : key_{key},
      per_destination_{rates.per_destination_per_second,
                       std::max(rates.per_destination_per_second, 1U)},
      global_{{rates.errors_per_second, std::max(rates.burst, 1U)}},
      entries_(sets * ways) {}

/// The destination's entry; a stranger replaces the way that was full the longest, which forgets
/// least.
Limiter::Entry& Limiter::find(const Address& destination) {
    const auto low = load<std::uint64_t>(destination.bytes.data());
    const auto high = load<std::uint64_t>(destination.bytes.data() + 8);
    Entry* set = &entries_[keyed_hash(key_, low, high) % sets * ways];
    for (std::size_t way = 0; way < ways; ++way)
        if (set[way].destination == destination) return set[way];
    Entry& oldest = *std::min_element(set, set + ways, [](const Entry& a, const Entry& b) {
        return a.bucket.full_at_ns() < b.bucket.full_at_ns();
    });
    oldest = {destination, {}};
    return oldest;
}

void Limiter::refill() {
    std::ranges::fill(entries_, Entry{});
    global_.refill();
}

Allowed Limiter::allow(const Address& destination, Tick now, Rng& rng) {
    if (per_destination_.per_second != 0 && !find(destination).bucket.take(per_destination_, now))
        return Allowed::per_destination;
    return global_.take(now, rng) ? Allowed::yes : Allowed::global;
}

}  // namespace terminus
