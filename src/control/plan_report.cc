/// The plan in words and as JSON.
#include "control/plan.h"
#include "control/value.h"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace terminus::control {
namespace {

using Json = nlohmann::ordered_json;

/// "1.25 GiB", for reading; the exact bytes stand beside it.
std::string in_words(std::size_t bytes) {
    constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit)
        value /= 1024;
    return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, units[unit]);
}

std::string row(std::string_view what, std::string_view value) {
    return fmt::format("  {:<26}{}\n", what, value);
}
std::string memory_row(std::string_view what, std::size_t bytes) {
    return row(what, fmt::format("{:>16} bytes  ({})", bytes, in_words(bytes)));
}

template <typename T>
std::string joined(const std::vector<T>& list) {
    std::string text;
    for (const T& one : list)
        text += (text.empty() ? "" : ", ") + to_string(one);
    return text.empty() ? "none" : text;
}
std::vector<std::string> texts(const std::vector<OwnAddress>& addresses) {
    std::vector<std::string> list;
    for (const OwnAddress& own : addresses)
        list.push_back(fmt::format("{}/{}", to_string(own.address), own.prefix_length));
    return list;
}
template <typename T>
std::vector<std::string> texts(const std::vector<T>& values) {
    std::vector<std::string> list;
    for (const T& value : values)
        list.push_back(to_string(value));
    return list;
}

std::string interface_text(const InterfaceConfig& it) {
    std::string text = row("interface " + label_of(it), it.device);
    text += row("  addresses", fmt::format("{}", fmt::join(texts(it.addresses), ", ")));
    text += row("  prefixes", joined(it.prefixes));
    text += row("  gateways", joined(it.gateways));
    return text + row("  mtu", std::to_string(it.mtu_bytes));
}

/// What a rule does: its service or its code included.
std::string verdict(const RuleConfig& rule) {
    std::string text{spelling(rule.action)};
    if (rule.action == Action::serve) text += " " + rule.service;
    if (rule.action == Action::unreachable) text += " " + std::string{spelling(rule.code)};
    return text;
}

std::string limits_text(const Plan& plan) {
    const StackSettings& stack = plan.stack;
    return row("workers", std::to_string(stack.workers)) + "each worker\n" +
           row("flows", fmt::format("{}, of which IPv6 {}", stack.flows, stack.ip6_flows)) +
           row("half-open flows", std::to_string(stack.half_open_flows)) +
           row("busy flows", std::to_string(stack.busy_flows)) +
           row("flows with holes", std::to_string(stack.hole_flows)) +
           row("blocks of 256 bytes", std::to_string(stack.blocks)) +
           row("frame buffers", std::to_string(plan.frames_per_worker));
}

Json interface_json(const InterfaceConfig& it) {
    return {{"label", label_of(it)},
            {"device", it.device},
            {"vlan", it.vlan},
            {"mtu_bytes", it.mtu_bytes},
            {"addresses", texts(it.addresses)},
            {"prefixes", texts(it.prefixes)},
            {"gateways", texts(it.gateways)}};
}

Json rule_json(const RuleConfig& rule) {
    Json json{{"name", rule.name},
              {"protocol", spelling(rule.protocol)},
              {"action", spelling(rule.action)}};
    if (rule.action == Action::serve) json["service"] = rule.service;
    if (rule.action == Action::unreachable) json["code"] = spelling(rule.code);
    return json;
}

Json worker_json(const Plan& plan) {
    const StackSettings& stack = plan.stack;
    return {{"flows", stack.flows},
            {"ip6_flows", stack.ip6_flows},
            {"half_open_flows", stack.half_open_flows},
            {"busy_flows", stack.busy_flows},
            {"hole_flows", stack.hole_flows},
            {"blocks", stack.blocks},
            {"frames", plan.frames_per_worker}};
}

}  // namespace

std::string plan_text(const Config& config, const Plan& plan) {
    std::string text = config.file + ": accepted\n" + limits_text(plan) + "memory\n";
    text += memory_row("tables, each worker", plan.table_bytes_per_worker);
    text += memory_row("tables", plan.table_bytes());
    text += memory_row("frames and device rings", plan.frame_bytes);
    text += memory_row("total", plan.total_bytes()) + "interfaces\n";
    for (const InterfaceConfig& it : config.interfaces)
        text += interface_text(it);
    text += "rules\n";
    for (const RuleConfig& rule : config.rules)
        text += row(rule.name, fmt::format("{:<10}{}", spelling(rule.protocol), verdict(rule)));
    return text + row("(no match)", "drop") + "metrics\n" +
           row("listen", config.metrics.listen.empty() ? "none" : config.metrics.listen);
}

std::string plan_json(const Config& config, const Plan& plan) {
    Json json{{"file", config.file},
              {"hash", fmt::format("{:016x}", config.hash)},
              {"workers", plan.stack.workers},
              {"worker", worker_json(plan)},
              {"memory",
               {{"table_bytes_per_worker", plan.table_bytes_per_worker},
                {"table_bytes", plan.table_bytes()},
                {"frame_bytes", plan.frame_bytes},
                {"total_bytes", plan.total_bytes()}}},
              {"interfaces", Json::array()},
              {"rules", Json::array()},
              {"metrics", config.metrics.listen}};
    for (const InterfaceConfig& it : config.interfaces)
        json["interfaces"].push_back(interface_json(it));
    for (const RuleConfig& rule : config.rules)
        json["rules"].push_back(rule_json(rule));
    return json.dump(2) + "\n";
}

}  // namespace terminus::control
