/// A sender without a stack: the engine's flow and effort, a clock that the test moves, and the
/// peer's ACKs as the test writes them. What leaves is told in words: "1:1401 1401:2801", sequence
/// numbers relative to the SYN, "!" behind what carries CWR, "F" behind a FIN.
#pragma once

#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/input.h"
#include "terminus/tcp/output.h"
#include "terminus/tcp/settings.h"

#include <initializer_list>
#include <string>
#include <utility>

namespace terminus::test {

/// [left, right) of a SACK block, relative to the SYN.
using SackList = std::initializer_list<std::pair<std::uint32_t, std::uint32_t>>;

class Sender {
public:
    static constexpr std::uint32_t mss = 1000;
    static constexpr std::uint32_t rtt_ms = 96;  ///< exact as ShortMicros; the RTO is 288 ms

    struct Shape {
        bool sack = true;
        bool ecn = false;
        bool timestamps = false;
        tcp::CongestionControl control = tcp::CongestionControl::newreno;
        std::uint32_t window_bytes = 1'000'000;
    };
    explicit Sender(const Shape& shape);
    Sender() : Sender(Shape{}) {}

    /// The user has so much more to send.
    std::string send(std::uint32_t bytes);
    /// The user closes; the FIN follows the text.
    std::string close();
    /// An ACK comes; `flags` beside ACK.
    std::string ack(std::uint32_t ack, SackList sacks = {}, std::uint8_t flags = 0);
    /// The moment whose timestamp the peer echoes, where timestamps are agreed on.
    Tick echoed;
    /// Time passes, and timers with it.
    std::string pass_ms(std::uint32_t ms);
    /// Sends `bytes` and lets them be acknowledged a round trip later, segment by segment.
    void exchange(std::uint32_t bytes);

    tcp::Flow flow;
    tcp::Effort effort;
    tcp::Settings settings;
    Tick now{.us = 5'000'000};

private:
    static constexpr std::uint32_t iss = 0xffffff00;  // it wraps soon

    std::string flush();
    std::string leave(const tcp::Plan& plan);
    std::string look();
    [[nodiscard]] std::uint32_t unsent_bytes() const;

    std::uint32_t window_bytes_;
    tcp::Seq text_end_;
};

}  // namespace terminus::test
