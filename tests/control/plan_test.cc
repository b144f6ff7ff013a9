/// The plan: shares, memory, devices, and what `terminus check` prints.
#include "control/plan.h"

#include "config_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace terminus::control {
namespace {

Plan plan_of(const std::string& text) { return make_plan(parse_config(text, "t.toml")); }

TEST(Share, IsEverythingForOneWorkerAndASixteenthMoreForEachOfSeveral) {
    EXPECT_EQ(share_of(1000, 1), 1000U);
    EXPECT_EQ(share_of(1600, 2), 850U);
    EXPECT_EQ(share_of(1600, 4), 425U);
    EXPECT_EQ(share_of(1, 4), 1U);
}

TEST(Plan, GivesAWorkerItsShareOfTheAppliancesLimits) {
    const Plan plan =
        plan_of(std::string{least} +
                "[appliance]\nworkers = 2\nflows = 160_000\n[tcp]\nbusy_flows = 1600\n"
                "[icmp]\nerrors_per_second = 100\nper_destination_per_second = 0\n");
    EXPECT_EQ(plan.stack.workers, 2);
    EXPECT_EQ(plan.stack.flows, 85'000U);
    EXPECT_EQ(plan.stack.ip6_flows, 21'250U);
    EXPECT_EQ(plan.stack.busy_flows, 850U);
    EXPECT_EQ(plan.stack.half_open_flows, 21'250U);
    EXPECT_EQ(plan.stack.blocks, 85'000U * 64 / 256);
    EXPECT_EQ(plan.stack.icmp.errors_per_second, 50U);
    EXPECT_EQ(plan.stack.icmp.per_destination_per_second, 0U);
}

TEST(Plan, LeavesSmallAppliancesRoomForText) {
    EXPECT_EQ(plan_of(std::string{least} + "[appliance]\nflows = 100\n").stack.blocks, 16'384U);
}

TEST(Plan, CountsTheMemoryThatTheStackNeeds) {
    const Plan plan = plan_of(least);
    EXPECT_EQ(plan.table_bytes_per_worker, Stack::bytes_needed(plan.stack));
    EXPECT_EQ(plan.total_bytes(), plan.table_bytes() + plan.frame_bytes);
    EXPECT_EQ(plan.frame_bytes, plan.eal.memory_mib << 20);
}

TEST(Plan, OpensADeviceOnceForAllItsVlans) {
    const Plan plan =
        plan_of(std::string{least} +
                "vlan = 2\n[[interface]]\ndevice = \"net_null0\"\nvlan = 3\nmtu = 2000\n"
                "addresses = [\"10.0.0.1/8\"]\n"
                "[[interface]]\ndevice = \"0000:03:00.0\"\naddresses = [\"11.0.0.1/8\"]\n");
    ASSERT_EQ(plan.devices.size(), 2U);
    EXPECT_EQ(plan.devices[0].mtu_bytes, 2000);
    EXPECT_EQ(plan.devices[1].lane, 1);
    EXPECT_EQ(plan.stack.interfaces[1].lane, 0);
    EXPECT_EQ(plan.stack.interfaces[1].vlan, 3);
    EXPECT_EQ(plan.stack.interfaces[2].lane, 1);
    EXPECT_EQ(plan.eal.pci_devices, std::vector<std::string>{"0000:03:00.0"});
    EXPECT_EQ(plan.mtu_bytes, 2000);
}

TEST(Plan, ReceivesTheGroupsOfItsAddresses) {
    const Plan plan = plan_of(least);
    const std::vector<Mac> groups = plan.devices[0].groups;
    EXPECT_NE(std::ranges::find(groups, *parse_mac("33:33:00:00:00:01")), groups.end());
    EXPECT_NE(std::ranges::find(groups, *parse_mac("33:33:ff:00:00:02")), groups.end());
}

TEST(Plan, ReceivesAllMulticastForIp6PrefixesThatAreOnLink) {
    const std::string routed = "prefixes = [\"2001:db8:99::/64\", \"198.18.0.64/26\"]\n";
    const std::string on_link = "prefixes = [\"2001:db8:18::8000/113\"]\n";
    EXPECT_FALSE(plan_of(least + routed).devices[0].all_multicast);
    EXPECT_TRUE(plan_of(least + on_link).devices[0].all_multicast);
}

TEST(Plan, UsesTsoWhereNobodyForbidsIt) {
    EXPECT_TRUE(plan_of(least).devices[0].tso);
    EXPECT_FALSE(plan_of(std::string{least} + "tso = false\n").devices[0].tso);
}

TEST(PlanReport, TellsPeopleAndMachinesTheSame) {
    const Config config = parse_config(contract, "t.toml");
    const Plan plan = make_plan(config);
    const auto json = nlohmann::json::parse(plan_json(config, plan));
    EXPECT_EQ(json["memory"]["total_bytes"], plan.total_bytes());
    EXPECT_EQ(json["worker"]["flows"], 1'000'000);
    EXPECT_EQ(json["rules"][0]["service"], "http");
    EXPECT_EQ(json["interfaces"][0]["addresses"][0], "198.18.0.2/24");
    const std::string text = plan_text(config, plan);
    EXPECT_NE(text.find(std::to_string(plan.total_bytes()) + " bytes"), std::string::npos);
    EXPECT_NE(text.find("serve http"), std::string::npos);
    EXPECT_NE(text.find("198.18.1.0/24"), std::string::npos);
}

}  // namespace
}  // namespace terminus::control
