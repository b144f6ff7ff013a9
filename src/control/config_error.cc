/// How errors of the operator are spelled.
#include "control/config_error.h"

#include <algorithm>

namespace terminus::control {
namespace {

/// One line, whatever was quoted in it.
std::string one_line(std::string text) {
    std::ranges::replace_if(
        text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
    return text;
}

std::string spell(const Place& place, const std::string& text) {
    std::string line = place.file + ":" + std::to_string(place.line) + ": ";
    if (!place.key.empty()) line += place.key + ": ";
    return one_line(line + text);
}

}  // namespace

ConfigError::ConfigError(Place place, const std::string& problem, const std::string& remedy)
    : ConfigError(std::move(place), problem + "; " + remedy) {}

ConfigError::ConfigError(Place place, const std::string& problem_and_remedy)
    : std::runtime_error(spell(place, problem_and_remedy)), place_(std::move(place)) {}

StartError::StartError(const std::string& problem, const std::string& remedy)
    : std::runtime_error(one_line(problem + "; " + remedy)) {}

}  // namespace terminus::control
