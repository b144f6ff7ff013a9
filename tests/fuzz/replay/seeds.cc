/// The seeds: built frames, then captured ones.
#include "seeds.h"

#include "pcap.h"

namespace terminus::test {
namespace {

constexpr char peer[] = "192.0.2.1", us[] = "198.18.0.2";
constexpr char peer6[] = "2001:db8::1", us6[] = "2001:db8:18::2";
constexpr std::uint8_t hop_by_hop = 0, routing = 43, destination_options = 60;

Packet segment(const char* from, const char* to) {
    return Packet::tcp(from, 4000, to, 80).seq(1000).ack(2000).text("GET / HTTP/1.1\r\n\r\n");
}

std::vector<Packet> segments() {
    const auto syn_options = from_hex("020405b4 0402 080a 01020304 00000000 01 030307");
    const auto sack = from_hex("0101 080a 01020304 05060708 0101 050a 00000001 00000002");
    std::vector<Packet> packets;
    for (const auto& [from, to] : {std::pair{peer, us}, std::pair{peer6, us6}}) {
        packets.push_back(segment(from, to).flags("S").text("").tcp_options(syn_options));
        packets.push_back(segment(from, to).flags("P.").tcp_options(sack));
        packets.push_back(segment(from, to).flags("F."));
        packets.push_back(segment(from, to).flags("R").text(""));
    }
    return packets;
}

std::vector<Packet> others() {
    std::vector<Packet> packets;
    for (const auto& [from, to] : {std::pair{peer, us}, std::pair{peer6, us6}}) {
        packets.push_back(Packet::udp(from, 4000, to, 7).text("echo").vlan(7));
        packets.push_back(Packet::echo_request(from, to, 1, 2).text("ping"));
        packets.push_back(
            Packet::udp(from, 4000, to, 7).text(std::string(99, 'x')).fragment(7, 16, 24, true));
        packets.push_back(Packet::ip(from, to, 132).text("sctp"));
    }
    return packets;
}

std::vector<Packet> rarities() {
    const auto quote = segment(us, peer).datagram();
    const auto quote6 = segment(us6, peer6).datagram();
    return {
        Packet::arp(1, peer, us).pad_to(60),
        segment(peer, us).ip_options(from_hex("0708c0000201 94040000")),
        segment(peer, us).ip_options(from_hex("830704c0000201")),
        Packet::icmp(peer, us, 3, 1).text(quote),
        Packet::icmp(peer6, us6, 2, 0, 1280).text(quote6),
        Packet::icmp(peer6, us6, 135)
            .hop_limit(255)
            .text(from_hex("20010db8001800000000000000000002 0101020000000011")),
        segment(peer6, us6)
            .extension(hop_by_hop, from_hex("050200000100"))
            .extension(destination_options, {}),
        segment(peer6, us6).extension(routing, from_hex("0000")),
        segment(peer6, us6).extension(destination_options, from_hex("c90400000000")),
        segment(peer6, us6).fragment(9, 0, 200, false),
    };
}

void add_captured(std::vector<Bytes>& seeds) {
    const auto root = captures_root();
    if (!root) return;
    for (const auto& file : capture_files(*root))
        for (auto& frame : ethernet_frames(file))
            seeds.push_back(std::move(frame));
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
    std::vector<Bytes> seeds;
    for (const auto& packets : {segments(), others(), rarities()})
        for (const auto& packet : packets)
            seeds.push_back(packet.bytes());
    add_captured(seeds);
    return seeds;
}

}  // namespace terminus::test
