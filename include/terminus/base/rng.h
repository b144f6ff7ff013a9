/// A small seeded random number generator (xoshiro256**, Blackman and Vigna) for jitter, ports and
/// simulations. Not for secrets: ISNs and hashes are keyed from the machine's entropy
/// (base/hash.h).
#pragma once

#include <array>
#include <cstdint>

namespace terminus {

class Rng {
public:
    /// Any seed will do; equal seeds give equal sequences.
    explicit Rng(std::uint64_t seed);

    /// 64 uniform bits.
    std::uint64_t next();
    /// Uniform in [0, bound); bound at least 1. Without division, with a bias below 2^-32.
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
    }
    /// True with the given probability, 0 to 1.
    bool chance(double probability) {
        return static_cast<double>(next() >> 11) < probability * 9007199254740992.0;  // 2^53
    }

private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace terminus
