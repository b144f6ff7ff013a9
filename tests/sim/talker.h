/// One side of a conversation, using the user calls at random: it has a text to send and knows the
/// text it must get.
#pragma once

#include "terminus/base/rng.h"

#include "harness.h"

#include <string>

namespace terminus::test {

class Talker {
public:
    struct Task {
        std::string send, expect;
        bool leaves_early = false;  ///< aborts once `expect` is in: the peer has no end
    };
    Talker(Harness& harness, Conversation conversation, Task task)
        : harness_{harness}, conversation_{conversation}, task_{std::move(task)} {}

    /// A few calls at random.
    void act(Rng& rng);
    [[nodiscard]] bool done() const { return done_; }
    /// What was wrong, in words; empty when nothing was.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    [[nodiscard]] std::string progress() const;

private:
    [[nodiscard]] bool is_open() const;
    void send_some(Rng& rng);
    void receive_some(Rng& rng);
    void leave(bool by_abort);

    Harness& harness_;
    Conversation conversation_;
    Task task_;
    std::size_t sent_ = 0, received_ = 0;
    bool shut_ = false, ended_ = false, done_ = false;
    std::string fault_;
};

}  // namespace terminus::test
