#include "talker.h"

#include <algorithm>

namespace terminus::test {

/// CLOSE in SYN-SENT deletes the connection (RFC 9293 section 3.10.4): not what a talker wants.
bool Talker::is_open() const {
    const auto status = harness_->stack().status(conversation_);
    return status.ok() && tcp::is_synchronised(status.value.state);
}

/// An error is a fault, unless the peer may go away: then it is the end.
void Talker::fail(const char* call, CallError error) {
    if (!task_.may_fail)
        fault_ += std::string{call} + ": " + std::string{name(error)} + "; ";
    else
        leave(true);
}

void Talker::send_some(Rng& rng) {
    Stack& stack = harness_->stack();
    const std::size_t left = task_.send.size() - sent_;
    if (left > 0) {
        const std::size_t count =
            1 + rng.below(static_cast<std::uint32_t>(std::min<std::size_t>(left, 9000)));
        const std::span text{task_.send.data() + sent_, std::min(count, left)};
        const auto result = stack.send(conversation_, std::as_bytes(text), harness_->now());
        if (result.ok())
            sent_ += result.value;
        else if (result.error != CallError::would_block)
            fail("send", result.error);
    } else if (!shut_ && !task_.leaves_early && is_open()) {
        const CallError error = stack.shutdown(conversation_, harness_->now());
        shut_ = true;
        if (error != CallError::none) fail("shutdown", error);
    }
}

void Talker::receive_some(Rng& rng) {
    std::string into(1 + rng.below(9000), ' ');
    const auto result = harness_->stack().receive(
        conversation_, std::as_writable_bytes(std::span{into}), harness_->now());
    if (result.error == CallError::would_block) return;
    if (!result.ok()) return fail("receive", result.error);
    if (result.value == 0) ended_ = true;
    into.resize(result.value);
    take(into);
}

void Talker::take(const std::string& text) {
    const std::size_t count = std::min(text.size(), task_.expect.size() - received_);
    if (count < text.size() && !task_.leaves_early) fault_ += "too much text came; ";
    if (task_.expect.compare(received_, count, text, 0, count) != 0)
        fault_ += "other text came at " + std::to_string(received_) + "; ";
    received_ += count;
}

void Talker::leave(bool by_abort) {
    Stack& stack = harness_->stack();
    const CallError error = by_abort ? stack.abort(conversation_, harness_->now())
                                     : stack.close(conversation_, harness_->now());
    if (error != CallError::none && !task_.may_fail)
        fault_ += "leaving: " + std::string{name(error)} + "; ";
    done_ = true;
}

void Talker::watch(Between between) {
    if (done_) return;
    const auto status = harness_->stack().status(conversation_);
    if (!status.ok()) return;
    const std::string wrong = state_ == tcp::State::listen && between == Between::event
                                  ? illegal_step(state_, status.value.state, Between::turn)
                                  : illegal_step(state_, status.value.state, between);
    if (!wrong.empty()) fault_ += wrong + "; ";
    state_ = status.value.state;
}

void Talker::act(Rng& rng) {
    if (done_ || !fault_.empty()) return;
    if (rng.chance(0.5)) send_some(rng);
    watch(Between::event);
    if (!done_ && !ended_ && rng.chance(task_.slow ? 0.01 : 0.5)) receive_some(rng);
    watch(Between::event);
    if (done_) return;
    const bool all = received_ == task_.expect.size();
    if (task_.leaves_early && all) return leave(true);
    if (ended_ && !all && !task_.may_fail) fault_ += "the end came too early; ";
    if (ended_ && shut_) leave(false);
}

std::string Talker::progress() const {
    return "sent " + std::to_string(sent_) + '/' + std::to_string(task_.send.size()) +
           " received " + std::to_string(received_) + '/' + std::to_string(task_.expect.size()) +
           (ended_ ? " end" : "") + (shut_ ? " shut" : "") + (done_ ? " done" : "") + " in " +
           std::string{name(state_)} + ' ' + fault_;
}

}  // namespace terminus::test
