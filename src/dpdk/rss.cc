/// Setting RSS up and reading it back.
#include "dpdk/rss.h"

#include <rte_ethdev.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>
#include <stdexcept>
#include <sys/random.h>

namespace terminus {

std::vector<std::byte> random_rss_key(std::size_t bytes) {
    std::vector<std::byte> key(bytes);
    if (getrandom(key.data(), bytes, 0) != static_cast<ssize_t>(bytes))
        throw std::runtime_error(std::string("no random bytes from the kernel: ") +
                                 std::strerror(errno));
    return key;
}

namespace {

using Table = std::vector<rte_eth_rss_reta_entry64>;

/// All of its entries are meant.
Table whole_table(std::uint16_t slots) {
    Table groups((slots + RTE_ETH_RETA_GROUP_SIZE - 1U) / RTE_ETH_RETA_GROUP_SIZE);
    for (auto& group : groups)
        group.mask = ~std::uint64_t{0};
    return groups;
}

std::uint16_t& entry(Table& table, std::size_t slot) {
    return table[slot / RTE_ETH_RETA_GROUP_SIZE].reta[slot % RTE_ETH_RETA_GROUP_SIZE];
}

std::vector<std::uint16_t> read_table(std::uint16_t port, std::uint16_t slots) {
    Table groups = whole_table(slots);
    if (slots == 0 || rte_eth_dev_rss_reta_query(port, groups.data(), slots) != 0) return {};
    std::vector<std::uint16_t> table;
    for (std::size_t slot = 0; slot < slots; ++slot)
        table.push_back(entry(groups, slot));
    return table;
}

std::array<bool, rss_types> steered(std::uint64_t types) {
    constexpr std::array<std::uint64_t, rss_types> by_type{
        RTE_ETH_RSS_NONFRAG_IPV4_TCP, RTE_ETH_RSS_NONFRAG_IPV4_UDP, RTE_ETH_RSS_NONFRAG_IPV6_TCP,
        RTE_ETH_RSS_NONFRAG_IPV6_UDP};
    std::array<bool, rss_types> all{};
    for (std::size_t type = 0; type < rss_types; ++type)
        all[type] = (types & by_type[type]) != 0;
    return all;
}

}  // namespace

void spread_evenly(std::uint16_t port, std::uint16_t table_slots, std::uint16_t queues) {
    Table groups = whole_table(table_slots);
    for (std::size_t slot = 0; slot < table_slots; ++slot)
        entry(groups, slot) = static_cast<std::uint16_t>(slot % queues);
    if (table_slots != 0) (void)rte_eth_dev_rss_reta_update(port, groups.data(), table_slots);
}

RssFacts read_rss(std::uint16_t port, std::size_t key_bytes, std::uint16_t table_slots) {
    RssFacts facts;
    facts.key.resize(key_bytes);
    rte_eth_rss_conf configured{};
    configured.rss_key = reinterpret_cast<std::uint8_t*>(facts.key.data());
    configured.rss_key_len = static_cast<std::uint8_t>(key_bytes);
    if (rte_eth_dev_rss_hash_conf_get(port, &configured) != 0)
        facts.key.clear();
    else
        facts.types = configured.rss_hf;
    facts.steers = steered(facts.types);
    facts.queue_of_slot = read_table(port, table_slots);
    return facts;
}

std::optional<Spread> spread_of(const RssFacts& facts, std::uint16_t workers) {
    const auto& table = facts.queue_of_slot;
    const bool is_known =
        facts.key.size() >= Toeplitz::key_bytes && std::has_single_bit(table.size());
    if (facts.types == 0 || !is_known || std::ranges::max(table) >= workers) return std::nullopt;
    return Spread{facts.key, table};
}

std::string to_string(const RssFacts& facts) {
    if (facts.types == 0) return "RSS none";
    const std::set<std::uint16_t> queues(facts.queue_of_slot.begin(), facts.queue_of_slot.end());
    return "RSS claimed: key of " + std::to_string(facts.key.size()) + " bytes, table of " +
           std::to_string(facts.queue_of_slot.size()) + " slots over " +
           std::to_string(queues.size()) +
           " queues; frames are steered in software until they prove it";
}

}  // namespace terminus
