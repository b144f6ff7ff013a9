#include "write.h"

#include "terminus/stack/discovery.h"
#include "terminus/stack/fragmenter.h"
#include "terminus/wire/checksum.h"
#include "terminus/wire/ip_words.h"
#include "terminus/wire/tcp.h"
#include "terminus/wire/tcp_options.h"
#include "terminus/wire/udp.h"

#include "neighbour_link.h"

#include <algorithm>
#include <cstring>

namespace terminus {
namespace {

std::uint16_t link_bytes(const Interface& interface) { return interface.vlan == 0 ? 14 : 18; }

struct IpFields {
    const Key& key;
    std::uint8_t protocol = 0;
    std::uint16_t payload_length = 0;
    IpChoice choice{};
};

[[gnu::always_inline]] inline void write_ip4_header(Core& core, std::byte* l3,
                                                    const IpFields& fields, bool finish_by_device) {
    // RFC 6864 section 4.1: an atomic datagram may have any id.
    const bool is_atomic = fields.choice.dont_fragment();
    const std::uint16_t id = is_atomic ? std::uint16_t{0} : core.next_ip_id++;
    write_ip4(l3,
              {.ends = fields.key.words[0],
               .payload_length = fields.payload_length,
               .protocol = fields.protocol,
               .id = id,
               .fragment = is_atomic ? ip4_dont_fragment : std::uint16_t{0},
               .traffic_class = fields.choice.traffic_class(),
               .hop_limit = fields.choice.hop_limit()},
              finish_by_device);
}

Ip6Fields ip6_fields(const IpFields& fields) {
    const auto& words = fields.key.words;
    return {.source = {words[2], words[3]},
            .destination = {words[4], words[5]},
            .payload_length = fields.payload_length,
            .protocol = fields.protocol,
            .traffic_class = fields.choice.traffic_class(),
            .hop_limit = fields.choice.hop_limit()};
}

/// The sum over the pseudo header, whose addresses are the key's.
[[gnu::always_inline]] inline PartialSum pseudo(const IpFields& fields) {
    if (fields.key.is_ip6()) return pseudo_sum(ip6_fields(fields));
    return PartialSum{be16{fields.protocol}.raw()} + be16{fields.payload_length}.raw() +
           checksum_narrow(fields.key.words[0]);
}

/// What the transport checksum's field holds for a device that finishes it.
be16 prepared_checksum(const IpFields& fields) {
    return std::bit_cast<be16>(static_cast<std::uint16_t>(~checksum_finish(pseudo(fields)).raw()));
}

/// Which checksums the device finishes of a frame, and what it must know for that. A frame without
/// a handle will be cut, and no device can sum over the pieces.
void leave_to_device(const Interface& interface, Frame& frame, Family family,
                     std::uint8_t protocol) {
    const bool leaves_whole = frame.handle != nullptr;
    frame.is_ip6 = family == Family::ip6;
    frame.is_tcp = protocol == ip_protocol::tcp;
    frame.finish_ip = !frame.is_ip6 && interface.offers_ip_checksum && leaves_whole;
    frame.finish_l4 = interface.offers_l4_checksum && leaves_whole;
    frame.l2_length = static_cast<std::uint8_t>(link_bytes(interface));
    frame.l3_length = frame.is_ip6 ? sizeof(Ip6Header) : sizeof(Ip4Header);
}

/// The network header before `l4`, and the transport checksum: computed (RFC 9293 section 3.1,
/// MUST-2), or prepared for the device that finishes it. `sum_message` gives the sum over the
/// transport header, its checksum taken as zero, and what follows.
template <typename SumMessage>
[[nodiscard]] be16 write_network(Core& core, const Interface& interface, Frame& frame,
                                 std::byte* l4, const IpFields& fields,
                                 const SumMessage& sum_message) {
    leave_to_device(interface, frame, fields.key.family(), fields.protocol);
    std::byte* l3 = l4 - frame.l3_length;
    if (frame.is_ip6)
        write_ip6(l3, ip6_fields(fields));
    else
        write_ip4_header(core, l3, fields, frame.finish_ip);
    if (frame.finish_l4) return prepared_checksum(fields);
    return checksum_finish(pseudo(fields) + sum_message());
}

/// The UDP header and all before it. RFC 768: a computed zero is sent as all ones, for zero means
/// none.
void write_udp(Core& core, const Interface& interface, Frame& frame, std::byte* l4,
               const IpFields& fields) {
    auto& header = *reinterpret_cast<UdpHeader*>(l4);
    const Ends ends = ends_of(fields.key);
    header = {ends.local_port, ends.remote_port, be16{fields.payload_length}, be16{0}};
    const be16 checksum = write_network(core, interface, frame, l4, fields, [&] {
        return checksum_add(0, {l4, fields.payload_length});
    });
    header.checksum = checksum.raw() == 0 && !frame.finish_l4 ? be16{0xffff} : checksum;
}

Drop hold(Core& core, const Turn& turn, const NeighbourKey& key, const Frame& frame) {
    NeighbourLink sink{core, turn};
    return core.neighbours.hold(key, frame, sink);
}

/// Writes a TCP header, its checksum zero; returns its sum, of 64 bits.
[[gnu::always_inline]] inline PartialSum write_tcp(std::byte* l4, const SegmentFrame& segment,
                                                   std::size_t option_bytes) {
    const tcp::Reply& fields = segment.fields;
    const auto offset = static_cast<std::uint8_t>((sizeof(TcpHeader) + option_bytes) << 2);
    const auto ports = static_cast<std::uint32_t>(segment.key.words[1]);
    const std::uint64_t first = word_of(ports, be32{fields.seq.value}.raw());
    const std::uint64_t second =
        word_of(be32{fields.ack.value}.raw(),
                half_of(pair_of(offset, fields.flags), be16{fields.window}.raw()));
    const std::uint32_t third = half_of(0, be16{fields.urgent}.raw());
    store(l4, first);
    store(l4 + 8, second);
    store(l4 + 16, third);
    return checksum_carry(checksum_carry(first, second), third);
}

}  // namespace

std::uint16_t text_offset(const Interface& interface, bool is_ip6, std::size_t option_bytes) {
    return static_cast<std::uint16_t>(link_bytes(interface) +
                                      (is_ip6 ? sizeof(Ip6Header) : sizeof(Ip4Header)) +
                                      sizeof(TcpHeader) + option_bytes);
}

namespace {

/// The link header of an untagged packet, in two words that overlap.
[[gnu::always_inline]] inline void write_plain_link(std::byte* at, const Mac& to, const Mac& from,
                                                    be16 type = be16{ether_type::ip4}) {
    const std::uint64_t source =
        load<std::uint32_t>(&from) | std::uint64_t{load<std::uint16_t>(&from.bytes[4])} << 32;
    const std::uint64_t destination =
        load<std::uint32_t>(&to) | std::uint64_t{load<std::uint16_t>(&to.bytes[4])} << 32;
    store(at, destination | source << 48);
    store(at + sizeof(Mac), source | std::uint64_t{type.raw()} << 48);
}

/// What nearly all segments are, written in one go: without a tag. Options and text are there
/// already.
template <Family family>
[[gnu::always_inline]] inline void write_plain(Core& core, const Interface& interface, Frame& frame,
                                               const SegmentFrame& segment,
                                               std::size_t option_bytes) {
    constexpr bool is_ip6 = family == Family::ip6;
    constexpr std::uint32_t network = is_ip6 ? sizeof(Ip6Header) : sizeof(Ip4Header);
    std::byte* const l3 = frame.data + sizeof(EthernetHeader);
    std::byte* const l4 = l3 + network;
    PartialSum sum = write_tcp(l4, segment, option_bytes);
    const std::size_t behind = option_bytes + segment.text_length;
    const IpFields fields{.key = segment.key,
                          .protocol = ip_protocol::tcp,
                          .payload_length = static_cast<std::uint16_t>(sizeof(TcpHeader) + behind),
                          .choice = segment.ip.marked(segment.fields.ecn)};
    frame.length = sizeof(EthernetHeader) + network + fields.payload_length;
    frame.text_length = segment.text_length;
    write_plain_link(frame.data, segment.to, interface.mac,
                     be16{is_ip6 ? ether_type::ip6 : ether_type::ip4});
    if (interface.offers_ip_checksum || interface.offers_l4_checksum)
        leave_to_device(interface, frame, family, ip_protocol::tcp);
    if constexpr (is_ip6)
        write_ip6(l3, ip6_fields(fields));
    else
        write_ip4_header(core, l3, fields, frame.finish_ip);
    if (frame.finish_l4)
        return store(l4 + offsetof(TcpHeader, checksum), prepared_checksum(fields));
    if (behind != 0) sum = checksum_add(sum, {l4 + sizeof(TcpHeader), behind});
    store(l4 + offsetof(TcpHeader, checksum), checksum_finish(checksum_carry(sum, pseudo(fields))));
}

template <Family family>
void write_plain_segment(Core& core, const Interface& interface, Frame& frame,
                         const SegmentFrame& segment) {
    constexpr std::size_t network = family == Family::ip6 ? sizeof(Ip6Header) : sizeof(Ip4Header);
    constexpr std::size_t options_at = sizeof(EthernetHeader) + network + sizeof(TcpHeader);
    const std::size_t option_bytes =
        has_none(segment.fields.options)
            ? 0
            : write_tcp_options(segment.fields.options,
                                {frame.data + options_at, tcp_options_bytes_max});
    write_plain<family>(core, interface, frame, segment, option_bytes);
}

/// All others: tagged.
[[gnu::noinline]] void write_tagged_segment(Core& core, const Interface& interface, Frame& frame,
                                            const SegmentFrame& segment) {
    const bool is_ip6 = segment.key.is_ip6();
    std::byte* l4 = frame.data + text_offset(interface, is_ip6, 0) - sizeof(TcpHeader);
    const std::size_t options =
        write_tcp_options(segment.fields.options, {l4 + sizeof(TcpHeader), tcp_options_bytes_max});
    const PartialSum header = write_tcp(l4, segment, options);
    const std::size_t behind = options + segment.text_length;
    const auto length = static_cast<std::uint16_t>(sizeof(TcpHeader) + behind);
    frame.text_length = segment.text_length;
    const auto sum_message = [&] {
        return behind == 0 ? header : checksum_add(header, {l4 + sizeof(TcpHeader), behind});
    };
    const be16 checksum = write_network(core, interface, frame, l4,
                                        {.key = segment.key,
                                         .protocol = ip_protocol::tcp,
                                         .payload_length = length,
                                         .choice = segment.ip.marked(segment.fields.ecn)},
                                        sum_message);
    store(l4 + offsetof(TcpHeader, checksum), checksum);
    std::byte* l3 = l4 - frame.l3_length;
    write_link(interface, frame, l3, frame.l3_length + std::uint32_t{length}, segment.to);
}

}  // namespace

void write_segment(Core& core, Frame& frame, const SegmentFrame& segment) {
    const Interface& interface = core.interface(ends_of(segment.key).interface);
    if (interface.vlan != 0) [[unlikely]]
        return write_tagged_segment(core, interface, frame, segment);
    if (segment.key.is_ip6())
        return write_plain_segment<Family::ip6>(core, interface, frame, segment);
    write_plain_segment<Family::ip4>(core, interface, frame, segment);
}

void write_answer(Core& core, Packet& packet, const tcp::Reply& fields, IpChoice ip) {
    const Interface& interface = core.interface(packet.interface);
    const Mac& asked = packet.header_at<EthernetHeader>(0).source;
    const bool is_plain = !packet.key.is_ip6() && interface.vlan == 0;
    const SegmentFrame answer{packet.key, asked, fields, 0, ip};
    if (is_plain && has_none(fields.options)) [[likely]]
        return write_plain<Family::ip4>(core, interface, packet.frame, answer, 0);
    const Mac to = asked;  // which is written over
    write_segment(core, packet.frame, {packet.key, to, fields, 0, ip});
}

std::uint16_t datagram_offset(const Interface& interface, bool is_ip6) {
    return static_cast<std::uint16_t>(link_bytes(interface) +
                                      (is_ip6 ? sizeof(Ip6Header) : sizeof(Ip4Header)) +
                                      sizeof(UdpHeader));
}

void write_datagram(Core& core, Frame& frame, const DatagramFrame& datagram) {
    const Ends ends = ends_of(datagram.key);
    const Interface& interface = core.interface(ends.interface);
    const std::uint16_t offset = datagram_offset(interface, datagram.key.is_ip6());
    std::byte* l4 = frame.data + offset - sizeof(UdpHeader);
    const auto length = static_cast<std::uint16_t>(sizeof(UdpHeader) + datagram.payload_length);
    frame.text_length = 0;
    write_udp(core, interface, frame, l4,
              {.key = datagram.key,
               .protocol = ip_protocol::udp,
               .payload_length = length,
               .choice = datagram.ip.marked(0)});
    write_link(interface, frame, l4 - frame.l3_length, frame.l3_length + std::uint32_t{length}, {});
}

void write_datagram_reply(Core& core, Packet& packet, std::size_t payload_length) {
    const Interface& interface = core.interface(packet.interface);
    const auto length = static_cast<std::uint16_t>(sizeof(UdpHeader) + payload_length);
    const Mac to = packet.header_at<EthernetHeader>(0).source;
    const Key key = key_of(packet);
    std::byte* l4 = packet.frame.data + packet.view.l4;
    packet.frame.text_length = 0;
    write_udp(core, interface, packet.frame, l4,
              {.key = key,
               .protocol = ip_protocol::udp,
               .payload_length = length,
               .choice = IpChoice{}.with_dont_fragment(false)});
    std::byte* l3 = l4 - packet.frame.l3_length;
    write_link(interface, packet.frame, l3, packet.frame.l3_length + std::uint32_t{length}, to);
}

void write_link(const Interface& interface, Frame& frame, std::byte* l3, std::uint32_t l3_length,
                const Mac& to) {
    const std::uint16_t link = link_bytes(interface);
    std::byte* begin = l3 - link;
    const auto moved = static_cast<std::ptrdiff_t>(begin - frame.data);
    frame.headroom = static_cast<std::uint16_t>(frame.headroom + moved);
    frame.capacity = static_cast<std::uint32_t>(frame.capacity - moved);
    const bool is_ip6 = (static_cast<std::uint8_t>(*l3) >> 4) == 6;
    const std::uint16_t type = is_ip6 ? ether_type::ip6 : ether_type::ip4;
    if (interface.vlan == 0) [[likely]]
        write_plain_link(begin, to, interface.mac, be16{type});
    else
        write_link_header({begin, link}, {to, interface.mac, interface.vlan}, type);
    frame.data = begin;
    frame.length = link + l3_length;
}

const Address* next_hop(const Interface& interface, const Address& destination) {
    if (is_on_link(interface, destination)) return &destination;
    for (const Address& gateway : interface.gateways)
        if (gateway.family() == destination.family()) return &gateway;
    return nullptr;
}

bool dispatch(Core& core, const Turn& turn, std::uint8_t index, Frame& frame,
              const Address& destination) {
    const Address* hop = next_hop(core.interface(index), destination);
    Drop refused = Drop::no_route;
    if (hop != nullptr) {
        const NeighbourKey key{*hop, index};
        const Neighbours::Found found = core.neighbours.lookup(key, turn.now);
        if (found.mac != nullptr) {
            reinterpret_cast<EthernetHeader*>(frame.data)->destination = *found.mac;
            send(core, turn, index, frame);
            return true;
        }
        frame.lane = index;  // while it waits; send() sets the lane
        refused = hold(core, turn, key, frame);
        if (found.wants_solicitation) NeighbourLink{core, turn}.solicit(key, nullptr);
    }
    if (refused == Drop::none) return true;
    core.counters.count(refused);
    turn.out.release(frame);
    return false;
}

namespace {

/// The answer fits one frame, as every segment of TCP does.
void send_whole(Core& core, const Turn& turn, std::uint8_t index, const Frame& big) {
    Frame frame = turn.out.room() > 0 ? turn.out.fresh() : Frame{};
    if (frame.handle == nullptr) return core.counters.count(Drop::no_buffer);
    std::memcpy(frame.data, big.data, big.length);
    frame.length = big.length;
    send(core, turn, index, frame);
}

/// A datagram behind its link header, to be cut into packets of `mtu_bytes`.
struct Cut {
    std::span<const std::byte> link;
    Fragmenter fragmenter;

