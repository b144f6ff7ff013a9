/// What a reload may change, and what stays: indices of services above all.
#include "control/reload.h"

#include "config_text.h"
#include "control/policies.h"

#include <gtest/gtest.h>

namespace terminus::control {
namespace {

Config with(const std::string& more) { return parse_config(std::string{least} + more, "t.toml"); }

TEST(Reload, OfRulesAndServicesNeedsNoRestart) {
    const Config running = with("[[rule]]\nprotocol = \"tcp\"\naction = \"drop\"\n");
    const Config read = with(
        "[[rule]]\nprotocol = \"tcp\"\naction = \"serve\"\nservice = \"page\"\n"
        "[service.page]\nkind = \"http\"\n");
    EXPECT_TRUE(needs_restart(running, read).empty());
}

TEST(Reload, NamesEachOtherKeyThatDiffers) {
    const Config read = with(
        "mtu = 1400\n[appliance]\nflows = 100\ncpus = [0, 1]\n[tcp]\nrto_min_ms = "
        "300\n[icmp]\nburst = 5\n"
        "[log]\nlevel = \"debug\"\n");
    const std::string end =
        ": changed, but only [[rule]] and [service.*] are reloaded; restart to adopt it";
    EXPECT_EQ(needs_restart(with(""), read),
              (std::vector<std::string>{
                  "t.toml:6: [appliance].flows" + end, "t.toml:7: [appliance].cpus" + end,
                  "t.toml:9: [tcp].rto_min_ms" + end, "t.toml:11: [icmp].burst" + end,
                  "t.toml:13: [log].level" + end, "t.toml:4: [interface].mtu" + end}));
}

TEST(Reload, SeesAddressesAndInterfacesChange) {
    const Config other = parse_config(
        "[[interface]]\ndevice = \"net_null0\"\naddresses = [\"198.18.0.2/25\", "
        "\"2001:db8:18::2/64\"]\n",
        "t.toml");
    ASSERT_EQ(needs_restart(with(""), other).size(), 1U);
    EXPECT_EQ(needs_restart(with(""), other)[0].substr(0, 34),
              "t.toml:3: [interface].addresses: c");
    const Config two =
        with("[[interface]]\ndevice = \"net_null1\"\naddresses = [\"10.0.0.1/8\"]\n");
    ASSERT_EQ(needs_restart(with(""), two).size(), 1U);
    EXPECT_EQ(needs_restart(with(""), two)[0].substr(0, 24), "t.toml:4: [interface]: c");
}

TEST(ServiceBook, BeginsWithTheBuiltInServices) {
    ServiceBook book;
    const Config config = with("");
    EXPECT_EQ(book.index_of(config, "echo"), 0);
    EXPECT_EQ(book.index_of(config, "discard"), 1);
    EXPECT_EQ(book.index_of(config, "chargen"), 2);
    EXPECT_EQ(book.index_of(config, "http"), 3);
    EXPECT_EQ(book.index_of(config, "ping"), 4);
    EXPECT_EQ(book.services()->size(), 5U);
}

TEST(ServiceBook, KeepsAnIndexByNameOverReloads) {
    ServiceBook book;
    const Config first = with("[service.a]\nkind = \"http\"\n[service.b]\nkind = \"echo\"\n");
    const auto a = book.index_of(first, "a"), b = book.index_of(first, "b");
    const auto service_a = book.services()->at(a);
    const Config second = with("[service.b]\nkind = \"echo\"\n[service.a]\nkind = \"http\"\n");
    EXPECT_EQ(book.index_of(second, "b"), b);
    EXPECT_EQ(book.index_of(second, "a"), a);
    EXPECT_EQ(book.services()->at(a), service_a);
}

TEST(ServiceBook, GivesAChangedServiceANewIndexAndKeepsTheOldOne) {
    ServiceBook book;
    const Config small = with("[service.http]\nbody_bytes = 10\n");
    const Config large = with("[service.http]\nbody_bytes = 20\n");
    const auto before = book.index_of(small, "http");
    const auto service = book.services()->at(before);
    const auto after = book.index_of(large, "http");
    EXPECT_NE(before, after);
    EXPECT_EQ(book.services()->at(before), service);
    EXPECT_EQ(book.index_of(small, "http"), before);  // going back finds the old one
}

TEST(ServiceBook, RefusesMoreThanAFlowRecordCanName) {
    ServiceBook book;
    std::string message;
    for (int i = 0; i < 200 && message.empty(); ++i)
        try {
            (void)book.index_of(with("[service.http]\nbody_bytes = " + std::to_string(i) + "\n"),
                                "http");
        } catch (const ConfigError& error) {
            message = error.what();
        }
    EXPECT_EQ(
        message,
        "t.toml:1: [service.http]: no service index is left: reloads have changed services too "
        "often; restart the appliance");
    EXPECT_EQ(book.entries().size(), max_services);
}

TEST(Policies, CompileFromTheContract) {
    ServiceBook book;
    const Config config = parse_config(contract, "t.toml");
    const auto policy = compile_policy(config, book);
    const Question question{.source = *parse_address("192.0.2.1"),
                            .destination = *parse_address("198.18.1.9"),
                            .protocol = RuleProtocol::tcp,
                            .destination_port = 8080};
    const Rule* rule = policy->judge(question);
    ASSERT_NE(rule, nullptr);
    EXPECT_EQ(rule->name, "web");
    EXPECT_EQ(rule->action, Action::serve);
    EXPECT_EQ(rule->service, 3);
}

}  // namespace
}  // namespace terminus::control
