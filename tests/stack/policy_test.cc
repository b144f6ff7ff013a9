/// The policy against a naive first-match scan, and its refusals.
#include "terminus/stack/policy.h"

#include "terminus/base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace terminus {
namespace {

constexpr std::uint64_t seed = 20261121;

unsigned bit_of(const Address& address, unsigned bit) {
    return address.bytes[bit / 8] >> (7 - bit % 8) & 1U;
}

void flip(Address& address, unsigned bit) {
    address.bytes[bit / 8] = static_cast<std::uint8_t>(address.bytes[bit / 8] ^ 0x80U >> bit % 8);
}

bool lies_in(const Address& address, const Prefix& prefix) {
    if (address.family() != prefix.address.family()) return false;
    const unsigned first = address.family() == Family::ip4 ? 96 : 0;
    for (unsigned bit = first; bit < first + prefix.length; ++bit)
        if (bit_of(address, bit) != bit_of(prefix.address, bit)) return false;
    return true;
}

bool matches(const Rule& rule, const Question& question) {
    const auto in = [](const std::vector<Prefix>& list, const Address& address) {
        return list.empty() || std::ranges::any_of(list, [&](const Prefix& prefix) {
                   return lies_in(address, prefix);
               });
    };
    const bool port = rule.ports.empty() || std::ranges::any_of(rule.ports, [&](PortRange range) {
                          return range.first <= question.destination_port &&
                                 question.destination_port <= range.last;
                      });
    return (rule.protocol == RuleProtocol::any || rule.protocol == question.protocol) && port &&
           in(rule.sources, question.source) && in(rule.destinations, question.destination);
}

const Rule* scan(const std::vector<Rule>& rules, const Question& question) {
    const auto found =
        std::ranges::find_if(rules, [&](const Rule& rule) { return matches(rule, question); });
    return found == rules.end() ? nullptr : &*found;
}

/// Draws addresses from a small part of the space, so that prefixes nest and questions hit them.
class Maker {
public:
    explicit Maker(std::uint64_t from) : rng_{from} {}

    Address address(Family family) {
        if (family == Family::ip4)
            return Address::ip4(be32{0xc6120000U | (rng_.below(4) << 14) | rng_.below(1 << 10)});
        Address made{{0x20, 0x01, 0x0d, 0xb8}};
        for (const std::size_t at : {4, 6, 9, 15})
            made.bytes[at] = static_cast<std::uint8_t>(rng_.below(4) << rng_.below(7));
        return made;
    }
    Prefix prefix(Family family) {
        const unsigned width = family == Family::ip4 ? 32 : 128;
        Prefix made{address(family), static_cast<std::uint8_t>(rng_.below(width + 1))};
        const unsigned above = family == Family::ip4 ? 96 : 0;
        for (unsigned bit = made.length + above; bit < 128; ++bit)
            if (bit_of(made.address, bit) != 0) flip(made.address, bit);
        return made;
    }
    std::vector<Prefix> prefixes() {
        std::vector<Prefix> made;
        if (rng_.chance(0.4)) return made;
        for (auto count = rng_.below(3) + 1; count > 0; --count)
            made.push_back(prefix(family()));
        return made;
    }
    Family family() { return rng_.chance(0.5) ? Family::ip4 : Family::ip6; }

