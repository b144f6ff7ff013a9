/// The harness, and main(): a network namespace first, then the tests.
#include "harness.h"

#include "terminus/base/endian.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace terminus::testing {

namespace {

bool in_namespace = false;

/// IPv6 of the kernel would mix its own frames with ours.
bool enter_namespace() {
    if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) return false;
    return run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; ip link set lo up");
}

/// Ones' complement sum of big-endian words, uncomplemented, not folded.
std::uint32_t sum_of(std::span<const std::byte> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
    return sum;
}

std::uint16_t fold(std::uint32_t sum) {
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

constexpr std::size_t link_bytes = sizeof(EthernetHeader);

std::size_t checksum_at(const Unfinished& frame) {
    return link_bytes + frame.l3_length + (frame.is_tcp ? 16U : 6U);
}

void write_ip4(std::byte* at, std::uint8_t protocol, std::size_t payload) {
    Ip4Header ip{};
    ip.version_ihl = 0x45;
    ip.total_length = be16{static_cast<std::uint16_t>(sizeof(ip) + payload)};
    ip.ttl = 64;
    ip.protocol = protocol;
    ip.source = be32{0xc6120002};       // 198.18.0.2
    ip.destination = be32{0xc6120001};  // 198.18.0.1
    store(at, ip);
}

void write_ip6(std::byte* at, std::uint8_t protocol, std::size_t payload) {
    Ip6Header ip{};
    ip.version_class_flow = be32{0x60000000};
    ip.payload_length = be16{static_cast<std::uint16_t>(payload)};
    ip.next_header = protocol;
    ip.hop_limit = 64;
    ip.source = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
    ip.destination = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    store(at, ip);
}

void write_l4(std::byte* at, bool is_tcp, std::size_t l4_bytes) {
    store(at, be16{4242});
    store(at + 2, be16{4343});
    if (is_tcp)
        store(at + 12, be16{0x5010});  // 20 bytes, ACK
    else
        store(at + 4, be16{static_cast<std::uint16_t>(l4_bytes)});
}

/// Tries often enough for any loaded machine, and not for ever.
template <typename Try>
void try_for_a_while(Try attempt) {
    for (int i = 0; i < 3000; ++i) {
        if (attempt()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

}  // namespace

bool has_namespace() { return in_namespace; }

bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

Eal& eal() {
    static Eal one{[] {
        EalPlan plan;
        plan.huge_pages = HugePages::never;
        plan.memory_mib = 256;
        return plan;
    }()};
    return one;
}

std::vector<std::byte> plain_frame(std::size_t bytes, std::uint8_t seed, std::uint16_t type) {
    std::vector<std::byte> frame(bytes);
    for (std::size_t i = 0; i < bytes; ++i)
        frame[i] = static_cast<std::byte>(seed + i);
    const EthernetHeader link{
        .destination = broadcast_mac, .source = Mac{{2, 0, 0, 0, 0, 9}}, .type = be16{type}};
    store(frame.data(), link);
    return frame;
}

Unfinished unfinished_frame(bool is_ip6, bool is_tcp, std::size_t text) {
    const std::size_t l3 = is_ip6 ? 40 : 20, l4 = (is_tcp ? 20U : 8U) + text;
    Unfinished made{
        .bytes = plain_frame(link_bytes + l3 + l4, 7, is_ip6 ? ether_type::ip6 : ether_type::ip4),
        .l3_length = static_cast<std::uint8_t>(l3),
        .is_ip6 = is_ip6,
        .is_tcp = is_tcp};
    const std::uint8_t protocol = is_tcp ? ip_protocol::tcp : ip_protocol::udp;
    std::byte* const ip = made.bytes.data() + link_bytes;
    is_ip6 ? write_ip6(ip, protocol, l4) : write_ip4(ip, protocol, l4);
    write_l4(ip + l3, is_tcp, l4);
    const std::span addresses(ip + (is_ip6 ? 8 : 12), is_ip6 ? 32U : 8U);
    const auto pseudo = fold(sum_of(addresses) + protocol + static_cast<std::uint32_t>(l4));
    store(made.bytes.data() + checksum_at(made), be16{pseudo});
    return made;
}

std::vector<std::byte> finish(const Unfinished& unfinished) {
    std::vector<std::byte> bytes = unfinished.bytes;
    const std::span ip(bytes.data() + link_bytes, unfinished.l3_length);
    if (!unfinished.is_ip6)
        store(ip.data() + 10, be16{static_cast<std::uint16_t>(~fold(sum_of(ip)))});
    const std::span l4 = std::span(bytes).subspan(link_bytes + unfinished.l3_length);
    store(bytes.data() + checksum_at(unfinished),
          be16{static_cast<std::uint16_t>(~fold(sum_of(l4)))});
    return bytes;
}

void fill(Frame& frame, std::span<const std::byte> bytes) {
    ASSERT_LE(bytes.size(), frame.capacity);
    std::memcpy(frame.data, bytes.data(), bytes.size());
    frame.length = static_cast<std::uint16_t>(bytes.size());
}

void fill(Frame& frame, const Unfinished& unfinished) {
    fill(frame, std::span(unfinished.bytes));
    frame.finish_ip = !unfinished.is_ip6;
    frame.finish_l4 = true;
    frame.l2_length = link_bytes;
    frame.l3_length = unfinished.l3_length;
    frame.is_ip6 = unfinished.is_ip6;
    frame.is_tcp = unfinished.is_tcp;
}

std::vector<std::byte> copy_of(const Frame& frame) {
    return {frame.bytes().begin(), frame.bytes().end()};
}

std::uint16_t type_of(std::span<const std::byte> frame) {
    return frame.size() < link_bytes ? std::uint16_t{0}
                                     : load<EthernetHeader>(frame.data()).type.host();
}

namespace {

template <typename Bytes>
bool send_one(Lane& lane, const Bytes& bytes) {
    Frame frame;
    if (lane.fresh({&frame, 1}) != 1) return false;
    fill(frame, bytes);
    if (lane.transmit({&frame, 1}) == 1) return true;
    lane.release({&frame, 1});
    return false;
}

}  // namespace

bool send(Lane& lane, std::span<const std::byte> bytes) { return send_one(lane, bytes); }
bool send(Lane& lane, const Unfinished& unfinished) { return send_one(lane, unfinished); }

Frame receive(Lane& lane, std::uint16_t type) {
    Frame frame;
    try_for_a_while([&] {
        if (lane.receive({&frame, 1}) == 0) return false;
        if (type_of(frame.bytes()) == type) return true;
        lane.release({&frame, 1});
        frame = {};
        return false;
    });
    return frame;
}

PacketSocket::PacketSocket(const std::string& interface)
    : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    EXPECT_NE(address.sll_ifindex, 0) << interface;
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
}

PacketSocket::~PacketSocket() { close(socket_); }

bool PacketSocket::send(std::span<const std::byte> bytes) const {
    return write(socket_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
}

std::vector<std::byte> PacketSocket::receive(std::uint16_t type) const {
    for (int frames = 0; frames < 1000; ++frames) {
        pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
        if (poll(&ready, 1, 3000) != 1) return {};
        std::vector<std::byte> bytes(65536);
        sockaddr_ll from{};
        socklen_t size = sizeof(from);
        const ssize_t got = recvfrom(socket_, bytes.data(), bytes.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
        if (got <= 0) return {};
        bytes.resize(static_cast<std::size_t>(got));
        if (from.sll_pkttype != PACKET_OUTGOING && type_of(bytes) == type) return bytes;
    }
    return {};
}

Rig::Rig(const std::string& name, std::uint16_t mtu_bytes, std::uint32_t frames,
         std::uint8_t lane_index)
    : pool((eal(), PoolPlan{.name = "pool", .frames = frames, .mtu_bytes = mtu_bytes})) {
    device = std::make_unique<Device>(
        DevicePlan{
            .device = name, .mtu_bytes = mtu_bytes, .mac = {}, .groups = {}, .lane = lane_index},
        std::vector{&pool});
    device->start();
    lane = device->lane(0);
}

Rig::~Rig() {
    device.reset();
    EXPECT_LE(pool.capacity() - pool.available(), kept_by_driver) << "a buffer leaked";
}

}  // namespace terminus::testing

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (argc == 3 && std::string_view(argv[1]) == "--memif-client")
        return terminus::testing::run_memif_client(argv[2]);
    terminus::testing::in_namespace = terminus::testing::enter_namespace();
    return RUN_ALL_TESTS();
}
