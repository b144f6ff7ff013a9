/// Setting one ethdev up: what it offers is used, what it lacks is noted.
#include "dpdk/device.h"

#include "terminus/wire/address.h"

#include "dpdk/lane.h"

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace terminus {

namespace {

constexpr std::uint64_t rss_wish = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;

std::string name_of(const std::string& device) { return device.substr(0, device.find(',')); }

std::string why(int error) { return rte_strerror(error < 0 ? -error : error); }

[[noreturn]] void fail(const std::string& device, const std::string& what, int error) {
    throw std::runtime_error("device " + device + ": " + what + ": " + why(error));
}

void require(int error, const std::string& device, const std::string& what) {
    if (error != 0) fail(device, what, error);
}

rte_eth_dev_info info_of(std::uint16_t port, const std::string& name) {
    rte_eth_dev_info info{};
    require(rte_eth_dev_info_get(port, &info), name, "tells nothing of itself");
    return info;
}

/// Nothing that is not used: the vector paths of many drivers know few offloads. Checksum verdicts,
/// where they can be trusted. Deliberate: none from virtio, whose host then leaves checksums of
/// local traffic unwritten. The hash says whose a frame is where there are several.
std::uint64_t receive_offloads(const rte_eth_dev_info& info, std::uint16_t lanes) {
    std::uint64_t wanted = lanes > 1 ? RTE_ETH_RX_OFFLOAD_RSS_HASH : 0;
    if (std::string_view(info.driver_name).find("virtio") == std::string_view::npos)
        wanted |= RTE_ETH_RX_OFFLOAD_CHECKSUM;
    return wanted & info.rx_offload_capa;
}

constexpr std::uint64_t tso_offloads =
    RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;

/// Segments in a chain, at most; 0: no TSO. Deliberate: never net_tap's, for in DPDK 22.11 it
/// compares a segment's whole frame with the MTU, and so refuses full segments, and it sends a
/// chain of IPv6 uncut.
std::uint16_t chain_segments(const rte_eth_dev_info& info) {
    const bool offered = (info.tx_offload_capa & tso_offloads) == tso_offloads;
    if (!offered || std::string_view(info.driver_name) == "net_tap") return 0;
    const std::uint16_t most = info.tx_desc_lim.nb_seg_max;
    const auto all = static_cast<std::uint16_t>(burst_of_lane);
    return most == 0 ? all : std::min(most, all);
}

std::uint64_t transmit_offloads(const rte_eth_dev_info& info, bool tso) {
    const std::uint64_t wanted =
        RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
    return (tso ? wanted | tso_offloads : wanted) & info.tx_offload_capa;
}

/// DPDK checks the MTU and the frame that it makes; a device that does not say how much longer a
/// frame is adds the Ethernet header and the FCS.
std::uint32_t largest_mtu(const rte_eth_dev_info& info) {
    const bool says = info.max_mtu != UINT16_MAX && info.max_rx_pktlen > info.max_mtu;
    const std::uint32_t more = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
    return says ? info.max_mtu : std::min<std::uint32_t>(info.max_mtu, info.max_rx_pktlen - more);
}

Mac mac_of(std::uint16_t port) {
    rte_ether_addr address{};
    rte_eth_macaddr_get(port, &address);
    Mac mac;
    std::memcpy(mac.bytes.data(), address.addr_bytes, mac.bytes.size());
    return mac;
}

rte_ether_addr to_dpdk(const Mac& mac) {
    rte_ether_addr address{};
    std::memcpy(address.addr_bytes, mac.bytes.data(), mac.bytes.size());
    return address;
}

}  // namespace

Device::Device(const DevicePlan& plan, const std::vector<Pool*>& pools)
    : plan_(plan), pools_(pools) {
    find_or_make();
    try {
        configure();
        set_up_queues();
        set_mac();
    } catch (...) {
        close();
        throw;
    }
}

Device::~Device() {
    stop();
    close();
}

void Device::find_or_make() {
    facts_.name = name_of(plan_.device);
    if (rte_eth_dev_get_port_by_name(facts_.name.c_str(), &port_) == 0) return;
    const int error = rte_dev_probe(plan_.device.c_str());
    if (error != 0 || rte_eth_dev_get_port_by_name(facts_.name.c_str(), &port_) != 0)
        fail(facts_.name, "cannot be opened (does it exist, is it free, is this root?)",
             error != 0 ? error : ENODEV);
    made_ = true;
}

void Device::close() {
    rte_eth_dev_info info{};
    const bool known = rte_eth_dev_info_get(port_, &info) == 0;
    rte_eth_dev_close(port_);
    if (made_ && known && info.device != nullptr) rte_dev_remove(info.device);
}

void Device::configure() {
    const rte_eth_dev_info info = info_of(port_, facts_.name);
    facts_.driver = info.driver_name;
    facts_.lanes = static_cast<std::uint16_t>(
        std::min<std::size_t>({pools_.size(), info.max_rx_queues, info.max_tx_queues}));
    if (plan_.mtu_bytes > largest_mtu(info) || plan_.mtu_bytes < info.min_mtu)
        throw std::runtime_error("device " + facts_.name + ": mtu " +
                                 std::to_string(plan_.mtu_bytes) + " is not within its " +
                                 std::to_string(info.min_mtu) + " to " +
                                 std::to_string(largest_mtu(info)));
    rte_eth_conf wish{};
    wish.rxmode.mtu = plan_.mtu_bytes;
    if (plan_.tso) facts_.chain_segments = chain_segments(info);
    wish.rxmode.offloads = receive_offloads(info, facts_.lanes);
    wish.txmode.offloads = transmit_offloads(info, facts_.chain_segments != 0);
    std::vector<std::byte> key = random_rss_key(info.hash_key_size);
    if (facts_.lanes > 1 && (info.flow_type_rss_offloads & rss_wish) != 0) {
        wish.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        wish.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & rss_wish;
        wish.rx_adv_conf.rss_conf.rss_key_len = info.hash_key_size;
        if (!key.empty())
            wish.rx_adv_conf.rss_conf.rss_key = reinterpret_cast<std::uint8_t*>(key.data());
    }
    require(rte_eth_dev_configure(port_, facts_.lanes, facts_.lanes, &wish), facts_.name,
            "refuses its configuration");
    if (facts_.lanes < pools_.size())
        facts_.notes.push_back(std::to_string(facts_.lanes) + " queue pairs for " +
                               std::to_string(pools_.size()) + " workers: frames go through rings");
}

void Device::set_up_queues() {
    std::uint16_t receive = plan_.descriptors, transmit = plan_.descriptors;
    require(rte_eth_dev_adjust_nb_rx_tx_desc(port_, &receive, &transmit), facts_.name,
            "has no descriptor limits");
    facts_.receive_descriptors = receive;
    facts_.transmit_descriptors = transmit;
    const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(port_));
    for (std::uint16_t queue = 0; queue < facts_.lanes; ++queue) {
        require(
            rte_eth_rx_queue_setup(port_, queue, receive, socket, nullptr, pools_[queue]->get()),
            facts_.name, "refuses a receive queue");
        require(rte_eth_tx_queue_setup(port_, queue, transmit, socket, nullptr), facts_.name,
                "refuses a transmit queue");
    }
}

