/// The classifier of one protocol and one address family: three dimensions, each of which maps its
/// value to the set of rules that accept it; the first rule that all sets hold is the answer. Built
/// once, then read-only. After Lakshman and Stiliadis, "High-speed policy-based packet forwarding",
/// SIGCOMM 1998.
#pragma once

#include "terminus/stack/policy.h"

#include "prefix_map.h"
#include "rule_sets.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terminus {

class Classifier {
public:
    static constexpr std::uint32_t no_rule = 0xffffffffU;

    /// Takes from `rules` those for `protocol` that can match the family; at most `most_bytes` for
    /// the sets.
    Classifier(std::span<const Rule> rules, RuleProtocol protocol, Family family,
               std::size_t most_bytes);

    /// The position in the constructor's `rules` of the first that matches, or no_rule. A dimension
    /// that no rule restricts is not looked at; `ends` has source() and destination().
    template <typename Ends>
    [[nodiscard]] std::uint32_t first_match(std::uint16_t port, const Ends& ends) const noexcept {
        if (indices_.empty()) return no_rule;
        if (by_destination_ || by_source_) return first_by_address(port, ends);
        return by_port_ ? rule_at(sets_.first(port_rows_[port])) : indices_.front();
    }
    [[nodiscard]] std::size_t bytes() const;

private:
    template <typename Ends>
    [[nodiscard, gnu::noinline]] std::uint32_t first_by_address(std::uint16_t port,
                                                                const Ends& ends) const noexcept {
        Row rows[3];
        std::size_t count = 0;
        if (by_port_) rows[count++] = port_rows_[port];
        if (by_destination_) rows[count++] = destination_.find(ends.destination());
        if (by_source_) rows[count++] = source_.find(ends.source());
        return rule_at(count == 1 ? sets_.first(rows[0]) : sets_.first_common({rows, count}));
    }
    [[nodiscard]] std::uint32_t rule_at(std::uint32_t bit) const {
        return bit == RuleSets::no_bit ? no_rule : indices_[bit];
    }

    using Lists = std::vector<Prefix> Rule::*;
    PrefixMap build_addresses(std::span<const Rule> rules, Lists list, Family family);
    void build_ports(std::span<const Rule> rules);

    std::vector<std::uint32_t> indices_;  ///< bit -> position of the rule
    RuleSets sets_;
    bool by_port_ = false, by_destination_ = false, by_source_ = false;
    std::vector<Row> port_rows_;  ///< 65,536 when by_port_
    PrefixMap destination_, source_;
};

}  // namespace terminus
