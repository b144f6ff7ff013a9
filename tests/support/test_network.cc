// The network that the tests live in: addresses, interface, settings, rules.
#include "harness.h"

#include <array>

namespace terminus::test {

Services built_in_services(std::uint32_t body_bytes) {
    Services services;
    services.push_back(make_echo());
    services.push_back(make_discard());
    services.push_back(make_chargen());
    services.push_back(make_http(body_bytes));
    services.push_back(make_ping());
    services.push_back(make_tarpit());
    services.push_back(make_capture(1));
    services.push_back(make_idle());
    services.push_back(make_close(500));
    services.push_back(make_abort(500));
    services.push_back(make_send(3000));
    services.push_back(make_close(0));
    services.push_back(make_abort(0));
    services.push_back(make_send(0));
    return services;
}

std::uint16_t port_of(Serve service) {
    constexpr std::array<std::uint16_t, 14> ports{7,  9,  19, 80, 0,  30, 31,
                                                  32, 33, 34, 35, 36, 37, 38};
    return ports[static_cast<std::size_t>(service)];
}

Ends ends_of(Family family) {
    Ends ends;
    const bool ip4 = family == Family::ip4;
    ends.ours = *parse_address(ip4 ? "198.18.0.2" : "2001:db8:18::2");
    ends.theirs = *parse_address(ip4 ? "198.18.0.1" : "2001:db8:18::1");
    return ends;
}

Interface test_interface() {
    Interface interface;
    interface.mac = ends_of(Family::ip4).our_mac;
    interface.addresses = {{ends_of(Family::ip4).ours, 24}, {ends_of(Family::ip6).ours, 64}};
    interface.prefixes = {*parse_prefix("198.18.1.0/24"), *parse_prefix("2001:db8:18:1::/64")};
    interface.gateways = {ends_of(Family::ip4).theirs, ends_of(Family::ip6).theirs};
    return interface;
}

StackSettings test_settings() {
    StackSettings settings;
    settings.flows = 1024;
    settings.ip6_flows = 512;
    settings.busy_flows = 256;
    settings.hole_flows = 64;
    settings.tcp.delayed_ack_from_start = true;  // so that scripts need not count segments
    settings.blocks = 8192;
    settings.half_open_flows = 256;
    settings.interfaces = {test_interface()};
    settings.table_key = {{0x0123456789abcdef, 0xfedcba9876543210}};
    settings.isn_key = {{0x1122334455667788, 0x99aabbccddeeff00}};
    return settings;
}

std::vector<Rule> service_rules() {
    const auto serve = [](RuleProtocol protocol, std::uint16_t port, Serve what) {
        Rule rule;
        rule.name = "serve " + std::to_string(port);
        rule.protocol = protocol;
        if (port != 0) rule.ports = {{port, port}};
        rule.action = Action::serve;
        rule.service = static_cast<std::uint16_t>(what);
        return rule;
    };
    std::vector<Rule> rules;
    for (const RuleProtocol protocol : {RuleProtocol::tcp, RuleProtocol::udp}) {
        rules.push_back(serve(protocol, 7, Serve::echo));
        rules.push_back(serve(protocol, 9, Serve::discard));
        rules.push_back(serve(protocol, 19, Serve::chargen));
    }
    rules.push_back(serve(RuleProtocol::udp, port_of(Serve::capture), Serve::capture));
    rules.push_back(serve(RuleProtocol::tcp, 80, Serve::http));
    for (auto what = Serve::tarpit; what <= Serve::send_nothing;
         what = static_cast<Serve>(static_cast<std::uint16_t>(what) + 1))
        rules.push_back(serve(RuleProtocol::tcp, port_of(what), what));
    rules.push_back(serve(RuleProtocol::icmp_echo, 0, Serve::ping));
    Rule reset;
    reset.name = "reset";
    reset.protocol = RuleProtocol::tcp;
    reset.action = Action::reset;
    rules.push_back(reset);
    Rule unreachable;
    unreachable.name = "unreachable";
    unreachable.action = Action::unreachable;
    rules.push_back(unreachable);
    return rules;
}

}  // namespace terminus::test
