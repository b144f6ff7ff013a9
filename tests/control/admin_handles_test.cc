/// How handles live and end: errors told once, what is left after close, owners that go away,
/// options that are inherited, reset.
#include "admin_rig.h"

#include <gtest/gtest.h>

#include <string>

namespace terminus::control {
namespace {

TEST(AdminHandles, AResetIsToldOnce) {
    Connected it;
    Rig& rig = it.rig;
    rig.must(rig.peer, about("abort", it.peers));
    rig.pass_ms(2);
    EXPECT_EQ(it.error(rig.ours, send_of(it.ours, "x")), "connection-reset");
    EXPECT_EQ(it.error(rig.ours, send_of(it.ours, "x")), "closing");
    EXPECT_EQ(rig.must(rig.ours, about("receive", it.ours))["end"], true);
    EXPECT_EQ(it.status(rig.ours, it.ours)["state"], "CLOSED");
    rig.must(rig.ours, about("close", it.ours));
    EXPECT_EQ(it.error(rig.ours, about("status", it.ours)), "no-such-conversation");
}

TEST(AdminHandles, AfterCloseOnlyAFewCallsAreLeft) {
    Connected it;
    Rig& rig = it.rig;
    rig.must(rig.ours, about("close", it.ours));
    for (const std::string& line :
         {send_of(it.ours, "x"), about("receive", it.ours), about("shutdown", it.ours),
          about("close", it.ours), about("release", it.ours, R"(,"count":0)"),
          about("set", it.ours, R"(,"options":{"nagle":false})")})
        EXPECT_EQ(it.error(rig.ours, line), "closing") << line;
    EXPECT_EQ(it.status(rig.ours, it.ours)["state"], "FIN-WAIT-2");
    rig.must(rig.ours, about("get", it.ours, R"(,"options":["nagle","error"])"));
    rig.must(rig.ours, about("abort", it.ours));
    rig.pass_ms(1);
    EXPECT_EQ(it.error(rig.ours, about("status", it.ours)), "no-such-conversation");
}

TEST(AdminHandles, WaitSeesTheEndOfWhatWasClosed) {
    Connected it;
    Rig& rig = it.rig;
    rig.must(rig.ours, about("set", it.ours, R"(,"options":{"time_wait_ms":300})"));
    rig.must(rig.ours, about("shutdown", it.ours));
    rig.must(rig.peer, about("close", it.peers));  // the peer ends in LAST-ACK
    rig.pass_ms(2);
    EXPECT_EQ(it.error(rig.peer, about("status", it.peers)), "no-such-conversation");
    rig.must(rig.ours, about("close", it.ours));
    rig.begin(rig.ours, about("wait", it.ours), 17);
    rig.pass_ms(100);
    EXPECT_TRUE(rig.answer(rig.ours, 17).is_null()) << "2MSL is not over";
    rig.pass_ms(400);
    EXPECT_EQ(rig.answer(rig.ours, 17)["ready"], Json::parse(R"(["closed"])"));
}

TEST(AdminHandles, HandlesAreGoodOnEveryLineAndEndWithTheirOwner) {
    Connected it;
    Rig& rig = it.rig;
    const Json theirs = rig.must(rig.ours, active("198.18.0.1:81", R"(,"tag":"t")"), 20);
    EXPECT_EQ(theirs["tag"], "t");
    rig.must(rig.ours, send_of(it.ours, "from another line"), 99);
    EXPECT_EQ(it.received(rig.peer, it.peers), "from another line");
    rig.ours.calls->client_gone(16);  // owns the listener, and so what was accepted
    rig.pass_ms(3);
    EXPECT_EQ(rig.ask(rig.ours, about("status", it.ours), 99)["error"], "no-such-conversation");
    EXPECT_EQ(rig.ask(rig.ours, about("status", it.listener, "", "listener"), 99)["error"],
              "no-such-conversation");
    EXPECT_EQ(it.error(rig.peer, about("receive", it.peers)), "connection-reset");
    rig.must(rig.ours, about("status", theirs["conversation"]), 99);
    EXPECT_EQ(rig.must(rig.ours, passive(our_address, 5000), 99)["ok"], true);
}

TEST(AdminHandles, WhatTheOwnerHadClosedFinishesByItself) {
    Connected it;
    Rig& rig = it.rig;
    rig.must(rig.ours, send_of(it.ours, "the last words"));
    rig.must(rig.ours, about("close", it.ours));
    rig.ours.calls->client_gone(16);
    rig.pass_ms(3);
    EXPECT_EQ(it.received(rig.peer, it.peers), "the last words");
    EXPECT_EQ(rig.must(rig.peer, about("receive", it.peers))["end"], true) << "a FIN, no RST";
}

TEST(AdminHandles, ACallOfAClientThatWentTakesNothing) {
    Connected it;
    Rig& rig = it.rig;
    rig.begin(rig.ours, about("receive", it.ours), 50);
    rig.pass_ms(2);
    rig.ours.calls->client_gone(50);
    rig.pass_ms(2);
    rig.must(rig.peer, send_of(it.peers, "kept"));
    EXPECT_EQ(it.received(rig.ours, it.ours), "kept");
}

TEST(AdminHandles, WhatIsAcceptedForAClientThatWentIsTheListenersOwners) {
    Rig rig;
    const Json listener = rig.must(rig.ours, passive(our_address, 5000))["listener"];
    rig.begin(rig.ours, about("accept", listener, "", "listener"), 50);
    rig.pass_ms(2);
    rig.ours.calls->client_gone(50);
    rig.pass_ms(2);
    rig.must(rig.peer, active("198.18.0.2:5000", R"(,"wait":true)"));
    rig.must(rig.ours, about("accept", listener, R"(,"timeout_ms":0)", "listener"));
}

TEST(AdminHandles, OptionsOfTheDeviceAreInherited) {
    Rig rig;
    rig.must(rig.ours, R"({"call":"set","options":{"time_wait_ms":1234,"mss_bytes":700}})");
    const Json listener = rig.must(
        rig.ours,
        R"({"call":"open","passive":{"port":5000},"options":{"mss_bytes":800}})")["listener"];
    rig.must(rig.ours, about("set", listener, R"(,"options":{"nagle":false})", "listener"));
    const std::string get = R"(,"options":["time_wait_ms","mss_bytes","nagle","error"])";
    EXPECT_EQ(rig.must(rig.ours, about("get", listener, get, "listener"))["options"],
              Json::parse(R"({"time_wait_ms":1234,"mss_bytes":800,"nagle":false,"error":null})"));
    rig.must(rig.peer, active("198.18.0.2:5000", R"(,"wait":true)"));
    const Json ours = rig.must(rig.ours, about("accept", listener, "", "listener"))["conversation"];
    EXPECT_EQ(rig.must(rig.ours, about("get", ours, get))["options"],
              Json::parse(R"({"time_wait_ms":1234,"mss_bytes":800,"nagle":false,"error":null})"));
}

TEST(AdminHandles, ResetForgetsEverything) {
    Connected it;
    Rig& rig = it.rig;
    rig.must(rig.ours, R"({"call":"set","options":{"time_wait_ms":1234}})");
    rig.must(rig.ours, R"({"call":"reset"})", 77);
    EXPECT_EQ(rig.ours.calls->handles(), 0U);
    EXPECT_EQ(it.error(rig.ours, about("status", it.ours)), "no-such-conversation");
    EXPECT_EQ(rig.must(rig.ours, R"({"call":"status"})")["conversations"], Json::array());
    const std::string get = R"({"call":"get","options":["time_wait_ms"]})";
    EXPECT_NE(rig.must(rig.ours, get)["options"]["time_wait_ms"], 1234);
    rig.pass_ms(2);
    EXPECT_EQ(it.status(rig.peer, it.peers)["state"], "ESTABLISHED") << "silently";
    EXPECT_EQ(rig.must(rig.ours, passive(our_address, 5000))["ok"], true);
}

TEST(AdminHandles, ResetMaySendTheSegments) {
    Connected it;
    it.rig.must(it.rig.ours, R"({"call":"reset","segments":true})", 77);
    it.rig.pass_ms(2);
    EXPECT_EQ(it.error(it.rig.peer, about("receive", it.peers)), "connection-reset");
}

TEST(AdminHandles, CountsCallsByNameAndResult) {
    Connected it;
    (void)it.rig.ask(it.rig.ours, "{}");
    (void)it.rig.ask(it.rig.ours, R"({"call":"fly"})");
    EXPECT_EQ(it.rig.ours.counts["open ok"], 1);
    EXPECT_EQ(it.rig.ours.counts["accept ok"], 1);
    EXPECT_EQ(it.rig.ours.counts["unknown bad-request"], 2) << "labels are bounded";
}

}  // namespace
}  // namespace terminus::control
