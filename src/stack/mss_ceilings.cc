#include "mss_ceilings.h"

#include <algorithm>
#include <tuple>

namespace terminus {

MssCeilings::MssCeilings(std::span<const MssCeiling> ceilings) {
    std::vector<PrefixRow> rows;
    for (const MssCeiling& it : ceilings) {
        const unsigned above = it.prefix.address.family() == Family::ip4 ? 96 : 0;
        rows.push_back({.address = it.prefix.address.bytes,
                        .bits = static_cast<std::uint8_t>(it.prefix.length + above),
                        .row = static_cast<Row>(bytes_.size())});
        bytes_.push_back(it.bytes);
    }
    std::ranges::sort(rows, [](const PrefixRow& a, const PrefixRow& b) {
        return std::tie(a.address, a.bits) < std::tie(b.address, b.bits);
    });
    map_ = PrefixMap{rows, static_cast<Row>(bytes_.size())};
}

}  // namespace terminus
