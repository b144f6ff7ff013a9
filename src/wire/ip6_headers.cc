/// The walk over IPv6 extension headers.
#include "ip6_headers.h"

#include "terminus/wire/icmp6.h"
#include "terminus/wire/ip6.h"
#include "terminus/wire/tcp.h"
#include "terminus/wire/udp.h"

namespace terminus {
namespace {

/// RFC 4443 section 3.4: what a Parameter Problem says.
constexpr std::uint8_t problem_field = 0, problem_next_header = 1, problem_option = 2;
constexpr std::uint8_t problem_first_fragment = 3;  // RFC 7112 section 5

constexpr std::uint8_t option_pad1 = 0, option_pad_n = 1, option_router_alert = 5;

std::uint8_t number(const std::byte* at) { return std::to_integer<std::uint8_t>(*at); }

/// Asks for a Parameter Problem about the byte at frame offset `at`.
Drop complain(View& view, Drop drop, std::uint8_t code, std::size_t at) {
    view.problem = {.wanted = true,
                    .code = code,
                    .pointer = static_cast<std::uint16_t>(at - view.l3),
                    .even_multicast = false};
    return drop;
}

/// RFC 8200 section 4.2: the two high bits of an unknown option's type say what to do about it.
Drop on_unknown_option(std::uint8_t type, std::size_t at, View& view) {
    switch (type >> 6) {
        case 0b00: return Drop::none;
        case 0b01: return Drop::ip6_option;
        default: break;
    }
    complain(view, Drop::ip6_option, problem_option, at);
    view.problem.even_multicast = type >> 6 == 0b10;
    return Drop::ip6_option;
}

Drop check_option(std::uint8_t type, std::size_t at, View& view) {
    // A router alert (RFC 2711) is meant for routers: a host has nothing to do about it.
    if (type == option_pad_n || type == option_router_alert) return Drop::none;
    return on_unknown_option(type, at, view);
}

/// The bytes that the option at `at` takes of those before `end`; 0 when they are impossible.
std::size_t option_bytes(const std::byte* frame, std::size_t at, std::size_t end) {
    if (number(frame + at) == option_pad1) return 1;
    if (end - at < 2) return 0;
    const std::size_t bytes = 2U + number(frame + at + 1);
    return bytes <= end - at ? bytes : 0;
}

/// A hop-by-hop or destination options header that ends at `end`.
Drop walk_options(const std::byte* frame, std::size_t end, View& view) {
    std::size_t at = view.l4 + 2U;
    for (unsigned count = 0; at < end; ++count) {
        if (count == ip6_options_max) return Drop::ip6_header_order;
        const std::size_t bytes = option_bytes(frame, at, end);
        if (bytes == 0) return Drop::ip_malformed;
        const bool is_padding = bytes == 1;
        const Drop verdict = is_padding ? Drop::none : check_option(number(frame + at), at, view);
        if (verdict != Drop::none) return verdict;
        at += bytes;
    }
    return Drop::none;
}

/// RFC 8200 section 4.4: we know no routing type (RFC 5095 took the only one away), and are the end
/// of a route only with no segments left.
Drop check_routing(const std::byte* frame, View& view) {
    constexpr std::size_t type_at = 2, segments_left_at = 3;
    if (number(frame + view.l4 + segments_left_at) == 0) return Drop::none;
    return complain(view, Drop::ip6_routing, problem_field, view.l4 + type_at);
}

/// The least that a header of this kind takes.
std::size_t least_bytes(std::uint8_t protocol) {
    switch (protocol) {
        case ip_protocol::tcp: return sizeof(TcpHeader);
        case ip_protocol::udp: return sizeof(UdpHeader);
        case ip_protocol::icmp6: return sizeof(Icmp6Header);
        case ip_protocol::no_next: return 0;
        default: return is_ip6_extension(protocol) ? 8 : 1;
    }
}

/// RFC 8200 section 4.5: the first fragment has all headers up to the transport's. Lengths only;
/// what the headers say is judged when the datagram is whole.
bool has_upper_layer(const std::byte* frame, const View& view) {
    std::size_t at = view.l4;
    std::uint8_t protocol = view.protocol;
    for (unsigned count = 0; count < ip6_headers_max && is_ip6_extension(protocol); ++count) {
        if (view.end < at + 8) return false;
        const bool has_length = protocol != ip_protocol::fragment;
        protocol = number(frame + at);
        at += 8 + (has_length ? number(frame + at + 1) * std::size_t{8} : 0);
    }
    return view.end >= at + least_bytes(protocol);
}

/// RFC 8200 section 4.5: the fragment's length and what it would make of the whole.
Drop check_fragment(const std::byte* frame, std::size_t header_at, View& view) {
    constexpr std::size_t payload_length_at = 4, offset_at = 2;
    const std::size_t length = static_cast<std::size_t>(view.end - view.l4);
    if (view.more_fragments && length % 8 != 0)
        return complain(view, Drop::fragment_malformed, problem_field, view.l3 + payload_length_at);
    const std::size_t unfragmentable = header_at - view.l3 - sizeof(Ip6Header);
    if (unfragmentable + view.fragment_offset + length > 0xffff)
        return complain(view, Drop::fragment_malformed, problem_field, header_at + offset_at);
    if (length == 0) return Drop::fragment_malformed;  // brings nothing, fills no hole
    if (view.fragment_offset == 0 && !has_upper_layer(frame, view))
        return complain(view, Drop::fragment_malformed, problem_first_fragment, view.l3);
    return Drop::none;
}

/// What the fragment header says. RFC 6946: with offset 0 and nothing to follow, the packet is
/// whole.
Drop read_fragment(const std::byte* frame, View& view) {
    const std::size_t header_at = view.l4;
    const auto& header = overlay<Ip6Fragment>(frame + header_at);
    const unsigned offset_more = header.offset_more.host();
    view.protocol = header.next_header;
    view.l4 = static_cast<std::uint16_t>(header_at + sizeof(Ip6Fragment));
    view.fragment_offset = offset_more & 0xfff8U;
    view.more_fragments = (offset_more & 1U) != 0;
    view.fragment_id = header.id.host();
    view.is_fragment = view.more_fragments || view.fragment_offset != 0;
    if (view.is_fragment) return check_fragment(frame, header_at, view);
    view.is_atomic = true;
    view.next_header_at = static_cast<std::uint16_t>(header_at);
    return Drop::none;
}

/// Checks the header at l4, which ends at `end`, for what its kind demands.
Drop check_header(const std::byte* frame, std::size_t end, View& view) {
    return view.protocol == ip_protocol::routing ? check_routing(frame, view)
                                                 : walk_options(frame, end, view);
}

/// Steps over one header that is not a fragment header. All have their length in units of 8 bytes,
/// the first 8 not counted, in their second byte.
Drop step_over(const std::byte* frame, View& view) {
    const std::size_t end = view.l4 + 8U + number(frame + view.l4 + 1) * 8U;
    if (end > view.end) return Drop::ip_malformed;
    const Drop verdict = check_header(frame, end, view);
    if (verdict != Drop::none) return verdict;
    view.next_header_at = view.l4;
    view.protocol = number(frame + view.l4);
    view.l4 = static_cast<std::uint16_t>(end);
    return Drop::none;
}

/// RFC 8200 section 4.1: hop-by-hop options come first or not at all; elsewhere the value is as one
/// unknown.
Drop check_order(unsigned count, std::size_t bytes, View& view) {
    if (view.protocol == ip_protocol::hop_by_hop && count > 0)
        return complain(view, Drop::ip6_header_order, problem_next_header, view.next_header_at);
    const bool is_bounded = count < ip6_headers_max && bytes <= ip6_headers_bytes_max;
    return is_bounded ? Drop::none : Drop::ip6_header_order;
}

Drop take_header(const std::byte* frame, View& view) {
    if (view.end - view.l4 < 8) return Drop::ip_malformed;
    return view.protocol == ip_protocol::fragment ? read_fragment(frame, view)
                                                  : step_over(frame, view);
}

}  // namespace

bool is_ip6_extension(std::uint8_t next_header) {
    return next_header == ip_protocol::hop_by_hop || next_header == ip_protocol::routing ||
           next_header == ip_protocol::fragment || next_header == ip_protocol::destination_options;
}

Drop walk_ip6_headers(const std::byte* frame, View& view) {
    const std::size_t start = view.l4;
    for (unsigned count = 0; is_ip6_extension(view.protocol); ++count) {
        Drop verdict = check_order(count, view.l4 - start, view);
        if (verdict == Drop::none) verdict = take_header(frame, view);
        if (verdict != Drop::none || view.is_fragment) return verdict;
    }
    return view.protocol == ip_protocol::no_next ? Drop::ip6_no_next_header : Drop::none;
}

}  // namespace terminus
