/// The writing of frames: link, network and transport headers, and their checksums, over text that
/// already lies in its place. Whatever leaves the stack as TCP or UDP was written here.
#pragma once

#include "terminus/tcp/segment.h"
#include "terminus/tcp/settings.h"
#include "terminus/wire/ip4.h"

#include "core.h"

#include <cstdint>
#include <span>

namespace terminus {

/// Where text lies in a frame: behind the headers of the interface's link and the family.
[[nodiscard]] std::uint16_t text_offset(const Interface& interface, bool is_ip6,
                                        std::size_t option_bytes);

/// What a user chooses of the IP header: the two bits of ECN are the segment's own. In one word:
/// what is handed on in small pieces and read in large ones has to wait for them.
class IpChoice {
public:
    constexpr IpChoice() : IpChoice{0, default_hop_limit, true} {}
    constexpr IpChoice(std::uint8_t traffic_class, std::uint8_t hop_limit, bool dont_fragment)
        : bits_{traffic_class | std::uint32_t{hop_limit} << 8 |
                std::uint32_t{dont_fragment} << 16} {}

    [[nodiscard]] constexpr std::uint8_t traffic_class() const { return bits_ & 0xff; }
    [[nodiscard]] constexpr std::uint8_t hop_limit() const { return bits_ >> 8 & 0xff; }
    /// IPv4: RFC 1191 section 3.
    [[nodiscard]] constexpr bool dont_fragment() const { return bits_ >> 16 != 0; }

    [[nodiscard]] constexpr IpChoice with_dont_fragment(bool dont_fragment) const {
        return {traffic_class(), hop_limit(), dont_fragment};
    }
    /// RFC 3168 section 5: the lower two bits of the traffic class.
    [[nodiscard]] constexpr IpChoice marked(std::uint8_t ecn) const {
        return {static_cast<std::uint8_t>((traffic_class() & ~3U) | ecn), hop_limit(),
                dont_fragment()};
    }

private:
    std::uint32_t bits_;
};
[[nodiscard]] inline IpChoice ip_choice(const tcp::Settings& settings) {
    return {settings.traffic_class, settings.hop_limit, settings.path_mtu_discovery};
}

/// A TCP segment to be written. The text is in the frame already, at text_offset().
struct SegmentFrame {
    const Key& key;  ///< our end is `local`
    const Mac& to;
    const tcp::Reply& fields;
    std::uint16_t text_length = 0;
    IpChoice ip{};
};
/// Writes all headers before the text; sets the frame's length and lane, and what the device shall
/// finish.
void write_segment(Core& core, Frame& frame, const SegmentFrame& segment);

/// The same without text, into the frame that asked and back to where it came from.
void write_answer(Core& core, Packet& packet, const tcp::Reply& fields, IpChoice ip);

/// A UDP datagram of a conversation. The payload is in the frame already, at datagram_offset(). A
/// frame without a handle is no frame yet: see dispatch_in_fragments().
struct DatagramFrame {
    const Key& key;
    std::uint16_t payload_length = 0;
    IpChoice ip{};
};
[[nodiscard]] std::uint16_t datagram_offset(const Interface& interface, bool is_ip6);
void write_datagram(Core& core, Frame& frame, const DatagramFrame& datagram);

/// A UDP datagram whose payload lies behind the headers already: the reply to `packet`.
void write_datagram_reply(Core& core, Packet& packet, std::size_t payload_length);

/// Writes the link header before `l3`, so that the frame begins there and holds `l3_length` bytes
/// behind it.
void write_link(const Interface& interface, Frame& frame, std::byte* l3, std::uint32_t l3_length,
                const Mac& to);

/// A reassembled datagram was answered in its own buffer: the answer is cut to the MTU.
void send_in_fragments(Core& core, const Turn& turn, std::uint8_t interface, const Frame& big);

/// Sends a frame that is complete, counting it.
inline void send(Core& core, const Turn& turn, std::uint8_t index, const Frame& frame) {
    if (frame.handle == nullptr) [[unlikely]]
        return send_in_fragments(core, turn, index, frame);
    InterfaceCounters& counters = core.counters.interfaces[index];
    ++counters.frames_sent;
    counters.bytes_sent += frame.length;
    turn.out.send(frame, core.interface(index).lane);
}

/// Sends a fresh frame to a neighbour of the route to `destination`: its MAC is looked up and
/// written, or the frame waits. False when there is no route or the cache refuses it: the frame was
/// released.
bool dispatch(Core& core, const Turn& turn, std::uint8_t interface, Frame& frame,
              const Address& destination);
/// The same for a datagram in a buffer, cut to the path's MTU into fresh frames: all of them or
/// none.
struct CutFor {
    const Address& destination;
    std::uint32_t mtu_bytes;
};
void dispatch_in_fragments(Core& core, const Turn& turn, std::uint8_t interface, const Frame& big,
                           const CutFor& path);
/// Where the route to `destination` goes first: itself when on-link, else the gateway; null: no
/// route.
[[nodiscard]] const Address* next_hop(const Interface& interface, const Address& destination);

}  // namespace terminus
