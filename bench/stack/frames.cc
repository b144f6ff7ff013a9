#include "frames.h"

#include "terminus/wire/checksum.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/tcp.h"

#include <bit>
#include <cstring>

namespace terminus::bench {
namespace {

using test::Packet;

constexpr std::size_t l3 = sizeof(EthernetHeader);
constexpr std::uint8_t timestamps_kind = 8;
/// Two paddings, kind and length: the value follows.
constexpr std::size_t ts_value_at = sizeof(TcpHeader) + 4;

const char* some_peer(Family family) {
    return family == Family::ip6 ? "2001:db8:1::1" : "10.0.0.1";
}

test::Bytes operator+(test::Bytes left, std::string_view digits) {
    for (const std::byte byte : test::from_hex(digits))
        left.push_back(byte);
    return left;
}

constexpr const char* timestamps_option = "0101 080a 00000001 00000000";

/// The options of a SYN; the timestamps come first, where Template looks for them.
test::Bytes syn_options(const PeerOptions& options) {
    test::Bytes bytes;
    if (options.timestamps) bytes = bytes + timestamps_option;
    bytes = bytes + "020405b4";
    if (options.sack) bytes = bytes + "0101 0402";
    if (options.scaling) bytes = bytes + "01 030303";
    return bytes;
}

Packet with_options(const PeerOptions& options, std::uint16_t port, std::string_view flags) {
    Packet packet = tcp_to_us(options, port, flags);
    if (options.timestamps) packet.tcp_options(test::from_hex(timestamps_option));
    return packet;
}

Packet syn_of(const PeerOptions& options, std::uint16_t port) {
    return tcp_to_us(options, port, options.ecn ? "SEW" : "S").tcp_options(syn_options(options));
}

Packet text_of(const PeerOptions& options, std::uint16_t port) {
    Packet packet = with_options(options, port, "P.").text("0123456789");
    if (options.ecn) packet.traffic_class(2);  // RFC 3168 section 5: ECT(0)
    return packet;
}

}  // namespace

const char* our_address(Family family) {
    return family == Family::ip6 ? "2001:db8:18::2" : "198.18.0.2";
}

Permutation::Permutation(std::uint32_t size) : size_{size} {
    while (half_bits_ < 16 && (std::uint64_t{1} << 2 * half_bits_) < size)
        ++half_bits_;
}

std::uint32_t Permutation::operator()(std::uint32_t i) const {
    const std::uint32_t mask = (1U << half_bits_) - 1;
    do {
        for (std::uint32_t round = 1; round <= 4; ++round) {
            const std::uint32_t left = i >> half_bits_, right = i & mask;
            std::uint32_t mixed = (right + round) * 0x9e3779b1U;
            mixed = (mixed ^ mixed >> 15) * 0x85ebca6bU;
            i = right << half_bits_ | (left ^ (mixed >> 13 & mask));
        }
    } while (i >= size_);
    return i;
}

Template::Template(const test::Packet& packet) : bytes_{packet.bytes()} {
    const auto& link = *reinterpret_cast<const EthernetHeader*>(bytes_.data());
    is_ip6_ = link.type.host() == ether_type::ip6;
    l4_ = l3 + (is_ip6_ ? sizeof(Ip6Header) : sizeof(Ip4Header));
    protocol_ = is_ip6_ ? reinterpret_cast<const Ip6Header*>(bytes_.data() + l3)->next_header
                        : reinterpret_cast<const Ip4Header*>(bytes_.data() + l3)->protocol;
    has_timestamps_ = protocol_ == ip_protocol::tcp && bytes_.size() > l4_ + ts_value_at &&
                      bytes_[l4_ + ts_value_at - 2] == std::byte{timestamps_kind};
}

void Template::write(std::span<std::byte> into, std::uint32_t number, const Says& says) const {
    std::memcpy(into.data(), bytes_.data(), bytes_.size());
    const bool has_ports = protocol_ == ip_protocol::tcp || protocol_ == ip_protocol::udp;
    if (is_ip6_) {  // 2001:db8:1::/96 by number
        store(into.data() + l3 + 20, be32{number});
    } else {  // 10.0.0.0/8 by number, then the port
        store(into.data() + l3 + 12, be32{0x0a000000U + number % (1U << 24)});
        const auto port = static_cast<std::uint16_t>(1024 + (number >> 24));
        if (has_ports) store(into.data() + l4_, be16{port});
    }
    if (protocol_ == ip_protocol::tcp) {
        auto& tcp = *reinterpret_cast<TcpHeader*>(into.data() + l4_);
        tcp.seq = be32{says.seq};
        tcp.ack = be32{says.ack};
        if (has_timestamps_) store(into.data() + l4_ + ts_value_at, be32{says.ts_value});
    }
    finish(into.first(bytes_.size()));
}

/// The checksums of the frame, computed anew.
void Template::finish(std::span<std::byte> frame) const {
    const auto message = frame.subspan(l4_);
    const auto length = static_cast<std::uint32_t>(message.size());
    PartialSum sum = 0;
    if (is_ip6_) {
        sum = pseudo_sum(*reinterpret_cast<Ip6Header*>(frame.data() + l3), protocol_, length);
    } else {
        auto& ip = *reinterpret_cast<Ip4Header*>(frame.data() + l3);
        ip.checksum = be16{0};
        ip.checksum = ip4_header_checksum(ip);
        if (protocol_ != ip_protocol::icmp4) sum = pseudo_sum(ip, protocol_, length);
    }
    std::size_t at = 2;  // ICMP
    if (protocol_ == ip_protocol::tcp) at = 16;
    if (protocol_ == ip_protocol::udp) at = 6;
    store(message.data() + at, be16{0});
    store(message.data() + at, checksum_finish(checksum_add(sum, message)));
}

Key Template::key(std::uint32_t number) const {
    std::array<std::byte, 128> frame;
    write(frame, number);
    const Ends ends{load<be16>(frame.data() + l4_ + 2), load<be16>(frame.data() + l4_), 0};
    if (is_ip6_) {
        const auto& ip = *reinterpret_cast<const Ip6Header*>(frame.data() + l3);
        return ip6_key(ip.destination.data(), ip.source.data(), ends);
    }
    const auto& ip = *reinterpret_cast<const Ip4Header*>(frame.data() + l3);
    return ip4_key(ip.destination, ip.source, ends);
}

Peers::Peers(const PeerOptions& options, std::uint16_t port)
    : syn{syn_of(options, port)},
      ack{with_options(options, port, ".")},
      text{text_of(options, port)},
      fin{with_options(options, port, "F.")},
      rst{tcp_to_us(options, port, "R")} {}

Packet tcp_to_us(const PeerOptions& options, std::uint16_t port, std::string_view flags) {
    return Packet::tcp(some_peer(options.family), 1024, our_address(options.family), port)
        .flags(flags);
}

Packet udp_to_us(const PeerOptions& options, std::uint16_t port) {
    return Packet::udp(some_peer(options.family), 1024, our_address(options.family), port);
}

Packet ping_to_us(const PeerOptions& options) {
    return Packet::echo_request(some_peer(options.family), our_address(options.family), 1, 1);
}

}  // namespace terminus::bench