void Device::set_mac() {
    if (!plan_.mac || *plan_.mac == mac_of(port_)) return;
    rte_ether_addr address = to_dpdk(*plan_.mac);
    const int error = rte_eth_dev_default_mac_addr_set(port_, &address);
    if (error != 0) facts_.notes.push_back("does not take the MAC address: " + why(error));
}

void Device::start() {
    set_mtu();
    require(rte_eth_dev_start(port_), facts_.name, "does not start");
    started_ = true;
    set_filters();
    read_back();
}

/// Some devices take the MTU only so, and some (rings) have none to set: what counts is what is
/// read back.
void Device::set_mtu() {
    const int error = rte_eth_dev_set_mtu(port_, plan_.mtu_bytes);
    if (error != 0 && error != -ENOTSUP)
        facts_.notes.push_back("does not take the MTU: " + why(error));
}

/// Our own unicast address passes every filter; the groups need a list, else all multicast, else
/// everything. Only here is the MAC known that our link-local address and its group follow from.
void Device::set_filters() {
    const Mac own = plan_.mac.value_or(mac_of(port_));
    std::vector<rte_ether_addr> groups{to_dpdk(multicast_mac(solicited_node(link_local(own))))};
    std::ranges::transform(plan_.groups, std::back_inserter(groups), to_dpdk);
    const bool mac_refused = plan_.mac && *plan_.mac != mac_of(port_);
    const bool listed = !plan_.all_multicast &&
                        rte_eth_dev_set_mc_addr_list(
                            port_, groups.data(), static_cast<std::uint32_t>(groups.size())) == 0;
    if (!listed && !mac_refused && rte_eth_allmulticast_enable(port_) == 0)
        facts_.notes.emplace_back("takes no multicast list: all multicast is received");
    else if ((!listed || mac_refused) && rte_eth_promiscuous_enable(port_) == 0)
        facts_.notes.emplace_back("takes no address filter: promiscuous");
    else if (!listed || mac_refused)
        facts_.notes.emplace_back("has no filter to open: hoping that it has none at all");
}

