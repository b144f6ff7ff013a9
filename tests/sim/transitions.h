/// The transitions that RFC 9293 allows between the states of a connection, as a table of its own:
/// figure 5 and the text of section 3.10 beside it. It judges what STATUS shows over time.
#pragma once

#include "terminus/tcp/state.h"

#include <cstdint>
#include <string>

namespace terminus::test {

/// What happened between two looks at a connection.
enum class Between : std::uint8_t {
    event,  ///< one segment, call or timer
    turn,   ///< any number of them
};

/// Empty when `to` can be reached from `from`; else what was illegal, in words.
[[nodiscard]] std::string illegal_step(tcp::State from, tcp::State to, Between between);

}  // namespace terminus::test
