/// A lane over one queue pair of an ethdev: mbufs become frames and frames mbufs, in place.
/// One worker uses a lane. The mbuf is Frame::handle.
#pragma once

#include "terminus/stack/lane.h"

#include "dpdk/tso.h"

#include <cstdint>

struct rte_mbuf;
struct rte_mempool;

namespace terminus {

/// What a device finishes on transmission. What it does not, the lane does in software.
struct TransmitOffloads {
    bool ip4_checksum = false, tcp_checksum = false, udp_checksum = false;
};

/// Where a lane's frames come from and go to.
struct LanePlan {
    std::uint16_t port = 0, queue = 0;  ///< DPDK's numbers
    bool has_queue = true;  ///< false: only buffers, nothing is received, nothing is taken
    std::uint8_t lane = 0;  ///< for Frame::lane
    TransmitOffloads offloads;
    std::uint16_t chain_segments = 0;  ///< in one chain for a device with TSO, at most; 0: none
    rte_mempool* pool = nullptr;       ///< for fresh frames
};

class EthdevLane final : public Lane {
public:
    explicit EthdevLane(const LanePlan& plan) : plan_(plan) {}

    std::size_t receive(std::span<Frame> frames) override;
    std::size_t transmit(std::span<const Frame> frames) override;
    std::size_t fresh(std::span<Frame> frames) override;
    void release(std::span<const Frame> frames) override;

    [[nodiscard]] LaneTally tally() const override { return tally_; }

private:
    rte_mbuf* prepare(const Frame& frame) const;
    void finish(const Frame& frame, rte_mbuf& mbuf) const;
    std::size_t send(std::span<rte_mbuf*> packets) const;
    std::size_t send_chained(std::span<const Frame> frames);
    [[nodiscard]] std::uint64_t offload_flags(const Frame& frame) const;

    LanePlan plan_;
    LaneTally tally_;
};

}  // namespace terminus
