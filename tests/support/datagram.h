/// A datagram of the tests: an Ethernet frame with IPv4 or IPv6 and TCP, UDP or ICMP in it, written
/// and read without any code of the core, so that it can judge what the core wrote.
#pragma once

#include "terminus/wire/address.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace terminus::test {

using Bytes = std::vector<std::byte>;

/// One datagram, in host order. What a protocol does not have is ignored by encode() and default
/// from decode().
struct Datagram {
    Mac source_mac, destination_mac;
    std::uint16_t ether_type = 0;  ///< 0: as the addresses' family says
    Address source, destination;
    std::uint8_t protocol = 6;  ///< IPv4's protocol or IPv6's last next header
    std::uint8_t hop_limit = 64;
    std::uint8_t traffic_class = 0;  ///< DSCP and ECN: RFC 2474, RFC 3168
    bool dont_fragment = false;      ///< IPv4; decode() only
    bool fragment = false;           ///< decode() only
    std::uint16_t fragment_offset = 0;
    bool more_fragments = false;
    // TCP and UDP.
    std::uint16_t source_port = 0, destination_port = 0;
    std::uint32_t seq = 0, ack = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 0, urgent = 0;
    std::string options;  ///< TCP options as their bytes, a multiple of four long
    // ICMP and ICMPv6.
    std::uint8_t type = 0, code = 0;
    std::uint32_t rest = 0;  ///< the second half of the 8-byte header
    /// Text, UDP payload, what follows 8 bytes of ICMP, or all that follows the IP header.
    std::string payload;
    /// decode(): what is wrong with the frame, in words; empty when nothing is.
    std::string fault;

    [[nodiscard]] bool is_ip6() const { return destination.family() == Family::ip6; }
    [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

inline constexpr std::uint8_t protocol_icmp4 = 1, protocol_tcp = 6, protocol_udp = 17,
                              protocol_icmp6 = 58;

/// The frame, with good lengths and checksums.
[[nodiscard]] Bytes encode(const Datagram& datagram);
/// The frame in fragments of at most `mtu_bytes` each (RFC 791 section 3.2, RFC 8200 section 4.5).
[[nodiscard]] std::vector<Bytes> encode_fragments(const Datagram& datagram, std::size_t mtu_bytes,
                                                  std::uint32_t id);
/// Reads a frame and checks every length and checksum. ARP and unknown protocols give a payload
/// only.
[[nodiscard]] Datagram decode(std::span<const std::byte> frame);

/// RFC 1071 over the bytes, as a number in host order; `sum` adds what was summed before.
[[nodiscard]] std::uint16_t internet_checksum(std::string_view bytes, std::uint32_t sum = 0);

/// TCP options in tcpdump's manner, NOPs and END left out: "mss 1460,wscale 7".
[[nodiscard]] std::string describe_options(std::string_view options);
/// The same way back: "mss 1460,nop,wscale 7,sackOK,TS val 1 ecr 2"; padded with NOPs to a multiple
/// of four.
[[nodiscard]] std::string parse_options(std::string_view text);
/// Flags in tcpdump's manner: "S.", "FP.", "R"; "none".
[[nodiscard]] std::string describe_flags(std::uint8_t flags);
/// One line that describes the datagram, numbers absolute.
[[nodiscard]] std::string describe(const Datagram& datagram);

}  // namespace terminus::test
