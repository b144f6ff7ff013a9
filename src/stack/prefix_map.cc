/// The construction of the longest-prefix map.
#include "prefix_map.h"

#include <algorithm>
#include <cstring>

namespace terminus {
namespace {

/// The byte to branch on: the first on which two prefixes differ or in which one ends. Some prefix
/// has bits.
std::size_t branching_byte(std::span<const PrefixRow> prefixes) {
    std::size_t byte = 15;
    for (const auto& prefix : prefixes) {
        const auto& first = prefixes.front().address;
        const auto differ = std::ranges::mismatch(first, prefix.address);
        byte = std::min(byte, static_cast<std::size_t>(differ.in1 - first.begin()));
        byte = std::min<std::size_t>(byte, (prefix.bits - 1U) / 8);
    }
    return byte;
}

}  // namespace

PrefixMap::PrefixMap(std::span<const PrefixRow> prefixes, Row otherwise) {
    root_ = build(prefixes, otherwise);
    nodes_.shrink_to_fit();
}

/// `prefixes` agree on the bytes above and each has bits below them, but for the prefix of all
/// addresses.
PrefixMap::Entry PrefixMap::build(std::span<const PrefixRow> prefixes, Row otherwise) {
    if (!prefixes.empty() && prefixes.front().bits == 0) {
        otherwise = prefixes.front().row;
        prefixes = prefixes.subspan(1);
    }
    if (prefixes.empty()) return Entry{otherwise};
    const std::size_t byte = branching_byte(prefixes);
    const std::size_t index = nodes_.size();
    Node& node = nodes_.emplace_back();
    node.otherwise = otherwise;
    std::memcpy(node.expected.data(), prefixes.front().address.data(), byte);
    std::memset(node.mask.data(), 0xff, byte);
    node.children.fill(Entry{otherwise});
    fill(index, byte, prefixes);
    return {index, byte};
}

/// Prefixes that end inside the byte fill their children, the shorter first, so that the longer
/// prevails.
void PrefixMap::fill(std::size_t node, std::size_t byte, std::span<const PrefixRow> prefixes) {
    Prefixes longer;
    for (const auto& prefix : prefixes) {
        if (prefix.bits > (byte + 1) * 8) {
            longer.push_back(prefix);
            continue;
        }
        const auto count = std::size_t{1} << ((byte + 1) * 8 - prefix.bits);
        std::fill_n(nodes_[node].children.begin() + prefix.address[byte], count, Entry{prefix.row});
    }
    descend(node, byte, longer);
}

/// Prefixes that go on below the byte become nodes, one per value of it.
void PrefixMap::descend(std::size_t node, std::size_t byte, const Prefixes& longer) {
    for (auto first = longer.begin(); first != longer.end();) {
        const auto value = first->address[byte];
        const auto last = std::find_if(first, longer.end(), [&](const PrefixRow& prefix) {
            return prefix.address[byte] != value;
        });
        const Row otherwise = nodes_[node].children[value].row();
        const Entry child = build({first, last}, otherwise);
        nodes_[node].children[value] = child;
        first = last;
    }
}

}  // namespace terminus
