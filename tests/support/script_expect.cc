// How a script judges what was sent: segments, datagrams, ICMP.
#include "script_options.h"
#include "script_runner.h"

#include <algorithm>
#include <array>

namespace terminus::test {
namespace {

using std::string;

/// Type and code by name: RFC 792 and 1812 for IPv4, RFC 4443 for IPv6.
struct IcmpName {
    std::string_view name;
    std::uint8_t type4, code4, type6, code6;
};
constexpr std::array<IcmpName, 10> icmp_names{{
    {"net", 3, 0, 1, 0},
    {"host", 3, 1, 1, 3},
    {"protocol", 3, 2, 4, 1},
    {"port", 3, 3, 1, 4},
    {"admin", 3, 13, 1, 1},
    {"reassembly", 11, 1, 3, 1},
    {"too-big", 3, 4, 2, 0},
    {"time", 11, 0, 3, 0},
    {"problem", 12, 0, 4, 0},
    {"quench", 4, 0, 137, 0},  // IPv6 has none: a redirect is as little of an error
}};
constexpr std::size_t link_bytes = 14;

const IcmpName* find_icmp(std::string_view name) {
    const auto* found = std::ranges::find(icmp_names, name, &IcmpName::name);
    return found == icmp_names.end() ? nullptr : found;
}

string packet_text(const Bytes& frame) {
    const string all{reinterpret_cast<const char*>(frame.data()), frame.size()};
    return all.size() > link_bytes ? all.substr(link_bytes) : string{};
}

}  // namespace

/// The datagram in the script's own words, numbers relative.
string ScriptRunner::words_for(const Datagram& got) const {
    if (got.protocol != protocol_tcp) return describe(got);
    const std::uint32_t seq = got.seq - our_isn_.value_or(0);
    string text = describe_flags(got.flags) + ' ' + std::to_string(seq) + ':' +
                  std::to_string(seq + static_cast<std::uint32_t>(got.payload.size())) + '(' +
                  std::to_string(got.payload.size()) + ')';
    if (got.has(0x10)) text += " ack " + std::to_string(got.ack - their_isn_);
    text += " win " + std::to_string(got.window);
    if (!got.options.empty()) text += " <" + our_options(got) + '>';
    text +=
        " class " + std::to_string(got.traffic_class) + " hops " + std::to_string(got.hop_limit);
    if (!our_isn_) text += " (absolute)";
    return text;
}

void ScriptRunner::check_addresses(const Datagram& got) {
    demand(got.fault.empty(), got.fault);
    demand(got.source == ends_.ours && got.destination == ends_.theirs,
           "the addresses are wrong: " + describe(got));
    demand(got.source_mac == ends_.our_mac && got.destination_mac == ends_.their_mac,
           "the MAC addresses are wrong");
    const bool has_ports = got.protocol == protocol_tcp || got.protocol == protocol_udp;
    if (!has_ports) return;
    demand(got.source_port == setup_.our_port && got.destination_port == setup_.their_port,
           "the ports are wrong");
}

void ScriptRunner::expect(const Words& words) {
    demand(harness_.has_sent(), "nothing was sent");
    if (words[0] == "fragments") return expect_fragments(words);
    last_out_ = harness_.peek_sent();
    const Datagram got = harness_.next_sent();
    check_addresses(got);
    if (words[0] == "udp") return expect_udp(got, words);
    if (words[0] == "pong") return expect_pong(got, words);
    if (words[0] == "icmp") return expect_icmp(got, words);
    expect_segment(got, words);
}

void ScriptRunner::expect_segment(const Datagram& got, const Words& words) {
    demand(got.protocol == protocol_tcp, "got " + describe(got));
    const Segment want = parse_segment(words);
    if (got.has(0x02) && !our_isn_) our_isn_ = got.seq;
    if (std::uint32_t first = 0; got.has(0x02) && !our_ts_ && find_ts_value(got.options, first))
        our_ts_ = first;
    try {
        compare(got, want);
        compare_text(got, want);
    } catch (const std::exception& error) {
        fail(string{error.what()} + "\n    got: " + words_for(got));
    }
}

void ScriptRunner::compare(const Datagram& got, const Segment& want) {
    demand(got.flags == want.flags, "other flags");
    demand(got.seq == ours(want.seq), "another sequence number");
    demand(want.any_length || got.payload.size() == want.length, "another length");
    const std::uint32_t ack = want.ack ? theirs(*want.ack) : 0;
    demand(want.any_ack || got.ack == ack, "another acknowledgment number");
    demand(!want.window || got.window == *want.window, "another window");
    demand(got.urgent == want.urgent.value_or(0), "another urgent pointer");
    compare_options(got, want);
    compare_ip(got, want);
}

void ScriptRunner::compare_options(const Datagram& got, const Segment& want) {
    const string options = our_options(got);
    if (!want.options) {
        demand(got.has(0x02) || options.empty(), "options that are not listed");
        return;
    }
    std::string wanted = *want.options;
    if (const auto at = wanted.find("ours"); at != std::string::npos)
        wanted.replace(at, 4, got.is_ip6() ? "1440" : "1460");
    wanted = fill_wildcards(wanted, options);
    demand(options == describe_options(parse_options(wanted)), "other options");
}

void ScriptRunner::compare_ip(const Datagram& got, const Segment& want) {
    demand((got.traffic_class & 3) == want.ecn.value_or(0), "another codepoint of ECN");
    demand((got.traffic_class & ~3) == want.traffic_class.value_or(0), "another traffic class");
    demand(got.hop_limit == want.hop_limit.value_or(64), "another hop limit");
}

string ScriptRunner::our_options(const Datagram& got) const {
    return describe_options(
        shifted(got.options, {.sack = 0U - their_isn_, .ts_value = 0U - our_ts_.value_or(0)}));
}

void ScriptRunner::compare_text(const Datagram& got, const Segment& want) {
    if (want.text && want.text_goes_on) {
        demand(got.payload.starts_with(*want.text), "another text: " + got.payload);
    } else if (want.text) {
        demand(got.payload == *want.text, "another text: " + got.payload);
    } else if (setup_.text != OurText::any) {
        const string text =
            stream_text(setup_.text == OurText::own, want.seq.value - 1, got.payload.size());
        demand(got.payload == text, "the text is not the stream's");
    }
}

void ScriptRunner::expect_udp(const Datagram& got, const Words& words) {
    demand(got.protocol == protocol_udp, "got " + describe(got));
    if (words.at(1) == "*") return;
    const bool is_ours = words.size() > 2 && words[2] == "ours";  // of a call, not an echo
    const string text = stream_text(is_ours, 0, parse_number(words.at(1)));
    demand(got.payload == text, "another payload, " + std::to_string(got.payload.size()) + " long");
    compare_user_choices(got, {words.begin() + (is_ours ? 3 : 2), words.end()});
}

/// "class N", "hops N", and of IPv4 "cut yes" where routers may do so, else "cut no".
void ScriptRunner::compare_user_choices(const Datagram& got, const Words& words) const {
    std::uint32_t traffic_class = 0, hop_limit = 64;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        if (words[i] == "class")
            traffic_class = parse_number(words[i + 1]);
        else if (words[i] == "hops")
            hop_limit = parse_number(words[i + 1]);
        else if (words[i] == "cut")
            demand(got.is_ip6() || got.dont_fragment == (words[i + 1] == "no"), "another DF");
        else
            fail("unknown word " + words[i]);
    }
    demand(got.traffic_class == traffic_class, "another traffic class");
    demand(got.hop_limit == hop_limit, "another hop limit");
}

