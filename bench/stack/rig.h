/// The rig of the whole-stack benches: a stack, the buffers of one burst and the fresh frames it
/// may send, virtual time, and the TSC around Stack::receive and Stack::advance, never around the
/// generator.
#pragma once

#include "terminus/stack/outbox.h"
#include "terminus/stack/stack.h"

#include "../flow/huge_memory.h"
#include "clock.h"
#include "frames.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace terminus::bench {

inline constexpr std::size_t burst_packets = 32;

/// The ports that the rig serves.
namespace port {
inline constexpr std::uint16_t echo = 7, discard = 9, chargen = 19;
inline constexpr std::uint16_t brief_echo = 1007;  ///< for connections that come and go
inline constexpr std::uint16_t send_and_close = 1008;
inline constexpr std::uint16_t closed = 81;
}  // namespace port

struct RigSettings {
    std::uint32_t flows = 0, ip6_flows = 1;
    Pages pages = Pages::huge;
    tcp::Settings tcp;
};

class Rig {
public:
    /// Deliberate: a turn of 32 packets takes 4 us of virtual time, which is 8 Mpps.
    static constexpr std::uint64_t turn_us = 4;

    explicit Rig(const RigSettings& settings);

    /// The i-th buffer of the burst, fresh, for a template to be written into.
    [[nodiscard]] std::span<std::byte> buffer(std::size_t i, std::size_t length);
    /// A worker's turn: the first `packets` buffers through the stack, then what time causes.
    /// The answers wait in sent(), until clear().
    TurnTime turn(std::size_t packets = burst_packets, std::uint64_t us = turn_us);
    /// `work` over the same burst, for the reference loop.
    TurnTime run(const std::function<void(std::span<Frame>)>& work);
    [[nodiscard]] std::span<const Frame> sent() const { return out_.sent(); }
    /// Gives the frames back, and answers for the gateway.
    void clear();

    [[nodiscard]] Tick now() const { return now_; }
    void pass_ms(std::uint64_t ms) { now_ = now_.after_ms(ms); }
    [[nodiscard]] Stack& stack() { return *stack_; }
    [[nodiscard]] TurnClock& clock() { return clock_; }
    /// Bytes that the stack said it needs.
    [[nodiscard]] std::size_t table_bytes() const { return table_bytes_; }
    /// Where the stack's ISN of a flow comes from: RFC 9293 section 3.4.1.
    [[nodiscard]] static const HashKey& isn_key();

private:
    static constexpr std::size_t buffer_bytes = 2048, stock_frames = 512;

    [[nodiscard]] Frame frame_at(std::byte* buffer) const;
    void restock(std::span<const Frame> frames);
    void say_where_the_gateway_is();

    std::size_t table_bytes_;
    HugeMemory memory_;
    Tick now_{1'000'000};
    std::vector<std::byte> buffers_;  ///< of the burst, then the stock
    std::array<Frame, burst_packets> frames_;
    Outbox out_{2 * stock_frames};  ///< keeps half of its capacity in stock
    TurnClock clock_, others_clock_;
    std::unique_ptr<Stack> stack_;
};

}  // namespace terminus::bench
