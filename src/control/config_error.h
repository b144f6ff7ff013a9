/// What is wrong with a configuration, in one line that says where and what to do about it.
#pragma once

#include <stdexcept>
#include <string>

namespace terminus::control {

/// Where a value stands. `key` is spelled as `[table].key`, `[table]`, or empty for the whole file.
struct Place {
    std::string file;
    unsigned line = 0;
    std::string key;
};

/// what() is `FILE:LINE: [table].key: problem; remedy`. Thrown before the first packet, or on a
/// reload.
class ConfigError : public std::runtime_error {
public:
    ConfigError(Place place, const std::string& problem, const std::string& remedy);
    /// For a text that names the remedy itself.
    ConfigError(Place place, const std::string& problem_and_remedy);

    [[nodiscard]] const Place& place() const { return place_; }

private:
    Place place_;
};

/// The machine or the command line is wrong, not the file: what() is `problem; remedy` in one line.
class StartError : public std::runtime_error {
public:
    StartError(const std::string& problem, const std::string& remedy);
};

}  // namespace terminus::control
