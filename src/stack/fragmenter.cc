/// Fragments of our own large datagrams.
#include "terminus/stack/fragmenter.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"
#include "terminus/wire/checksum.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

#include <algorithm>
#include <cstring>

namespace terminus {
namespace {

/// The headers that every fragment repeats (RFC 8200 section 4.5, Per-Fragment headers): all up to
/// the last hop-by-hop or routing header. Sets the field that names what follows them.
std::size_t per_fragment_bytes(std::span<const std::byte> datagram, std::size_t& next_header_at) {
    next_header_at = 6;
    std::size_t bytes = sizeof(Ip6Header);
    for (;;) {
        const auto protocol = std::to_integer<std::uint8_t>(datagram[next_header_at]);
        const bool repeats =
            protocol == ip_protocol::hop_by_hop || protocol == ip_protocol::routing;
        if (!repeats || bytes + 8 > datagram.size()) return bytes;
        next_header_at = bytes;
        bytes += (std::to_integer<std::size_t>(datagram[bytes + 1]) + 1) * 8;
    }
}

}  // namespace

Fragmenter::Fragmenter(std::span<const std::byte> datagram, std::uint16_t mtu_bytes,
                       std::uint32_t id)
    : id_{id}, is_ip4_{std::to_integer<unsigned>(datagram[0]) >> 4 == 4} {
    std::size_t header_bytes = sizeof(Ip4Header);
    std::size_t repeated_bytes = header_bytes;
    if (is_ip4_) {
        const auto ip = load<Ip4Header>(datagram.data());
        TERMINUS_ASSERT(ip.header_bytes() == sizeof(Ip4Header) && ip.fragment == be16{0});
    } else {
        header_bytes = per_fragment_bytes(datagram, next_header_at_);
        repeated_bytes = header_bytes + sizeof(Ip6Fragment);
    }
    TERMINUS_ASSERT(datagram.size() > header_bytes && mtu_bytes >= repeated_bytes + 8);
    headers_ = datagram.first(header_bytes);
    text_ = datagram.subspan(header_bytes);
    text_per_fragment_ = (mtu_bytes - repeated_bytes) & ~std::size_t{7};
}

std::size_t Fragmenter::next(std::span<std::byte> room) {
    if (offset_ == text_.size()) return 0;
    const std::size_t bytes = std::min(text_per_fragment_, text_.size() - offset_);
    const bool more = offset_ + bytes < text_.size();
    const std::size_t extra = is_ip4_ ? 0 : sizeof(Ip6Fragment);
    TERMINUS_ASSERT(room.size() >= headers_.size() + extra + bytes);
    std::memcpy(room.data(), headers_.data(), headers_.size());
    if (is_ip4_)
        write_header4(room.data(), bytes, more);
    else
        write_header6(room.data(), bytes, more);
    std::memcpy(room.data() + headers_.size() + extra, text_.data() + offset_, bytes);
    offset_ += bytes;
    return headers_.size() + extra + bytes;
}

void Fragmenter::write_header4(std::byte* at, std::size_t bytes, bool more) const {
    auto ip = load<Ip4Header>(at);
    ip.version_ihl = 0x45;
    const std::size_t flags = more ? ip4_more_fragments : 0U;
    ip.total_length = be16{static_cast<std::uint16_t>(sizeof ip + bytes)};
    ip.id = be16{static_cast<std::uint16_t>(id_)};
    ip.fragment = be16{static_cast<std::uint16_t>(offset_ / 8 | flags)};
    ip.checksum = ip4_header_checksum(ip);
    store(at, ip);
}

void Fragmenter::write_header6(std::byte* at, std::size_t bytes, bool more) const {
    auto ip = load<Ip6Header>(at);
    const Ip6Fragment fragment{
        .next_header = std::to_integer<std::uint8_t>(at[next_header_at_]),
        .reserved = 0,
        .offset_more = be16{static_cast<std::uint16_t>(offset_ | (more ? 1U : 0U))},
        .id = be32{id_}};
    const std::size_t payload = headers_.size() - sizeof ip + sizeof fragment + bytes;
    ip.payload_length = be16{static_cast<std::uint16_t>(payload)};
    store(at, ip);
    at[next_header_at_] = std::byte{ip_protocol::fragment};
    store(at + headers_.size(), fragment);
}

}  // namespace terminus
