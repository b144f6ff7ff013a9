/// Fuzzes the whole stack: arbitrary frames, times and calls. See stack_run.h.
#include "terminus/base/assert.h"

#include "fuzz.h"
#include "stack_run.h"

#include <cstdio>

namespace terminus {

void fuzz(std::span<const std::byte> input) {
    test::StackRun run;
    const std::string fault = run.play(input);
    if (!fault.empty()) std::fputs(fault.c_str(), stderr);
    TERMINUS_ASSERT(fault.empty());
}

}  // namespace terminus
