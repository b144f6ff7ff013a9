// The script language itself: a script that is wrong must fail, or no other test means anything.
#include "script_options.h"
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

std::string failure_of(const Scene& setup, std::string_view script) {
    ScriptRunner runner{setup, Family::ip4};
    EXPECT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    if (runner.play("script", script)) (void)runner.finish();
    return runner.failure();
}

void expect_failure(const Scene& setup, std::string_view script, std::string_view what) {
    const std::string failure = failure_of(setup, script);
    EXPECT_NE(failure.find(what), std::string::npos) << "said: " << failure;
}

TEST(ScriptLanguage, AcceptsWhatHolds) {
    EXPECT_EQ(failure_of(established(), "< P. 1:101(100) ack 1\n+40\n> . 1:1(0) ack 101\n"), "");
}

TEST(ScriptLanguage, FailsForWhatIsNotListed) {
    expect_failure(nothing(), "< S 0:0(0)\n+1\n> R. @0(0) ack 1\n", "sent before it");
    expect_failure(nothing(), "< S 0:0(0)\n", "sent before it, but not listed");
}

TEST(ScriptLanguage, FailsForWhatWasNotSent) {
    expect_failure(established(), "> . 1:1(0) ack 1\n", "nothing was sent");
}

TEST(ScriptLanguage, FailsForAnyOtherField) {
    const auto refused = [](std::string_view line, std::string_view what) {
        expect_failure(nothing(), std::string{"< S 0:0(0)\n"} + std::string{line}, what);
    };
    refused("> R @0(0) ack 1\n", "other flags");
    refused("> R. @1(0) ack 1\n", "another sequence number");
    refused("> R. @0(0) ack 2\n", "another acknowledgment number");
    refused("> R. @0(5) ack 1\n", "another length");
    refused("> R. @0(0) ack 1 win 9\n", "another window");
    refused("> R. @0(0) ack 1 <mss 5>\n", "other options");
    refused("> R. @0(0) ack 1 ecn ect0\n", "another codepoint");
    refused("> R. @0(0) ack 1 class 40\n", "another traffic class");
    refused("> R. @0(0) ack 1 hops 63\n", "another hop limit");
    refused("> udp 5\n", "got ");
}

TEST(ScriptLanguage, FailsForTheWrongTextStateCallOrCount) {
    expect_failure(served(Serve::echo),
                   "< P. 1:6(5) ack 1 \"hello\"\n> P. 1:6(5) ack 6 \"jello\"\n", "another text");
    expect_failure(established(), "= closed\n", "the flow is in established");
    expect_failure(established(), "call send 5 = 4\n", "the call answered 5");
    expect_failure(established(), "= resets 1\n", "counted 0");
    expect_failure(established(), "= drop no_such_drop 1\n", "nothing of that name");
}

TEST(ScriptLanguage, FailsForLinesThatItCannotRead) {
    expect_failure(nothing(), "< S 0:5(0)\n", "end - seq");
    expect_failure(nothing(), "< X 0:0(0)\n", "not flags");
    expect_failure(nothing(), "< S 0:0(0) wat 1\n", "unknown word");
    expect_failure(nothing(), "hello\n", "nothing follows");
    expect_failure(nothing(), "call dance\n", "there is no conversation");
}

TEST(Datagrams, AreReadAsTheyWereWritten) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        Datagram d;
        d.source = ends_of(family).theirs;
        d.destination = ends_of(family).ours;
        d.source_port = 4000;
        d.flags = 0x12;
        d.options = parse_options("mss 1460,nop,wscale 7,sackOK,TS val 5 ecr 6");
        d.payload = "hello";
        const Datagram read = decode(encode(d));
        EXPECT_EQ(read.fault, "");
        EXPECT_EQ(read.payload, "hello");
        EXPECT_EQ(describe_flags(read.flags), "S.");
        EXPECT_EQ(describe_options(read.options), "mss 1460,wscale 7,sackOK,TS val 5 ecr 6");
    }
}

TEST(Options, CountFromTheirBeginnings) {
    const std::string bytes = parse_options("TS val 7 ecr 9,sack 1:11 21:31");
    EXPECT_EQ(describe_options(shifted(bytes, {.sack = 100, .ts_value = 10, .ts_echo = 20})),
              "TS val 17 ecr 29,sack 101:111 121:131");
    std::uint32_t value = 0;
    EXPECT_TRUE(find_ts_value(bytes, value));
    EXPECT_EQ(value, 7U);
    EXPECT_FALSE(find_ts_value(parse_options("mss 7"), value));
}

TEST(Options, HaveWildcardsForTimestamps) {
    const std::string got = "mss 1460,TS val 17 ecr 29,wscale 3";
    EXPECT_EQ(fill_wildcards("TS *,wscale 1", got), "TS val 17 ecr 29,wscale 1");
    EXPECT_EQ(fill_wildcards("TS val * ecr 4", got), "TS val 17 ecr 4");
    EXPECT_EQ(fill_wildcards("TS val 3 ecr *", got), "TS val 3 ecr 29");
    EXPECT_NE(fill_wildcards("TS *", "mss 1460"), "mss 1460");
}

// The judge of what we send, its checksums too (MUST-2), must itself be able to fail.
TEST(Datagrams, ShowEveryFlippedBit) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        Datagram d;
        d.source = ends_of(family).theirs;
        d.destination = ends_of(family).ours;
        d.payload = "hello, world";
        const Bytes good = encode(d);
        ASSERT_EQ(decode(good).fault, "");
        const std::size_t l4 = family == Family::ip4 ? 34 : 54;
        for (std::size_t at = l4; at < good.size(); ++at) {
            Bytes bad = good;
            bad[at] ^= std::byte{1};
            EXPECT_NE(decode(bad).fault, "") << at;
        }
    }
}

}  // namespace
}  // namespace terminus::test
