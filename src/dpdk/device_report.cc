/// What a device tells while it runs: link, statistics, and its facts in words.
#include "dpdk/device.h"

#include <rte_ethdev.h>

#include <array>
#include <cstdio>

namespace terminus {

namespace {

std::string hex(const Mac& mac) {
    std::array<char, 18> text{};
    const auto& b = mac.bytes;
    std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
                  b[4], b[5]);
    return text.data();
}

std::string protocols(bool ip4, bool tcp, bool udp) {
    std::string all = std::string(ip4 ? " ip4" : "") + (tcp ? " tcp" : "") + (udp ? " udp" : "");
    return all.empty() ? " none" : all;
}

}  // namespace

std::vector<std::string> to_lines(const DeviceFacts& facts) {
    const std::string start = "device " + facts.name + ": ";
    std::vector<std::string> lines{
        start + "driver " + facts.driver + ", MAC " + hex(facts.mac) + ", MTU " +
            std::to_string(facts.mtu_bytes) + ", NUMA node " +
            (facts.socket < 0 ? "any" : std::to_string(facts.socket)),
        start + std::to_string(facts.lanes) + " queue pairs, descriptors " +
            std::to_string(facts.receive_descriptors) + " rx, " +
            std::to_string(facts.transmit_descriptors) + " tx",
        start + "checksums in hardware: rx" +
            protocols(facts.checks_ip4, facts.checks_tcp, facts.checks_udp) + ", tx" +
            protocols(facts.finishes_ip4, facts.finishes_tcp, facts.finishes_udp) + "; TSO " +
            (facts.chain_segments != 0 ? "used"
             : facts.has_tso           ? "offered, not used"
                                       : "none"),
        start + (facts.promiscuous     ? "promiscuous"
                 : facts.all_multicast ? "all multicast"
                                       : "filtered"),
        start + to_string(facts.rss)};
    for (const std::string& note : facts.notes)
        lines.push_back(start + note);
    return lines;
}

Link Device::link() const {
    rte_eth_link link{};
    if (rte_eth_link_get_nowait(port_, &link) != 0) return {};
    const bool known = link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN;
    return {.is_up = link.link_status == RTE_ETH_LINK_UP,
            .speed_mbps = known ? link.link_speed : 0};
}

DeviceStats Device::stats() const {
    rte_eth_stats now{};
    if (rte_eth_stats_get(port_, &now) != 0) return {};
    return {.frames_received = now.ipackets,
            .frames_sent = now.opackets,
            .bytes_received = now.ibytes,
            .bytes_sent = now.obytes,
            .missed = now.imissed,
            .receive_errors = now.ierrors,
            .transmit_errors = now.oerrors,
            .no_buffer = now.rx_nombuf};
}

std::vector<std::pair<std::string, std::uint64_t>> Device::extended_stats() const {
    const int count = rte_eth_xstats_get_names(port_, nullptr, 0);
    if (count <= 0) return {};
    const auto size = static_cast<unsigned>(count);
    std::vector<rte_eth_xstat_name> names(size);
    std::vector<rte_eth_xstat> values(size);
    if (rte_eth_xstats_get_names(port_, names.data(), size) != count) return {};
    if (rte_eth_xstats_get(port_, values.data(), size) != count) return {};
    std::vector<std::pair<std::string, std::uint64_t>> all;
    for (const rte_eth_xstat& value : values)
        if (value.id < names.size()) all.emplace_back(names[value.id].name, value.value);
    return all;
}

}  // namespace terminus
