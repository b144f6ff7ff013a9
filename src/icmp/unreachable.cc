/// ICMP errors and echo replies, written around bytes that stay where they are.
#include "terminus/icmp/unreachable.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"
#include "terminus/icmp/quote.h"
#include "terminus/wire/checksum.h"
#include "terminus/wire/icmp4.h"
#include "terminus/wire/icmp6.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

#include <algorithm>
#include <array>

namespace terminus {
namespace {

constexpr std::uint32_t largest_error4 = 576;  // RFC 1812 section 4.3.2.3
constexpr std::uint32_t largest_error6 = ip6_minimum_mtu;

/// Precedence 6, internetwork control (RFC 1812 section 4.3.2.5), with the TOS of all errors, 0
/// (RFC 1349 section 5.1).
constexpr std::uint8_t error_traffic_class4 = 0xc0;

/// DF clear: an ICMP message is worth more fragmented than lost (RFC 1812 section 4.3.2).
void write_header4(std::byte* at, const Envelope& envelope, std::uint16_t total) {
    Ip4Header ip{.version_ihl = 0x45,
                 .traffic_class = envelope.traffic_class,
                 .total_length = be16{total},
                 .id = be16{envelope.id},
                 .fragment = be16{0},
                 .ttl = default_hop_limit,
                 .protocol = ip_protocol::icmp4,
                 .checksum = be16{0},
                 .source = envelope.source.ip4(),
                 .destination = envelope.destination.ip4()};
    ip.checksum = ip4_header_checksum(ip);
    store(at, ip);
}

Ip6Header header6(const Envelope& envelope, std::uint16_t payload) {
    const auto class_bits = static_cast<std::uint32_t>(envelope.traffic_class) << 20;
    return {.version_class_flow = be32{0x60000000U | class_bits},
            .payload_length = be16{payload},
            .next_header = ip_protocol::icmp6,
            .hop_limit = default_hop_limit,
            .source = envelope.source.bytes,
            .destination = envelope.destination.bytes};
}

std::uint16_t prepend_error4(const Quote& quote, const IcmpError& error, Envelope envelope) {
    const auto quoted = std::min(quote.length, largest_error4 - error_header_bytes(Family::ip4));
    const auto total = static_cast<std::uint16_t>(quoted + error_header_bytes(Family::ip4));
    envelope.traffic_class = error_traffic_class4;
    write_header4(quote.l3 - error_header_bytes(Family::ip4), envelope, total);
    std::byte* at = quote.l3 - sizeof(Icmp4Header);
    Icmp4Header icmp{.type = error.type,
                     .code = error.code,
                     .checksum = be16{0},
                     .rest_high = be16{static_cast<std::uint16_t>(error.rest >> 16)},
                     .rest_low = be16{static_cast<std::uint16_t>(error.rest)}};
    store(at, icmp);
    icmp.checksum = checksum_finish(checksum_add(0, {at, sizeof icmp + quoted}));
    store(at, icmp);
    return total;
}

std::uint16_t prepend_error6(const Quote& quote, const IcmpError& error, Envelope envelope) {
    const auto quoted = std::min(quote.length, largest_error6 - error_header_bytes(Family::ip6));
    const auto payload = static_cast<std::uint16_t>(quoted + sizeof(Icmp6Header));
    envelope.traffic_class = 0;
    const Ip6Header ip = header6(envelope, payload);
    store(quote.l3 - error_header_bytes(Family::ip6), ip);
    std::byte* at = quote.l3 - sizeof(Icmp6Header);
    Icmp6Header icmp{
        .type = error.type, .code = error.code, .checksum = be16{0}, .rest = be32{error.rest}};
    store(at, icmp);
    const auto pseudo = pseudo_sum(ip, ip_protocol::icmp6, payload);
    icmp.checksum = checksum_finish(checksum_add(pseudo, {at, payload}));
    store(at, icmp);
    return static_cast<std::uint16_t>(payload + sizeof(Ip6Header));
}

/// RFC 1624 equation 3 over a span of words that changed: takes `before` out of the sum and puts
/// `after` in.
PartialSum exchange(PartialSum sum, const Address& before, const Address& after) {
    for (std::size_t i = 0; i < sizeof(Address); i += 2) {
        sum += static_cast<std::uint16_t>(~load<std::uint16_t>(&before.bytes[i]));
        sum += load<std::uint16_t>(&after.bytes[i]);
    }
    return sum;
}

bool is_error_or_redirect(const UpperLayer& upper, std::span<const std::byte> transport) {
    if (transport.empty()) return false;
    const auto type = std::to_integer<std::uint8_t>(transport[0]);
    if (upper.protocol == ip_protocol::icmp4) return is_icmp4_error(type);
    if (upper.protocol == ip_protocol::icmp6)
        return is_icmp6_error(type) || type == icmp6_type::redirect;
    return false;
}

/// The network source and destination, which even a header chain that leads nowhere has; false when
/// cut short.
bool read_ends(std::span<const std::byte> datagram, Address& source, Address& destination) {
    if (datagram.size() < sizeof(Ip4Header)) return false;
    if (std::to_integer<unsigned>(datagram[0]) >> 4 == 4) {
        const auto ip = load<Ip4Header>(datagram.data());
        source = Address::ip4(ip.source);
        destination = Address::ip4(ip.destination);
        return true;
    }
    if (datagram.size() < sizeof(Ip6Header)) return false;
    const auto ip = load<Ip6Header>(datagram.data());
    source = Address::ip6(ip.source.data());
    destination = Address::ip6(ip.destination.data());
    return true;
}

bool is_group(const Address& destination) {
    return destination.is_multicast() || destination == Address::ip4(be32{0xffffffffU});
}

}  // namespace

std::string_view name(Unreachable code) {
    constexpr std::array<std::string_view, 5> names{"net", "host", "protocol", "port", "admin"};
    return names[static_cast<std::size_t>(code)];
}

std::string_view name(Silence reason) {
    constexpr std::array<std::string_view, 6> names{
        "none", "icmp_error", "fragment", "link_group", "destination_group", "source_not_host"};
    return names[static_cast<std::size_t>(reason)];
}

IcmpError unreachable(const View& view, Unreachable code) {
    constexpr std::array<std::uint8_t, 5> codes4{0, 1, 2, 3, 13};
    constexpr std::array<std::uint8_t, 5> codes6{0, 3, 1, 4, 1};
    const auto index = static_cast<std::size_t>(code);
    if (view.family == Family::ip4) return {icmp4_type::unreachable, codes4[index], 0};
    if (code != Unreachable::protocol) return {icmp6_type::unreachable, codes6[index], 0};
    // RFC 8200 section 4: the pointer shows the byte that named the protocol.
    const auto pointer = static_cast<std::uint32_t>(view.next_header_at - view.l3);
    return {icmp6_type::parameter_problem, codes6[index], pointer};
}

IcmpError reassembly_time_exceeded(Family family) {
    return {family == Family::ip4 ? icmp4_type::time_exceeded : icmp6_type::time_exceeded, 1, 0};
}

IcmpError parameter_problem(const Ip6Problem& problem) {
    return {icmp6_type::parameter_problem, problem.code, problem.pointer};
}

std::uint16_t prepend_error(const Quote& quote, const IcmpError& error, const Envelope& envelope) {
    const Family family = envelope.destination.family();
    TERMINUS_ASSERT(quote.headroom >= error_header_bytes(family));
    return family == Family::ip4 ? prepend_error4(quote, error, envelope)
                                 : prepend_error6(quote, error, envelope);
}

std::uint16_t echo_reply(std::span<std::byte> message, const Envelope& envelope,
                         const Address& asked) {
    const bool is_ip4 = envelope.destination.family() == Family::ip4;
    const be16 before = load<be16>(message.data());
    const be16 after{static_cast<std::uint16_t>(is_ip4 ? 0 : icmp6_type::echo_reply << 8)};
    PartialSum sum = static_cast<std::uint16_t>(~load<be16>(message.data() + 2).raw());
    sum += static_cast<std::uint16_t>(~before.raw());
    sum += after.raw();
    if (!is_ip4) sum = exchange(sum, asked, envelope.source);  // the pseudo header's
    be16 checksum = checksum_finish(sum);
    // Both zeros mean the same, but the update of a message that becomes all zeros must yield the
    // negative one.
    if (checksum.raw() == 0) checksum = be16{0xffff};
    store(message.data(), after);
    store(message.data() + 2, checksum);
    const auto length = static_cast<std::uint16_t>(message.size());
    if (is_ip4) {
        const auto total = static_cast<std::uint16_t>(length + sizeof(Ip4Header));
        write_header4(message.data() - sizeof(Ip4Header), envelope, total);
        return sizeof(Ip4Header);
    }
    store(message.data() - sizeof(Ip6Header), header6(envelope, length));
    return sizeof(Ip6Header);
}

namespace {

/// RFC 1122 section 3.2.2: never about a later fragment, nor about an error. RFC 8200 section 4.5
/// wants some such errors; but what a later fragment of an ICMPv6 message says, nobody can tell.
Silence silence_about_part_or_error(std::span<const std::byte> datagram, Family family) {
    const auto upper = upper_layer(datagram);
    if (!upper) return Silence::none;
    const bool may_be_error = family == Family::ip4 || upper->protocol == ip_protocol::icmp6;
    if (!upper->first_fragment) return may_be_error ? Silence::fragment : Silence::none;
    const bool is_error = is_error_or_redirect(*upper, datagram.subspan(upper->offset));
    return is_error ? Silence::icmp_error : Silence::none;
}

}  // namespace

Silence silence_required(const View& view, std::span<const std::byte> frame,
                         const Circumstances& circumstances) {
    const std::size_t end = view.end > view.l3 ? view.end : frame.size();
    const auto datagram = frame.subspan(view.l3, end - view.l3);
    Address source, destination;
    if (!read_ends(datagram, source, destination)) return Silence::source_not_host;
    if (view.kind != Kind::tcp && view.kind != Kind::udp) {  // these are whole, and no errors
        const Silence why = silence_about_part_or_error(datagram, source.family());
        if (why != Silence::none) return why;
    }
    if (!source.is_host()) return Silence::source_not_host;
    if (circumstances.even_multicast) return Silence::none;
    if (view.link_group) return Silence::link_group;
    const bool to_group = is_group(destination) || circumstances.destination_is_broadcast;
    return to_group ? Silence::destination_group : Silence::none;
}

}  // namespace terminus