void Device::read_back() {
    const rte_eth_dev_info info = info_of(port_, facts_.name);
    const std::uint64_t receive = receive_offloads(info, facts_.lanes);
    const std::uint64_t transmit = transmit_offloads(info, facts_.chain_segments != 0);
    facts_.checks_ip4 = (receive & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0;
    facts_.checks_tcp = (receive & RTE_ETH_RX_OFFLOAD_TCP_CKSUM) != 0;
    facts_.checks_udp = (receive & RTE_ETH_RX_OFFLOAD_UDP_CKSUM) != 0;
    facts_.finishes_ip4 = (transmit & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) != 0;
    facts_.finishes_tcp = (transmit & RTE_ETH_TX_OFFLOAD_TCP_CKSUM) != 0;
    facts_.finishes_udp = (transmit & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) != 0;
    facts_.has_tso = (info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_TCP_TSO) != 0;
    facts_.mac = plan_.mac ? *plan_.mac : mac_of(port_);
    rte_eth_dev_get_mtu(port_, &facts_.mtu_bytes);
    facts_.socket = rte_eth_dev_socket_id(port_);
    facts_.promiscuous = rte_eth_promiscuous_get(port_) == 1;
    facts_.all_multicast = rte_eth_allmulticast_get(port_) == 1;
    if (facts_.lanes > 1) {
        spread_evenly(port_, info.reta_size, facts_.lanes);
        facts_.rss = read_rss(port_, info.hash_key_size, info.reta_size);
    }
    if (facts_.mtu_bytes < plan_.mtu_bytes)
        throw std::runtime_error("device " + facts_.name + ": its MTU stays " +
                                 std::to_string(facts_.mtu_bytes) + ": set mtu to that");
}

void Device::stop() {
    if (!started_) return;
    rte_eth_dev_stop(port_);
    started_ = false;
}

std::unique_ptr<Lane> Device::lane(std::uint16_t worker) const {
    const bool has_queue = worker < facts_.lanes;
    return std::make_unique<EthdevLane>(LanePlan{.port = port_,
                                                 .queue = has_queue ? worker : std::uint16_t{0},
                                                 .has_queue = has_queue,
                                                 .lane = plan_.lane,
                                                 .offloads = {.ip4_checksum = facts_.finishes_ip4,
                                                              .tcp_checksum = facts_.finishes_tcp,
                                                              .udp_checksum = facts_.finishes_udp},
                                                 .chain_segments = facts_.chain_segments,
                                                 .pool = pools_.at(worker)->get()});
}

}  // namespace terminus
