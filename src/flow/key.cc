/// The key: what is not on the path of every packet.
#include "terminus/flow/key.h"

namespace terminus {

bool write_key(void* record, const Key& key, Ip6Slab& addresses) {
    std::uint64_t first = key.words[0];
    if (key.is_ip6()) {
        const std::uint32_t slot = addresses.take();
        if (slot == no_slot) return false;
        addresses[slot] = load<Ip6Addresses>(&key.words[2]);
        first = slot | (key.words[5] & Key::end_mask);
    }
    auto words = load<std::array<std::uint64_t, 2>>(record);
    words = {first, (words[1] & ~Key::mask) | (key.words[1] & Key::mask)};
    store(record, words);
    return true;
}

void release_key(const void* record, Ip6Slab& addresses) {
    const auto words = load<std::array<std::uint64_t, 2>>(record);
    if ((words[1] & Key::ip6_bit) != 0) addresses.give(static_cast<std::uint32_t>(words[0]));
}

Address local_address(const Key& key) {
    if (key.is_ip6()) return Address::ip6(&key.words[2]);
    return Address::ip4(std::bit_cast<be32>(static_cast<std::uint32_t>(key.words[0])));
}

Address remote_address(const Key& key) {
    if (key.is_ip6()) return Address::ip6(&key.words[4]);
    return Address::ip4(std::bit_cast<be32>(static_cast<std::uint32_t>(key.words[0] >> 32)));
}

}  // namespace terminus
