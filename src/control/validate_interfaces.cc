/// The checks of interfaces: each alone, then against the others.
#include "control/validate_parts.h"
#include "control/value.h"
#include "worker/worker.h"

#include <algorithm>
#include <set>

namespace terminus::control {
namespace {

constexpr std::uint16_t ip6_least_mtu_bytes = 1280;  // RFC 8200 section 5

[[noreturn]] void refuse_interface(const Config& config, const InterfaceConfig& it,
                                   std::string_view key, const std::string& problem,
                                   const std::string& remedy) {
    refuse(config, it.origin, "interface", key, problem, remedy);
}

Prefix network_of(const OwnAddress& own) { return Prefix::of(own.address, own.prefix_length); }

bool overlap(const Prefix& a, const Prefix& b) {
    if (a.address.family() != b.address.family()) return false;
    return a.length <= b.length ? a.contains(b.address) : b.contains(a.address);
}

void check_own(const Config& config, const InterfaceConfig& it, const OwnAddress& own) {
    const std::string shown = to_string(own.address);
    const Prefix network = network_of(own);
    if (!own.address.is_host())
        refuse_interface(config, it, "addresses", shown + " is no single host's address",
                         "write a unicast address");
    if (own.prefix_length == 0)
        refuse_interface(config, it, "addresses", shown + "/0 makes the whole world on-link",
                         "write the length of the network");
    const bool is_network = own.address.family() == Family::ip4 && own.prefix_length < 31 &&
                            own.address == network.address;
    if (is_network || network.broadcast() == own.address)
        refuse_interface(config, it, "addresses",
                         shown + " is the network's own or its broadcast address",
                         "write a host's address of " + to_string(network));
    if (own.address.family() == Family::ip6 && it.mtu_bytes < ip6_least_mtu_bytes)
        refuse_interface(config, it, "mtu", "IPv6 needs 1280 bytes (RFC 8200 section 5)",
                         "raise it, or remove the IPv6 addresses");
}

void check_prefix(const Config& config, const InterfaceConfig& it, const Prefix& prefix) {
    const std::string shown = to_string(prefix);
    const bool not_hosts = prefix.address.is_multicast() || prefix.address.is_loopback();
    if (not_hosts && prefix.length > 0)
        refuse_interface(config, it, "prefixes", shown + " holds no hosts' addresses",
                         "write unicast ranges");
    if (std::ranges::count(it.prefixes, prefix) > 1)
        refuse_interface(config, it, "prefixes", shown + " stands there twice", "remove one");
}

bool on_link(const InterfaceConfig& it, const Address& address) {
    if (address.family() == Family::ip6 && address.is_link_local()) return true;
    return std::ranges::any_of(
        it.addresses, [&](const OwnAddress& own) { return network_of(own).contains(address); });
}

void check_gateway(const Config& config, const InterfaceConfig& it, const Address& gateway) {
    const std::string shown = to_string(gateway);
    const bool ours = std::ranges::any_of(
        it.addresses, [&](const OwnAddress& own) { return own.address == gateway; });
    if (ours || !gateway.is_host())
        refuse_interface(config, it, "gateways", shown + " is ours or no single host's address",
                         "write the router's address");
    if (!on_link(it, gateway))
        refuse_interface(config, it, "gateways", shown + " is on none of this interface's networks",
                         "write a gateway inside the network of one of its addresses");
    const auto same_family = std::ranges::count_if(
        it.gateways, [&](const Address& other) { return other.family() == gateway.family(); });
    if (same_family > 1)
        refuse_interface(config, it, "gateways", "two gateways of one address family",
                         "keep one: the other would never be used");
}

void check_alone(const Config& config, const InterfaceConfig& it) {
    if (it.device.empty() || it.device.starts_with(','))
        refuse_interface(config, it, "device", "names no device",
                         "write a PCI address or a vdev such as \"net_tap0,iface=terminus0\"");
    if (it.addresses.empty() && it.prefixes.empty())
        refuse_interface(config, it, "addresses", "the interface answers for nothing",
                         "write at least one address or prefix");
    if (it.mac && ((it.mac->bytes[0] & 1) != 0 || *it.mac == Mac{}))
        refuse_interface(config, it, "mac", "a group address or zero",
                         "write a unicast one such as \"02:00:00:00:00:01\"");
    for (const OwnAddress& own : it.addresses)
        check_own(config, it, own);
    for (const Prefix& prefix : it.prefixes)
        check_prefix(config, it, prefix);
    for (const Address& gateway : it.gateways)
        check_gateway(config, it, gateway);
}

std::string_view name_of(const std::string& device) {
    return std::string_view{device}.substr(0, device.find(','));
}

void check_devices(const Config& config, const InterfaceConfig& it,
                   const InterfaceConfig& earlier) {
    if (name_of(it.device) != name_of(earlier.device)) return;
    const std::string line = "line " + std::to_string(earlier.origin.line);
    if (it.device != earlier.device)
        refuse_interface(config, it, "device", "named with other arguments in " + line,
                         "write the same text in both, or name another device");
    if (it.vlan == earlier.vlan)
        refuse_interface(config, it, it.origin.has("vlan") ? "vlan" : "device",
                         "the same device and vlan as in " + line, "give each its own vlan");
    if (it.mac != earlier.mac)
        refuse_interface(config, it, "mac", "not the MAC that the same device has in " + line,
                         "write the same in both");
}

void check_networks(const Config& config, const InterfaceConfig& it, const InterfaceConfig& other) {
    const std::string line = "the interface in line " + std::to_string(other.origin.line);
    for (const OwnAddress& own : it.addresses)
        for (const OwnAddress& theirs : other.addresses) {
            if (own.address == theirs.address)
                refuse_interface(config, it, "addresses",
                                 to_string(own.address) + " is an address of " + line + " too",
                                 "remove one of them");
            const bool local = own.address.family() == Family::ip6 && own.address.is_link_local();
            if (!local && overlap(network_of(own), network_of(theirs)))
                refuse_interface(config, it, "addresses",
                                 to_string(network_of(own)) + " overlaps a network of " + line,
                                 "give each interface its own network");
        }
}

void check_prefixes(const Config& config, const InterfaceConfig& it, const InterfaceConfig& other) {
    for (const Prefix& prefix : it.prefixes)
        for (const OwnAddress& theirs : other.addresses)
            if (overlap(prefix, network_of(theirs)))
                refuse_interface(config, it, "prefixes",
                                 to_string(prefix) + " overlaps the on-link network " +
                                     to_string(network_of(theirs)) + " of the interface in line " +
                                     std::to_string(other.origin.line),
                                 "narrow the prefix or move it to that interface");
}

void check_repeats(const Config& config, const InterfaceConfig& it) {
    for (std::size_t i = 0; i < it.addresses.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (it.addresses[i].address == it.addresses[j].address)
                refuse_interface(config, it, "addresses",
                                 to_string(it.addresses[i].address) + " stands there twice",
                                 "remove one");
}

void check_device_count(const Config& config) {
    std::set<std::string_view> devices;
    for (const InterfaceConfig& it : config.interfaces) {
        devices.insert(name_of(it.device));
        if (devices.size() > max_lanes)
            refuse_interface(config, it, "device",
                             "more than " + std::to_string(max_lanes) + " devices", "remove some");
    }
}

}  // namespace

void check_interfaces(const Config& config) {
    const auto& all = config.interfaces;
    if (all.empty())
        throw ConfigError({config.file, 1, "[interface]"}, "there is none",
                          "add an [[interface]] with a device and addresses");
    if (all.size() > max_interfaces)
        refuse_interface(config, all[max_interfaces], "device",
                         "more than " + std::to_string(max_interfaces) + " interfaces",
                         "remove some");
    check_device_count(config);
    for (std::size_t i = 0; i < all.size(); ++i) {
        check_alone(config, all[i]);
        check_repeats(config, all[i]);
        for (std::size_t j = 0; j < i; ++j) {
            check_devices(config, all[i], all[j]);
            check_networks(config, all[i], all[j]);
        }
    }
    for (const InterfaceConfig& it : all)
        for (const InterfaceConfig& other : all)
            if (&it != &other) check_prefixes(config, it, other);
}

}  // namespace terminus::control
