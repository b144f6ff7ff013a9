/// A packet: one received frame on its way through the stack, with all that the steps before found
/// out.
#pragma once

#include "terminus/base/drop.h"
#include "terminus/flow/blocks.h"
#include "terminus/flow/flow_id.h"
#include "terminus/flow/key.h"
#include "terminus/stack/frame.h"
#include "terminus/tcp/seq.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"
#include "terminus/wire/udp.h"
#include "terminus/wire/view.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

struct Packet {
    Frame frame;
    View view;
    Key key;  ///< of TCP segments: our end is the destination
    std::uint64_t hash = 0;
    FlowId likely = unsure_flow;  ///< whom the index names for the hash: see Table::likely()
    FlowId flow = no_flow;        ///< the flow that shall speak in this packet's frame, if any
    Stretch duplicate;            ///< what it brought a second time: RFC 2883
    tcp::Seq isn_floor;           ///< SND.NXT of the flow before
    std::uint8_t interface = 0;
    bool is_verified = true;  ///< its checksums have been looked at
    bool sent = false;        ///< the frame left as an answer
    bool owes_ack = false;    ///< its text is the first that the next ACK is owed for
    bool reopens = false;     ///< a SYN that found TIME-WAIT: the new ISN lies beyond `isn_floor`
    bool held = false;        ///< its text waits in blocks
    bool wants_ack = false;   ///< out of order, or not the first of its kind: an ACK of its own
    bool retransmit = false;  ///< the flow's oldest segment is to be sent again
    bool repeat_syn = false;  ///< the flow's SYN or SYN-ACK is to be sent again
    Drop drop = Drop::none;

    /// A packet's beginning, before it is parsed. The view and the key stay as the packet before
    /// left them: who parses and identifies writes them whole.
    void begin(const Frame& received) {
        frame = received;
        hash = 0;
        likely = unsure_flow;
        flow = no_flow;
        duplicate = {};
        isn_floor = {};
        interface = 0;
        is_verified = true;
        sent = owes_ack = reopens = held = wants_ack = retransmit = repeat_syn = false;
        drop = Drop::none;
    }
    /// The IP datagram from its header to its end, without link padding.
    [[nodiscard]] std::span<std::byte> datagram() const {
        return frame.bytes().subspan(view.l3, view.end - view.l3);
    }
    /// From the transport header to the datagram's end.
    [[nodiscard]] std::span<std::byte> message() const {
        return frame.bytes().subspan(view.l4, view.end - view.l4);
    }
    /// Behind the transport header: TCP's text, UDP's payload.
    [[nodiscard]] std::span<std::byte> payload() const {
        return frame.bytes().subspan(view.payload, view.end - view.payload);
    }
    template <typename Header>
    [[nodiscard]] Header& header_at(std::uint16_t offset) const {
        return *reinterpret_cast<Header*>(frame.data + offset);
    }
};

/// The ends that the IP header names.
[[nodiscard]] inline Address source_of(const Packet& packet) {
    return packet.view.family == Family::ip6
               ? Address::ip6(packet.header_at<Ip6Header>(packet.view.l3).source.data())
               : Address::ip4(packet.header_at<Ip4Header>(packet.view.l3).source);
}
[[nodiscard]] inline Address destination_of(const Packet& packet) {
    return packet.view.family == Family::ip6
               ? Address::ip6(packet.header_at<Ip6Header>(packet.view.l3).destination.data())
               : Address::ip4(packet.header_at<Ip4Header>(packet.view.l3).destination);
}

/// The key of a TCP segment or a UDP datagram, whose ports lie alike.
[[nodiscard]] inline Key key_of(const Packet& packet) {
    if (packet.view.family == Family::ip4)
        return ip4_key(packet.frame.data + packet.view.l3 + offsetof(Ip4Header, source),
                       packet.frame.data + packet.view.l4, packet.interface);
    const auto& ports = packet.header_at<UdpHeader>(packet.view.l4);
    const Ends ends{ports.destination_port, ports.source_port, packet.interface};
    const auto& ip = packet.header_at<Ip6Header>(packet.view.l3);
    return ip6_key(ip.destination.data(), ip.source.data(), ends);
}

}  // namespace terminus
