/// The construction of a classifier: rules that matter, then one map per restricted dimension.
#include "classifier.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace terminus {
namespace {

using Dense = std::vector<std::uint64_t>;

/// Bounds the address maps, whose nodes take about a kilobyte per prefix at worst.
constexpr std::size_t most_prefixes = 131072;

void set_bit(Dense& set, std::size_t bit) { set[bit / 64] |= std::uint64_t{1} << (bit % 64); }
void clear_bit(Dense& set, std::size_t bit) { set[bit / 64] &= ~(std::uint64_t{1} << (bit % 64)); }

bool can_match(const std::vector<Prefix>& list, Family family) {
    return list.empty() || std::ranges::any_of(list, [family](const Prefix& prefix) {
               return prefix.address.family() == family;
           });
}

std::vector<std::uint32_t> relevant(std::span<const Rule> rules, RuleProtocol protocol,
                                    Family family) {
    std::vector<std::uint32_t> indices;
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
        const Rule& rule = rules[i];
        if (rule.protocol != protocol && rule.protocol != RuleProtocol::any) continue;
        if (can_match(rule.sources, family) && can_match(rule.destinations, family))
            indices.push_back(i);
    }
    return indices;
}

/// A prefix over the 128 bits of Address::bytes.
struct Region {
    std::array<std::uint8_t, 16> address{};
    std::uint8_t bits = 0;

    [[nodiscard]] bool holds(const Region& inner) const {
        if (inner.bits < bits) return false;
        const std::size_t whole = bits / 8U;
        if (!std::equal(address.begin(), address.begin() + whole, inner.address.begin()))
            return false;
        const auto mask = static_cast<std::uint8_t>(0xff00U >> (bits % 8U));
        return bits % 8U == 0 || ((address[whole] ^ inner.address[whole]) & mask) == 0;
    }
    friend auto operator<=>(const Region&, const Region&) = default;
};

Region region_of(const Prefix& prefix) {
    if (prefix.length == 0) return {};  // all of the family, which is all that the classifier sees
    const unsigned above = prefix.address.family() == Family::ip4 ? 96 : 0;
    return {prefix.address.bytes, static_cast<std::uint8_t>(prefix.length + above)};
}

using RegionRules = std::map<Region, std::vector<std::uint32_t>>;

/// Walks the regions in order, outer before inner, with the chain of those around the current one
/// on a stack, and gives each the set of its own rules and of all around it.
std::vector<PrefixRow> rows_of(const RegionRules& regions, const Dense& unrestricted,
                               RuleSets& sets) {
    std::vector<PrefixRow> rows;
    std::vector<std::pair<Region, Dense>> around;
    for (const auto& [region, bits] : regions) {
        while (!around.empty() && !around.back().first.holds(region))
            around.pop_back();
        Dense set = around.empty() ? unrestricted : around.back().second;
        for (const auto bit : bits)
            set_bit(set, bit);
        rows.push_back({region.address, region.bits, sets.add(set)});
        around.emplace_back(region, std::move(set));
    }
    return rows;
}

/// What changes at a port: rules that begin to accept there, and rules that no longer do.
struct PortChange {
    std::vector<std::uint32_t> begin, end;
};
using PortChanges = std::map<std::uint32_t, PortChange>;

/// Joins a rule's ranges where they touch, so that each begins and ends once per port.
void note_ports(PortChanges& changes, std::vector<PortRange> ranges, std::uint32_t bit) {
    std::ranges::sort(ranges, {}, &PortRange::first);
    for (std::size_t i = 0; i < ranges.size();) {
        std::uint32_t past = ranges[i].last + 1U;
        std::size_t next = i + 1;
        for (; next < ranges.size() && ranges[next].first <= past; ++next)
            past = std::max(past, ranges[next].last + 1U);
        changes[ranges[i].first].begin.push_back(bit);
        changes[past].end.push_back(bit);
        i = next;
    }
}

}  // namespace

Classifier::Classifier(std::span<const Rule> rules, RuleProtocol protocol, Family family,
                       std::size_t most_bytes)
    : indices_{relevant(rules, protocol, family)}, sets_{indices_.size(), most_bytes} {
    for (const auto index : indices_) {
        by_port_ |= !rules[index].ports.empty();
        by_destination_ |= !rules[index].destinations.empty();
        by_source_ |= !rules[index].sources.empty();
    }
    if (by_port_) build_ports(rules);
    if (by_destination_) destination_ = build_addresses(rules, &Rule::destinations, family);
    if (by_source_) source_ = build_addresses(rules, &Rule::sources, family);
    sets_.seal();
}

PrefixMap Classifier::build_addresses(std::span<const Rule> rules, Lists list, Family family) {
    RegionRules regions;
    Dense unrestricted(sets_.dense_words(), 0);
    for (std::uint32_t bit = 0; bit < indices_.size(); ++bit) {
        const auto& prefixes = rules[indices_[bit]].*list;
        if (prefixes.empty()) set_bit(unrestricted, bit);
        for (const auto& prefix : prefixes)
            if (prefix.address.family() == family) regions[region_of(prefix)].push_back(bit);
    }
    if (regions.size() > most_prefixes)
        throw std::invalid_argument("the rules name more than " + std::to_string(most_prefixes) +
                                    " different prefixes: join some");
    const Row otherwise = sets_.add(unrestricted);
    return PrefixMap{rows_of(regions, unrestricted, sets_), otherwise};
}

void Classifier::build_ports(std::span<const Rule> rules) {
    PortChanges changes;
    Dense set(sets_.dense_words(), 0);
    for (std::uint32_t bit = 0; bit < indices_.size(); ++bit) {
        const auto& ports = rules[indices_[bit]].ports;
        if (ports.empty()) set_bit(set, bit);
        note_ports(changes, ports, bit);
    }
    for (const auto& [port, change] : changes) {
        port_rows_.resize(port, sets_.add(set));  // the ports since the last change
        for (const auto bit : change.end)
            clear_bit(set, bit);
        for (const auto bit : change.begin)
            set_bit(set, bit);
    }
    port_rows_.resize(65536, sets_.add(set));
}

std::size_t Classifier::bytes() const {
    return indices_.capacity() * sizeof(std::uint32_t) + sets_.bytes() +
           port_rows_.capacity() * sizeof(Row) + destination_.bytes() + source_.bytes();
}

}  // namespace terminus
