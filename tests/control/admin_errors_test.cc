/// Whatever is wrong with a line is `bad-request`, or names what is not there, and nothing of it is
/// done.
#include "admin_rig.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace terminus::control {
namespace {

struct Wrong {
    const char* line;
    const char* error = "bad-request";
};

constexpr Wrong lines[] = {
    // No call at all.
    {""},
    {" "},
    {"x"},
    {"{"},
    {"}"},
    {"{}"},
    {"[]"},
    {"null"},
    {"1"},
    {"\"open\""},
    {"{}{}"},
    {R"({"call":null})"},
    {R"({"call":1})"},
    {R"({"call":""})"},
    {R"({"call":"fly"})"},
    {R"({"call":"OPEN"})"},
    {R"({"Call":"reset"})"},
    {R"({"call":"reset",})"},
    {R"({'call':'reset'})"},
    {"{\"call\":\"reset\",\"tag\":\"\xff\"}"},
    // The tag.
    {R"({"call":"status","tag":1})"},
    {R"({"call":"status","tag":null})"},
    {R"({"call":"status","tag":["a"]})"},
    // Unknown fields, at every level.
    {R"({"call":"reset","more":true})"},
    {R"({"call":"reset","Segments":true})"},
    {R"({"call":"status","conversation":1,"x":1})"},
    {R"({"call":"open","passive":{"port":5000,"ports":1}})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:7","x":0}})"},
    {R"({"call":"open","passive":{"port":5000},"options":{"nagel":true}})"},
    {R"({"call":"open","passive":{"port":5000},"options":{"error":null}})"},
    // open
    {R"({"call":"open"})"},
    {R"({"call":"open","passive":{}})"},
    {R"({"call":"open","passive":{"port":5000},"active":{"remote":"198.18.0.1:7"}})"},
    {R"({"call":"open","passive":null})"},
    {R"({"call":"open","passive":[]})"},
    {R"({"call":"open","passive":{"port":0}})"},
    {R"({"call":"open","passive":{"port":65536}})"},
    {R"({"call":"open","passive":{"port":"5000"}})"},
    {R"({"call":"open","passive":{"port":-1}})"},
    {R"({"call":"open","passive":{"port":5000.5}})"},
    {R"({"call":"open","passive":{"address":"198.18.0","port":5000}})"},
    {R"({"call":"open","passive":{"address":1,"port":5000}})"},
    {R"({"call":"open","passive":{"port":5000,"backlog":-1}})"},
    {R"({"call":"open","passive":{"port":5000,"backlog":"5"}})"},
    {R"({"call":"open","passive":{"port":5000,"remote":"198.18.0.1"}})"},
    {R"({"call":"open","passive":{"port":5000},"wait":true})"},
    {R"({"call":"open","passive":{"port":5000},"options":[]})"},
    {R"({"call":"open","passive":{"port":5000},"options":{"nagle":1}})"},
    {R"({"call":"open","passive":{"port":5000},"protocol":"sctp"})"},
    {R"({"call":"open","active":{}})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1"}})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:0"}})"},
    {R"({"call":"open","active":{"remote":"0.0.0.0:7"}})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:7","local":"198.18.0.2"}})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:7","local":"[2001:db8:18::2]:0"}})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:7"},"wait":1})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:7"},"timeout_ms":-1})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:7"},"timeout_ms":"1"})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:7"},"timeout_ms":null})"},
    {R"({"call":"open","active":{"remote":"198.18.0.1:7","local":"203.0.113.9:0"}})",
     "address-not-ours"},
    // Handles.
    {R"({"call":"accept"})"},
    {R"({"call":"accept","listener":"1"})"},
    {R"({"call":"accept","conversation":1})"},
    {R"({"call":"accept","listener":1})", "no-such-conversation"},
    {R"({"call":"send","conversation":1,"text":""})", "no-such-conversation"},
    {R"({"call":"receive","conversation":0})", "no-such-conversation"},
    {R"({"call":"receive","conversation":18446744073709551615})", "no-such-conversation"},
    {R"({"call":"receive","conversation":18446744073709551616})"},
    {R"({"call":"receive","conversation":-1})"},
    {R"({"call":"receive","conversation":1.0})"},
    {R"({"call":"close"})"},
    {R"({"call":"close","conversation":1,"listener":1})"},
    {R"({"call":"close","listener":7})", "no-such-conversation"},
    {R"({"call":"abort","conversation":7})", "no-such-conversation"},
    {R"({"call":"shutdown","conversation":7})", "no-such-conversation"},
    {R"({"call":"release","conversation":7,"count":1})", "no-such-conversation"},
    {R"({"call":"wait","conversation":7,"for":[]})", "no-such-conversation"},
    {R"({"call":"status","conversation":7})", "no-such-conversation"},
    {R"({"call":"set","conversation":7,"options":{}})", "no-such-conversation"},
    {R"({"call":"get","conversation":7,"options":[]})", "no-such-conversation"},
    // A bad request goes before a handle that names nothing.
    {R"({"call":"send","conversation":1})"},
    {R"({"call":"send","conversation":1,"text":1})"},
    {R"({"call":"send","conversation":1,"text":"a"})"},
    {R"({"call":"send","conversation":1,"text":"aGVsbG8"})"},
    {R"({"call":"send","conversation":1,"text":"","more":"yes"})"},
    {R"({"call":"send","conversation":1,"text":"","urgent":1})"},
    {R"({"call":"send","conversation":1,"text":"","remote":"198.18.0.1"})"},
    {R"({"call":"receive","conversation":1,"most":0})"},
    {R"({"call":"receive","conversation":1,"most":-5})"},
    {R"({"call":"receive","conversation":1,"peek":1})"},
    {R"({"call":"receive","conversation":1,"release":null})"},
    {R"({"call":"release","conversation":1})"},
    {R"({"call":"release","conversation":1,"count":-1})"},
    {R"({"call":"release","conversation":1,"count":4294967296})"},
    {R"({"call":"shutdown","conversation":1,"half":"write"})"},
    {R"({"call":"shutdown","conversation":1,"half":2})"},
    {R"({"call":"wait"})"},
    {R"({"call":"wait","conversation":1,"for":"readable"})"},
    {R"({"call":"wait","conversation":1,"for":["reading"]})"},
    {R"({"call":"wait","conversation":1,"for":["acceptable"]})"},
    {R"({"call":"wait","listener":1,"for":["readable"]})"},
    {R"({"call":"wait","conversation":1,"for":[1]})"},
    {R"({"call":"status","port":65536})"},
    {R"({"call":"status","port":"80"})"},
    {R"({"call":"set"})"},
    {R"({"call":"set","options":null})"},
    {R"({"call":"set","options":["nagle"]})"},
    {R"({"call":"set","options":{"nagle":null}})"},
    {R"({"call":"set","options":{"error":null}})"},
    {R"({"call":"get"})"},
    {R"({"call":"get","options":{}})"},
    {R"({"call":"get","options":["nagel"]})"},
    {R"({"call":"get","options":[1]})"},
    {R"({"call":"reset","segments":1})"},
    {R"({"call":"clock","advance_us":0})"},
    {R"({"call":"clock","advance_us":1000})"},
};