/// "fragments udp N ours [mtu N]": all of a datagram of ours, in order and without overlap, its
/// checksum over the whole; the first fills packets of so many bytes as well as it can.
void ScriptRunner::expect_fragments(const Words& words) {
    Datagram whole = from_peer();
    whole.protocol = protocol_udp;
    whole.payload = stream_text(true, 0, parse_number(words.at(2)));
    std::swap(whole.source, whole.destination);
    std::swap(whole.source_port, whole.destination_port);
    const string want = packet_text(encode(whole)).substr(whole.is_ip6() ? 40 : 20);
    const std::size_t header = whole.is_ip6() ? 48 : 20;
    const std::size_t mtu = words.size() > 5 && words[4] == "mtu" ? parse_number(words[5]) : 0;
    const std::size_t first = mtu == 0 ? 0 : (mtu - header) / 8 * 8;
    string got;
    for (bool more = true; more;) {
        demand(harness_.has_sent(), "fragments are missing");
        if (got.empty()) last_out_ = harness_.peek_sent();
        const Datagram part = harness_.next_sent();
        demand(part.fault.empty() && part.source == ends_.ours, "not a fragment of ours");
        demand(part.fragment && part.fragment_offset == got.size(), "fragments in another order");
        demand(got.size() >= first || part.payload.size() == first, "another MTU");
        demand(!part.dont_fragment, "a fragment that routers may not cut");
        compare_user_choices(part, {words.begin() + (mtu == 0 ? 4 : 6), words.end()});
        got += part.payload;
        more = part.more_fragments;
    }
    demand(got == want, "another datagram");
}