    Rule rule() {
        Rule made{.name = "r", .protocol = static_cast<RuleProtocol>(rng_.below(5))};
        made.sources = prefixes();
        made.destinations = prefixes();
        const bool may = made.protocol == RuleProtocol::tcp || made.protocol == RuleProtocol::udp;
        for (auto count = may ? rng_.below(4) : 0; count > 0; --count) {
            const auto first = rng_.chance(0.1) ? 65500 + rng_.below(36) : rng_.below(200);
            const auto last = std::min(first + (rng_.chance(0.5) ? 0 : rng_.below(60)), 65535U);
            made.ports.push_back(
                {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)});
        }
        return made;
    }
    /// An address at a prefix's border, inside or just outside; any address when the list is empty.
    Address near(const std::vector<Prefix>& list, Family family) {
        if (list.empty() || rng_.chance(0.2)) return address(family);
        const Prefix& prefix = list[rng_.below(static_cast<std::uint32_t>(list.size()))];
        if (prefix.address.family() != family) return address(family);
        Address made = prefix.address;
        const unsigned first = (family == Family::ip4 ? 96U : 0U) + prefix.length;
        if (rng_.chance(0.5))
            for (unsigned bit = first; bit < 128; ++bit)
                flip(made, bit);
        if (prefix.length > 0 && rng_.chance(0.3)) flip(made, first - 1);
        return made.family() == family ? made : prefix.address;
    }
    Question question(const std::vector<Rule>& rules) {
        Question made;
        const Family of = family();
        static const Rule none;
        const Rule& rule =
            rules.empty() ? none : rules[rng_.below(static_cast<std::uint32_t>(rules.size()))];
        made.protocol = rule.protocol == RuleProtocol::any || rng_.chance(0.2)
                            ? static_cast<RuleProtocol>(rng_.below(4))
                            : rule.protocol;
        made.source = near(rule.sources, of);
        made.destination = near(rule.destinations, of);
        made.destination_port = static_cast<std::uint16_t>(rng_.below(220));
        if (rule.ports.empty()) return made;
        const auto& range = rule.ports[rng_.below(static_cast<std::uint32_t>(rule.ports.size()))];
        const std::uint16_t edge = rng_.chance(0.5) ? range.first : range.last;
        made.destination_port = static_cast<std::uint16_t>(edge + rng_.below(3) - 1);
        return made;
    }
    std::uint32_t below(std::uint32_t bound) { return rng_.below(bound); }

private:
    Rng rng_;
};

/// The same question of a packet whose header has these ends.
const Rule* judge_packet(const Policy& policy, const Question& question) {
    const Family family = question.destination.family();
    const std::size_t width = family == Family::ip4 ? 4 : 16;
    std::array<std::byte, 32> ends;
    std::memcpy(ends.data(), question.source.bytes.data() + 16 - width, width);
    std::memcpy(ends.data() + width, question.destination.bytes.data() + 16 - width, width);
    return policy.judge({.family = family,
                         .ends = ends.data(),
                         .protocol = question.protocol,
                         .destination_port = question.destination_port});
}

void compare(const Policy& policy, Maker& maker, int questions) {
    for (int i = 0; i < questions; ++i) {
        const Question question = maker.question(policy.rules());
        const Rule* expected = scan(policy.rules(), question);
        const Rule* judged = policy.judge(question);
        ASSERT_EQ(judged == nullptr ? -1 : static_cast<long>(policy.index_of(*judged)),
                  expected == nullptr ? -1 : static_cast<long>(policy.index_of(*expected)));
        ASSERT_EQ(judge_packet(policy, question), judged);
    }
}

TEST(Policy, AgreesWithANaiveScanOnThousandsOfRandomSets) {
    for (std::uint64_t round = 0; round < 3000; ++round) {
        SCOPED_TRACE("seed " + std::to_string(seed + round));
        Maker maker{seed + round};
        std::vector<Rule> rules(maker.below(24));
        std::ranges::generate(rules, [&] { return maker.rule(); });
        compare(Policy::compile(std::move(rules)), maker, 60);
        if (HasFatalFailure()) return;
    }
}

TEST(Policy, AgreesWithANaiveScanBeyondOneSummaryWord) {  // 4,096 rules fill the first
    SCOPED_TRACE("seed " + std::to_string(seed));
    Maker maker{seed};
    std::vector<Rule> rules;
    while (rules.size() < 9000) {
        Rule rule = maker.rule();
        // Narrow ones only, so that most questions reach far into the list.
        const auto is_wide = [](const Prefix& p) {
            return p.length < (p.address.family() == Family::ip4 ? 30 : 124);
        };
        if (rule.destinations.empty() || std::ranges::any_of(rule.destinations, is_wide)) continue;
        rules.push_back(std::move(rule));
    }
    compare(Policy::compile(std::move(rules)), maker, 4000);
}

TEST(Policy, AnswersNothingWithoutRules) {
    const Policy policy;
    EXPECT_EQ(policy.judge(Question{}), nullptr);
    EXPECT_TRUE(policy.rules().empty());
}

