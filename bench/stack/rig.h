/// The rig of the whole-stack bench: a stack with buffers under it, frames drawn from templates
/// with tuples of a random permutation, and the TSC around Stack::receive up to the outbox's end,
/// never around the generator.
#pragma once

#include "terminus/stack/outbox.h"
#include "terminus/stack/stack.h"

#include "../flow/huge_memory.h"
#include "packet.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace terminus::bench {

inline constexpr std::size_t burst_packets = 32;

/// Cycles and packets of one kind of work.
struct Measured {
    std::string work;
    std::uint64_t cycles = 0, packets = 0;
    double ns_per_packet = 0, cycles_per_packet = 0, mpps = 0;
};

/// A frame with a TCP, UDP or ICMP header whose peer is chosen by number: 2^32 of them, never two
/// alike.
class Template {
public:
    explicit Template(const test::Packet& packet);

    /// The frame of the peer `number`, checksums good; `seq` and `ack` are for TCP.
    void write(std::span<std::byte> into, std::uint32_t number, std::uint32_t seq = 0,
               std::uint32_t ack = 0) const;
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

private:
    test::Bytes bytes_;
};

class Rig {
public:
    explicit Rig(std::uint32_t flows);

    /// The i-th buffer of the burst, fresh, for a template to be written into.
    [[nodiscard]] std::span<std::byte> buffer(std::size_t i, std::size_t length);
    /// Runs the burst of buffers through the stack; returns the cycles it took. The answers stay in
    /// the buffers.
    std::uint64_t run();
    /// Cycles of `work` over the same burst, for the reference loop.
    std::uint64_t run(const std::function<void(std::span<Frame>)>& work);
    /// The i-th frame of the last burst as it left, or as it came.
    [[nodiscard]] std::span<const Frame> sent() const { return out_.sent(); }
    void clear() { out_.clear(); }
    /// Due timers. What they send is forgotten.
    bool advance();
    void pass_us(std::uint64_t us) { now_.us += us; }
    [[nodiscard]] Stack& stack() { return *stack_; }

private:
    static constexpr std::size_t buffer_bytes = 2048;

    HugeMemory memory_;
    Tick now_{1'000'000};
    std::vector<std::byte> buffers_;
    std::array<Frame, burst_packets> frames_;
    Outbox out_{256};
    std::unique_ptr<Stack> stack_;
};

/// Cycles of the TSC in a second, measured against the steady clock.
[[nodiscard]] double tsc_hz();
[[nodiscard]] std::uint64_t tsc();

}  // namespace terminus::bench
