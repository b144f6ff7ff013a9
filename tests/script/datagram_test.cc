// Ping, UDP services, ICMP unreachable, fragments, the limiter; policy actions.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene udp_to(std::uint16_t port) {
    Scene setup = nothing();
    setup.our_port = port;
    return setup;
}

Rule rule_for(RuleProtocol protocol, Action action, Unreachable code = Unreachable::port) {
    Rule rule;
    rule.name = "only";
    rule.protocol = protocol;
    rule.action = action;
    rule.code = code;
    return rule;
}

Scene with_rule(const Rule& rule) {
    Scene setup = nothing();
    setup.options.rules = {rule};
    return setup;
}

TEST(Ping, IsAnswered) {  // RFC 792; RFC 4443 section 4.2
    run(nothing(), R"(
        < ping 0
        > pong 0
        < ping 56
        > pong 56
        < ping 1400
        > pong 1400
    )");
}

TEST(Ping, IsAnsweredForWholePrefixes) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{nothing(), family};
        Datagram d = runner.segment_of(parse_segment({"S", "0:0(0)"}));
        d.protocol = d.is_ip6() ? protocol_icmp6 : protocol_icmp4;
        d.type = d.is_ip6() ? 128 : 8;
        d.destination = *parse_address(d.is_ip6() ? "2001:db8:18:1::5" : "198.18.1.5");
        d.payload = "x";
        runner.harness().inject(d);
        ASSERT_TRUE(runner.harness().has_sent());
        EXPECT_EQ(runner.harness().next_sent().source, d.destination);
    }
}

TEST(Udp, EchoesAndDiscards) {  // RFC 862, RFC 863
    run(udp_to(7), R"(
        < udp 0
        > udp 0
        < udp 1000
        > udp 1000
    )");
    run(udp_to(9), R"(
        < udp 100
    )");
}

TEST(Udp, GeneratesCharacters) {  // RFC 864
    run(udp_to(19), R"(
        < udp 1
        > udp *
    )");
}

TEST(Udp, NeverAnswersPortsThatCouldLoop) {  // CVE-2024-2169
    for (const int port : {7, 13, 17, 19}) {
        Scene setup = udp_to(7);
        setup.their_port = static_cast<std::uint16_t>(port);
        run(setup, R"(
            < udp 10
            = drop udp_reflection 1
        )");
    }
}

TEST(Unreachable, AnswersUdpWithoutAService) {  // RFC 1122 section 3.2.2.1; RFC 4443 section 3.1
    run(udp_to(5000), R"(
        < udp 10
        > icmp port
        < udp 1400              // the quote is cut: RFC 1812 section 4.3.2.3, RFC 4443 section 2.4
        > icmp port
    )");
}

TEST(Unreachable, AnswersUnknownProtocols) {  // RFC 1122 section 3.2.2.1; RFC 4443 section 3.4
    Scene setup =
        with_rule(rule_for(RuleProtocol::other, Action::unreachable, Unreachable::protocol));
    run(setup, R"(
        < protocol 99 20
        > icmp protocol
    )");
}

TEST(Unreachable, HasEachCode) {  // RFC 792; RFC 1812 section 5.2.7.1; RFC 4443 section 3.1
    const auto said = [](Unreachable code, std::string_view name) {
        const std::string script = "< udp 10\n> icmp " + std::string{name} + "\n";
        run(with_rule(rule_for(RuleProtocol::udp, Action::unreachable, code)), script);
    };
    said(Unreachable::net, "net");
    said(Unreachable::host, "host");
    said(Unreachable::port, "port");
    said(Unreachable::admin, "admin");
}

TEST(Unreachable, AnswersTcpByRule) {  // RFC 1812 section 5.3.9
    run(with_rule(rule_for(RuleProtocol::tcp, Action::unreachable, Unreachable::admin)), R"(
        < S 0:0(0)
        > icmp admin
        < R 0:0(0)              // never for a reset
    )");
}

TEST(Unreachable, IsLimitedPerDestination) {  // RFC 1812 section 4.3.2.8; RFC 4443 section 2.4 (f)
    Scene setup = udp_to(5000);
    setup.options.settings.icmp.per_destination_per_second = 1;
    ScriptRunner runner{setup, Family::ip4};
    Datagram d = runner.segment_of(parse_segment({"none", "0:0(0)"}));
    d.protocol = protocol_udp;
    for (int i = 0; i < 200; ++i)
        runner.harness().inject(d);
    const std::size_t answered = runner.harness().take_sent().size();
    EXPECT_GE(answered, 1U);
    EXPECT_LT(answered, 50U);
    const auto& suppressed = runner.harness().counters().icmp_suppressed[0];
    EXPECT_EQ(suppressed[static_cast<std::size_t>(Suppressed::per_destination)] +
                  suppressed[static_cast<std::size_t>(Suppressed::global)] + answered,
              runner.harness().counters().frames_received - 2);
    EXPECT_EQ(runner.harness().fault(), "");
}

// RFC 4443 section 2.1: an error is a type below 128.
TEST(Unreachable, NeverAnswersAnIcmpError) {  // RFC 1122 section 3.2.2; RFC 4443 section 2.4 (e)
    run(with_rule(rule_for(RuleProtocol::any, Action::unreachable)), R"(
        < S 0:0(0)
        > icmp port
        < icmp port
        = drop icmp_error_unmatched 1
    )");
}

