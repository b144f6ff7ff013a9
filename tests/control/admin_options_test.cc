/// Every option of the protocol: its name, its types, its range, and that it reads back as it was
/// written.
#include "control/admin_options.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace terminus::control {
namespace {

struct Accepts {
    const char* name;
    std::vector<const char*> good, bad;
};
class Options : public testing::TestWithParam<Accepts> {};

TEST_P(Options, ReadBackAsWritten) {
    const Option* option = option_named(GetParam().name);
    ASSERT_NE(option, nullptr) << GetParam().name;
    for (const char* good : GetParam().good) {
        tcp::Settings settings;
        EXPECT_TRUE(option->read(Json::parse(good), settings)) << good;
        EXPECT_EQ(option->write(settings), Json::parse(good));
    }
}

TEST_P(Options, RefuseWhatTheyCannotBe) {
    const Option* option = option_named(GetParam().name);
    ASSERT_NE(option, nullptr) << GetParam().name;
    auto bad = GetParam().bad;
    bad.insert(bad.end(), {"[]", "{}", "\"\"", "-1", "1.5", "99999999999"});
    for (const char* value : bad) {
        tcp::Settings settings;
        const Json before = option->write(settings);
        EXPECT_FALSE(option->read(Json::parse(value), settings)) << value;
        EXPECT_EQ(option->write(settings), before) << value;
    }
}

const std::vector<const char*> flags{"true", "false"}, no_flags{"null", "0", "1", "\"true\""};

const Accepts all[] = {
    {"nagle", flags, no_flags},
    {"keepalive", flags, no_flags},
    {"keepalive_idle_ms", {"1", "7200000"}, {"0", "null", "true"}},
    {"keepalive_interval_ms", {"1", "75000"}, {"0", "null"}},
    {"keepalive_count", {"1", "9", "15"}, {"0", "16", "null"}},
    {"user_timeout_ms", {"null", "1", "30000"}, {"0", "true"}},
    {"linger_ms", {"null", "0", "5000"}, {"true"}},
    {"mss_bytes", {"null", "28", "536", "1460", "65535"}, {"0", "27", "65536"}},
    {"receive_buffer_bytes", {"1", "65536", "1073725440"}, {"0", "null", "1073725441"}},
    {"receive_window_bytes", {"null", "0", "1000"}, {"1073725441"}},
    {"send_buffer_bytes", {"1", "65536"}, {"0", "null"}},
    {"congestion_control", {"\"cubic\"", "\"newreno\""}, {"\"reno\"", "\"CUBIC\"", "1", "null"}},
    {"time_wait_ms", {"0", "60000"}, {"null"}},
    {"fin_wait_2_ms", {"0", "60000"}, {"null"}},
    {"syn_retries", {"null", "0", "6"}, {"256"}},
    {"syn_ack_retries", {"0", "5"}, {"256", "null"}},
    {"retries", {"null", "0", "15"}, {"256"}},
    {"deferred_accept_ms", {"0", "3000"}, {"null"}},
    {"delayed_ack", flags, no_flags},
    {"delayed_ack_ms", {"0", "40", "500"}, {"501", "null"}},
    {"delayed_ack_from_start", flags, no_flags},
    {"unsent_low_water_bytes", {"null", "0", "16384"}, {"true"}},
    {"traffic_class", {"0", "184", "255"}, {"256", "null"}},
    {"hop_limit", {"1", "64", "255"}, {"0", "256", "null"}},
    {"timestamps", flags, no_flags},
    {"sack", flags, no_flags},
    {"window_scaling", flags, no_flags},
    {"send_scale", {"0", "7", "14"}, {"15", "null"}},
    {"ecn", {"true", "false", "null"}, {"0", "\"on\""}},
    {"initial_window_segments", {"1", "10"}, {"0", "11", "null"}},
    {"initial_rto_ms", {"1", "1000"}, {"0", "60001", "null"}},
    {"minimum_rto_ms", {"1", "200"}, {"0", "60001", "null"}},
    {"tail_loss_probe", flags, no_flags},
    {"slow_start_after_idle", flags, no_flags},
    {"syn_cookies", {"\"auto\"", "\"always\"", "\"never\""}, {"true", "null", "\"on\""}},
    {"challenge_acks_per_second", {"0", "10"}, {"null"}},
    {"challenge_ack_interval_ms", {"0", "500"}, {"null"}},
    {"path_mtu_discovery", flags, no_flags},
    {"path_mtu_probing", flags, no_flags},
    {"quiet_time_ms", {"0", "120000"}, {"null"}},
    {"report_errors", flags, no_flags},
};
INSTANTIATE_TEST_SUITE_P(All, Options, testing::ValuesIn(all),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST(OptionTable, IsWhatIsTestedHere) {
    std::set<std::string_view> tested;
    for (const Accepts& one : all)
        tested.insert(one.name);
    for (const Option& option : options())
        EXPECT_TRUE(tested.contains(option.name)) << option.name;
    EXPECT_EQ(options().size(), tested.size());
    EXPECT_EQ(option_named("error"), nullptr) << "get knows it, set does not";
    EXPECT_EQ(option_named(""), nullptr);
}

}  // namespace
}  // namespace terminus::control