TEST(AdminErrors, EveryWrongLineIsAnsweredAndDoesNothing) {
    Rig rig;
    const Json before = rig.must(rig.ours, R"({"call":"status"})");
    for (const auto& [line, error] : lines) {
        const Json answer = rig.ask(rig.ours, line);
        EXPECT_EQ(answer.value("ok", true), false) << line;
        EXPECT_EQ(answer.value("error", "none"), error) << line << " -> " << answer.dump();
    }
    EXPECT_EQ(rig.ours.calls->handles(), 0U);
    EXPECT_EQ(rig.must(rig.ours, R"({"call":"status"})"), before);
}

TEST(AdminErrors, AWrongOptionLeavesTheRightOnesUnset) {
    Rig rig;
    const std::string get = R"({"call":"get","options":["nagle","time_wait_ms"]})";
    const Json before = rig.must(rig.ours, get);
    const std::string set =
        R"({"call":"set","options":{"nagle":false,"time_wait_ms":-1},"tag":"kept"})";
    EXPECT_EQ(rig.ask(rig.ours, set)["tag"], "kept");
    EXPECT_EQ(rig.must(rig.ours, get), before);
}

TEST(AdminErrors, KindsOfHandlesAreNotMixed) {
    Rig rig;
    const std::string number =
        rig.must(rig.ours, R"({"call":"open","passive":{"port":5000}})")["listener"].dump();
    EXPECT_EQ(rig.ask(rig.ours, R"({"call":"receive","conversation":)" + number + "}")["error"],
              "no-such-conversation");
    const Json datagrams =
        rig.must(rig.ours, R"({"call":"open","protocol":"udp","passive":{"port":5000}})");
    const std::string udp = datagrams["conversation"].dump();
    EXPECT_EQ(rig.ask(rig.ours, R"({"call":"accept","listener":)" + udp + "}")["error"],
              "no-such-conversation");
    EXPECT_EQ(rig.ask(rig.ours, R"({"call":"shutdown","conversation":)" + udp + "}")["error"],
              "bad-request");
}

