/// What the policy costs a stranger's packet: the last of 1,000 rules, and what the dimensions add.
///
/// Prediction, at 2.45 GHz, with the tables in the first two caches: a port costs one load (5 ns
/// from L2), an IPv4 destination two or three dependent loads (6 ns), the intersection of the rows
/// a summary word and one or two words (4 ns). So 9 ns with ports only, 15 ns with ports and
/// destinations, 21 ns with sources too, 25 ns when the rows meet in all sixteen words; the bound
/// is 30 ns.
///
/// Measured on two busy virtual cores (CPU time, least of twelve): 9.6, 14.0
/// (IPv6 13.4), 22.2, 33.2 ns; random 26.6 ns.
#include "terminus/base/rng.h"
#include "terminus/stack/policy.h"

#include <benchmark/benchmark.h>

#include <array>

namespace terminus {
namespace {

constexpr std::uint32_t rule_count = 1000;

Address host4(std::uint32_t number) { return Address::ip4(be32{0xc6120000U + number}); }

Address host6(std::uint32_t number) {
    Address made{{0x20, 0x01, 0x0d, 0xb8, 0, 0x18}};
    made.bytes[14] = static_cast<std::uint8_t>(number >> 8);
    made.bytes[15] = static_cast<std::uint8_t>(number);
    return made;
}

/// Rules for one port each.
Rule by_port(std::uint32_t i) {
    Rule rule{.name = "r", .protocol = RuleProtocol::tcp};
    rule.ports = {{static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i)}};
    return rule;
}

/// Rules for one of 1,000 hosts and one port.
Rule by_host(std::uint32_t i) {
    Rule rule = by_port(i);
    rule.destinations = {{host4(i), 32}, {host6(i), 128}};
    return rule;
}

/// The same from one of 1,000 networks.
Rule by_source(std::uint32_t i) {
    Rule rule = by_host(i);
    rule.sources = {{Address::ip4(be32{0x0a000000U + (i << 8)}), 24}};
    return rule;
}

/// Every third rule accepts the port, every fifth the host, every seventh the source, only the last
/// all of them: the rows meet in every word, in vain.
Rule entangled(std::uint32_t i) {
    Rule rule{.name = "r", .protocol = RuleProtocol::tcp};
    const bool is_last = i == rule_count - 1;
    const std::uint16_t port = is_last || i % 3 == 0 ? 80 : 81;
    rule.ports = {{port, port}};
    rule.destinations = {{host4(is_last || i % 3 == 1 ? 1 : 2), 32}};
    rule.sources = {{host4(is_last || i % 3 == 2 ? 3 : 4), 32}};
    return rule;
}

Policy compiled(Rule (*make)(std::uint32_t)) {
    std::vector<Rule> rules;
    for (std::uint32_t i = 0; i < rule_count; ++i)
        rules.push_back(make(i));
    return Policy::compile(std::move(rules));
}

void ask(benchmark::State& state, Rule (*make)(std::uint32_t), const Question& question) {
    const Policy policy = compiled(make);
    if (policy.judge(question) != &policy.rules().back()) state.SkipWithError("not the last rule");
    Question asked = question;
    for (auto _ : state) {
        benchmark::DoNotOptimize(asked);
        benchmark::DoNotOptimize(policy.judge(asked));
    }
    state.counters["table_bytes"] = static_cast<double>(policy.bytes());
}

constexpr std::uint16_t last = rule_count - 1;

void policy_last_by_port(benchmark::State& state) {
    ask(state, by_port, {host4(9), host4(last), RuleProtocol::tcp, last});
}
void policy_last_by_host(benchmark::State& state) {
    ask(state, by_host, {host4(9), host4(last), RuleProtocol::tcp, last});
}
void policy_last_by_host6(benchmark::State& state) {
    ask(state, by_host, {host6(9), host6(last), RuleProtocol::tcp, last});
}
void policy_last_by_source(benchmark::State& state) {
    const Address source = Address::ip4(be32{0x0a000007U + (last << 8)});
    ask(state, by_source, {source, host4(last), RuleProtocol::tcp, last});
}
void policy_last_entangled(benchmark::State& state) {
    ask(state, entangled, {host4(3), host4(1), RuleProtocol::tcp, 80});
}

/// As a scan of our range meets it: another host, port and network each time, rarely a match.
void policy_random(benchmark::State& state) {
    const Policy policy = compiled(by_source);
    Rng rng{1};
    std::array<Question, 4096> questions;
    for (auto& question : questions)
        question = {Address::ip4(be32{0x0a000000U + rng.below(1U << 20)}), host4(rng.below(1024)),
                    RuleProtocol::tcp, static_cast<std::uint16_t>(rng.below(65536))};
    std::size_t i = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(policy.judge(questions[i++ % 4096]));
}

BENCHMARK(policy_last_by_port);
BENCHMARK(policy_last_by_host);
BENCHMARK(policy_last_by_host6);
BENCHMARK(policy_last_by_source);
BENCHMARK(policy_last_entangled);
BENCHMARK(policy_random);

}  // namespace
}  // namespace terminus
