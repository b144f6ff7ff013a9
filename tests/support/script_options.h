/// TCP options of a script: their numbers are relative, as those of the segment are. Edges of SACK
/// blocks count from the SYN of the side whose text they name; our timestamps count from the first
/// one that we sent, the peer's are absolute.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace terminus::test {

/// What is added to the numbers in the bytes of options.
struct OptionShift {
    std::uint32_t sack = 0;      ///< to both edges of each block
    std::uint32_t ts_value = 0;  ///< to TSval
    std::uint32_t ts_echo = 0;   ///< to TSecr
};
[[nodiscard]] std::string shifted(std::string options, const OptionShift& shift);

/// TSval in the bytes of options, if a timestamps option is there.
[[nodiscard]] bool find_ts_value(std::string_view options, std::uint32_t& value);

/// `wanted` with each "*" of "TS val * ecr *" (or "TS *") replaced by what `got` has there, both as
/// describe_options() writes them.
[[nodiscard]] std::string fill_wildcards(std::string wanted, const std::string& got);

}  // namespace terminus::test
