/// Sparse bitsets of rules and their intersection.
#include "rule_sets.h"

#include <array>
#include <bit>
#include <stdexcept>
#include <string>

namespace terminus {
namespace {

std::uint64_t hash_of(std::span<const std::uint64_t> words) {
    std::uint64_t hash = 0x9e3779b97f4a7c15U;
    for (const auto word : words)
        hash = std::rotl((hash ^ word) * 0xff51afd7ed558ccdU, 31);
    return hash;
}

/// One row under the walk: the summary, and where the words of the current summary word begin.
struct Cursor {
    const std::uint64_t* summary;
    const std::uint64_t* words;

    /// The bitset's word that stands for bit `bit` of summary word `at`.
    [[nodiscard]] std::uint64_t word(std::size_t at, unsigned bit) const {
        return words[std::popcount(summary[at] & ((std::uint64_t{1} << bit) - 1))];
    }
    void pass(std::size_t at) { words += std::popcount(summary[at]); }
};

/// Intersects `count` rows, a constant, so that the compiler unrolls it.
template <std::size_t count>
std::uint32_t first_common_of(std::array<Cursor, count> rows, std::size_t summary_words) {
    for (std::size_t at = 0; at < summary_words; ++at) {
        std::uint64_t candidates = ~std::uint64_t{0};
        for (const auto& row : rows)
            candidates &= row.summary[at];
        for (; candidates != 0; candidates &= candidates - 1) {
            const auto bit = static_cast<unsigned>(std::countr_zero(candidates));
            std::uint64_t common = ~std::uint64_t{0};
            for (const auto& row : rows)
                common &= row.word(at, bit);
            if (common == 0) continue;
            const auto word = static_cast<std::uint32_t>(at * 64 + bit);
            return word * 64 + static_cast<std::uint32_t>(std::countr_zero(common));
        }
        for (auto& row : rows)
            row.pass(at);
    }
    return RuleSets::no_bit;
}

}  // namespace

RuleSets::RuleSets(std::size_t rules, std::size_t most_bytes)
    : dense_words_{(rules + 63) / 64},
      summary_words_{(rules + 4095) / 4096},
      most_words_{most_bytes / sizeof(std::uint64_t)} {}

bool RuleSets::equals(Row row, std::span<const std::uint64_t> dense) const {
    const std::uint64_t* summary = &words_[row];
    const std::uint64_t* next = summary + summary_words_;
    for (std::size_t i = 0; i < dense.size(); ++i) {
        const bool present = (summary[i / 64] >> (i % 64) & 1) != 0;
        if (present != (dense[i] != 0)) return false;
        if (present && *next++ != dense[i]) return false;
    }
    return true;
}

Row RuleSets::append(std::span<const std::uint64_t> dense) {
    if (words_.size() + summary_words_ + dense.size() > most_words_)
        throw std::invalid_argument(
            "the rules overlap so much that their compiled form would take more than " +
            std::to_string(most_words_ * sizeof(std::uint64_t) >> 20) +
            " MiB: use fewer rules, or fewer different prefixes and ports in them");
    const auto row = static_cast<Row>(words_.size());
    words_.resize(words_.size() + summary_words_, 0);
    for (std::size_t i = 0; i < dense.size(); ++i) {
        if (dense[i] == 0) continue;
        words_[row + i / 64] |= std::uint64_t{1} << (i % 64);
        words_.push_back(dense[i]);
    }
    return row;
}

Row RuleSets::add(std::span<const std::uint64_t> dense) {
    const auto hash = hash_of(dense);
    const auto [first, last] = known_.equal_range(hash);
    for (auto at = first; at != last; ++at)
        if (equals(at->second, dense)) return at->second;
    const Row row = append(dense);
    known_.emplace(hash, row);
    return row;
}

void RuleSets::seal() {
    known_ = {};
    words_.shrink_to_fit();
}

std::uint32_t RuleSets::first_common(std::span<const Row> rows) const noexcept {
    const auto cursor = [this](Row row) {
        return Cursor{words_.data() + row, words_.data() + row + summary_words_};
    };
    switch (rows.size()) {
        case 1: return first_common_of<1>({cursor(rows[0])}, summary_words_);
        case 2: return first_common_of<2>({cursor(rows[0]), cursor(rows[1])}, summary_words_);
        default:
            return first_common_of<3>({cursor(rows[0]), cursor(rows[1]), cursor(rows[2])},
                                      summary_words_);
    }
}

}  // namespace terminus
