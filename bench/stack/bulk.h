/// Bulk send: sixteen peers fetch text without end from chargen, with a window of 512 KB, and
/// acknowledge every second segment of 1460 bytes. The stack cuts, fills and sums every frame.
#pragma once

#include "measured.h"
#include "rig.h"

#include <array>
#include <cstdint>
#include <deque>

namespace terminus::bench {

class Bulk {
public:
    /// Opens the connections and lets the windows open; the destructor resets them.
    Bulk(Rig& rig, const PeerOptions& options, std::uint32_t warm_up_frames = 20'000);
    Bulk(const Bulk&) = delete;
    Bulk& operator=(const Bulk&) = delete;
    ~Bulk();

    /// Until so many frames have been sent.
    Measured send(std::uint32_t frames);

private:
    static constexpr std::uint32_t peers = 16;
    static constexpr std::uint32_t first_number = 1000;
    static constexpr std::uint64_t turn_us = 10;  ///< 64 segments at 75 Gb/s
    struct Peer {
        std::uint32_t next = 0;  ///< expected of the stack
        bool owes = false;       ///< an ACK for one segment
    };
    struct Ack {
        std::uint32_t peer = 0, ack = 0;
    };

    void open();
    void turn(Measured& cost);
    [[nodiscard]] bool take(const Frame& frame);

    Rig& rig_;
    Peers frames_;
    std::array<Peer, peers> peers_{};
    std::deque<Ack> acks_;
    std::uint32_t idle_turns_ = 0;
};

}  // namespace terminus::bench