void ScriptRunner::expect_pong(const Datagram& got, const Words& words) {
    demand(got.protocol == (got.is_ip6() ? protocol_icmp6 : protocol_icmp4),
           "got " + describe(got));
    demand(got.type == (got.is_ip6() ? 129 : 0) && got.code == 0, "got " + describe(got));
    demand(got.rest == 0x12340001, "another identifier or sequence number");
    demand(got.payload == stream_text(false, 0, parse_number(words.at(1))), "another payload");
}

/// The quote is as much of the packet as fits: RFC 1812 section 4.3.2.3, RFC 4443 section 3.1.
void ScriptRunner::expect_icmp(const Datagram& got, const Words& words) {
    const IcmpName* name = find_icmp(words.at(1));
    demand(name != nullptr, "an ICMP error without a name here");
    const bool ip6 = got.is_ip6();
    demand(got.protocol == (ip6 ? protocol_icmp6 : protocol_icmp4), "got " + describe(got));
    demand(got.type == (ip6 ? name->type6 : name->type4), "got " + describe(got));
    demand(got.code == (ip6 ? name->code6 : name->code4), "got " + describe(got));
    // RFC 4443 section 3.4: the pointer leads to the Next Header field, 6 bytes into the header.
    demand(got.rest == (ip6 && got.type == 4 ? 6U : 0U), "another pointer");
    const string packet = packet_text(last_in_);
    demand(got.payload == packet.substr(0, ip6 ? 1280 - 48 : 576 - 28), "the quote is not whole");
}

/// What follows the name of an ICMP error: how its quote is bent.
void ScriptRunner::bend_quote(Datagram& error, const Words& words) const {
    const std::size_t transport = error.is_ip6() ? 40 : 20;
    const auto put16 = [&](std::size_t at, std::uint32_t value) {
        error.payload.at(at) = static_cast<char>(value >> 8);
        error.payload.at(at + 1) = static_cast<char>(value);
    };
    for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
        const std::uint32_t number = parse_number(words[i + 1]);
        if (words[i] == "mtu") {
            error.rest = number;
        } else if (words[i] == "seq") {
            put16(transport + 4, (number + our_isn_.value_or(0)) >> 16);
            put16(transport + 6, number + our_isn_.value_or(0));
        } else if (words[i] == "length") {  // the quoted packet's, as its IP header says
            put16(error.is_ip6() ? 4 : 2, number - (error.is_ip6() ? 40 : 0));
        } else if (words[i] == "bytes") {  // of the transport header that are quoted
            error.payload.resize(transport + number);
        } else if (words[i] == "port") {  // the quoted destination
            put16(transport + 2, number);
        } else {
            fail("unknown word " + words[i]);
        }
    }
}

/// An ICMP error that quotes what we sent last.
void ScriptRunner::arrive_icmp(const Words& words) {
    const IcmpName* name = find_icmp(words.at(1));
    demand(name != nullptr, "an ICMP error without a name here");
    Datagram d = from_peer();
    d.protocol = d.is_ip6() ? protocol_icmp6 : protocol_icmp4;
    d.type = d.is_ip6() ? name->type6 : name->type4;
    d.code = d.is_ip6() ? name->code6 : name->code4;
    if (d.is_ip6() && d.type == 137) d.hop_limit = 255;
    d.payload = packet_text(last_out_).substr(0, 500);
    bend_quote(d, words);
    inject(d);
}

}  // namespace terminus::test