    Cut(Core& core, const Interface& interface, const Frame& big, std::uint32_t mtu_bytes)
        : link{big.bytes().first(link_bytes(interface))},
          fragmenter{big.bytes().subspan(link.size()), static_cast<std::uint16_t>(mtu_bytes),
                     static_cast<std::uint32_t>(core.rng.next())} {}
};

/// Hands each piece, in a fresh frame, to `send_one`. All of them or none: a part would only fill
/// the other side's reassembly.
template <typename SendOne>
void send_pieces(Core& core, const Turn& turn, Cut cut, const SendOne& send_one) {
    auto& [link, fragmenter] = cut;
    if (fragmenter.count() > std::min(turn.out.room(), turn.out.stocked()))
        return core.counters.count(Drop::no_buffer);
    for (std::size_t left = fragmenter.count(); left > 0; --left) {
        Frame frame = turn.out.fresh();
        std::memcpy(frame.data, link.data(), link.size());
        const std::size_t length =
            fragmenter.next({frame.data + link.size(), frame.capacity - link.size()});
        frame.length = static_cast<std::uint32_t>(link.size() + length);
        send_one(frame);
    }
}

}  // namespace

void send_in_fragments(Core& core, const Turn& turn, std::uint8_t index, const Frame& big) {
    const Interface& interface = core.interface(index);
    if (big.length <= link_bytes(interface) + interface.mtu_bytes)
        return send_whole(core, turn, index, big);
    send_pieces(core, turn, {core, interface, big, interface.mtu_bytes},
                [&](const Frame& frame) { send(core, turn, index, frame); });
}

void dispatch_in_fragments(Core& core, const Turn& turn, std::uint8_t index, const Frame& big,
                           const CutFor& path) {
    send_pieces(core, turn, {core, core.interface(index), big, path.mtu_bytes},
                [&](Frame& frame) { (void)dispatch(core, turn, index, frame, path.destination); });
}

}  // namespace terminus
