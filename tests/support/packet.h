/// A builder of frames for tests: says what matters, fills in the rest with right lengths and
/// checksums, and can break every field. It shares no code with the parser or the checksums under
/// test.
///
///     const auto frame = Packet::tcp("192.0.2.1", 4000, "198.18.0.2",
///     80).flags("S").seq(7).bytes(); const auto broken = Packet::udp("2001:db8::1", 9,
///     "2001:db8::2", 7).text("hi").l4_checksum(0).bytes();
#pragma once

#include "terminus/wire/address.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

namespace terminus::test {

using Bytes = std::vector<std::byte>;

/// Bytes from numbers, from text, and from hexadecimal digits (blanks between them are skipped).
[[nodiscard]] Bytes bytes_of(std::initializer_list<unsigned> values);
[[nodiscard]] Bytes bytes_of(std::string_view text);
[[nodiscard]] Bytes from_hex(std::string_view digits);
/// The Internet checksum, byte by byte: the reference.
[[nodiscard]] std::uint16_t naive_checksum(const Bytes& bytes);

/// The MACs that a Packet travels between unless told otherwise.
inline constexpr Mac peer_mac{{0x02, 0, 0, 0, 0, 0x11}};
inline constexpr Mac our_mac{{0x02, 0, 0, 0, 0, 0x01}};

class Packet {
public:
    // The kinds. Addresses are text; both of one family, which makes the packet IPv4 or IPv6.
    static Packet tcp(std::string_view from, std::uint16_t from_port, std::string_view to,
                      std::uint16_t to_port);
    static Packet udp(std::string_view from, std::uint16_t from_port, std::string_view to,
                      std::uint16_t to_port);
    /// ICMP over IPv4, ICMPv6 over IPv6; `rest` is the second word of the header.
    static Packet icmp(std::string_view from, std::string_view to, std::uint8_t type,
                       std::uint8_t code = 0, std::uint32_t rest = 0);
    static Packet echo_request(std::string_view from, std::string_view to, std::uint16_t id,
                               std::uint16_t sequence);
    /// Any protocol; the text is the whole IP payload.
    static Packet ip(std::string_view from, std::string_view to, std::uint8_t protocol);
    /// An ARP request (1) or reply (2) between IPv4 addresses. A request leaves the target's MAC
    /// zero.
    static Packet arp(std::uint16_t operation, std::string_view sender, std::string_view target);

    // Link.
    Packet& ether(const Mac& from, const Mac& to);
    Packet& ether_type(std::uint16_t type);
    /// One more 802.1Q tag; `control` holds the priority too.
    Packet& vlan(std::uint16_t control);
    Packet& arp_macs(const Mac& sender, const Mac& target);

    // IP. Lengths, versions and checksums that are set here are written as they are.
    Packet& hop_limit(std::uint8_t value);
    Packet& traffic_class(std::uint8_t value);
    Packet& ip_id(std::uint16_t value);
    Packet& dont_fragment();
    /// Makes it a fragment whose IP payload is the given stretch of what it would be; IPv6 gets a
    /// fragment header.
    Packet& fragment(std::uint32_t id, std::size_t offset, std::size_t length, bool more);
    /// IPv4: padded with zeros to a multiple of four.
    Packet& ip_options(Bytes options);
    /// IPv6: appends an extension header of that protocol number. `body` is all but the next header
    /// and the length, padded with zeros (Pad1) to a multiple of eight.
    Packet& extension(std::uint8_t protocol, Bytes body);
    Packet& version(std::uint8_t value);
    Packet& ihl(std::uint8_t words);
    Packet& total_length(std::uint16_t value);  ///< IPv6: the payload length
    Packet& ip_checksum(std::uint16_t value);
    Packet& protocol(std::uint8_t value);  ///< what the last IP header names as next, the packet's
                                           ///< kind unchanged

    // Transport.
    /// Of tcpdump's letters: S F R P . U E W.
    Packet& flags(std::string_view letters);
    Packet& seq(std::uint32_t value);
    Packet& ack(std::uint32_t value);  ///< sets the number only, not the flag
    Packet& window(std::uint16_t value);
    Packet& urgent(std::uint16_t value);
    /// Padded with zeros (end of options) to a multiple of four.
    Packet& tcp_options(Bytes options);
    Packet& data_offset(std::uint8_t words);
    Packet& udp_length(std::uint16_t value);
    Packet& l4_checksum(std::uint16_t value);
    Packet& text(std::string_view text);
    Packet& text(Bytes text);

    // The frame as a whole.
    Packet& pad_to(std::size_t bytes);  ///< appends zeros, as a link does to short frames
    Packet& cut_to(std::size_t bytes);  ///< takes bytes off the end
    [[nodiscard]] Bytes bytes() const;
    /// From the IP header on, without padding: what an ICMP error quotes, what reassembly yields.
    [[nodiscard]] Bytes datagram() const;
    /// From the transport header on, whole even when the packet is a fragment.
    [[nodiscard]] Bytes transport() const;

private:
    enum class Kind { tcp, udp, icmp, plain, arp };
    struct Extension {
        std::uint8_t protocol;
        Bytes body;
    };
    struct Fragment {
        std::uint32_t id;
        std::size_t offset, length;
        bool more;
    };

    Packet(Kind kind, std::string_view from, std::string_view to, std::uint8_t protocol);

    [[nodiscard]] bool is_ip6() const { return from_.family() == Family::ip6; }
    [[nodiscard]] Bytes link_header() const;
    [[nodiscard]] Bytes arp_packet() const;
    [[nodiscard]] Bytes transport_without_checksum() const;
    [[nodiscard]] std::uint16_t transport_checksum(const Bytes& transport) const;
    [[nodiscard]] Bytes ip_payload() const;
    [[nodiscard]] Bytes ip4_header(std::size_t payload_bytes) const;
    [[nodiscard]] Bytes ip6_header(std::size_t payload_bytes) const;
    [[nodiscard]] Bytes extension_chain() const;
    [[nodiscard]] std::uint8_t first_next_header() const;
    [[nodiscard]] std::uint8_t last_next_header() const;

    Kind kind_;
    Address from_, to_;
    std::uint8_t protocol_;

    Mac from_mac_ = peer_mac, to_mac_ = our_mac, arp_sender_ = peer_mac, arp_target_{};
    std::optional<std::uint16_t> ether_type_;
    std::vector<std::uint16_t> tags_;

    std::uint8_t hop_limit_ = 64, traffic_class_ = 0;
    std::uint16_t ip_id_ = 0;
    bool dont_fragment_ = false;
    std::optional<Fragment> fragment_;
    Bytes ip_options_;
    std::vector<Extension> extensions_;
    std::optional<std::uint8_t> version_, ihl_, named_protocol_;
    std::optional<std::uint16_t> total_length_, ip_checksum_;

    std::uint16_t from_port_ = 0, to_port_ = 0;
    std::uint8_t flags_ = 0, icmp_type_ = 0, icmp_code_ = 0;
    std::uint32_t seq_ = 0, ack_ = 0, icmp_rest_ = 0;
    std::uint16_t window_ = 65535, urgent_ = 0, arp_operation_ = 0;
    Bytes tcp_options_, text_;
    std::optional<std::uint8_t> data_offset_;
    std::optional<std::uint16_t> udp_length_, l4_checksum_;

    std::size_t pad_to_ = 0, cut_to_ = SIZE_MAX;
};

}  // namespace terminus::test
