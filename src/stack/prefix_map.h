/// A longest-prefix map from addresses to rows: a trie with strides of eight bits that skips bytes
/// on which all its prefixes agree. Built once, then read-only.
#pragma once

#include "terminus/wire/address.h"

#include "rule_sets.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terminus {

/// All addresses below a prefix, but for those below a longer one, have `row`.
struct PrefixRow {
    std::array<std::uint8_t, 16> address{};
    std::uint8_t bits = 0;  ///< 0 to 128 over Address::bytes: an IPv4 length plus 96
    Row row = 0;
};

class PrefixMap {
public:
    PrefixMap() = default;
    /// `prefixes` are distinct and sorted by address, then bits; `otherwise` is for what lies below
    /// none of them.
    PrefixMap(std::span<const PrefixRow> prefixes, Row otherwise);

    [[nodiscard]] Row find(const Address& address) const noexcept {
        Entry entry = root_;
        while (entry.is_node()) {
            const Node& node = nodes_[entry.node()];
            if (!node.covers(address)) return node.otherwise;
            entry = node.children[address.bytes[entry.byte()]];
        }
        return entry.row();
    }
    [[nodiscard]] std::size_t bytes() const { return nodes_.capacity() * sizeof(Node); }

private:
    /// Either a row, or a node and the byte of the address that it branches on.
    class Entry {
    public:
        Entry() = default;
        explicit Entry(Row row) : value_{row} {}
        Entry(std::size_t node, std::size_t byte)
            : value_{node_mark | static_cast<std::uint32_t>(node << 4 | byte)} {}
        [[nodiscard]] bool is_node() const { return (value_ & node_mark) != 0; }
        [[nodiscard]] std::size_t node() const { return (value_ & ~node_mark) >> 4; }
        [[nodiscard]] std::size_t byte() const { return value_ & 15; }
        [[nodiscard]] Row row() const { return value_; }

    private:
        static constexpr std::uint32_t node_mark = 0x80000000U;
        std::uint32_t value_ = 0;
    };

    struct Node {
        std::array<std::uint64_t, 2> expected{},
            mask{};         ///< the bytes before the one it branches on
        Row otherwise = 0;  ///< for an address that differs in them
        std::array<Entry, 256> children{};

        [[nodiscard]] bool covers(const Address& address) const {
            const auto words = load<std::array<std::uint64_t, 2>>(address.bytes.data());
            return (((words[0] ^ expected[0]) & mask[0]) | ((words[1] ^ expected[1]) & mask[1])) ==
                   0;
        }
    };

    using Prefixes = std::vector<PrefixRow>;
    Entry build(std::span<const PrefixRow> prefixes, Row otherwise);
    void fill(std::size_t node, std::size_t byte, std::span<const PrefixRow> prefixes);
    void descend(std::size_t node, std::size_t byte, const Prefixes& longer);

    Entry root_;
    std::vector<Node> nodes_;
};

}  // namespace terminus
