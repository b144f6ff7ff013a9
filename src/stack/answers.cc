/// ICMP and UDP: echo replies, unreachables, problems, UDP services.
#include "terminus/wire/icmp4.h"
#include "terminus/wire/icmp6.h"
#include "terminus/wire/udp.h"

#include "steps.h"

#include <algorithm>
#include <array>

namespace terminus {
namespace {

bool is_ip6(const Packet& packet) { return packet.view.family == Family::ip6; }

/// RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.2: parse() lets no source through that is not a
/// host's, but for `::`.
bool is_from_host(const Packet& packet) {
    return !is_ip6(packet) || !source_of(packet).is_unspecified();
}

void count_sent(Core& core, Family family, std::uint8_t type, std::uint8_t code) {
    ++core.counters.icmp_sent[icmp_kind(family, type, code)];
}

void suppress(Core& core, Packet& packet, Suppressed reason) {
    ++core.counters.icmp_suppressed[is_ip6(packet) ? 1 : 0][static_cast<std::size_t>(reason)];
    packet.drop =
        reason == Suppressed::silence_required ? Drop::icmp_silence : Drop::icmp_rate_limited;
}

/// RFC 1122 section 3.2.2, RFC 4443 section 2.4: whether no error may be sent at all.
bool is_silence_required(const Core& core, const Packet& packet, bool even_multicast) {
    const Ownership owned = core.destination_ownership(packet);
    const Circumstances circumstances{.destination_is_broadcast = owned == Ownership::broadcast,
                                      .even_multicast = even_multicast};
    const Ownership theirs = core.source_ownership(packet);
    const bool from_us = theirs != Ownership::none && theirs != Ownership::answered;
    return from_us ||
           silence_required(packet.view, packet.frame.bytes(), circumstances) != Silence::none;
}

bool is_allowed(Core& core, const Turn& turn, Packet& packet) {
    switch (core.limiter.allow(source_of(packet), turn.now, core.rng)) {
        case Allowed::yes: return true;
        case Allowed::per_destination:
            suppress(core, packet, Suppressed::per_destination);
            return false;
        case Allowed::global: suppress(core, packet, Suppressed::global); return false;
    }
    return false;
}

bool is_within_limit(Core& core, const Turn& turn, Packet& packet) {
    return core.limiter.is_off() || is_allowed(core, turn, packet);
}

/// Whether an error may be sent at all, and now.
bool may_send_error(Core& core, const Turn& turn, Packet& packet, bool even_multicast) {
    if (is_silence_required(core, packet, even_multicast)) {
        suppress(core, packet, Suppressed::silence_required);
        return false;
    }
    return is_within_limit(core, turn, packet);
}

/// The answer, which lies in the asking frame, goes to the MAC that asked.
void send_back(Core& core, const Turn& turn, Packet& packet, std::span<std::byte> answer,
               const Mac& to) {
    write_link(core.interface(packet.interface), packet.frame, answer.data(),
               static_cast<std::uint32_t>(answer.size()), to);
    send(core, turn, packet.interface, packet.frame);
    packet.sent = true;
}

/// Sends the packet back with an error before it. `from` is the address that speaks; null: the one
/// that was asked.
void send_error(Core& core, const Turn& turn, Packet& packet, const IcmpError& error,
                const Address* from) {
    const Mac to = packet.header_at<EthernetHeader>(0).source;
    std::byte* l3 = packet.frame.data + packet.view.l3;
    const Quote quote{.l3 = l3,
                      .length = static_cast<std::uint32_t>(packet.view.end - packet.view.l3),
                      .headroom = packet.frame.headroom};
    const std::uint16_t length = prepend_error(quote, error, {from, core.next_ip_id++});
    send_back(core, turn, packet, {l3 - error_header_bytes(packet.view.family), length}, to);
    count_sent(core, packet.view.family, error.type, error.code);
}

/// RFC 1122 section 3.2.2.6, RFC 4443 section 4.2.
void reply_to_echo(Core& core, const Turn& turn, Packet& packet) {
    const Mac to = packet.header_at<EthernetHeader>(0).source;
    const auto message = packet.message();
    const std::uint16_t header =
        echo_reply(packet.frame.data + packet.view.l3, message, core.next_ip_id++);
    send_back(core, turn, packet, {message.data() - header, header + message.size()}, to);
    const bool six = is_ip6(packet);
    count_sent(core, packet.view.family, six ? icmp6_type::echo_reply : icmp4_type::echo_reply, 0);
}

void receive_echo_request(Core& core, const Turn& turn, Packet& packet) {
    const Rule* rule = judge(core, packet, RuleProtocol::icmp_echo, 0);
    if (!is_from_host(packet)) {
        packet.drop = Drop::ip_source_invalid;
    } else if (rule == nullptr) {  // our own addresses answer ping unless a rule says otherwise
        if (core.destination_ownership(packet) == Ownership::own)
            return reply_to_echo(core, turn, packet);
        packet.drop = Drop::no_rule;
    } else if (rule->action == Action::serve) {
        ++core.counters.services[rule->service].datagrams;
        reply_to_echo(core, turn, packet);
    } else if (rule->action == Action::unreachable) {
        answer_unreachable(core, turn, packet, rule->code);
    } else {
        packet.drop = Drop::policy;
    }
}

}  // namespace

void answer_unreachable(Core& core, const Turn& turn, Packet& packet, Unreachable code) {
    // RFC 1122 section 3.2.2: whole segments and datagrams, which are no errors, come so far only
    // from a host to an address that is nobody else's. Of what else there is, silence_required()
    // knows.
    const bool may_speak = packet.view.kind == Kind::tcp || packet.view.kind == Kind::udp
                               ? is_within_limit(core, turn, packet)
                               : may_send_error(core, turn, packet, false);
    if (!may_speak) return;
    // `port` and `protocol` are said by the address that was asked, the others by the interface.
    const bool asked_speaks = code == Unreachable::port || code == Unreachable::protocol;
    const Address* own = asked_speaks
                             ? nullptr
                             : source_address(core.interface(packet.interface), packet.view.family);
    send_error(core, turn, packet, unreachable(packet.view, code), own);
}

void answer_time_exceeded(Core& core, const Turn& turn, Packet& packet) {
    if (!may_send_error(core, turn, packet, false)) return;
    send_error(core, turn, packet, reassembly_time_exceeded(packet.view.family), nullptr);
}

void answer_problem(Core& core, const Turn& turn, Packet& packet) {
    const Interface& interface = core.interface(packet.interface);
    const Ownership owned = core.destination_ownership(packet);
    if (owned == Ownership::none) {
        packet.drop = Drop::ip_destination_not_ours;
        return;
    }
    const Address* own = source_address(interface, Family::ip6);
    const Address speaker = own != nullptr ? *own : link_local_of(interface);
    const bool is_ours = owned == Ownership::own || owned == Ownership::answered;
    const Ip6Problem& problem = packet.view.problem;
    if (!may_send_error(core, turn, packet, problem.even_multicast)) return;
    send_error(core, turn, packet, parameter_problem(problem), is_ours ? nullptr : &speaker);
}

void receive_icmp(Core& core, const Turn& turn, Packet& packet) {
    if (packet.message().size() < sizeof(Icmp4Header)) {
        packet.drop = Drop::icmp_malformed;
        return;
    }
    const auto& header = packet.header_at<Icmp4Header>(packet.view.l4);
    const bool six = is_ip6(packet);
    if (header.type == (six ? icmp6_type::echo_request : icmp4_type::echo_request))
        return receive_echo_request(core, turn, packet);
    if (six ? is_icmp6_error(header.type) : is_icmp4_error(header.type))
        return receive_error(core, turn, packet);
    packet.drop = Drop::icmp_type_ignored;
}

namespace {

bool is_served(const Core& core, const Question& question) {
    const Rule* rule = core.policy->judge(question);
    return rule != nullptr && rule->action == Action::serve;
}

/// CVE-2024-2169: two services that answer each other never stop. What comes from a port where such
/// a service lives, well known or our own, gets no answer: neither where we would serve that port,
/// nor where a twin of ours at the other end would.
bool could_loop(const Core& core, const Packet& packet) {
    const auto& header = packet.header_at<UdpHeader>(packet.view.l4);
    const std::uint16_t source = header.source_port.host();
    constexpr std::array<std::uint16_t, 4> chatty{7, 13, 17, 19};
    if (std::ranges::find(chatty, source) != chatty.end()) return true;
    const Address ours = destination_of(packet), theirs = source_of(packet);
    return is_served(core, {ours, theirs, RuleProtocol::udp, source}) ||
           is_served(core, {theirs, ours, RuleProtocol::udp, source});
}

void serve_datagram(Core& core, const Turn& turn, Packet& packet, const Rule& rule) {
    ServiceCounters& counters = core.counters.services[rule.service];
    ++counters.datagrams;
    if (could_loop(core, packet)) {
        packet.drop = Drop::udp_reflection;
        return;
    }
    const auto payload = packet.payload();
    counters.bytes_received += payload.size();
    if ((*core.services)[rule.service]->manner().captures_one_of != 0) {
        const auto& ports = packet.header_at<UdpHeader>(packet.view.l4);
        Captured about;
        about.at = turn.now;
        about.local = {destination_of(packet), ports.destination_port.host()};
        about.remote = {source_of(packet), ports.source_port.host()};
        about.service = static_cast<std::uint8_t>(rule.service);
        about.is_udp = true;
        capture(core, about, payload);
    }
    const std::size_t limit = static_cast<std::size_t>(packet.frame.capacity - packet.view.payload);
    const std::size_t length = (*core.services)[rule.service]->datagram(
        {payload.data(), limit}, payload.size(), core.rng.next());
    if (length == Service::no_reply) return;
    counters.bytes_sent += length;
    write_datagram_reply(core, packet, length);
    send(core, turn, packet.interface, packet.frame);
    packet.sent = true;
}

void follow(Core& core, const Turn& turn, Packet& packet, const Rule* rule) {
    if (rule == nullptr) {
        packet.drop = Drop::no_rule;
    } else if (rule->action == Action::unreachable) {
        answer_unreachable(core, turn, packet, rule->code);
    } else {
        packet.drop = Drop::policy;
    }
}

}  // namespace

void receive_datagram(Core& core, const Turn& turn, Packet& packet) {
    if (!is_from_host(packet)) {
        packet.drop = Drop::ip_source_invalid;
        return;
    }
    if (take_datagram(core, packet)) return;
    const auto port = packet.header_at<UdpHeader>(packet.view.l4).destination_port.host();
    const Rule* rule = judge(core, packet, RuleProtocol::udp, port);
    if (rule != nullptr && rule->action == Action::serve)
        return serve_datagram(core, turn, packet, *rule);
    follow(core, turn, packet, rule);
}

void receive_other(Core& core, const Turn& turn, Packet& packet) {
    const Rule* rule = judge(core, packet, RuleProtocol::other, 0);
    follow(core, turn, packet, rule);
}

}  // namespace terminus
