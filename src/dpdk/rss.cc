/// Reading RSS back.
#include "dpdk/rss.h"

#include <rte_ethdev.h>

#include <algorithm>
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

std::vector<std::uint16_t> read_table(std::uint16_t port, std::uint16_t slots) {
    std::vector<rte_eth_rss_reta_entry64> groups((slots + RTE_ETH_RETA_GROUP_SIZE - 1U) /
                                                 RTE_ETH_RETA_GROUP_SIZE);
    for (auto& group : groups)
        group.mask = ~std::uint64_t{0};
    if (slots == 0 || rte_eth_dev_rss_reta_query(port, groups.data(), slots) != 0) return {};
    std::vector<std::uint16_t> table;
    for (std::size_t slot = 0; slot < slots; ++slot)
        table.push_back(
            groups[slot / RTE_ETH_RETA_GROUP_SIZE].reta[slot % RTE_ETH_RETA_GROUP_SIZE]);
    return table;
}

}  // namespace

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
    facts.queue_of_slot = read_table(port, table_slots);
    return facts;
}

std::string to_string(const RssFacts& facts) {
    if (facts.types == 0) return "RSS none";
    const std::set<std::uint16_t> queues(facts.queue_of_slot.begin(), facts.queue_of_slot.end());
    return "RSS claimed: key of " + std::to_string(facts.key.size()) + " bytes, table of " +
           std::to_string(facts.queue_of_slot.size()) + " slots over " +
           std::to_string(queues.size()) + " queues, not trusted: frames are steered in software";
}

}  // namespace terminus
