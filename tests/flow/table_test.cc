/// The index against a model, at its load limit, under churn, under attack, and moved elsewhere.
#include "terminus/flow/table.h"

#include "terminus/base/rng.h"

#include "support.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace terminus {
namespace {

using test::Memory;
using test::mixed;

/// A table whose flows have 64-bit keys, hashed by `mixed`.
class Flows {
public:
    explicit Flows(std::uint32_t planned)
        : memory_{Table::bytes_needed(planned)}, table{memory_.span(), planned} {}

    bool insert(std::uint64_t key, FlowId id) {
        if (keys.size() <= id.value) keys.resize(id.value + 1);
        keys[id.value] = key;
        return table.insert(mixed(key), id, [&](FlowId other) {
            ++asked;
            return mixed(keys[other.value]);
        });
    }
    FlowId find(std::uint64_t key) const {
        return table.find(mixed(key), [&](FlowId id) { return keys[id.value] == key; });
    }
    bool erase(std::uint64_t key, FlowId id) { return table.erase(mixed(key), id); }
    void move_elsewhere() {
        memory_ = memory_.moved();
        table = Table{memory_.span(), existing};
    }

private:
    Memory memory_;

public:
    Table table;
    std::vector<std::uint64_t> keys;
    std::uint64_t asked = 0;
};

void behave_like_the_model(std::uint32_t planned, std::uint64_t seed) {
    Rng rng{seed};
    Flows flows{planned};
    std::unordered_map<std::uint64_t, FlowId> model;
    std::vector<FlowId> unused;
    const auto most = static_cast<std::uint32_t>(flows.table.slots());
    for (std::uint32_t id = 0; id < most; ++id)
        unused.push_back(FlowId{id});
    for (int i = 0; i < 60000; ++i) {
        const std::uint64_t key = rng.below(2 * most);
        const auto known = model.find(key);
        ASSERT_EQ(flows.find(key), known == model.end() ? no_flow : known->second);
        if (known != model.end()) {
            if (!rng.chance(0.4)) continue;
            ASSERT_TRUE(flows.erase(key, known->second));
            unused.push_back(known->second);
            model.erase(known);
        } else if (!unused.empty() && flows.insert(key, unused.back())) {
            model.emplace(key, unused.back());
            unused.pop_back();
        } else {
            ASSERT_GE(model.size(), most * 3 / 4) << "refused although there is room";
        }
        ASSERT_EQ(flows.table.size(), model.size());
        if (i % 20000 == 10000) flows.move_elsewhere();
    }
    for (const auto& [key, id] : model)
        ASSERT_EQ(flows.find(key), id);
    for (const auto& [key, id] : model)
        ASSERT_TRUE(flows.erase(key, id));
    EXPECT_EQ(flows.table.overflowed(), 0U);
}

TEST(Table, BehavesLikeAMap) {
    for (const std::uint64_t seed : test::seeds(5)) {
        SCOPED_TRACE(test::seed_text(seed));
        for (const std::uint32_t planned : {1U, 20U, 1000U})
            behave_like_the_model(planned, seed);
    }
}

TEST(Table, TakesSevenAndAHalfBytesForEachFlow) {
    EXPECT_LE(Table::bytes_needed(100'000'000), 750'000'128U);
    EXPECT_GE(Table::bytes_needed(100'000'000), 749'999'936U);
}

TEST(Table, KnowsOnlyTheFlowItIsAskedToErase) {
    Flows flows{100};
    ASSERT_TRUE(flows.insert(5, FlowId{1}));
    EXPECT_FALSE(flows.erase(5, FlowId{2}));
    EXPECT_FALSE(flows.erase(6, FlowId{1}));
    EXPECT_EQ(flows.find(5), FlowId{1});
    EXPECT_TRUE(flows.erase(5, FlowId{1}));
    EXPECT_FALSE(flows.erase(5, FlowId{1}));
    EXPECT_EQ(flows.find(5), no_flow);
}

TEST(Table, NamesTheLikelyFlowOfABurst) {
    Flows flows{100};
    EXPECT_EQ(flows.table.likely(mixed(5)), no_flow);
    ASSERT_TRUE(flows.insert(5, FlowId{1}));
    EXPECT_EQ(flows.table.likely(mixed(5)), FlowId{1});
}

TEST(Table, NamesTheLikelyFlowOfTheOtherBucket) {
    Memory memory{Table::bytes_needed(100)};
    Table table{memory.span(), 100};
    // One primary bucket for all, and for each a tag of its own.
    const auto hash_of = [](FlowId id) { return 0x1234'5678'0000'0000U + id.value * 0x1000'0001U; };
    constexpr std::uint32_t full = Table::bucket_slots;
    for (std::uint32_t id = 1; id <= full; ++id)
        ASSERT_TRUE(table.insert(hash_of(FlowId{id}), FlowId{id}, hash_of));
    constexpr FlowId last{full + 1}, absent{full + 2};
    EXPECT_EQ(table.likely(hash_of(last)), no_flow) << "nobody had to go elsewhere yet";
    ASSERT_TRUE(table.insert(hash_of(last), last, hash_of));
    EXPECT_EQ(table.likely(hash_of(FlowId{1})), FlowId{1});
    EXPECT_EQ(table.likely(hash_of(last)), unsure_flow);
    EXPECT_EQ(table.likely_elsewhere(hash_of(last)), last);
    EXPECT_EQ(table.likely(hash_of(absent)), unsure_flow);
    EXPECT_EQ(table.likely_elsewhere(hash_of(absent)), no_flow);
}

TEST(Table, SeldomAsksForTheRecordOfAnother) {
    constexpr std::uint32_t planned = 10'000, strangers = 100'000;
    Flows flows{planned};
    for (std::uint32_t id = 0; id < planned; ++id)
        ASSERT_TRUE(flows.insert(id, FlowId{id}));
    std::uint32_t asked = 0;
    for (std::uint64_t key = planned; key < planned + strangers; ++key)
        (void)flows.table.find(mixed(key), [&](FlowId) { return ++asked == 0; });
    // Eight flows share a bucket, and 13 bits of the hash tell them apart.
    EXPECT_LT(asked, strangers / 500);
}

/// Two flows may share a hash: the records decide.
TEST(Table, TellsFlowsOfOneHashApart) {
    Memory memory{Table::bytes_needed(100)};
    Table table{memory.span(), 100};
    const auto same = [](FlowId) { return std::uint64_t{77}; };
    for (std::uint32_t id = 0; id < 24; ++id)
        ASSERT_TRUE(table.insert(77, FlowId{id}, same));
    EXPECT_FALSE(table.insert(77, FlowId{24}, same))
        << "both buckets are full of flows with no other place";
    EXPECT_EQ(table.overflowed(), 12U);
    for (std::uint32_t id = 0; id < 24; ++id) {
        EXPECT_EQ(table.find(77, [&](FlowId other) { return other == FlowId{id}; }), FlowId{id});
    }
    for (std::uint32_t id = 0; id < 24; ++id)
        EXPECT_TRUE(table.erase(77, FlowId{id}));
    EXPECT_EQ(table.overflowed(), 0U);
}

/// Load factor at least 0.85 before the first refusal.
class Load : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Load, RefusesNobodyBelow85Percent) {
    Flows flows{GetParam()};
    std::uint32_t filed = 0;
    while (flows.insert(filed + 1000, FlowId{filed}))
        ++filed;
    const double load = static_cast<double>(filed) / static_cast<double>(flows.table.slots());
    RecordProperty("load_percent", static_cast<int>(load * 100));
    std::cout << "load at the first refusal: " << load << '\n';
    EXPECT_GE(load, 0.85);
    for (std::uint32_t id = 0; id < filed; ++id)
        ASSERT_EQ(flows.find(id + 1000), FlowId{id});
    EXPECT_EQ(flows.find(filed + 1000), no_flow);
}
INSTANTIATE_TEST_SUITE_P(Table, Load, testing::Values(100'000U, 1'000'000U));

TEST(Table, MovesOthersSeldomAtThePlannedLoad) {
    Flows flows{200'000};
    for (std::uint32_t id = 0; id < 200'000; ++id)
        ASSERT_TRUE(flows.insert(id, FlowId{id}));
    std::cout << "hashes asked for 200000 inserts: " << flows.asked
              << ", overflowed: " << flows.table.overflowed() << '\n';
    EXPECT_LT(flows.asked, 200'000U / 50);
    EXPECT_LT(flows.table.overflowed(), 200'000U / 20);
}

/// Erasing forgets nothing behind: after ten times as many erasures as there are flows, as few lie
/// in their secondary bucket, within a third, as when the table was first filled with other flows.
TEST(Table, DoesNotDegradeUnderChurn) {
    constexpr std::uint32_t planned = 50'000;
    Rng rng{3};
    Flows flows{planned};
    std::uint64_t next_key = planned;
    for (std::uint32_t id = 0; id < planned; ++id)
        ASSERT_TRUE(flows.insert(id, FlowId{id}));
    const std::uint32_t at_first = flows.table.overflowed();
    std::uint32_t after_one = 0;
    for (std::uint32_t i = 0; i < 20 * planned; ++i) {
        const FlowId id{rng.below(planned)};
        ASSERT_TRUE(flows.erase(flows.keys[id.value], id));
        ASSERT_TRUE(flows.insert(next_key++, id));
        if (i == 4 * planned) after_one = flows.table.overflowed();
    }
    std::cout << "overflowed: " << at_first << ", after 4 rounds " << after_one << ", after 20 "
              << flows.table.overflowed() << '\n';
    EXPECT_LT(flows.table.overflowed(), after_one * 11 / 10 + 50) << "it grows without end";
    EXPECT_LT(flows.table.overflowed(), planned / 8);
    for (std::uint32_t id = 0; id < planned; ++id)
        ASSERT_EQ(flows.find(flows.keys[id]), FlowId{id});
    for (std::uint32_t id = 0; id < planned; ++id)
        ASSERT_TRUE(flows.erase(flows.keys[id], FlowId{id}));
    EXPECT_EQ(flows.table.overflowed(), 0U);
    EXPECT_EQ(flows.table.size(), 0U);
}

}  // namespace
}  // namespace terminus
