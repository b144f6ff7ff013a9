/// The checks of rules.
#include "control/validate_parts.h"
#include "control/value.h"

#include <algorithm>
#include <set>

namespace terminus::control {
namespace {

[[noreturn]] void refuse_rule(const Config& config, const RuleConfig& rule, std::string_view key,
                              const std::string& problem, const std::string& remedy) {
    refuse(config, rule.origin, "rule", key, problem, remedy);
}

bool has_ports(RuleProtocol protocol) {
    return protocol == RuleProtocol::tcp || protocol == RuleProtocol::udp;
}

/// RFC 792 and RFC 4443 section 3.1: the code that says most about the protocol.
Unreachable usual_code(RuleProtocol protocol) {
    if (has_ports(protocol)) return Unreachable::port;
    return protocol == RuleProtocol::other ? Unreachable::protocol : Unreachable::admin;
}

void name_rules(Config& config) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < config.rules.size(); ++i) {
        RuleConfig& rule = config.rules[i];
        if (!rule.origin.has("name")) rule.name = "rule-" + std::to_string(i + 1);
        if (rule.name.empty() || rule.name.size() > 64)
            refuse_rule(config, rule, "name", "empty or longer than 64 characters", "shorten it");
        if (!names.insert(rule.name).second)
            refuse_rule(config, rule, "name", "another rule is called " + render(rule.name),
                        "give each rule a name of its own: metrics tell them apart by it");
    }
}

void check_keys(const Config& config, const RuleConfig& rule) {
    const std::string protocol{spelling(rule.protocol)};
    if (rule.origin.has("ports") && !has_ports(rule.protocol))
        refuse_rule(config, rule, "ports", "a rule for \"" + protocol + "\" has no ports",
                    "remove it, or write protocol = \"tcp\" or \"udp\"");
    for (const std::string_view key : {"sources", "destinations", "ports"}) {
        const bool none = key == "ports"     ? rule.ports.empty()
                          : key == "sources" ? rule.sources.empty()
                                             : rule.destinations.empty();
        if (rule.origin.has(key) && none)
            refuse_rule(config, rule, key, "is empty and would match nothing",
                        "fill it or remove it");
    }
    if (rule.origin.has("service") && rule.action != Action::serve)
        refuse_rule(config, rule, "service", "only a rule with action = \"serve\" has a service",
                    "remove it, or write action = \"serve\"");
    if (rule.origin.has("code") && rule.action != Action::unreachable)
        refuse_rule(config, rule, "code", "only a rule with action = \"unreachable\" has a code",
                    "remove it, or write action = \"unreachable\"");
    if (rule.action == Action::reset && rule.protocol != RuleProtocol::tcp)
        refuse_rule(config, rule, "action", "\"" + protocol + "\" knows no reset",
                    "write \"unreachable\" or \"drop\", or protocol = \"tcp\"");
}

/// Whether a service of this kind can answer the protocol.
bool suits(ServiceKind kind, RuleProtocol protocol) {
    if (protocol == RuleProtocol::icmp_echo) return kind == ServiceKind::ping;
    if (protocol == RuleProtocol::udp)
        return kind == ServiceKind::echo || kind == ServiceKind::discard ||
               kind == ServiceKind::chargen || kind == ServiceKind::capture;
    return kind != ServiceKind::ping;
}

std::string known_services(const Config& config) {
    std::string list;
    for (const auto& choice : Choices<ServiceKind>::all)
        if (choice.value != ServiceKind::capture)
            list += (list.empty() ? "" : ", ") + std::string{choice.spelling};
    for (const ServiceConfig& service : config.services)
        if (!built_in_kind(service.name)) list += ", " + service.name;
    return list;
}

void check_service(const Config& config, RuleConfig& rule) {
    const bool servable = has_ports(rule.protocol) || rule.protocol == RuleProtocol::icmp_echo;
    if (!servable)
        refuse_rule(config, rule, "action",
                    "nothing serves \"" + std::string{spelling(rule.protocol)} + "\"",
                    "write protocol = \"tcp\", \"udp\" or \"icmp-echo\"");
    if (!rule.origin.has("service") && rule.protocol == RuleProtocol::icmp_echo)
        rule.service = "ping";
    if (rule.service.empty())
        refuse_rule(config, rule, "service", "missing in a rule with action = \"serve\"",
                    "name one of: " + known_services(config));
    const std::optional<ServiceKind> kind = kind_of(config, rule.service);
    if (!kind)
        refuse_rule(config, rule, "service", "there is no service " + render(rule.service),
                    "write a table [service." + rule.service +
                        "], or name one of: " + known_services(config));
    if (!suits(*kind, rule.protocol))
        refuse_rule(config, rule, "service",
                    "a service of kind \"" + std::string{spelling(*kind)} + "\" cannot serve \"" +
                        std::string{spelling(rule.protocol)} + "\"",
                    "choose another service");
}

bool holds_family(const std::vector<Prefix>& prefixes, Family family) {
    return prefixes.empty() || std::ranges::any_of(prefixes, [&](const Prefix& prefix) {
               return prefix.address.family() == family;
           });
}

/// Sources of one family and destinations of the other only: no packet can match.
void check_families(const Config& config, const RuleConfig& rule) {
    for (const Family family : {Family::ip4, Family::ip6})
        if (holds_family(rule.sources, family) && holds_family(rule.destinations, family)) return;
    refuse_rule(config, rule, "destinations", "not of the sources' address family",
                "write both as IPv4 or both as IPv6");
}

}  // namespace

void check_rules(Config& config) {
    if (config.rules.size() > Policy::most_rules)
        refuse(config, config.rules[Policy::most_rules].origin, "rule", "name",
               "more than " + std::to_string(Policy::most_rules) + " rules", "remove some");
    name_rules(config);
    for (RuleConfig& rule : config.rules) {
        check_keys(config, rule);
        check_families(config, rule);
        if (rule.action == Action::serve) check_service(config, rule);
        if (!rule.origin.has("code")) rule.code = usual_code(rule.protocol);
    }
}

}  // namespace terminus::control
