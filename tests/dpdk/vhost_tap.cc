/// vhost_tap SOCKET INTERFACE: a tap of the kernel's behind a vhost-user device that segments TCP:
/// what stands in for a NIC with TSO, where net_virtio_user is the appliance's device. The kernel
/// gets chains whole, with the header that tells how to cut them, and checksums them as a NIC
/// would. Ends with SIGTERM.
#include "terminus/wire/ethernet.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"
#include "terminus/wire/tcp.h"

#include "dpdk/device.h"
#include "dpdk/eal.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace terminus;

volatile std::sig_atomic_t ended = 0;

/// struct virtio_net_hdr of linux/virtio_net.h, which is no C++.
struct OffloadHeader {
    static constexpr std::uint8_t needs_checksum = 1, tcp4 = 1, tcp6 = 4;
    std::uint8_t flags = 0, segmentation = 0;
    std::uint16_t header_bytes = 0, segment_bytes = 0, checksum_start = 0, checksum_offset = 0;
};
static_assert(sizeof(OffloadHeader) == 10);

int open_tap(const std::string& interface) {
    const int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    ifreq wish{};
    wish.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    interface.copy(wish.ifr_name, sizeof(wish.ifr_name) - 1);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &wish) != 0)
        throw std::runtime_error("no tap " + interface + ": " + std::strerror(errno));
    return tap;
}

/// What vhost's flags say of a packet, in the kernel's words.
OffloadHeader header_of(const rte_mbuf& packet) {
    OffloadHeader header;
    const bool is_chain = (packet.ol_flags & RTE_MBUF_F_RX_LRO) != 0;
    const bool is_unsummed =
        (packet.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
    if (!is_chain && !is_unsummed) return header;
    const auto* bytes = rte_pktmbuf_mtod(&packet, const std::byte*);
    const bool is_ip6 = load<EthernetHeader>(bytes).type == be16{ether_type::ip6};
    const std::size_t ip = sizeof(EthernetHeader);
    const std::size_t l4 = ip + (is_ip6 ? sizeof(Ip6Header) : sizeof(Ip4Header));
    const std::uint8_t protocol =
        is_ip6 ? load<Ip6Header>(bytes + ip).next_header : load<Ip4Header>(bytes + ip).protocol;
    header.flags = OffloadHeader::needs_checksum;
    header.checksum_start = static_cast<std::uint16_t>(l4);
    header.checksum_offset = protocol == ip_protocol::tcp ? 16 : 6;
    if (!is_chain) return header;
    header.segmentation = is_ip6 ? OffloadHeader::tcp6 : OffloadHeader::tcp4;
    header.segment_bytes = packet.tso_segsz;
    header.header_bytes =
        static_cast<std::uint16_t>(l4 + load<TcpHeader>(bytes + l4).header_bytes());
    return header;
}

void to_kernel(int tap, const rte_mbuf& packet) {
    OffloadHeader header = header_of(packet);
    std::vector<iovec> parts{{&header, sizeof(header)}};
    for (const rte_mbuf* at = &packet; at != nullptr; at = at->next)
        parts.push_back({rte_pktmbuf_mtod(at, void*), at->data_len});
    if (writev(tap, parts.data(), static_cast<int>(parts.size())) < 0 && errno != EIO)  // EIO: down
        std::fprintf(stderr, "vhost_tap: %u bytes lost: %s\n", packet.pkt_len,
                     std::strerror(errno));
}

bool from_appliance(std::uint16_t port, int tap) {
    std::array<rte_mbuf*, 32> packets;
    const std::uint16_t count = rte_eth_rx_burst(port, 0, packets.data(), packets.size());
    for (std::uint16_t i = 0; i < count; ++i) {
        to_kernel(tap, *packets[i]);
        rte_pktmbuf_free(packets[i]);
    }
    return count != 0;
}

/// The kernel finishes what it sends to a tap that has asked for no offloads.
bool from_kernel(std::uint16_t port, int tap, const Pool& pool) {
    rte_mbuf* packet = rte_pktmbuf_alloc(pool.get());
    if (packet == nullptr) return false;
    OffloadHeader header;
    const iovec parts[] = {{&header, sizeof(header)},
                           {rte_pktmbuf_mtod(packet, void*), rte_pktmbuf_tailroom(packet)}};
    const ssize_t got = readv(tap, parts, 2);
    if (got > static_cast<ssize_t>(sizeof(header))) {
        rte_pktmbuf_append(packet, static_cast<std::uint16_t>(got - ssize_t{sizeof(header)}));
        if (rte_eth_tx_burst(port, 0, &packet, 1) == 1) return true;
    }
    rte_pktmbuf_free(packet);
    return got > 0;
}

void run(const std::string& socket, const std::string& interface) {
    EalPlan plan;
    plan.huge_pages = HugePages::never;
    plan.memory_mib = 64;
    const Eal eal{plan};
    Pool pool({.name = "pool", .frames = 4096});
    Device device({.device = "net_vhost0,tso=1,iface=" + socket, .mac = {}, .groups = {}}, {&pool});
    device.start();
    std::uint16_t port = 0;
    rte_eth_dev_get_port_by_name("net_vhost0", &port);
    const int tap = open_tap(interface);
    while (ended == 0) {
        bool any = from_appliance(port, tap);
        for (int i = 0; i < 32 && from_kernel(port, tap, pool); ++i)
            any = true;
        pollfd ready{.fd = tap, .events = POLLIN, .revents = 0};
        const timespec pause{.tv_sec = 0, .tv_nsec = 20'000};
        if (!any) ppoll(&ready, 1, &pause, nullptr);
    }
    close(tap);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fprintf(stderr, "vhost_tap SOCKET INTERFACE\n"), 2;
    std::signal(SIGTERM, [](int) { ended = 1; });
    try {
        run(argv[1], argv[2]);
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "vhost_tap: %s\n", wrong.what());
        return 1;
    }
    return 0;
}