TEST(AdminErrors, DeepNestingIsNotRead) {
    Rig rig;
    EXPECT_EQ(rig.ask(rig.ours, std::string(1 << 20, '['))["error"], "bad-request");
    std::string deep = R"({"call":"status","tag":)";
    for (int i = 0; i < 100'000; ++i)
        deep += "{\"a\":";
    EXPECT_EQ(rig.ask(rig.ours, deep)["error"], "bad-request");
    EXPECT_EQ(rig.ask(rig.ours, R"({"call":"status","tag":"[[[[[[[[[[[[[[[[[[[[\"{{{"})")["ok"],
              true)
        << "brackets in a string nest nothing";
}

/// Good lines, broken in all ways that a byte can break them: each is answered once, as JSON.
TEST(AdminErrors, AnyLineIsAnsweredOnce) {
    Rig rig{1};
    const std::string good[] = {
        R"({"call":"open","passive":{"address":"198.18.0.2","port":5000,"backlog":5},"tag":"x"})",
        R"({"call":"open","active":{"remote":"[2001:db8:18::1]:7"},"options":{"mss_bytes":1000}})",
        R"({"call":"send","conversation":1,"text":"aGVsbG8=","timeout_ms":0})",
        R"({"call":"wait","conversation":1,"for":["readable"],"timeout_ms":0})",
        R"({"call":"set","options":{"nagle":true,"linger_ms":null,"syn_cookies":"auto"}})",
        R"({"call":"status","port":5000})"};
    std::mt19937 random{20261121};
    for (int round = 0; round < 4000; ++round) {
        std::string line = good[random() % std::size(good)];
        for (std::size_t change = 1 + random() % 3; change > 0; --change) {
            const std::size_t at = random() % line.size();
            switch (random() % 4) {
                case 0: line[at] = static_cast<char>(random()); break;
                case 1: line.erase(at, 1 + random() % 5); break;
                case 2: line.insert(at, 1, "{}[]\",:0-9e.\\"[random() % 13]); break;
                default: line.insert(at, line.substr(random() % line.size(), 8)); break;
            }
            if (line.empty()) line = " ";
        }
        std::erase(line, '\n');
        const Json answer = rig.ask(rig.ours, line);
        ASSERT_TRUE(answer.contains("ok")) << line;
        if (round % 100 == 0) (void)rig.ask(rig.ours, R"({"call":"reset"})");
    }
}

}  // namespace
}  // namespace terminus::control
