/// From configured rules and services to what workers adopt.
#include "control/policies.h"

#include "terminus/service/services.h"

#include <algorithm>
#include <stdexcept>

namespace terminus::control {
namespace {

std::shared_ptr<const Service> make(const ServiceBook::Entry& entry) {
    switch (entry.kind) {
        case ServiceKind::echo: return make_echo();
        case ServiceKind::discard: return make_discard();
        case ServiceKind::chargen: return make_chargen();
        case ServiceKind::http: return make_http(entry.amount);
        case ServiceKind::ping: return make_ping();
        case ServiceKind::tarpit: return make_tarpit();
        case ServiceKind::idle: return make_idle();
        case ServiceKind::close: return make_close(entry.amount);
        case ServiceKind::abort: return make_abort(entry.amount);
        case ServiceKind::send: return make_send(entry.amount);
        case ServiceKind::capture: return make_capture(entry.amount);
    }
    return {};
}

ServiceBook::Entry entry_of(const ServiceConfig& service) {
    switch (service.kind) {
        case ServiceKind::http: return {service.name, service.kind, service.body_bytes, {}, 0};
        case ServiceKind::send: return {service.name, service.kind, service.bytes, {}, 0};
        case ServiceKind::close:
        case ServiceKind::abort: return {service.name, service.kind, service.after_ms, {}, 0};
        case ServiceKind::capture:
            return {service.name, service.kind, service.one_of, service.file, service.file_bytes};
        default: return {service.name, service.kind, 0, {}, 0};
    }
}

/// As the tables say, else the built-in one. validate() has seen that there is one.
ServiceBook::Entry entry_named(const Config& config, const std::string& name) {
    const auto table = std::ranges::find(config.services, name, &ServiceConfig::name);
    if (table != config.services.end()) return entry_of(*table);
    ServiceConfig built_in;
    built_in.name = name;
    built_in.kind = built_in_kind(name).value();
    return entry_of(built_in);
}

Rule rule_of(const Config& config, const RuleConfig& rule, ServiceBook& book) {
    const bool serves = rule.action == Action::serve;
    return {.name = rule.name,
            .protocol = rule.protocol,
            .sources = rule.sources,
            .destinations = rule.destinations,
            .ports = rule.ports,
            .action = rule.action,
            .service = serves ? book.index_of(config, rule.service) : std::uint16_t{0},
            .code = rule.code};
}

}  // namespace

ServiceBook::ServiceBook() {
    const Config nothing;
    for (const char* name : {"echo", "discard", "chargen", "http", "ping"})
        add(entry_named(nothing, name));
}

std::uint16_t ServiceBook::add(const Entry& entry) {
    entries_.push_back(entry);
    services_.push_back(make(entry));
    return static_cast<std::uint16_t>(entries_.size() - 1);
}

std::uint16_t ServiceBook::index_of(const Config& config, const std::string& name) {
    const Entry wanted = entry_named(config, name);
    const auto found = std::ranges::find(entries_, wanted);
    if (found != entries_.end()) return static_cast<std::uint16_t>(found - entries_.begin());
    if (entries_.size() == max_services)
        throw ConfigError({config.file, 1, "[service." + name + "]"},
                          "no service index is left: reloads have changed services too often",
                          "restart the appliance");
    return add(wanted);
}

std::shared_ptr<const Services> ServiceBook::services() const {
    return std::make_shared<const Services>(services_);
}

std::shared_ptr<const Policy> compile_policy(const Config& config, ServiceBook& book) {
    std::vector<Rule> rules;
    for (const RuleConfig& rule : config.rules)
        rules.push_back(rule_of(config, rule, book));
    try {
        return std::make_shared<const Policy>(Policy::compile(std::move(rules)));
    } catch (const std::invalid_argument& error) {
        const unsigned line = config.rules.empty() ? 1 : config.rules.front().origin.line;
        throw ConfigError({config.file, line, "[rule]"}, error.what(), "simplify the rules");
    }
}

}  // namespace terminus::control
