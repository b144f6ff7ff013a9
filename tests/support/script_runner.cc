// How a script is played: its lines, what arrives, the calls and the checks of state and counters.
#include "script_runner.h"

#include "script_options.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

namespace terminus::test {

using std::string;

string stream_text(bool ours, std::uint32_t offset, std::size_t length) {
    string text(length, ' ');
    for (char& c : text) {
        const std::uint32_t mixed = offset * 31 + (offset >> 7) * 17 + (ours ? 11 : 0);
        c = static_cast<char>('!' + mixed % 93);
        ++offset;
    }
    return text;
}

ScriptRunner::ScriptRunner(const Scene& setup, Family family)
    : setup_{setup}, ends_{ends_of(family)}, harness_{setup.options}, their_isn_{setup.their_isn} {}

void ScriptRunner::fail(const string& what) const { throw std::runtime_error{what}; }

bool ScriptRunner::play(std::string_view label, std::string_view script) {
    std::istringstream lines{string{script}};
    int number = 0;
    for (string raw; failure_.empty() && std::getline(lines, raw);) {
        ++number;
        const string line = strip(raw);
        try {
            if (!line.empty()) play_line(line);
        } catch (const std::exception& error) {
            failure_ = string{label} + " line " + std::to_string(number) + ": " + line + "\n    " +
                       error.what();
        }
    }
    return failure_.empty();
}

void ScriptRunner::play_line(const string& line) {
    Words words = words_of(line);
    const string first = words.front();
    if (first != ">") demand_silence();
    if (first.starts_with('+')) {
        harness_.pass_us(parse_us(std::string_view{first}.substr(1)));
    } else {
        words.erase(words.begin());
        demand(!words.empty(), "nothing follows");
        if (first == "<")
            arrive(words);
        else if (first == ">")
            expect(words);
        else if (first == "=")
            check(words);
        else if (first == "call")
            call(words);
        else if (first == "new")
            new_connection(words);
        else
            fail("unknown line");
    }
    demand(harness_.fault().empty(), harness_.fault());
}

void ScriptRunner::demand_silence() {
    if (harness_.has_sent())
        fail("sent before it, but not listed: " + words_for(harness_.next_sent()));
}

bool ScriptRunner::finish() {
    if (!failure_.empty()) return false;
    try {
        demand_silence();
        harness_.let_peers_vanish();
        let_go();
        harness_.check_empty();
        demand(harness_.fault().empty(), harness_.fault());
    } catch (const std::exception& error) {
        failure_ = string{"after the last line: "} + error.what();
    }
    return failure_.empty();
}

// What arrives.

Datagram ScriptRunner::from_peer() const {
    Datagram d;
    d.source_mac = ends_.their_mac;
    d.destination_mac = ends_.our_mac;
    d.source = ends_.theirs;
    d.destination = ends_.ours;
    d.source_port = setup_.their_port;
    d.destination_port = setup_.our_port;
    return d;
}

void ScriptRunner::inject(const Datagram& datagram) {
    last_in_ = encode(datagram);
    harness_.inject(last_in_);
}

Datagram ScriptRunner::segment_of(const Segment& s) const {
    Datagram d = from_peer();
    d.flags = s.flags;
    d.seq = theirs(s.seq);
    if (s.ack) d.ack = ours(*s.ack);
    d.window = s.window.value_or(window_);
    d.urgent = s.urgent.value_or(0);
    if (s.options)
        d.options = shifted(parse_options(*s.options),
                            {.sack = our_isn_.value_or(0), .ts_echo = our_ts_.value_or(0)});
    d.traffic_class = static_cast<std::uint8_t>(s.traffic_class.value_or(0) | s.ecn.value_or(0));
    if (s.hop_limit) d.hop_limit = *s.hop_limit;
    const std::uint32_t offset = s.seq.value - 1 + ((s.flags >> 1) & 1);
    d.payload = s.text ? *s.text : stream_text(false, offset, s.length);
    return d;
}

void ScriptRunner::arrive(const Words& words) {
    if (words[0] == "udp") return arrive_udp(words, false);
    if (words[0] == "fragments") return arrive_udp({words.begin() + 1, words.end()}, true);
    if (words[0] == "ping") return arrive_ping(words);
    if (words[0] == "icmp") return arrive_icmp(words);
    if (words[0] == "protocol") return arrive_protocol(words);
    const Segment s = parse_segment(words);
    if (s.window) window_ = *s.window;
    inject(segment_of(s));
}

void ScriptRunner::arrive_udp(const Words& words, bool fragmented) {
    Datagram d = from_peer();
    d.protocol = protocol_udp;
    d.payload = stream_text(false, 0, parse_number(words.at(1)));
    last_in_ = encode(d);
    if (!fragmented) return harness_.inject(last_in_);
    harness_.inject_burst(encode_fragments(d, parse_number(words.at(2)), 77));
}

void ScriptRunner::arrive_ping(const Words& words) {
    Datagram d = from_peer();
    d.protocol = d.is_ip6() ? protocol_icmp6 : protocol_icmp4;
    d.type = d.is_ip6() ? 128 : 8;
    d.rest = 0x12340001;
    d.payload = stream_text(false, 0, parse_number(words.at(1)));
    inject(d);
}

void ScriptRunner::arrive_protocol(const Words& words) {
    Datagram d = from_peer();
    d.protocol = static_cast<std::uint8_t>(parse_number(words.at(1)));
    d.payload = stream_text(false, 0, parse_number(words.at(2)));
    inject(d);
}

void ScriptRunner::new_connection(const Words& words) {
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        const std::uint32_t number = parse_number(words[i + 1]);
        if (words[i] == "port")
            setup_.their_port = static_cast<std::uint16_t>(number);
        else if (words[i] == "isn")
            their_isn_ = number;
        else if (words[i] == "to")
            setup_.our_port = static_cast<std::uint16_t>(number);
        else
            fail("unknown word " + words[i]);
    }
    if (conversation_) left_.push_back(*conversation_);
    our_isn_.reset();
    our_ts_.reset();
    sent_bytes_ = received_bytes_ = 0;
}

