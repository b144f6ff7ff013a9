/// Token buckets: how many ICMP errors (and resets) may leave. RFC 1812 section 4.3.2.8, RFC 4443
/// section 2.4 f. One worker owns a Limiter; nothing here is shared. The constructor allocates,
/// allow() does not.
#pragma once

#include "terminus/base/hash.h"
#include "terminus/base/rng.h"
#include "terminus/base/time.h"
#include "terminus/wire/address.h"

#include <cstdint>
#include <vector>

namespace terminus {

/// How fast a bucket fills and how much it holds. per_second 0: no limit at all.
struct TokenRate {
    std::uint32_t per_second = 0;
    std::uint32_t burst = 1;  ///< tokens a full bucket holds, at least 1
};

/// One bucket, kept as the moment at which it will be full again (the virtual scheduling form of a
/// leaky bucket): eight bytes, no refill step. A fresh one is full. The rate is the caller's, the
/// same at each call.
class TokenBucket {
public:
    /// True when a whole token is there; then up to `tokens` are spent (0 spends none). Time does
    /// not go back.
    [[nodiscard]] bool take(const TokenRate& rate, Tick now, std::uint32_t tokens = 1);
    /// Later means used more recently, or more.
    [[nodiscard]] std::uint64_t full_at_ns() const { return full_at_ns_; }

private:
    std::uint64_t full_at_ns_ = 0;
};

/// A bucket that all destinations share. Each permission costs 0, 1 or 2 tokens, one on average:
/// the exact limit would tell a blind attacker how many errors we sent to others (CVE-2020-25705).
class JitteredBucket {
public:
    explicit JitteredBucket(const TokenRate& rate) : rate_{rate} {}
    [[nodiscard]] bool take(Tick now, Rng& rng) { return bucket_.take(rate_, now, rng.below(3)); }
    void refill() { bucket_ = {}; }
    [[nodiscard]] bool is_off() const { return rate_.per_second == 0; }

private:
    TokenRate rate_;
    TokenBucket bucket_;
};

enum class Allowed : std::uint8_t {
    yes,
    per_destination,  ///< this destination has had its share
    global,           ///< all destinations together have
};

/// Limits of one worker; 0 per second: unlimited.
struct LimiterRates {
    std::uint32_t errors_per_second = 1000;
    std::uint32_t burst = 50;
    /// A destination's bucket holds one second's worth.
    std::uint32_t per_destination_per_second = 10;
};

class Limiter {
public:
    /// `key` is secret, so that nobody can choose addresses that share a bucket.
    Limiter(const LimiterRates& rates, const HashKey& key);

    /// Nothing is limited, and nobody need ask.
    [[nodiscard]] bool is_off() const {
        return per_destination_.per_second == 0 && global_.is_off();
    }
    /// Asks the destination's bucket first: one greedy destination must not empty the common one.
    [[nodiscard]] Allowed allow(const Address& destination, Tick now, Rng& rng);
    /// As if nothing had been asked before.
    void refill();

private:
    struct Entry {
        Address destination;
        TokenBucket bucket;
    };
    Entry& find(const Address& destination);

    static constexpr std::size_t ways = 2;
    static constexpr std::size_t sets = 2048;

    HashKey key_;
    TokenRate per_destination_;
    JitteredBucket global_;
    std::vector<Entry> entries_;
};

}  // namespace terminus
