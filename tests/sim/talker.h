/// One side of a conversation, using the user calls at random: it has a text to send and knows the
/// text it must get. It watches the conversation's state: only legal transitions may be seen.
#pragma once

#include "terminus/base/rng.h"

#include "harness.h"
#include "transitions.h"

#include <string>

namespace terminus::test {

class Talker {
public:
    struct Task {
        std::string send, expect;
        bool leaves_early = false;  ///< aborts once `expect` is in: the peer has no end
        bool may_fail = false;      ///< the peer may vanish or reboot: an error is an end, too
        bool slow = false;          ///< reads rarely: the window closes
    };
    Talker(Harness& harness, Conversation conversation, Task task)
        : harness_{&harness}, conversation_{conversation}, task_{std::move(task)} {}

    /// A few calls at random.
    void act(Rng& rng);
    /// A look at the state.
    void watch(Between between);
    /// Gives up, as a user does who waited too long.
    void abandon() { leave(true); }
    [[nodiscard]] bool done() const { return done_; }
    /// What was wrong, in words; empty when nothing was.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    [[nodiscard]] std::string progress() const;

private:
    [[nodiscard]] bool is_open() const;
    void send_some(Rng& rng);
    void receive_some(Rng& rng);
    void take(const std::string& text);
    void leave(bool by_abort);
    void fail(const char* call, CallError error);

    Harness* harness_;
    Conversation conversation_;
    Task task_;
    std::size_t sent_ = 0, received_ = 0;
    bool shut_ = false, ended_ = false, done_ = false;
    tcp::State state_ = tcp::State::listen;
    std::string fault_;
};

}  // namespace terminus::test
