/// sigtimedwait(2) over a blocked set.
#include "control/signals.h"

#include <pthread.h>

namespace terminus::control {

Signals::Signals() {
    sigemptyset(&taken_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&taken_, signal);
    pthread_sigmask(SIG_BLOCK, &taken_, &before_);
}

Signals::~Signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

QuietThreads::QuietThreads() {
    sigset_t real_time;
    sigemptyset(&real_time);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal)
        sigaddset(&real_time, signal);
    pthread_sigmask(SIG_BLOCK, &real_time, &before_);
}

QuietThreads::~QuietThreads() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

std::optional<Signal> Signals::wait(std::chrono::milliseconds patience) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
    const timespec limit{.tv_sec = seconds.count(),
                         .tv_nsec = std::chrono::nanoseconds(patience - seconds).count()};
    const int signal = sigtimedwait(&taken_, nullptr, &limit);
    if (signal < 0) return std::nullopt;
    return signal == SIGHUP ? Signal::reload : Signal::stop;
}

}  // namespace terminus::control
