#include "terminus/stack/interface.h"

#include <algorithm>
#include <array>
#include <bit>

namespace terminus {
namespace {

using Words = std::array<std::uint64_t, 2>;

Words words_of(const Address& address) { return std::bit_cast<Words>(address.bytes); }

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

Ownerships::Ownerships(const Interface& interface) {
    own_.push_back(link_local_of(interface));
    broadcasts4_.push_back(0xffffffff);
    for (const OwnAddress& own : interface.addresses) {
        if (own.address.family() == Family::ip4)
            own4_.push_back(own.address.ip4().raw());
        else
            own_.push_back(own.address);
        if (const auto broadcast = own.on_link().broadcast())
            broadcasts4_.push_back(broadcast->ip4().raw());
    }
    for (const auto* list : {&own4_, &broadcasts4_})
        for (const std::uint32_t ours : *list)
            ours4_ |= bit_of(std::bit_cast<be32>(ours));
    for (const Prefix& prefix : interface.prefixes)
        add(prefix);
}

void Ownerships::add(const Prefix& prefix) {
    if (prefix.address.family() == Family::ip6) {
        Address ones;
        ones.bytes.fill(0xff);
        return answered_.push_back(
            {words_of(Prefix::of(ones, prefix.length).address), words_of(prefix.address)});
    }
    const std::uint32_t mask = prefix.length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix.length);
    answered4_.push_back({be32{mask}.raw(), prefix.address.ip4().raw()});
}

Ownership Ownerships::of(const Address& address) const {
    if (address.family() == Family::ip4) return of(address.ip4());
    if (std::ranges::find(own_, address) != own_.end()) return Ownership::own;
    if (address.is_multicast()) return Ownership::group;
    const Words words = words_of(address);
    const bool answered = std::ranges::any_of(answered_, [&](const Range6& range) {
        return ((((words[0] & range.mask[0]) ^ range.value[0]) |
                 ((words[1] & range.mask[1]) ^ range.value[1]))) == 0;
    });
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
