/// TSO: frames of one flow that follow each other are a run, which a device that segments TCP gets
/// as one chain of mbufs. It writes the same segments again: the core knows nothing of it.
#pragma once

#include "terminus/stack/frame.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

struct rte_mbuf;

namespace terminus {

/// Frames in one call of a device.
inline constexpr std::size_t burst_of_lane = 32;

/// How many of `frames`, at most `most`, make one chain; 1: the first goes alone.
[[nodiscard]] std::size_t run_length(std::span<const Frame> frames, std::size_t most);

/// Frames, prepared one by one, as the packets that go to the device.
class ChainedBurst {
public:
    /// At most burst_of_lane frames, which outlive it; chains of at most `most_segments`.
    ChainedBurst(std::span<const Frame> frames, std::size_t most_segments);

    [[nodiscard]] std::span<rte_mbuf*> packets() { return {packets_.data(), count_}; }
    [[nodiscard]] std::size_t chains() const { return chains_; }
    /// The device has taken so many packets: the others are frames again, as they came. Returns how
    /// many frames it has taken.
    std::size_t end(std::size_t taken);
    /// Of what the device has taken: chains, and the segments in them.
    [[nodiscard]] std::size_t chains_taken() const { return chains_taken_; }
    [[nodiscard]] std::size_t segments_taken() const { return segments_taken_; }

private:
    /// The first frame's header, as it was before it became the chain's: tag and options have room.
    using Header = std::array<std::byte, 128>;

    void chain(std::span<const Frame> run);
    static void unchain(std::span<const Frame> run, const Header& header);

    std::span<const Frame> frames_;
    std::array<rte_mbuf*, burst_of_lane> packets_;
    std::array<std::uint8_t, burst_of_lane> lengths_;  ///< by packet: frames in it
    std::array<Header, burst_of_lane / 2> kept_;       ///< by chain
    std::size_t count_ = 0, chains_ = 0, chains_taken_ = 0, segments_taken_ = 0;
};

}  // namespace terminus
