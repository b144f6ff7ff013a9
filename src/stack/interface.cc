#include "terminus/stack/interface.h"

#include <algorithm>

namespace terminus {
namespace {

constexpr Address limited_broadcast = Address::ip4(be32{0xffffffff});

bool is_own(const Interface& interface, const Address& address) {
    return std::ranges::any_of(interface.addresses,
                               [&](const OwnAddress& own) { return own.address == address; });
}

bool is_directed_broadcast(const Interface& interface, const Address& address) {
    return std::ranges::any_of(interface.addresses, [&](const OwnAddress& own) {
        return own.on_link().broadcast() == address;
    });
}

}  // namespace

Prefix OwnAddress::on_link() const {
    Prefix prefix{.address = address, .length = prefix_length};
    const unsigned skipped = address.family() == Family::ip4 ? 96 : 0;
    for (unsigned bit = skipped + prefix_length; bit < 128; ++bit) {
        auto& byte = prefix.address.bytes[bit / 8];
        byte = static_cast<std::uint8_t>(byte & ~(0x80U >> (bit % 8)));
    }
    return prefix;
}

Ownership ownership(const Interface& interface, const Address& address) {
    if (is_own(interface, address)) return Ownership::own;
    if (address.is_multicast()) return Ownership::group;
    if (address.family() == Family::ip4) {
        if (address == limited_broadcast || is_directed_broadcast(interface, address))
            return Ownership::broadcast;
    } else if (address == link_local_of(interface)) {
        return Ownership::own;
    }
    const bool answered = std::ranges::any_of(
        interface.prefixes, [&](const Prefix& prefix) { return prefix.contains(address); });
    return answered ? Ownership::answered : Ownership::none;
}

Address link_local_of(const Interface& interface) {
    const auto configured = std::ranges::find_if(interface.addresses, [](const OwnAddress& own) {
        return own.address.family() == Family::ip6 && own.address.is_link_local();
    });
    return configured != interface.addresses.end() ? configured->address
                                                   : link_local(interface.mac);
}

const Address* source_address(const Interface& interface, Family family) {
    const auto found = std::ranges::find_if(interface.addresses, [&](const OwnAddress& own) {
        return own.address.family() == family && !own.address.is_link_local();
    });
    return found == interface.addresses.end() ? nullptr : &found->address;
}

bool is_on_link(const Interface& interface, const Address& address) {
    if (address.family() == Family::ip6 && address.is_link_local()) return true;
    return std::ranges::any_of(interface.addresses, [&](const OwnAddress& own) {
        return own.on_link().contains(address);
    });
}

}  // namespace terminus
