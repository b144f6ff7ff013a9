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
#include "terminus/wire/ip_words.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace terminus {
namespace {

constexpr std::uint32_t largest_error4 = 576;  // RFC 1812 section 4.3.2.3
constexpr std::uint32_t largest_error6 = ip6_minimum_mtu;

/// Precedence 6, internetwork control (RFC 1812 section 4.3.2.5), with the TOS of all errors, 0
/// (RFC 1349 section 5.1).
constexpr std::uint8_t error_traffic_class4 = 0xc0;

bool is_ip4(const std::byte* l3) { return std::to_integer<unsigned>(*l3) >> 4 == 4; }

/// The message's first eight bytes, with its checksum over `rest`, a sum over what else it covers.
[[gnu::always_inline]] inline void write_icmp(std::byte* at, const IcmpError& error,
                                              PartialSum rest) {
    const std::uint64_t header = word_of(pair_of(error.type, error.code), be32{error.rest}.raw());
    const be16 checksum = checksum_finish(rest + checksum_narrow(header));
    store(at, header | std::uint64_t{checksum.raw()} << 16);
}

/// DF clear: an ICMP message is worth more fragmented than lost (RFC 1812 section 4.3.2).
std::uint16_t prepend_error4(const Quote& quote, const IcmpError& error,
                             const ErrorSpeaker& speaker) {
    const auto quoted = std::min(quote.length, largest_error4 - error_header_bytes(Family::ip4));
    const auto theirs = load<std::uint32_t>(quote.l3 + offsetof(Ip4Header, source));
    const auto ours = speaker.address != nullptr
                          ? speaker.address->ip4().raw()
                          : load<std::uint32_t>(quote.l3 + offsetof(Ip4Header, destination));
    const auto length = static_cast<std::uint16_t>(sizeof(Icmp4Header) + quoted);
    write_ip4(quote.l3 - error_header_bytes(Family::ip4), {.ends = word_of(ours, theirs),
                                                           .payload_length = length,
                                                           .protocol = ip_protocol::icmp4,
                                                           .id = speaker.id,
                                                           .traffic_class = error_traffic_class4});
    write_icmp(quote.l3 - sizeof(Icmp4Header), error, checksum_add(0, {quote.l3, quoted}));
    return static_cast<std::uint16_t>(sizeof(Ip4Header) + length);
}

std::uint16_t prepend_error6(const Quote& quote, const IcmpError& error,
                             const ErrorSpeaker& speaker) {
    const auto quoted = std::min(quote.length, largest_error6 - error_header_bytes(Family::ip6));
    const void* ours = speaker.address != nullptr
                           ? static_cast<const void*>(speaker.address->bytes.data())
                           : quote.l3 + offsetof(Ip6Header, destination);
    const Ip6Fields fields{
        .source = load<Ip6Words>(ours),
        .destination = load<Ip6Words>(quote.l3 + offsetof(Ip6Header, source)),
        .payload_length = static_cast<std::uint16_t>(sizeof(Icmp6Header) + quoted),
        .protocol = ip_protocol::icmp6};
    write_ip6(quote.l3 - error_header_bytes(Family::ip6), fields);
    write_icmp(quote.l3 - sizeof(Icmp6Header), error,
               checksum_add(pseudo_sum(fields), {quote.l3, quoted}));
    return static_cast<std::uint16_t>(sizeof(Ip6Header) + fields.payload_length);
}

/// From the address that was asked to the one that asks, with the type of service that it chose.
void write_reply4(const std::byte* l3, std::span<std::byte> message, std::uint16_t id) {
    const auto ends = load<std::uint64_t>(l3 + offsetof(Ip4Header, source));
    write_ip4(message.data() - sizeof(Ip4Header),
              {.ends = std::rotl(ends, 32),
               .payload_length = static_cast<std::uint16_t>(message.size()),
               .protocol = ip_protocol::icmp4,
               .id = id,
               .traffic_class = overlay<Ip4Header>(l3).traffic_class});
}

void write_reply6(const std::byte* l3, std::span<std::byte> message) {
    write_ip6(message.data() - sizeof(Ip6Header),
              {.source = load<Ip6Words>(l3 + offsetof(Ip6Header, destination)),
               .destination = load<Ip6Words>(l3 + offsetof(Ip6Header, source)),
               .payload_length = static_cast<std::uint16_t>(message.size()),
               .protocol = ip_protocol::icmp6,
               .traffic_class = overlay<Ip6Header>(l3).traffic_class()});
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
    if (is_ip4(datagram.data())) {
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

std::uint16_t prepend_error(const Quote& quote, const IcmpError& error,
                            const ErrorSpeaker& speaker) {
    const Family family = is_ip4(quote.l3) ? Family::ip4 : Family::ip6;
    TERMINUS_ASSERT(quote.headroom >= error_header_bytes(family));
    return family == Family::ip4 ? prepend_error4(quote, error, speaker)
                                 : prepend_error6(quote, error, speaker);
}

std::uint16_t echo_reply(const std::byte* l3, std::span<std::byte> message, std::uint16_t id) {
    const bool is_four = is_ip4(l3);
    const auto before = load<std::uint32_t>(message.data());
    const be16 type{static_cast<std::uint16_t>(is_four ? 0 : icmp6_type::echo_reply << 8)};
    // The pseudo header of ICMPv6 sums up alike with its ends exchanged.
    const be16 checksum =
        checksum_update(std::bit_cast<be16>(static_cast<std::uint16_t>(before >> 16)),
                        std::bit_cast<be16>(static_cast<std::uint16_t>(before)), type);
    // Both zeros mean the same, but the update of a message that becomes all zeros must yield the
    // negative one.
    const std::uint32_t sum = checksum.raw() == 0 ? 0xffff : checksum.raw();
    store(message.data(), half_of(type.raw(), sum));
    if (is_four)
        write_reply4(l3, message, id);
    else
        write_reply6(l3, message);
    return is_four ? sizeof(Ip4Header) : sizeof(Ip6Header);
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
