/// The call socket's calls, end to end over a wire that never loses: two workers on our side, so
/// that a listener is at both and an active open must find its worker.
#include "admin_rig.h"

#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace terminus::control {
namespace {

class EachFamily : public testing::TestWithParam<Ends> {};
INSTANTIATE_TEST_SUITE_P(Both, EachFamily, testing::ValuesIn(families), [](const auto& one) {
    return std::string{one.index == 0 ? "ip4" : "ip6"};
});

// RFC 9293 section 3.9.1: OPEN passive and active, SEND, RECEIVE, CLOSE.
TEST_P(EachFamily, TalkBothWaysAndClose) {
    Connected it(GetParam());
    Rig& rig = it.rig;
    EXPECT_EQ(rig.must(rig.ours, send_of(it.ours, "hello"))["accepted"], 5);
    EXPECT_EQ(it.received(rig.peer, it.peers), "hello");
    rig.must(rig.peer, send_of(it.peers, "and back"));
    EXPECT_EQ(it.received(rig.ours, it.ours), "and back");
    rig.must(rig.peer, about("shutdown", it.peers));
    const Json end = rig.must(rig.ours, about("receive", it.ours));
    EXPECT_EQ(end["end"], true);
    EXPECT_EQ(end["text"], "");
    EXPECT_EQ(it.status(rig.ours, it.ours)["state"], "CLOSE-WAIT");
    rig.must(rig.ours, send_of(it.ours, "half open"));
    EXPECT_EQ(it.received(rig.peer, it.peers), "half open");
    rig.must(rig.ours, about("close", it.ours));
    EXPECT_EQ(rig.must(rig.peer, about("receive", it.peers))["end"], true);
    EXPECT_EQ(it.status(rig.peer, it.peers)["state"], "TIME-WAIT");
}

TEST_P(EachFamily, StatusSaysBothEnds) {
    Connected it(GetParam());
    const Json ours = it.status(it.rig.ours, it.ours), peers = it.status(it.rig.peer, it.peers);
    EXPECT_EQ(ours["state"], "ESTABLISHED");
    EXPECT_EQ(ours["opened"], "passive");
    EXPECT_EQ(peers["opened"], "active");
    EXPECT_EQ(ours["local"], GetParam().our_end(5000));
    EXPECT_EQ(ours["local"], peers["remote"]);
    EXPECT_EQ(ours["remote"], peers["local"]);
    EXPECT_EQ(ours["conversation"], it.ours);
    EXPECT_EQ(ours["iss"], peers["irs"]);
    EXPECT_EQ(ours["error"], nullptr);
    EXPECT_EQ(ours["snd_nxt"].get<std::uint32_t>(), ours["iss"].get<std::uint32_t>() + 1);
}

/// The fields of STATUS: CALLS.md.
constexpr std::string_view status_fields =
    "state local remote opened error soft_error iss irs snd_una snd_nxt snd_wnd snd_wl1 "
    "snd_wl2 snd_up rcv_nxt rcv_wnd rcv_up rcv_adv mss_bytes peer_mss_bytes "
    "advertised_mss_bytes path_mtu_bytes send_scale receive_scale timestamps sack "
    "window_scaling ecn ecn_seen ts_recent srtt_us rttvar_us minimum_rtt_us rto_ms backoff "
    "probes retransmissions_in_a_row cwnd_bytes ssthresh_bytes recovery recover_point "
    "segments_out segments_sacked segments_lost segments_retransmitted reordering_segments "
    "total_retransmissions delivered_segments duplicate_sacks receive_queue_bytes "
    "unaccepted_reassembly_bytes reassembly_pieces send_queue_bytes unsent_bytes "
    "last_data_received_ms last_data_sent_ms last_ack_received_ms busy_us window_limited_us "
    "buffer_limited_us timer timer_in_ms challenge_acks_sent conversation";

TEST(Admin, StatusHasEveryFieldOfTheProtocolOnce) {
    std::istringstream words{std::string{status_fields}};
    const std::set<std::string> wanted{std::istream_iterator<std::string>{words}, {}};
    Connected it;
    const Json answer = it.rig.must(it.rig.ours, about("status", it.ours));
    std::set<std::string> found;
    for (const auto& [name, value] : answer["conversations"].at(0).items()) {
        EXPECT_TRUE(found.insert(name).second) << name;
        EXPECT_FALSE(value.is_object() || value.is_array()) << name;
    }
    EXPECT_EQ(found, wanted);
}

TEST(Admin, StatusOfEverythingTellsListenersOnceAndServicesToo) {
    Connected it;
    it.rig.must(it.rig.peer, active(std::string{our_address} + ":7", R"(,"wait":true)"));
    const Json all = it.rig.must(it.rig.ours, R"({"call":"status"})")["conversations"];
    std::multiset<std::string> seen;
    for (const Json& one : all)
        seen.insert(one["state"].get<std::string>() + " " + one["local"].get<std::string>());
    EXPECT_EQ(seen,
              (std::multiset<std::string>{"LISTEN 198.18.0.2:5000", "ESTABLISHED 198.18.0.2:5000",
                                          "ESTABLISHED 198.18.0.2:7"}));
    const Json some = it.rig.must(it.rig.ours, R"({"call":"status","port":7,"tag":"x"})");
    EXPECT_EQ(some["conversations"].size(), 1U);
    EXPECT_EQ(some["tag"], "x") << "also where the answer goes out in pieces";
    EXPECT_FALSE(some["conversations"].at(0).contains("conversation")) << "it has no handle";
}

TEST(Admin, AListenerIsAtEveryWorkerAndAcceptsFromAny) {
    Rig rig;
    const Json listener = rig.must(rig.ours, passive(our_address, 5000))["listener"];
    std::set<Json> accepted;
    for (int i = 0; i < 16; ++i)
        rig.must(rig.peer, active(std::string{our_address} + ":5000", R"(,"wait":true)"));
    rig.pass_ms(60);
    EXPECT_EQ(rig.ours.established(), 16U);
    for (int i = 0; i < 16; ++i)
        accepted.insert(rig.must(
            rig.ours, about("accept", listener, R"(,"timeout_ms":0)", "listener"))["conversation"]);
    EXPECT_EQ(accepted.size(), 16U);
    const Json none =
        rig.ask(rig.ours, about("accept", listener, R"(,"timeout_ms":0)", "listener"));
    EXPECT_EQ(none["error"], "would-block");
}

TEST(Admin, AcceptWaitsForWhicheverWorkerIsAskedFirst) {
    Rig rig;
    const Json listener = rig.must(rig.ours, passive(our_address, 5000))["listener"];
    for (int i = 0; i < 6; ++i) {
        rig.begin(rig.ours, about("accept", listener, "", "listener"), 16);
        rig.pass_ms(5);
        EXPECT_TRUE(rig.answer(rig.ours, 16).is_null());
        rig.must(rig.peer, active(std::string{our_address} + ":5000", R"(,"wait":true)"));
        rig.pass_ms(5);
        EXPECT_EQ(rig.answer(rig.ours, 16)["ok"], true);
    }
}

TEST(Admin, AnActiveOpenTakesAPortOfItsWorker) {
    Rig rig;
    const Json listener = rig.must(rig.peer, passive(peer_address, 6000))["listener"];
    std::set<std::string> locals;
    for (int i = 0; i < 16; ++i) {
        const Json made = rig.must(rig.ours, active(std::string{peer_address} + ":6000",
                                                    R"(,"wait":true,"timeout_ms":100)"));
        locals.insert(made["local"].get<std::string>());
        rig.must(rig.ours, send_of(made["conversation"], "x"));
    }
    EXPECT_EQ(locals.size(), 16U);
    rig.pass_ms(60);
    EXPECT_EQ(rig.ours.established(), 16U);
}

TEST(Admin, AnActiveOpenOfAGivenPortGoesToItsOwner) {
    Rig rig;
    rig.must(rig.peer, passive(peer_address, 6000));
    for (int port = 30000; port < 30010; ++port) {
        const std::string local = std::string{our_address} + ":" + std::to_string(port);
        const Json made = rig.must(rig.ours, R"({"call":"open","active":{"local":")" + local +
                                                 R"(","remote":"198.18.0.1:6000"},"wait":true})");
        EXPECT_EQ(made["local"], local);
    }
}

