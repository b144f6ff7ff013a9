/// Sets of rules as sparse bitsets: the rows that a classifier intersects. Built once, then
/// read-only.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace terminus {

/// Where a row begins in RuleSets. Rows with equal bits share one.
using Row = std::uint32_t;

/// A row over at most `most_dense_rules` rules is one summary word, whose bits tell which 64-bit
/// words of the bitset are not zero, then the bitset in whole chunks of eight words. Over more it
/// is sparse: ceil(n / 4096) summary words, then only the words that are not zero.
class RuleSets {
public:
    static constexpr std::uint32_t no_bit = 0xffffffffU;
    static constexpr std::size_t most_dense_rules = 2048;

    /// `most_bytes` bounds the rows; beyond it add() throws std::invalid_argument.
    RuleSets(std::size_t rules, std::size_t most_bytes);

    /// The row with these bits; `dense` holds dense_words() words, bit i of word i / 64 being rule
    /// i.
    [[nodiscard]] Row add(std::span<const std::uint64_t> dense);
    /// Frees what only building needs.
    void seal();

    /// The lowest bit that all rows have, or no_bit. One to three rows.
    [[nodiscard]] std::uint32_t first_common(std::span<const Row> rows) const noexcept;

    /// The lowest bit of one row, or no_bit.
    [[nodiscard]] std::uint32_t first(Row row) const noexcept {
        if (!is_dense_) return first_common({&row, 1});
        const std::uint64_t summary = words_[row];
        if (summary == 0) return no_bit;
        const int word = std::countr_zero(summary);
        const int bit = std::countr_zero(words_[row + 1 + static_cast<unsigned>(word)]);
        return static_cast<std::uint32_t>(word * 64 + bit);
    }

    [[nodiscard]] std::size_t dense_words() const { return dense_words_; }
    [[nodiscard]] std::size_t bytes() const { return words_.capacity() * sizeof(std::uint64_t); }

private:
    [[nodiscard]] bool equals(Row row, std::span<const std::uint64_t> dense) const;
    void append_dense(std::span<const std::uint64_t> dense);
    void append_sparse(Row row, std::span<const std::uint64_t> dense);
    [[nodiscard]] Row append(std::span<const std::uint64_t> dense);

    std::size_t dense_words_, summary_words_, most_words_;
    bool is_dense_;
    std::vector<std::uint64_t> words_;
    std::unordered_multimap<std::uint64_t, Row> known_;
};

}  // namespace terminus
