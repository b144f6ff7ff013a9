/// Sparse bitsets of rules and their intersection.
#include "rule_sets.h"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <string>
#include <utility>

namespace terminus {
namespace {

std::uint64_t hash_of(std::span<const std::uint64_t> words) {
    std::uint64_t hash = 0x9e3779b97f4a7c15U;
    for (const auto word : words)
        hash = std::rotl((hash ^ word) * 0xff51afd7ed558ccdU, 31);
    return hash;
}

std::uint32_t bit_at(std::size_t word, std::uint64_t bits) {
    return static_cast<std::uint32_t>(word * 64) +
           static_cast<std::uint32_t>(std::countr_zero(bits));
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
std::uint32_t first_common_sparse(std::array<Cursor, count> rows, std::size_t summary_words) {
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
            return bit_at(at * 64 + bit, common);
        }
        for (auto& row : rows)
            row.pass(at);
    }
    return RuleSets::no_bit;
}

constexpr std::size_t chunk_words = 8;

/// The lowest bit that `count` plain bitsets share, a chunk at a time: for rows that may meet
/// anywhere.
template <std::size_t count>
std::uint32_t first_common_plain(std::array<const std::uint64_t*, count> rows, std::size_t words) {
    for (std::size_t at = 0; at < words; at += chunk_words) {
        std::array<std::uint64_t, chunk_words> common;
        std::uint64_t any = 0;
        for (std::size_t i = 0; i < chunk_words; ++i) {
            common[i] = rows[0][at + i];
            for (std::size_t row = 1; row < count; ++row)
                common[i] &= rows[row][at + i];
            any |= common[i];
        }
        if (any == 0) continue;
        std::size_t i = 0;
        while (common[i] == 0)
            ++i;
        return bit_at(at + i, common[i]);
    }
    return RuleSets::no_bit;
}

/// The same behind their summaries: where these meet in one or two words, as they mostly do, only
/// those are read.
template <std::size_t count>
std::uint32_t first_common_dense(std::array<const std::uint64_t*, count> rows, std::size_t words) {
    std::uint64_t candidates = ~std::uint64_t{0};
    for (auto& row : rows)
        candidates &= *row++;
    if (std::popcount(candidates) > 2) return first_common_plain<count>(rows, words);
    for (; candidates != 0; candidates &= candidates - 1) {
        const auto word = static_cast<std::size_t>(std::countr_zero(candidates));
        std::uint64_t common = ~std::uint64_t{0};
        for (const auto* row : rows)
            common &= row[word];
        if (common != 0) return bit_at(word, common);
    }
    return RuleSets::no_bit;
}

}  // namespace

RuleSets::RuleSets(std::size_t rules, std::size_t most_bytes)
    : dense_words_{(rules + 63) / 64},
      summary_words_{(rules + 4095) / 4096},
      most_words_{most_bytes / sizeof(std::uint64_t)},
      is_dense_{rules <= most_dense_rules} {}

bool RuleSets::equals(Row row, std::span<const std::uint64_t> dense) const {
    if (is_dense_) return std::equal(dense.begin(), dense.end(), &words_[row + 1]);
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
    if (words_.size() + summary_words_ + dense.size() + chunk_words > most_words_)
        throw std::invalid_argument(
            "the rules overlap so much that their compiled form would take more than " +
            std::to_string(most_words_ * sizeof(std::uint64_t) >> 20) +
            " MiB: use fewer rules, or fewer different prefixes and ports in them");
    const auto row = static_cast<Row>(words_.size());
    if (is_dense_)
        append_dense(dense);
    else
        append_sparse(row, dense);
    return row;
}

void RuleSets::append_dense(std::span<const std::uint64_t> dense) {
    std::uint64_t summary = 0;
    for (std::size_t i = 0; i < dense.size(); ++i)
        summary |= static_cast<std::uint64_t>(dense[i] != 0) << i;
    words_.push_back(summary);
    words_.insert(words_.end(), dense.begin(), dense.end());
    const std::size_t excess = dense.size() % chunk_words;
    if (excess != 0) words_.resize(words_.size() + chunk_words - excess, 0);
}

void RuleSets::append_sparse(Row row, std::span<const std::uint64_t> dense) {
    words_.resize(words_.size() + summary_words_, 0);
    for (std::size_t i = 0; i < dense.size(); ++i) {
        if (dense[i] == 0) continue;
        words_[row + i / 64] |= std::uint64_t{1} << (i % 64);
        words_.push_back(dense[i]);
    }
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
    const std::uint64_t* words = words_.data();
    const auto first = [&]<std::size_t... i>(std::index_sequence<i...>) {
        if (is_dense_) return first_common_dense<sizeof...(i)>({words + rows[i]...}, dense_words_);
        return first_common_sparse<sizeof...(i)>(
            {Cursor{words + rows[i], words + rows[i] + summary_words_}...}, summary_words_);
    };
    switch (rows.size()) {
        case 1: return first(std::make_index_sequence<1>{});
        case 2: return first(std::make_index_sequence<2>{});
        default: return first(std::make_index_sequence<3>{});
    }
}

}  // namespace terminus
