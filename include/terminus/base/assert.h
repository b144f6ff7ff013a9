/// TERMINUS_ASSERT: our own mistakes. Always on; it says where, and aborts.
#pragma once

namespace terminus {

/// Writes "file:line: assertion failed: what" to standard error and aborts.
[[noreturn]] void assertion_failed(const char* what, const char* file, int line);

}  // namespace terminus

#define TERMINUS_ASSERT(condition)                                        \
    do {                                                                  \
        if (!(condition)) [[unlikely]]                                    \
            ::terminus::assertion_failed(#condition, __FILE__, __LINE__); \
    } while (false)
