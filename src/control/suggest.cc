/// The distance is Damerau and Levenshtein's, in its restricted form ("optimal string alignment").
#include "control/suggest.h"

#include <algorithm>
#include <vector>

namespace terminus::control {
namespace {

using Row = std::vector<std::size_t>;

/// One row of the table: `before` and `last` are the two rows above it.
Row next_row(std::string_view a, std::string_view b, std::size_t i, const Row& before,
             const Row& last) {
    Row row(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
        const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
        row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
        const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
        if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    return row;
}

std::size_t distance(std::string_view a, std::string_view b) {
    Row before, last(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        Row row = next_row(a, b, i, before, last);
        before = std::move(last);
        last = std::move(row);
    }
    return last.back();
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    constexpr std::size_t longest = 64;  // nobody mistypes a longer word; keeps hostile input cheap
    if (word.size() > longest) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        const std::size_t edits = distance(word, candidate);
        if (edits >= least || edits >= candidate.size()) continue;
        best = candidate;
        least = edits;
    }
    return best;
}

std::string suggest(std::string_view word, std::span<const std::string_view> known) {
    const std::string_view near = nearest(word, known);
    if (!near.empty()) return "did you mean \"" + std::string{near} + "\"?";
    std::string list = "known here:";
    for (const std::string_view name : known)
        list += (list.back() == ':' ? " " : ", ") + std::string{name};
    return list;
}

}  // namespace terminus::control
