/// Frames of peers that exist by number only: no memory is kept of any, so a bench can have a
/// hundred million of them.
#pragma once

#include "terminus/flow/key.h"

#include "packet.h"

#include <cstdint>
#include <span>

namespace terminus::bench {

/// The address that all peers talk to, and the router that they are behind.
[[nodiscard]] const char* our_address(Family family);
inline constexpr const char* gateway = "198.18.0.1";

/// A permutation of 0 to size - 1 that needs no memory: Feistel rounds over a power of four,
/// repeated until the number lies inside.
class Permutation {
public:
    explicit Permutation(std::uint32_t size);
    [[nodiscard]] std::uint32_t operator()(std::uint32_t i) const;
    [[nodiscard]] std::uint32_t size() const { return size_; }

private:
    std::uint32_t size_;
    unsigned half_bits_ = 1;
};

/// What changes from frame to frame.
struct Says {
    std::uint32_t seq = 0, ack = 0;  ///< of TCP
    std::uint32_t ts_value = 0;      ///< of frames with timestamps, which come first of the options
};

/// A frame with a TCP, UDP or ICMP header whose peer is chosen by number: 2^32 of them, never two
/// alike.
class Template {
public:
    explicit Template(const test::Packet& packet);

    /// The frame of the peer `number`, checksums good.
    void write(std::span<std::byte> into, std::uint32_t number, const Says& says = {}) const;
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    /// The key of the peer's flow, as the stack makes it.
    [[nodiscard]] Key key(std::uint32_t number) const;

private:
    void finish(std::span<std::byte> frame) const;

    test::Bytes bytes_;
    bool is_ip6_ = false, has_timestamps_ = false;
    std::uint8_t protocol_ = 0;
    std::size_t l4_ = 0;
};

/// What the peers of a bench offer in their SYNs.
struct PeerOptions {
    Family family = Family::ip4;
    bool timestamps = false, sack = false, ecn = false;
    bool scaling = false;  ///< by 3
};

/// The peers' TCP frames to one port.
class Peers {
public:
    Peers(const PeerOptions& options, std::uint16_t port);

    /// Bytes of the text that `text` carries.
    static constexpr std::uint32_t text_bytes = 10;
    Template syn, ack, text, fin, rst;

    /// The first sequence number of a peer.
    [[nodiscard]] static std::uint32_t iss(std::uint32_t number) { return number * 2654435761U; }
};

/// A packet from some peer to us; its number replaces the address.
[[nodiscard]] test::Packet tcp_to_us(const PeerOptions& options, std::uint16_t port,
                                     std::string_view flags);
[[nodiscard]] test::Packet udp_to_us(const PeerOptions& options, std::uint16_t port);
[[nodiscard]] test::Packet ping_to_us(const PeerOptions& options);

}  // namespace terminus::bench
