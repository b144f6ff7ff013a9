/// The plain segment, which nearly all frames are: TCP over IPv4, untagged, to one host's MAC
/// address, without IP options or fragments. Judged in two steps, so that a burst's flows can be on
/// their way to the cache while its checksums are summed up. parse() is both in one, and what is
/// not plain, or has something wrong with it, goes its longer way.
#pragma once

#include "terminus/wire/checksum.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/tcp.h"
#include "terminus/wire/view.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// RFC 1122 section 3.2.1.3: of 0/8, 127/8, groups, class E and the limited broadcast none is a
/// sender.
[[nodiscard]] inline bool is_ip4_sender(be32 address) {
    const unsigned network = address.host() >> 24;
    return network - 1 < 223 && network != 127;
}

/// Where a plain segment has what.
struct PlainSegment {
    static constexpr std::uint32_t l3 = sizeof(EthernetHeader), l4 = l3 + sizeof(Ip4Header);
    static constexpr std::uint32_t addresses = l3 + offsetof(Ip4Header, source);
    static constexpr std::uint32_t least_bytes = l4 + sizeof(TcpHeader);

    /// What the views of all of them have in common.
    static constexpr View view{.l3 = l3,
                               .l4 = l4,
                               .next_header_at = l3 + offsetof(Ip4Header, protocol),
                               .kind = Kind::tcp,
                               .protocol = ip_protocol::tcp};
};

/// An IPv4 header without options, as the words that it consists of.
struct PlainIp4 {
    std::uint64_t first, second;  ///< version to fragment; TTL to source
    std::uint32_t destination;

    explicit PlainIp4(const std::byte* at)
        : first{load<std::uint64_t>(at)},
          second{load<std::uint64_t>(at + 8)},
          destination{load<std::uint32_t>(at + 16)} {}

    /// No options, no fragment, and this protocol behind it.
    [[nodiscard]] bool is_of(std::uint8_t protocol) const {
        return is_plain_ip4(first) && (second >> 8 & 0xff) == protocol;
    }
    [[nodiscard]] std::uint32_t total_length() const {
        return std::bit_cast<be16>(static_cast<std::uint16_t>(first >> 16)).host();
    }
    [[nodiscard]] std::uint32_t source() const { return static_cast<std::uint32_t>(second >> 32); }
    [[nodiscard]] bool is_between_hosts() const {
        return is_ip4_sender(std::bit_cast<be32>(source())) && (destination & 0xff) != 127;
    }
    [[nodiscard]] bool adds_up(Checked device) const {
        if (device != Checked::unknown) return device == Checked::good;
        return checksum_is_good(checksum_carry(checksum_carry(first, second), destination));
    }
    /// Of the pseudo header.
    [[nodiscard]] PartialSum pseudo(std::uint8_t protocol, std::uint32_t l4_length) const {
        return PartialSum{source()} + destination + be16{protocol}.raw() + be32{l4_length}.raw();
    }
};

/// Whether the frame is a plain segment, whose view is written then. All that parse() looks at has
/// been looked at but for the checksums.
[[nodiscard]] inline bool parse_plain(std::span<const std::byte> frame, View& view) {
    using Plain = PlainSegment;
    if (frame.size() < Plain::least_bytes) return false;
    const auto& ether = overlay<EthernetHeader>(frame.data());
    const PlainIp4 ip{frame.data() + Plain::l3};
    if (ether.type != be16{ether_type::ip4} || !ip.is_of(ip_protocol::tcp)) return false;
    const auto& tcp = overlay<TcpHeader>(frame.data() + Plain::l4);
    const std::uint32_t end = Plain::l3 + ip.total_length();
    const std::uint32_t payload = Plain::l4 + tcp.header_bytes();
    if (end > frame.size() || payload > end || payload < Plain::least_bytes) return false;
    if (tcp.source_port == be16{0} || tcp.destination_port == be16{0}) return false;
    if (!ip.is_between_hosts() || ether.destination.is_group()) return false;
    view = PlainSegment::view;
    view.payload = static_cast<std::uint16_t>(payload);
    view.end = end;
    view.hop_limit = static_cast<std::uint8_t>(ip.second);
    return true;
}

/// Verifies the checksums of a plain segment, where the device has not: RFC 1122 section 3.2.1.2,
/// RFC 9293 section 3.1, MUST-3. `ip` and `l4` are what the device says of them.
[[nodiscard]] inline Drop verify_plain(std::span<const std::byte> frame, Checked ip, Checked l4,
                                       const View& view) {
    const PlainIp4 header{frame.data() + PlainSegment::l3};
    if (!header.adds_up(ip)) [[unlikely]]
        return Drop::ip_checksum;
    if (l4 == Checked::good) return Drop::none;
    if (l4 == Checked::bad) return Drop::tcp_checksum;
    const std::byte* at = frame.data() + PlainSegment::l4;
    const std::uint32_t length = view.end - PlainSegment::l4;
    std::uint64_t sum = checksum_carry(load<std::uint64_t>(at), load<std::uint64_t>(at + 8));
    sum =
        checksum_carry(sum, load<std::uint32_t>(at + 16) + header.pseudo(ip_protocol::tcp, length));
    if (length != sizeof(TcpHeader))
        sum = checksum_add(sum, {at + sizeof(TcpHeader), length - sizeof(TcpHeader)});
    return checksum_is_good(sum) ? Drop::none : Drop::tcp_checksum;
}

}  // namespace terminus