TEST(Admin, ARefusedOpenSaysSo) {
    Rig rig;
    const Json refused =
        rig.ask(rig.ours, active(std::string{peer_address} + ":81", R"(,"wait":true)"));
    EXPECT_EQ(refused["error"], "refused");
    EXPECT_EQ(rig.ours.calls->handles(), 0U);
    const Json made = rig.must(rig.ours, active(std::string{peer_address} + ":81"));
    const Json closed =
        rig.must(rig.ours, about("wait", made["conversation"], R"(,"for":["writable"])"));
    EXPECT_EQ(closed["ready"], Json::parse(R"(["closed","error"])"));
    const std::string get = about("get", made["conversation"], R"(,"options":["error"])");
    EXPECT_EQ(rig.must(rig.ours, get)["options"]["error"], "refused");
    EXPECT_EQ(rig.must(rig.ours, get)["options"]["error"], nullptr) << "it is taken";
}

TEST(Admin, AnOpenThatFindsNobodyStaysWhenItsTimeRunsOut) {
    Rig rig;
    const Json late =
        rig.ask(rig.ours, active("198.18.0.77:80", R"(,"wait":true,"timeout_ms":20)"));
    EXPECT_EQ(late["error"], "would-block");
    const Json status = rig.must(rig.ours, about("status", late["conversation"]));
    EXPECT_EQ(status["conversations"].at(0)["state"], "SYN-SENT");
}