TEST(Policy, TakesTheFirstOfTwoRulesThatMatch) {
    const Address host = Address::ip4(be32{0xc6120002U});
    std::vector<Rule> rules(2);
    rules[0] = {.name = "web", .protocol = RuleProtocol::tcp, .ports = {{80, 80}, {8000, 8099}}};
    rules[1] = {.name = "rest", .destinations = {{host, 32}}, .action = Action::reset};
    const auto policy = Policy::compile(rules);
    const auto asked = [&](RuleProtocol protocol, std::uint16_t port) {
        const Rule* rule = policy.judge({host, host, protocol, port});
        return rule == nullptr ? std::string{"none"} : rule->name;
    };
    EXPECT_EQ(asked(RuleProtocol::tcp, 80), "web");
    EXPECT_EQ(asked(RuleProtocol::tcp, 8099), "web");
    EXPECT_EQ(asked(RuleProtocol::tcp, 8100), "rest");
    EXPECT_EQ(asked(RuleProtocol::udp, 80), "rest");
    EXPECT_EQ(asked(RuleProtocol::icmp_echo, 0), "rest");
}

std::string refusal(Rule rule) {
    try {
        (void)Policy::compile({std::move(rule)});
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Policy, RefusesWhatCannotBeMeant) {
    const Address host = Address::ip4(be32{0xc6120002U});
    EXPECT_EQ(
        refusal({.name = "a", .protocol = RuleProtocol::any, .ports = {{1, 2}}}),
        "rule \"a\": ports belong to tcp and udp rules only; leave them out or split the rule");
    EXPECT_EQ(refusal({.name = "b", .protocol = RuleProtocol::udp, .ports = {{2, 1}}}),
              "rule \"b\": a port range ends before it begins");
    EXPECT_EQ(refusal({.name = "c", .sources = {{host, 33}}}),
              "rule \"c\": a prefix is longer than its address");
    EXPECT_EQ(refusal({.name = "d", .destinations = {{host, 24}}}),
              "rule \"d\": a prefix has bits beyond its length");
    EXPECT_THROW((void)Policy::compile(std::vector<Rule>(Policy::most_rules + 1)),
                 std::invalid_argument);
}

TEST(Policy, RefusesRulesWhoseCompiledFormIsTooLarge) {
    // Odd rules restrict the source, even ones the port: each set then holds half of all rules.
    std::vector<Rule> rules(Policy::most_rules);
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
        rules[i].protocol = RuleProtocol::tcp;
        if (i % 2 != 0) rules[i].sources = {{Address::ip4(be32{i << 8}), 24}};
        if (i % 4 == 0) rules[i].ports = {{static_cast<std::uint16_t>(i / 4), 65535}};
        if (i % 4 == 2) rules[i].destinations = {{Address::ip4(be32{i << 8}), 24}};
    }
    try {
        (void)Policy::compile(std::move(rules));
        FAIL() << "accepted";
    } catch (const std::invalid_argument& error) {
        EXPECT_NE(std::string{error.what()}.find("would take more than"), std::string::npos);
    }
}

TEST(Policy, CompilesTheMostRulesInFewMegabytes) {
    std::vector<Rule> rules(Policy::most_rules);
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
        rules[i].protocol = RuleProtocol::tcp;
        rules[i].destinations = {{Address::ip4(be32{0x0a000000U + i}), 32}};
        rules[i].ports = {{static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i)}};
    }
    const auto policy = Policy::compile(std::move(rules));
    RecordProperty("bytes", std::to_string(policy.bytes()));
    EXPECT_LT(policy.bytes(), std::size_t{64} << 20);
    const Address last = Address::ip4(be32{0x0a000000U + 65534});
    const Rule* rule = policy.judge({last, last, RuleProtocol::tcp, 65534});
    ASSERT_NE(rule, nullptr);
    EXPECT_EQ(policy.index_of(*rule), 65534U);
    EXPECT_EQ(policy.judge({last, last, RuleProtocol::tcp, 65533}), nullptr);
}

}  // namespace
}  // namespace terminus
