/// The ICMP errors that we receive: whom they are about, whether they are to be believed (RFC
/// 5927), and what they do: RFC 9293 section 3.9.2.2 (MUST-54), RFC 5461.
#include "terminus/icmp/quote.h"
#include "terminus/wire/icmp4.h"
#include "terminus/wire/icmp6.h"

#include "path_mtu.h"
#include "steps.h"

#include <array>

namespace terminus {
namespace {

using tcp::Flow;

/// The error's word for the user. RFC 792, RFC 1812 section 5.2.7.1: networks and hosts that are
/// unknown, isolated or unreachable for a type of service are unreachable.
CallError error_of_ip4(std::uint8_t type, std::uint8_t code) {
    using enum CallError;
    constexpr std::array<CallError, 16> unreachables{
        net_unreachable,  host_unreachable, protocol_unreachable, refused,
        too_big,          net_unreachable,  net_unreachable,      host_unreachable,
        host_unreachable, prohibited,       prohibited,           net_unreachable,
        host_unreachable, prohibited,       prohibited,           prohibited};
    if (type == icmp4_type::parameter_problem) return protocol_unreachable;
    if (type != icmp4_type::unreachable || code >= unreachables.size()) return host_unreachable;
    return unreachables[code];
}

/// RFC 4443 section 3.
CallError error_of_ip6(std::uint8_t type, std::uint8_t code) {
    using enum CallError;
    constexpr std::array<CallError, 7> unreachables{net_unreachable,  prohibited, host_unreachable,
                                                    host_unreachable, refused,    prohibited,
                                                    prohibited};
    if (type == icmp6_type::packet_too_big) return too_big;
    if (type == icmp6_type::parameter_problem) return protocol_unreachable;
    if (type != icmp6_type::unreachable || code >= unreachables.size()) return host_unreachable;
    return unreachables[code];
}

CallError error_of(Family family, std::uint8_t type, std::uint8_t code) {
    return family == Family::ip4 ? error_of_ip4(type, code) : error_of_ip6(type, code);
}

/// RFC 5927 section 4.1: SND.UNA =< SEG.SEQ < SND.NXT. Of the quoted length only this is asked
/// (routers write it in their own ways): that we could have sent as much text, whatever options
/// were before it.
bool quotes_what_flies(const Flow& flow, const QuotedPacket& quote) {
    constexpr std::uint32_t most_header_bytes = 60;
    const tcp::Seq seq{quote.seq};
    if (seq < flow.snd_una || seq >= flow.snd_nxt) return false;
    const std::uint32_t headers = quote.header_bytes + most_header_bytes;
    return quote.length <= headers || quote.length - headers <= flow.snd_nxt - seq;
}

/// The flow that sent the quoted segment, while that is in flight.
FlowId find_quoted(const Core& core, const Packet& packet, const QuotedPacket& quote) {
    if (!quote.has_seq) return no_flow;
    const Ends ends{be16{quote.local_port}, be16{quote.remote_port}, packet.interface};
    const Key key = make_key(quote.local, quote.remote, ends);
    const FlowId id = core.flows.find(key, core.flows.hash(key));
    return id != no_flow && quotes_what_flies(core.flows[id], quote) ? id : no_flow;
}

/// RFC 9293 section 3.9.2.2, SHLD-26. Deliberate: RFC 5461 section 4.1 keeps what is synchronised
/// alive, and so do we what a peer's SYN began: kernels do not let an ICMP error end it either.
bool ends_by_hard_error(const Flow& flow) {
    return !tcp::is_synchronised(flow.state()) && flow.active != 0;
}

/// RFC 9293 section 3.9.2.2, MUST-56 and SHLD-25: nothing ends, but STATUS tells of it.
void remember(Core& core, const Flow& flow, CallError error) {
    if (Details* details = core.details_of(flow)) details->soft_error = error;
}

void receive_flow_error(Core& core, FlowId id, ErrorClass kind, CallError error) {
    const Flow& flow = core.flows[id];
    if (kind == ErrorClass::hard && ends_by_hard_error(flow)) {
        core.counters.count(TcpEvent::handshakes_failed);
        return core.end_flow(id, error);
    }
    remember(core, flow, error);
}

void receive_datagram_error(Core& core, Packet& packet, const QuotedPacket& quote,
                            CallError error) {
    const auto& header = packet.header_at<Icmp4Header>(packet.view.l4);
    const IcmpCause cause{.family = packet.view.family,
                          .type = header.type,
                          .code = header.code,
                          .quoted = {quote.remote, quote.remote_port}};
    if (!quote.has_ports) return;
    if (!report_datagram_error(core, cause, {quote.local, quote.local_port}, error)) return;
    packet.drop = Drop::none;
}

}  // namespace

void receive_error(Core& core, const Turn& turn, Packet& packet) {
    const auto& header = packet.header_at<Icmp4Header>(packet.view.l4);
    const Family family = packet.view.family;
    const std::uint32_t rest =
        static_cast<std::uint32_t>(header.rest_high.host()) << 16 | header.rest_low.host();
    const ErrorMeaning meaning = classify_error(family, header.type, header.code, rest);
    packet.drop = Drop::icmp_type_ignored;
    if (meaning.kind == ErrorClass::ignored) return;  // a redirect; a source quench: MUST-55
    const auto quote = parse_quote(family, packet.message().subspan(sizeof header));
    packet.drop = Drop::icmp_error_unmatched;
    if (!quote) return;
    const CallError error = error_of(family, header.type, header.code);
    if (quote->protocol == ip_protocol::udp) {
        if (meaning.kind == ErrorClass::too_big)
            receive_too_big_datagram(core, *quote, packet.interface, meaning.mtu, turn.now);
        return receive_datagram_error(core, packet, *quote, error);
    }
    if (quote->protocol != ip_protocol::tcp) return;
    const FlowId id = find_quoted(core, packet, *quote);
    if (id == no_flow) return;
    packet.drop = Drop::none;
    core.counters.count(TcpEvent::icmp_errors_matched);
    if (meaning.kind == ErrorClass::too_big)
        return receive_too_big(core, turn, id, *quote, meaning.mtu);
    receive_flow_error(core, id, meaning.kind, error);
}

CallError soft_error_or(const Core& core, const Flow& flow, CallError otherwise) {
    const Details* details = core.details_of(flow);
    const bool knows = details != nullptr && details->soft_error != CallError::none;
    return knows ? details->soft_error : otherwise;
}

void forget_soft_error(Core& core, const Busy& record) {
    if (record.details != no_slot) core.details[record.details].soft_error = CallError::none;
}

}  // namespace terminus
