/// Steering: which worker owns a frame. The answer is receive side scaling's own, the Toeplitz hash
/// of the tuple as received and a table, so that a device that does it rightly leaves nothing to
/// do. Pure functions; any thread.
#pragma once

#include "terminus/base/endian.h"
#include "terminus/base/simd.h"
#include "terminus/stack/calls.h"
#include "terminus/stack/frame.h"
#include "terminus/wire/address.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"
#include "terminus/wire/toeplitz.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terminus {

/// What is hashed, in network order: source, destination, and the ports of whole TCP and UDP
/// packets: source, destination.
struct Tuple {
    std::array<std::byte, Toeplitz::most_input_bytes> bytes{};
    std::uint8_t length = 0;

    /// What `source` sends to `destination`.
    [[nodiscard]] static Tuple of(const Endpoint& source, const Endpoint& destination);
    /// The other direction's.
    [[nodiscard]] Tuple reversed() const;
    friend bool operator==(const Tuple&, const Tuple&) = default;
};

/// Whom a frame concerns.
enum class Concern : std::uint8_t {
    whoever_has_it,  ///< not IP, or too broken to say: the worker that received it deals with it
    the_owner,       ///< of its tuple
    everyone,        ///< ARP and neighbour discovery: each worker learns from it
};

/// Reads just enough of a frame: link header, one 802.1Q tag, addresses, ports. An ICMP error gives
/// the tuple that it quotes, reversed, for the quoted packet was ours: so it finds the flow's
/// owner. Reads inside `frame` only, whatever it holds.
[[nodiscard]] Concern concern_of(std::span<const std::byte> frame, Tuple& tuple);

/// The flow types of RSS: what a device may be trusted to steer by its ports. Deliberate: a frame
/// with a tag, IP options or extension headers is of no type, for devices differ in how far they
/// look; such frames are steered in software, always.
enum class RssType : std::uint8_t { ip4_tcp, ip4_udp, ip6_tcp, ip6_udp, none };
inline constexpr std::size_t rss_types = 4;

/// What arrives at a device, by owner: the table gives the worker of each slot, and a hash's lowest
/// bits are its slot. Immutable, shared by all workers.
class Spread {
public:
    /// `key` holds at least Toeplitz::key_bytes; the number of slots is a power of two.
    Spread(std::span<const std::byte> key, std::vector<std::uint16_t> worker_of_slot);
    /// For a device that spreads nothing: as many slots for each worker as for the others.
    [[nodiscard]] static Spread even(std::span<const std::byte> key, std::uint16_t workers);

    [[nodiscard]] std::uint16_t owner(std::uint32_t hash) const {
        return worker_of_slot_[hash & mask_];
    }
    [[nodiscard]] std::uint16_t owner(const Tuple& tuple) const {
        return owner(hash_(std::span{tuple.bytes}.first(tuple.length)));
    }
    /// Of a frame of such a type, but none: there the tuple lies in one piece.
    [[nodiscard]] std::uint16_t owner(const Frame& frame, RssType type) const {
        const std::byte* ip = frame.data + sizeof(EthernetHeader);
        if (type == RssType::ip4_tcp || type == RssType::ip4_udp)
            return owner(
                hash_(std::span<const std::byte, 12>{ip + offsetof(Ip4Header, source), 12}));
        return owner(hash_(std::span<const std::byte, 36>{ip + offsetof(Ip6Header, source), 36}));
    }

private:
    Toeplitz hash_;
    std::uint32_t mask_;
    std::vector<std::uint16_t> worker_of_slot_;
};

/// By lane: what each device's frames are spread by.
using Spreads = std::vector<Spread>;

/// As in metrics and the log: "ip4_tcp".
[[nodiscard]] const char* name(RssType type);

namespace detail {

inline RssType rss_type_of(std::uint8_t protocol, RssType tcp, RssType udp) {
    if (protocol == ip_protocol::tcp) return tcp;
    return protocol == ip_protocol::udp ? udp : RssType::none;
}

}  // namespace detail

/// The type of a frame, for each frame that comes: a whole TCP or UDP packet whose ports lie right
/// behind a plain IP header.
[[nodiscard]] inline RssType rss_type(std::span<const std::byte> frame) {
    constexpr std::size_t l3 = sizeof(EthernetHeader), port_bytes = 4;
    if (frame.size() < l3 + sizeof(Ip4Header) + port_bytes) return RssType::none;
    const auto type = load<be16>(frame.data() + offsetof(EthernetHeader, type));
    const std::byte* ip = frame.data() + l3;
    if (type == be16{ether_type::ip4}) {
        if (!is_plain_ip4(load<std::uint64_t>(ip))) return RssType::none;
        const auto protocol = load<std::uint8_t>(ip + offsetof(Ip4Header, protocol));
        return detail::rss_type_of(protocol, RssType::ip4_tcp, RssType::ip4_udp);
    }
    if (type != be16{ether_type::ip6} || frame.size() < l3 + sizeof(Ip6Header) + port_bytes)
        return RssType::none;
    if (std::to_integer<unsigned>(*ip) >> 4 != 6) return RssType::none;
    const auto protocol = load<std::uint8_t>(ip + offsetof(Ip6Header, next_header));
    return detail::rss_type_of(protocol, RssType::ip6_tcp, RssType::ip6_udp);
}

/// Whether a frame is of the type ip4_tcp, as nearly all are, in one look. Deliberate: its length
/// is not asked for; a frame too short for its headers is dropped by whoever has it, and a buffer
/// holds more than those.
[[nodiscard]] inline bool is_plain_tcp4(const Frame& frame) {
    constexpr std::size_t from = 8, type = 12 - from, ip = sizeof(EthernetHeader) - from;
    static constexpr Pattern16 plain = [] {
        Pattern16 of;
        const auto want = [&of](std::size_t at, unsigned byte, unsigned mask = 0xff) {
            of.bytes[at] = static_cast<std::uint8_t>(byte);
            of.mask[at] = static_cast<std::uint8_t>(mask);
        };
        want(type, ether_type::ip4 >> 8);
        want(type + 1, ether_type::ip4 & 0xff);
        want(ip, 0x45);
        want(ip + 6, 0, (ip4_more_fragments | ip4_offset_mask) >> 8);
        want(ip + 7, 0, ip4_offset_mask & 0xff);
        want(ip + offsetof(Ip4Header, protocol), ip_protocol::tcp);
        return of;
    }();
    return fits16(frame.data + from, plain);
}

/// Whether a device that steers by ports must have steered this frame, of that type, so: its
/// lengths are right and the device has found no fault with it.
[[nodiscard]] bool is_evidence(const Frame& frame, RssType type);

}  // namespace terminus
