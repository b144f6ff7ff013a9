/// The configuration: defaults, every kind of error with its place, and what follows from other
/// keys.
#include "control/config.h"

#include "config_text.h"
#include "control/plan.h"

#include <gtest/gtest.h>

namespace terminus::control {
namespace {

/// The message for a text that must be refused.
std::string refusal(const std::string& text) {
    try {
        (void)parse_config(text, "t.toml");
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Config, NeedsOnlyAnInterface) {
    const Config config = parse_config(least, "t.toml");
    EXPECT_EQ(config.appliance.workers, 1U);
    EXPECT_EQ(config.appliance.flows, 1'000'000U);
    EXPECT_EQ(config.appliance.huge_pages, HugePages::automatic);
    EXPECT_EQ(config.appliance.idle, Idle::automatic);
    EXPECT_EQ(config.appliance.table_full, TableFull::evict_time_wait);
    EXPECT_EQ(config.appliance.drain_seconds, 5U);
    EXPECT_EQ(config.metrics.listen, "127.0.0.1:9464");
    EXPECT_EQ(config.log.level, LogLevel::info);
    EXPECT_EQ(config.tcp.rto_initial_ms, 1000U);
    EXPECT_EQ(config.icmp.errors_per_second, 1000U);
    ASSERT_EQ(config.interfaces.size(), 1U);
    EXPECT_EQ(config.interfaces[0].mtu_bytes, 1500);
    EXPECT_TRUE(config.rules.empty());
}

TEST(Config, ReadsTheExampleOfTheContract) {
    const Config config = parse_config(contract, "t.toml");
    EXPECT_EQ(config.appliance.cpus, (std::vector<std::uint32_t>{0, 1}));
    const InterfaceConfig& interface = config.interfaces.at(0);
    EXPECT_EQ(interface.device, "net_tap0,iface=terminus0");
    EXPECT_EQ(to_string(interface.addresses.at(1).address), "2001:db8:18::2");
    EXPECT_EQ(interface.addresses.at(1).prefix_length, 64);
    EXPECT_EQ(to_string(interface.prefixes.at(0)), "198.18.1.0/24");
    EXPECT_EQ(to_string(interface.gateways.at(0)), "198.18.0.1");
    const RuleConfig& rule = config.rules.at(0);
    EXPECT_EQ(rule.name, "web");
    EXPECT_EQ(rule.protocol, RuleProtocol::tcp);
    EXPECT_EQ(rule.ports, (std::vector<PortRange>{{80, 80}, {8000, 8099}}));
    EXPECT_EQ(rule.service, "http");
    EXPECT_EQ(config.services.at(0).body_bytes, 1024U);
}

TEST(Config, ReadsWhatTcpOffers) {
    const Config config =
        parse_config(std::string{least} +
                         "[tcp]\ntimestamps = false\nsack = false\nwindow_scaling = false\n"
                         "ecn = \"on\"\ntraffic_class = 40\nhop_limit = 7\n"
                         "mss_ceilings = [{prefix = \"10.1.2.3/8\", bytes = 1200},\n"
                         "    {bytes = 1300, prefix = \"2001:db8::1\"}]\n",
                     "t.toml");
    const TcpConfig& tcp = config.tcp;
    EXPECT_FALSE(tcp.timestamps || tcp.sack || tcp.window_scaling);
    EXPECT_EQ(tcp.ecn, tcp::Ecn::on);
    EXPECT_EQ(tcp.traffic_class, 40);
    EXPECT_EQ(tcp.hop_limit, 7);
    EXPECT_EQ(tcp.mss_ceilings,
              (std::vector<MssCeiling>{{*parse_prefix("10.0.0.0/8"), 1200},
                                       {*parse_prefix("2001:db8::1/128"), 1300}}));
    EXPECT_EQ(make_plan(config).stack.mss_ceilings, tcp.mss_ceilings);
}

TEST(Config, NamesRulesAndChoosesCodesAndPing) {
    const Config config = parse_config(std::string{least} + R"(
[[rule]]
protocol = "icmp-echo"
action = "serve"
[[rule]]
protocol = "udp"
action = "unreachable"
[[rule]]
protocol = "other"
action = "unreachable"
[[rule]]
protocol = "any"
action = "unreachable"
)",
                                       "t.toml");
    EXPECT_EQ(config.rules.at(0).service, "ping");
    EXPECT_EQ(config.rules.at(1).name, "rule-2");
    EXPECT_EQ(config.rules.at(1).code, Unreachable::port);
    EXPECT_EQ(config.rules.at(2).code, Unreachable::protocol);
    EXPECT_EQ(config.rules.at(3).code, Unreachable::admin);
}

TEST(Config, KnowsServicesByTableAndByBuiltInName) {
    const Config config =
        parse_config(std::string{least} + "[service.page]\nkind = \"http\"\n", "t");
    EXPECT_EQ(kind_of(config, "page"), ServiceKind::http);
    EXPECT_EQ(kind_of(config, "chargen"), ServiceKind::chargen);
    EXPECT_EQ(kind_of(config, "gopher"), std::nullopt);
}

TEST(Config, TellsTwoTextsApartByTheirHash) {
    EXPECT_NE(parse_config(least, "t").hash, parse_config(contract, "t").hash);
    EXPECT_EQ(parse_config(least, "t").hash, parse_config(least, "t").hash);
}

TEST(Config, SaysThatAFileCannotBeRead) {
    EXPECT_THROW((void)read_config("/nonexistent/terminus.toml"), StartError);
    EXPECT_THROW((void)read_config("/"), StartError);
}

/// A text added to `base`, and the whole line that refuses it.
struct Wrong {
    const char* name;
    const char* base;
    const char* more;
    const char* message;
};
class ConfigRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(ConfigRefuses, WithPlaceAndRemedy) {
    EXPECT_EQ(refusal(std::string{GetParam().base} + GetParam().more), GetParam().message);
}

// `least` ends after line 3, so that what is added begins in line 4; `rule` adds two lines to it.
INSTANTIATE_TEST_SUITE_P(
    Form, ConfigRefuses,
    testing::Values(
        Wrong{"NotToml", "", "[appliance\n",
              "t.toml:1: not TOML: Error while parsing table header: expected ']', saw '\\n'; see "
              "https://toml.io for the syntax"},
        Wrong{"UnknownTable", least, "[aplliance]\nflows = 1\n",
              "t.toml:4: [aplliance]: unknown table; did you mean \"appliance\"?"},
        Wrong{"KeyOfNoTable", "flows = 1\n", "",
              "t.toml:1: [flows]: a key of no table; write it below [appliance]"},
        Wrong{"UnknownKey", least, "[appliance]\nworkers = 1\nflow = 5\n",
              "t.toml:6: [appliance].flow: unknown key; did you mean \"flows\"?"},
        Wrong{"UnknownKeyFarFromAll", least, "[log]\n\"a b\" = 5\n",
              "t.toml:5: [log].\"a b\": unknown key; known here: level"},
        Wrong{"WrongType", least, "[appliance]\nworkers = \"two\"\n",
              "t.toml:5: [appliance].workers: is text; write an integer from 1 to 64"},
        Wrong{"OutOfRange", least, "[appliance]\nworkers = 65\n",
              "t.toml:5: [appliance].workers: 65 is out of range; write an integer from 1 to 64"},
        Wrong{"BeyondTheType", least, "[tcp]\nsyn_ack_retries = -1\n",
              "t.toml:5: [tcp].syn_ack_retries: -1 is out of range; write an integer from 0 to 15"},
        Wrong{"NoSuchChoice", least, "[appliance]\nidle = \"pol\"\n",
              "t.toml:5: [appliance].idle: \"pol\" is none of its values; did you mean \"poll\"? "
              "write "
              "\"auto\" | \"poll\" | \"sleep\""},
        Wrong{"TableInsteadOfArray", least, "[rule]\naction = \"drop\"\n",
              "t.toml:4: [rule]: has the wrong form; write each as [[rule]]"},
        Wrong{"ValueInsteadOfTable", "tcp = 4\n", "",
              "t.toml:1: [tcp]: has the wrong form; write it as a table: [tcp]"},
        Wrong{"ServiceWithoutName", least, "[service]\nkind = \"http\"\n",
              "t.toml:5: [service.kind]: has the wrong form; write each as [service.NAME]"},
        Wrong{"ControlCharacter", least, "[[rule]]\nname = \"a\\nb\"\n",
              "t.toml:5: [rule].name: holds a control character; write plain text"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace terminus::control
