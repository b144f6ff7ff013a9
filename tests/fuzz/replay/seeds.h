/// Where fuzzing begins: frames of every kind that we speak, and those of the real captures where
/// present.
#pragma once

#include "packet.h"

#include <vector>

namespace terminus::test {

/// Builds the frames, and reads the captures; the order is always the same.
[[nodiscard]] std::vector<Bytes> fuzz_seeds();

}  // namespace terminus::test
