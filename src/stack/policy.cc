/// The policy: checks of the rules, and one classifier per protocol and family.
#include "terminus/stack/policy.h"

#include "classifier.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace terminus {
namespace {

constexpr std::size_t protocols = 4;

[[noreturn]] void refuse(const Rule& rule, const std::string& why) {
    throw std::invalid_argument("rule \"" + rule.name + "\": " + why);
}

bool has_stray_bits(const Prefix& prefix) {
    const unsigned above = prefix.address.family() == Family::ip4 ? 96 : 0;
    for (unsigned bit = prefix.length + above; bit < 128; ++bit)
        if ((prefix.address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
    return false;
}

void check_prefixes(const Rule& rule, const std::vector<Prefix>& prefixes) {
    for (const auto& prefix : prefixes) {
        if (prefix.length > (prefix.address.family() == Family::ip4 ? 32 : 128))
            refuse(rule, "a prefix is longer than its address");
        if (has_stray_bits(prefix)) refuse(rule, "a prefix has bits beyond its length");
    }
}

void check(const Rule& rule) {
    const bool has_port_numbers =
        rule.protocol == RuleProtocol::tcp || rule.protocol == RuleProtocol::udp;
    if (!rule.ports.empty() && !has_port_numbers)
        refuse(rule, "ports belong to tcp and udp rules only; leave them out or split the rule");
    for (const auto& range : rule.ports)
        if (range.last < range.first) refuse(rule, "a port range ends before it begins");
    check_prefixes(rule, rule.sources);
    check_prefixes(rule, rule.destinations);
}

std::size_t slot(RuleProtocol protocol, Family family) {
    return static_cast<std::size_t>(protocol) * 2 + (family == Family::ip6 ? 1 : 0);
}

}  // namespace

/// One classifier per protocol and family, at slot().
struct Policy::Compiled {
    std::vector<Classifier> classifiers;
};

std::string_view name(Action action) {
    constexpr std::array<std::string_view, 4> names{"serve", "reset", "unreachable", "drop"};
    return names[static_cast<std::size_t>(action)];
}

std::string_view name(RuleProtocol protocol) {
    constexpr std::array<std::string_view, 5> names{"tcp", "udp", "icmp-echo", "other", "any"};
    return names[static_cast<std::size_t>(protocol)];
}

Policy::Policy() : Policy{compile({})} {}
Policy::Policy(std::vector<Rule> rules, std::unique_ptr<const Compiled> compiled)
    : rules_{std::move(rules)}, compiled_{std::move(compiled)} {}
Policy::Policy(Policy&&) noexcept = default;
Policy& Policy::operator=(Policy&&) noexcept = default;
Policy::~Policy() = default;

Policy Policy::compile(std::vector<Rule> rules) {
    if (rules.size() > most_rules)
        throw std::invalid_argument("more than " + std::to_string(most_rules) +
                                    " rules: join some through lists of prefixes and ports");
    for (const auto& rule : rules)
        check(rule);
    auto compiled = std::make_unique<Compiled>();
    std::size_t left = most_bytes;
    for (std::size_t i = 0; i < protocols; ++i) {
        for (const Family family : {Family::ip4, Family::ip6}) {
            const auto& made = compiled->classifiers.emplace_back(
                rules, static_cast<RuleProtocol>(i), family, left);
            left -= std::min(left, made.bytes());
        }
    }
    return Policy{std::move(rules), std::move(compiled)};
}

namespace {

struct AskedEnds {
    const Question& question;
    [[nodiscard]] const Address& source() const { return question.source; }
    [[nodiscard]] const Address& destination() const { return question.destination; }
};

struct PacketEnds {
    const PacketQuestion& question;
    [[nodiscard]] Address source() const { return end(0); }
    [[nodiscard]] Address destination() const { return end(1); }

private:
    [[nodiscard]] Address end(std::size_t which) const {
        if (question.family == Family::ip6) return Address::ip6(question.ends + 16 * which);
        return Address::ip4(load<be32>(question.ends + 4 * which));
    }
};

}  // namespace

template <typename Ends>
const Rule* Policy::first_match(std::size_t slot, std::uint16_t port,
                                const Ends& ends) const noexcept {
    const auto index = compiled_->classifiers[slot].first_match(port, ends);
    return index == Classifier::no_rule ? nullptr : &rules_[index];
}

const Rule* Policy::judge(const Question& question) const noexcept {
    return first_match(slot(question.protocol, question.destination.family()),
                       question.destination_port, AskedEnds{question});
}

const Rule* Policy::judge(const PacketQuestion& question) const noexcept {
    return first_match(slot(question.protocol, question.family), question.destination_port,
                       PacketEnds{question});
}

std::size_t Policy::bytes() const noexcept {
    std::size_t sum = 0;
    for (const auto& classifier : compiled_->classifiers)
        sum += classifier.bytes();
    return sum;
}

}  // namespace terminus