// State and counters.

void ScriptRunner::check(const Words& words) {
    if (words.size() == 1) return check_state(words[0]);
    if (words[0] == "soft") {
        const auto status = harness_.stack().status(conversation_.value());
        const string got{name(status.value.soft_error)};
        return demand(got == words[1], "the soft error is " + got);
    }
    if (words[0] == "status" || words[0] == "listener") return check_status(words);
    check_count(words);
}

void ScriptRunner::check_state(const string& wanted) {
    string got = "closed";
    for (std::size_t i = 0; i < tcp::state_count; ++i) {
        const auto state = static_cast<tcp::State>(i);
        if (harness_.flows_in(state) > 0) got = string{name(state)};
    }
    demand(got == wanted, "the flow is in " + got);
    if (!conversation_ || wanted == "closed" || harness_.stack().flows() != 1) return;
    const auto status = harness_.stack().status(*conversation_);
    // A handle that was closed, or the flow's predecessor's: the flow goes on without it.
    if (!status.ok() || status.value.state == tcp::State::closed) return;
    demand(name(status.value.state) == wanted, "STATUS says " + string{name(status.value.state)});
}

std::uint64_t ScriptRunner::counted(const string& what, const string& name) const {
    const Counters& c = harness_.counters();
    for (std::size_t i = 0; what == "drop" && i < drop_count; ++i)
        if (terminus::name(static_cast<Drop>(i)) == name) return c.drops[i];
    for (std::size_t i = 0; what == "event" && i < tcp_event_count; ++i)
        if (terminus::name(static_cast<TcpEvent>(i)) == name) return c.tcp[i];
    fail("nothing of that name is counted");
}

void ScriptRunner::check_count(const Words& words) {
    const std::uint64_t wanted = parse_number(words.back());
    std::uint64_t got = 0;
    if (words[0] == "resets") {
        got = harness_.counters().resets_sent;
    } else if (words[0] == "half_open") {
        got = harness_.counters().half_open;
    } else if (words[0] == "path") {
        got = harness_.stack().status(conversation_.value()).value.path_mtu_bytes;
    } else if (words[0] == "mss") {
        got = harness_.stack().status(conversation_.value()).value.mss_bytes;
    } else if (words[0] == "rcv_up") {
        got = harness_.stack().status(conversation_.value()).value.rcv_up - tcp::Seq{their_isn_};
    } else if (words[0] == "unread" || words[0] == "unsent") {
        const auto status = harness_.stack().status(conversation_.value());
        got = words[0] == "unread" ? status.value.receive_queue_bytes : status.value.unsent_bytes;
    } else {
        got = counted(words[0], words.at(1));
    }
    demand(got == wanted, "counted " + std::to_string(got));
}

void run(const Scene& setup, std::string_view script) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{setup, family};
        const bool ok =
            runner.play("setup", setup.prelude) && runner.play("script", script) && runner.finish();
        if (!ok) {
            ADD_FAILURE() << (family == Family::ip4 ? "IPv4, " : "IPv6, ") << runner.failure();
        }
    }
}

}  // namespace terminus::test