TEST(Fragments, AreReassembled) {  // RFC 791 section 3.2; RFC 8200 section 4.5
    run(udp_to(9), R"(
        < fragments udp 3000 1500
    )");
    run(udp_to(7), R"(
        < fragments udp 1000 600
        > udp 1000
    )");
}

TEST(Fragments, MissingOnesTimeOut) {  // RFC 792 (time exceeded); RFC 4443 section 3.3
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{udp_to(9), family};
        Datagram d = runner.segment_of(parse_segment({"none", "0:0(0)"}));
        d.protocol = protocol_udp;
        d.payload.assign(2000, 'x');
        runner.harness().inject(encode_fragments(d, 1400, 5).front());
        EXPECT_EQ(runner.harness().counters().reassembling, 1U);
        runner.harness().pass_ms(70'000, 100);
        EXPECT_EQ(runner.harness().counters().reassembling, 0U);
        ASSERT_TRUE(runner.harness().has_sent());
        const Datagram error = runner.harness().next_sent();
        EXPECT_EQ(error.type, family == Family::ip4 ? 11 : 3);
        EXPECT_EQ(error.code, 1);
        EXPECT_TRUE(runner.finish()) << runner.failure();
    }
}

TEST(Fragments, OverlapDiscardsTheDatagram) {  // RFC 5722 section 4; RFC 8200 section 4.5
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{udp_to(7), family};
        Datagram d = runner.segment_of(parse_segment({"none", "0:0(0)"}));
        d.protocol = protocol_udp;
        d.payload.assign(2000, 'x');
        const auto parts = encode_fragments(d, 1400, 5), others = encode_fragments(d, 1000, 5);
        runner.harness().inject_burst({parts[0], others[1], parts[1]});
        EXPECT_FALSE(runner.harness().has_sent());
        EXPECT_GE(runner.harness().drops(Drop::fragment_overlap), 1U);
        EXPECT_TRUE(runner.finish()) << runner.failure();
    }
}

TEST(Fragments, OfATcpSegmentAreAnsweredWhole) {  // RFC 1122 section 3.3.2; RFC 8200 section 5
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{nothing(), family};
        Datagram d = runner.segment_of(parse_segment({"P", "0:0(0)"}));
        d.payload = stream_text(false, 0, 2000);
        runner.harness().inject_burst(encode_fragments(d, 1400, 9));
        ASSERT_TRUE(runner.harness().has_sent());
        EXPECT_EQ(describe_flags(runner.harness().next_sent().flags), "R.");
        EXPECT_TRUE(runner.finish()) << runner.failure();
    }
}

TEST(Fragments, OfAnEchoComeBackInFragments) {  // RFC 1122 section 3.2.2.6
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{nothing(), family};
        Datagram d = runner.segment_of(parse_segment({"none", "0:0(0)"}));
        d.protocol = d.is_ip6() ? protocol_icmp6 : protocol_icmp4;
        d.type = d.is_ip6() ? 128 : 8;
        d.rest = 0x12340001;
        d.payload = stream_text(false, 0, 4000);
        runner.harness().inject_burst(encode_fragments(d, 1500, 9));
        std::string all(4008, '?');
        for (const Bytes& frame : runner.harness().take_sent()) {
            const Datagram part = decode(frame);
            ASSERT_LE(part.fragment_offset + part.payload.size(), all.size());
            all.replace(part.fragment_offset, part.payload.size(), part.payload);
            EXPECT_LE(frame.size(), 1514U);
        }
        EXPECT_EQ(all.substr(8), d.payload);
        EXPECT_EQ(all[0], static_cast<char>(family == Family::ip4 ? 0 : 129));
    }
}

TEST(Policy, DropsInSilence) {
    run(with_rule(rule_for(RuleProtocol::any, Action::drop)), R"(
        < S 0:0(0)
        < udp 10
        = drop policy 2
    )");
}

TEST(Policy, DropsWhatNoRuleMatches) {
    Scene setup = nothing();
    setup.options.rules.clear();
    run(setup, R"(
        < S 0:0(0)
        < udp 10
        < protocol 99 10
        = drop no_rule 3
    )");
}

TEST(Policy, CountsEachRulesHits) {
    ScriptRunner runner{with_rule(rule_for(RuleProtocol::tcp, Action::reset)), Family::ip4};
    EXPECT_TRUE(
        runner.play("script", "< S 0:0(0)\n> R. @0(0) ack 1\n< S 0:0(0)\n> R. @0(0) ack 1\n"))
        << runner.failure();
    ASSERT_EQ(runner.harness().stack().rule_hits().size(), 1U);
    EXPECT_EQ(runner.harness().stack().rule_hits()[0], 2U);
}

TEST(Policy, DoesNotJudgeAFlow) {  // rules judge only what belongs to no flow
    ScriptRunner runner{served(Serve::echo), Family::ip6};
    const Scene setup = served(Serve::echo);
    ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    const auto hits = runner.harness().stack().rule_hits()[0];
    EXPECT_TRUE(runner.play("script", "< P. 1:11(10) ack 1\n> P. 1:11(10) ack 11\n"));
    EXPECT_EQ(runner.harness().stack().rule_hits()[0], hits);
}

}  // namespace
}  // namespace terminus::test
