/// The dice of one seed: each concern throws its own, so that a new choice changes what a seed
/// means for that choice only, and an old seed repeats what it once found.
#pragma once

#include "terminus/base/rng.h"

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace terminus::test {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : seed_{seed} {}

    /// Throws for one concern, for as long as it likes.
    [[nodiscard]] Rng of(std::string_view concern) const {
        std::uint64_t mixed = seed_ * 0x9e3779b97f4a7c15;
        for (const char c : concern)
            mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001b3;  // FNV-1a
        return Rng{mixed};
    }
    [[nodiscard]] bool flip(std::string_view concern, double probability = 0.5) const {
        return of(concern).chance(probability);
    }
    [[nodiscard]] std::uint32_t below(std::string_view concern, std::uint32_t bound) const {
        return of(concern).below(bound);
    }
    template <typename T>
    [[nodiscard]] T any_of(std::string_view concern, std::initializer_list<T> choices) const {
        return choices.begin()[below(concern, static_cast<std::uint32_t>(choices.size()))];
    }
    /// The dice of one side or one conversation.
    [[nodiscard]] Dice child(std::string_view name) const { return Dice{of(name).next()}; }

private:
    std::uint64_t seed_;
};

}  // namespace terminus::test
