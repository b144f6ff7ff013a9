/// Internet addresses of both families, and prefixes of them.
#pragma once

#include "terminus/base/endian.h"
#include "terminus/wire/ethernet.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace terminus {

enum class Family : std::uint8_t { ip4 = 4, ip6 = 6 };

/// 128 bits; an IPv4 address lies in the last four bytes as ::ffff:a.b.c.d (RFC 4291
/// section 2.5.5.2). parse() drops IPv6 packets that bear such an address, so the two families
/// cannot be confused.
struct Address {
    std::array<std::uint8_t, 16> bytes{};

    [[nodiscard]] static constexpr Address ip4(be32 value) {
        const auto raw = std::bit_cast<std::array<std::uint8_t, 4>>(value);
        return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, raw[0], raw[1], raw[2], raw[3]}};
    }
    [[nodiscard]] static Address ip6(const void* bytes16) { return load<Address>(bytes16); }
    [[nodiscard]] constexpr Family family() const {
        const auto words = std::bit_cast<std::array<be32, 4>>(bytes);
        const bool is_mapped = (words[0].raw() | words[1].raw()) == 0 && words[2] == be32{0xffff};
        return is_mapped ? Family::ip4 : Family::ip6;
    }
    /// The IPv4 address; meaningful only where family() is ip4.
    [[nodiscard]] constexpr be32 ip4() const {
        return std::bit_cast<be32>(std::array{bytes[12], bytes[13], bytes[14], bytes[15]});
    }
    [[nodiscard]] constexpr bool is_unspecified() const;
    [[nodiscard]] constexpr bool is_loopback() const;    ///< 127/8 or ::1
    [[nodiscard]] constexpr bool is_multicast() const;   ///< 224/4 or ff00::/8
    [[nodiscard]] constexpr bool is_link_local() const;  ///< 169.254/16 or fe80::/10
    /// A single host's address that may stand in a source field: not unspecified, loopback,
    /// multicast, class E or limited broadcast (RFC 1122 section 3.2.1.3, RFC 4291 section 2.7).
    [[nodiscard]] constexpr bool is_host() const;

    friend constexpr auto operator<=>(const Address&, const Address&) = default;
    /// In words: the default would call memcmp.
    friend constexpr bool operator==(const Address& a, const Address& b) {
        using Words = std::array<std::uint64_t, 2>;
        const auto x = std::bit_cast<Words>(a.bytes), y = std::bit_cast<Words>(b.bytes);
        return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
    }
};

constexpr bool Address::is_unspecified() const {
    return *this == Address{} || *this == Address::ip4(be32{0});
}
constexpr bool Address::is_loopback() const {
    if (family() == Family::ip4) return bytes[12] == 127;
    Address one{};
    one.bytes[15] = 1;
    return *this == one;
}
constexpr bool Address::is_multicast() const {
    return family() == Family::ip4 ? (bytes[12] & 0xf0) == 0xe0 : bytes[0] == 0xff;
}
constexpr bool Address::is_link_local() const {
    if (family() == Family::ip4) return bytes[12] == 169 && bytes[13] == 254;
    return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}
constexpr bool Address::is_host() const {
    if (family() == Family::ip4) return bytes[12] != 0 && bytes[12] != 127 && bytes[12] < 224;
    return !is_unspecified() && !is_loopback() && !is_multicast();
}

/// ff02::1 and ff02::1:ffXX:XXXX, RFC 4291 section 2.7.1.
[[nodiscard]] Address all_nodes();
[[nodiscard]] Address solicited_node(const Address& address);
/// fe80::/64 with the modified EUI-64 of the MAC, RFC 4291 appendix A.
[[nodiscard]] Address link_local(const Mac& mac);
/// The group MAC of a multicast address: RFC 1112 section 6.4, RFC 2464 section 7.
[[nodiscard]] Mac multicast_mac(const Address& group);

/// An address range given by its leading bits, counted over the family's own width.
struct Prefix {
    Address address;          ///< bits beyond `length` are zero
    std::uint8_t length = 0;  ///< 0 to 32, or 0 to 128

    /// The prefix of that length around an address: clears the bits beyond it.
    [[nodiscard]] static Prefix of(const Address& address, std::uint8_t length);
    [[nodiscard]] bool contains(const Address& candidate) const;
    /// The IPv4 directed broadcast of a prefix up to /30; none for IPv6, /31 and /32 (RFC 3021).
    [[nodiscard]] std::optional<Address> broadcast() const;
    friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;
};

/// Text forms (RFC 5952 for IPv6; every form of RFC 4291 section 2.2 is read, without a zone).
/// Parsing answers nothing for what is not an address or prefix; a prefix without a length is one
/// address. `parse_prefix` clears the bits beyond the length.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
[[nodiscard]] std::optional<Prefix> parse_prefix(std::string_view text);
[[nodiscard]] std::string to_string(const Address& address);
[[nodiscard]] std::string to_string(const Prefix& prefix);
[[nodiscard]] std::optional<Mac> parse_mac(std::string_view text);
[[nodiscard]] std::string to_string(const Mac& mac);

}  // namespace terminus
