/// Addresses derived from others, prefixes, and the group MACs. The text forms are in
/// address_text.cc.
#include "terminus/wire/address.h"

namespace terminus {
namespace {

constexpr std::uint8_t ip4_leading_bits = 96;  // where an IPv4 address begins in the 128 bits

/// The leading bits of `half`, as many of `length` as begin at `first_bit`.
constexpr std::uint64_t kept_bits(std::uint64_t half, unsigned length, unsigned first_bit) {
    if (length <= first_bit) return 0;
    const unsigned count = length - first_bit;
    return count >= 64 ? half : half & ~(~std::uint64_t{0} >> count);
}

std::uint64_t half(const Address& address, std::size_t index) {
    return load<be64>(address.bytes.data() + 8 * index).host();
}

/// A prefix's length counted over all 128 bits.
unsigned wide_length(const Prefix& prefix) {
    return prefix.address.family() == Family::ip4 ? prefix.length + ip4_leading_bits
                                                  : prefix.length;
}

}  // namespace

Address all_nodes() { return {{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}; }

Address solicited_node(const Address& address) {
    const auto& low = address.bytes;
    return {{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, low[13], low[14], low[15]}};
}

Address link_local(const Mac& mac) {
    const auto& b = mac.bytes;
    const auto flipped = static_cast<std::uint8_t>(b[0] ^ 0x02);  // the universal/local bit
    return {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, flipped, b[1], b[2], 0xff, 0xfe, b[3], b[4], b[5]}};
}

Mac multicast_mac(const Address& group) {
    const auto& b = group.bytes;
    if (group.family() == Family::ip6) return {{0x33, 0x33, b[12], b[13], b[14], b[15]}};
    return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(b[13] & 0x7f), b[14], b[15]}};
}

bool Prefix::contains(const Address& candidate) const {
    if (candidate.family() != address.family()) return false;
    const unsigned bits = wide_length(*this);
    return kept_bits(half(candidate, 0) ^ half(address, 0), bits, 0) == 0 &&
           kept_bits(half(candidate, 1) ^ half(address, 1), bits, 64) == 0;
}

std::optional<Address> Prefix::broadcast() const {
    if (address.family() != Family::ip4 || length > 30) return std::nullopt;
    return Address::ip4(be32{address.ip4().host() | ~std::uint32_t{0} >> length});
}

Prefix Prefix::of(const Address& address, std::uint8_t length) {
    Prefix prefix{address, length};
    const unsigned bits = wide_length(prefix);
    store(prefix.address.bytes.data(), be64{kept_bits(half(address, 0), bits, 0)});
    store(prefix.address.bytes.data() + 8, be64{kept_bits(half(address, 1), bits, 64)});
    return prefix;
}

}  // namespace terminus
