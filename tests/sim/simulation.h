/// The two worlds of the simulator. Each runs one seed in virtual time and says what went wrong:
/// text lost or changed, an illegal transition, a leaked frame, anything left in a table.
#pragma once

#include <cstdint>
#include <string>

namespace terminus::test {

/// Two stacks that talk to each other over a bad wire. Empty: all went well.
[[nodiscard]] std::string run_two_stacks(std::uint64_t seed);
/// One stack and a foreign TCP, which may vanish or reboot.
[[nodiscard]] std::string run_against_foreign(std::uint64_t seed);

}  // namespace terminus::test
