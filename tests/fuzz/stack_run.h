/// A whole-stack run out of arbitrary bytes: they become frames, time steps and user calls against
/// one harness; what must always hold is checked after each. Used by the libFuzzer target and by
/// its replay as a test.
#pragma once

#include "harness.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace terminus::test {

/// Rules of every action, TCP and UDP services, a few user calls.
class StackRun {
public:
    StackRun();

    /// Carries out the input. Empty: nothing was wrong.
    std::string play(std::span<const std::byte> input);

private:
    void step();
    void raw_frame();
    void segment();
    void datagram();
    void fragment();
    void pass_time();
    void call();
    void rarer_call(unsigned which);
    void change_settings(Conversation which, unsigned how);
    [[nodiscard]] Datagram addressed();
    [[nodiscard]] std::uint8_t byte();
    [[nodiscard]] std::uint32_t number(std::uint32_t below);
    void inject(const Bytes& frame);
    void watch();

    Harness harness_;
    std::span<const std::byte> input_;
    std::uint32_t our_seq_ = 0, their_seq_ = 0xffffff00;
    ListenerId listener_;
    std::optional<Conversation> conversation_, datagrams_;
};

}  // namespace terminus::test