TEST(Admin, AListenerThatIsThereIsInUse) {
    Rig rig;
    const Json first = rig.must(rig.ours, passive(our_address, 5000));
    EXPECT_EQ(first["local"], "198.18.0.2:5000");
    EXPECT_EQ(rig.ask(rig.ours, passive(our_address, 5000))["error"], "address-in-use");
    rig.must(rig.ours, about("close", first["listener"], "", "listener"));
    const Json again = rig.must(rig.ours, passive(our_address, 5000));
    EXPECT_GT(again["listener"].get<int>(), first["listener"].get<int>()) << "never used again";
}

TEST(Admin, AWaitingCallHoldsUpItsOwnClientOnly) {
    Connected it;
    Rig& rig = it.rig;
    rig.begin(rig.ours, about("receive", it.ours), 17);
    rig.pass_ms(10);
    EXPECT_TRUE(rig.answer(rig.ours, 17).is_null());
    EXPECT_EQ(it.status(rig.ours, it.ours)["state"], "ESTABLISHED");
    rig.must(rig.peer, send_of(it.peers, "now"));
    rig.pass_ms(1);
    EXPECT_EQ(rig.answer(rig.ours, 17)["text"], base64_of("now"));
}

TEST(Admin, TimeRunsOut) {
    Connected it;
    Rig& rig = it.rig;
    rig.begin(rig.ours, about("receive", it.ours, R"(,"timeout_ms":20)"), 17);
    rig.begin(rig.ours, about("wait", it.ours, R"(,"timeout_ms":20,"for":["readable"])"), 18);
    rig.begin(rig.ours, about("accept", it.listener, R"(,"timeout_ms":0)", "listener"), 19);
    rig.pass_ms(15);
    EXPECT_TRUE(rig.answer(rig.ours, 17).is_null());
    EXPECT_EQ(rig.answer(rig.ours, 19)["error"], "would-block");
    rig.pass_ms(10);
    EXPECT_EQ(rig.answer(rig.ours, 17)["error"], "would-block");
    EXPECT_EQ(rig.answer(rig.ours, 18)["ready"], Json::array());
}

TEST(Admin, WaitTellsWhatIsReady) {
    Connected it;
    Rig& rig = it.rig;
    const std::string all = R"(,"for":["readable","writable","end","closed"])";
    EXPECT_EQ(rig.must(rig.ours, about("wait", it.ours, all))["ready"],
              Json::parse(R"(["writable"])"));
    rig.must(rig.peer, send_of(it.peers, "x"));
    rig.must(rig.peer, about("shutdown", it.peers));
    EXPECT_EQ(rig.must(rig.ours, about("wait", it.ours, R"(,"for":["end"])"))["ready"],
              Json::parse(R"(["end"])"));
    EXPECT_EQ(rig.must(rig.ours, about("wait", it.ours, all))["ready"],
              Json::parse(R"(["readable","writable","end"])"));
    rig.begin(rig.ours, about("wait", it.listener, R"(,"for":["acceptable"])", "listener"), 17);
    rig.must(rig.peer, active("198.18.0.2:5000", R"(,"wait":true)"));
    rig.pass_ms(2);
    EXPECT_EQ(rig.answer(rig.ours, 17)["ready"], Json::parse(R"(["acceptable"])"));
}

TEST(Admin, PeekAndRelease) {  // RFC 9293 section 3.9.1.3
    Connected it;
    Rig& rig = it.rig;
    rig.must(rig.peer, send_of(it.peers, "hello"));
    rig.pass_ms(2);
    const std::uint32_t window = it.status(rig.ours, it.ours)["rcv_wnd"];
    EXPECT_EQ(rig.must(rig.ours, about("receive", it.ours, R"(,"peek":true)"))["text"],
              base64_of("hello"));
    EXPECT_EQ(rig.must(rig.ours, about("receive", it.ours, R"(,"most":2,"release":false)"))["text"],
              base64_of("he"));
    EXPECT_EQ(it.status(rig.ours, it.ours)["rcv_wnd"], window);
    rig.must(rig.ours, about("release", it.ours, R"(,"count":2)"));
    EXPECT_EQ(it.error(rig.ours, about("release", it.ours, R"(,"count":1)")), "bad-request");
    EXPECT_EQ(it.received(rig.ours, it.ours), "llo");
}

}  // namespace
}  // namespace terminus::control
