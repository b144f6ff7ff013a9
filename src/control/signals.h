/// The signals that an operator sends, taken one at a time instead of interrupting anything.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

namespace terminus::control {

enum class Signal { stop, reload };

/// While it lives, SIGTERM, SIGINT and SIGHUP wait for wait(). Made before any thread, so that all
/// inherit it.
class Signals {
public:
    Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals();

    /// The next signal, or nothing after `patience`.
    [[nodiscard]] std::optional<Signal> wait(std::chrono::milliseconds patience) const;

private:
    sigset_t taken_{}, before_{};
};

/// Threads made while it lives take no real-time signal. net_tap sends one for each burst of
/// frames: only who waits for frames may be interrupted by it.
class QuietThreads {
public:
    QuietThreads();
    QuietThreads(const QuietThreads&) = delete;
    QuietThreads& operator=(const QuietThreads&) = delete;
    ~QuietThreads();

private:
    sigset_t before_{};
};

}  // namespace terminus::control
