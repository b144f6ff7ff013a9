/// The key: what tells one flow from another. Both addresses and ports as they lie on the wire, the
/// interface and the family, as 64-bit words laid out so that the first 16 bytes of a flow record
/// are its key:
///
///     byte  0 to 3         4 to 7         8, 9    10, 11  12         13               14, 15
///     IPv4  local address  remote         local   remote  interface  bit 7: family 6  the flow's
///     IPv6  slot           end of remote  port    port               others its own   own
///
/// The bits that are the flow's own (state, flags) are masked out. What the record has no room for
/// of IPv6 lies in a slab of Ip6Addresses, 28 bytes each. `local` is our end, whatever the
/// direction of the packet at hand.
#pragma once

#include "terminus/base/endian.h"
#include "terminus/base/hash.h"
#include "terminus/flow/slab.h"
#include "terminus/wire/address.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace terminus {

/// The rare half of an IPv6 flow's key: local address, then remote address without its last four
/// bytes, network order.
struct Ip6Addresses {
    std::array<std::uint32_t, 7> words;
};
static_assert(sizeof(Ip6Addresses) == 28);
using Ip6Slab = Slab<Ip6Addresses>;

/// Both ends' ports and the interface that they are seen on.
struct Ends {
    be16 local_port, remote_port;
    std::uint8_t interface = 0;
};

/// IPv4: the first two words, the others zero. IPv6: the first word is zero, words 2 to 5 the
/// addresses.
struct Key {
    std::array<std::uint64_t, 6> words{};

    [[nodiscard]] constexpr bool is_ip6() const { return (words[1] & ip6_bit) != 0; }
    [[nodiscard]] constexpr Family family() const { return is_ip6() ? Family::ip6 : Family::ip4; }
    friend constexpr bool operator==(const Key&, const Key&) = default;

    /// Of the record's second word: the bits that belong to the key, and the one that says IPv6.
    static constexpr std::uint64_t mask = 0x0000'80ff'ffff'ffffU;
    static constexpr std::uint64_t ip6_bit = 0x0000'8000'0000'0000U;
    /// Of the last word: what the first word of an IPv6 flow's record has beside the slot.
    static constexpr std::uint64_t end_mask = 0xffff'ffff'0000'0000U;
};

/// The second word of a key, but for the family.
[[nodiscard]] constexpr std::uint64_t ends_word(const Ends& ends) {
    return ends.local_port.raw() | std::uint64_t{ends.remote_port.raw()} << 16 |
           std::uint64_t{ends.interface} << 32;
}

[[nodiscard]] constexpr Key ip4_key(be32 local, be32 remote, const Ends& ends) {
    return {{local.raw() | std::uint64_t{remote.raw()} << 32, ends_word(ends), 0, 0, 0, 0}};
}

/// The key of an IPv4 packet to us: `addresses` points at its source and destination, `ports` at
/// its ports. Each pair is one load: if it were put together of pieces, the processor would wait
/// for the pieces' stores.
[[nodiscard]] inline Key ip4_key(const std::byte* addresses, const std::byte* ports,
                                 std::uint8_t interface) {
    const std::uint32_t ends = std::rotl(load<std::uint32_t>(ports), 16);
    return {{std::rotl(load<std::uint64_t>(addresses), 32), ends | std::uint64_t{interface} << 32,
             0, 0, 0, 0}};
}

/// `local` and `remote` point at 16 bytes each, of any alignment.
[[nodiscard]] inline Key ip6_key(const void* local, const void* remote, const Ends& ends) {
    const auto near = load<std::array<std::uint64_t, 2>>(local);
    const auto far = load<std::array<std::uint64_t, 2>>(remote);
    return {{0, ends_word(ends) | Key::ip6_bit, near[0], near[1], far[0], far[1]}};
}

/// The key of two addresses of one family.
[[nodiscard]] inline Key make_key(const Address& local, const Address& remote, const Ends& ends) {
    if (local.family() == Family::ip4) return ip4_key(local.ip4(), remote.ip4(), ends);
    return ip6_key(local.bytes.data(), remote.bytes.data(), ends);
}

/// What tells a key from others, where order and length matter: the words that it uses.
[[nodiscard]] inline std::span<const std::byte> bytes_of(const Key& key) {
    const std::span<const std::uint64_t> words{key.words};
    return std::as_bytes(key.is_ip6() ? words.last(5) : words.first(2));
}

/// The table's hash of a key.
[[nodiscard]] inline std::uint64_t hash(const HashKey& secret, const Key& key) {
    if (!key.is_ip6()) [[likely]]
        return keyed_hash(secret, key.words[0], key.words[1]);
    return keyed_hash(secret, std::span{key.words}.last<5>());
}

/// The key of the record that begins at `record`, its rare half taken from `addresses`.
[[nodiscard]] inline Key key_of(const void* record, const Ip6Slab& addresses) {
    const auto words = load<std::array<std::uint64_t, 2>>(record);
    const std::uint64_t ends = words[1] & Key::mask;
    if ((ends & Key::ip6_bit) == 0) return {{words[0], ends, 0, 0, 0, 0}};
    Key key{{0, ends, 0, 0, 0, words[0] & Key::end_mask}};
    std::memcpy(&key.words[2], &addresses[static_cast<std::uint32_t>(words[0])],
                sizeof(Ip6Addresses));
    return key;
}

/// True when the record that begins at `record` has this key.
[[nodiscard]] inline bool matches(const void* record, const Key& key, const Ip6Slab& addresses) {
    const auto words = load<std::array<std::uint64_t, 2>>(record);
    if (((words[1] ^ key.words[1]) & Key::mask) != 0) return false;
    if (!key.is_ip6()) [[likely]]
        return words[0] == key.words[0];
    if (((words[0] ^ key.words[5]) & Key::end_mask) != 0) return false;
    // Its 28 bytes in four words, the last of which overlaps: memcmp would be called.
    const auto* far =
        reinterpret_cast<const std::byte*>(&addresses[static_cast<std::uint32_t>(words[0])]);
    const auto* asked = reinterpret_cast<const std::byte*>(&key.words[2]);
    const auto differ = [&](std::size_t at) {
        return load<std::uint64_t>(far + at) ^ load<std::uint64_t>(asked + at);
    };
    return (differ(0) | differ(8) | differ(16) | differ(20)) == 0;
}

/// Writes the key into the first 16 bytes of `record`, keeping the bits that are the flow's own.
/// False, and nothing written, when an IPv6 key finds no slot in `addresses`.
[[nodiscard]] bool write_key(void* record, const Key& key, Ip6Slab& addresses);

/// Gives back what write_key() took, before the record is freed.
void release_key(const void* record, Ip6Slab& addresses);

/// Our end and theirs of a record's key, as addresses.
[[nodiscard]] Address local_address(const Key& key);
[[nodiscard]] Address remote_address(const Key& key);
[[nodiscard]] constexpr Ends ends_of(const Key& key) {
    return {std::bit_cast<be16>(static_cast<std::uint16_t>(key.words[1])),
            std::bit_cast<be16>(static_cast<std::uint16_t>(key.words[1] >> 16)),
            static_cast<std::uint8_t>(key.words[1] >> 32)};
}

}  // namespace terminus
