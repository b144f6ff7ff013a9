/// "Did you mean": the nearest known word to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace terminus::control {

/// The known word within a few edits of `word`, transpositions counted as one; empty when none is
/// near.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> known);
/// The remedy for an unknown word: `did you mean "x"?`, else `known here: a, b, c`.
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string_view> known);

}  // namespace terminus::control
