/// What every fuzz target defines. tests/fuzz/lib_fuzzer.cc drives it by libFuzzer (clang,
/// -Dfuzzers=true), tests/fuzz/replay by an ordinary test over seeds and seeded random mutations.
#pragma once

#include <cstddef>
#include <span>

namespace terminus {

/// Tries one input; aborts, by assertion or sanitizer, when what must hold does not. Keeps nothing
/// between calls.
void fuzz(std::span<const std::byte> input);

}  // namespace terminus
