/// Arena, slab and record store: exact sums, exhaustion, what survives in a freed slot.
#include "terminus/flow/slab.h"

#include "terminus/base/rng.h"
#include "terminus/flow/records.h"

#include "support.h"

#include <deque>
#include <map>
#include <set>
#include <stdexcept>

namespace terminus {
namespace {

using test::Memory;

struct Item {
    std::uint64_t first, second;
};
using Items = Slab<Item>;

TEST(Arena, HandsOutWholeLinesAndCountsThem) {
    Memory memory{256};
    Arena arena{memory.span()};
    EXPECT_EQ(arena.take(1).size(), 1U);
    const auto second = arena.take(65);
    EXPECT_EQ(second.size(), 65U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second.data()) % 64, 0U);
    EXPECT_EQ(arena.used_bytes(), 192U);
    EXPECT_EQ(arena.left_bytes(), 64U);
    EXPECT_THROW((void)arena.take(65), std::length_error);
    EXPECT_EQ(arena.take(64).size(), 64U);
}

TEST(Arena, RefusesMemoryThatIsNotAligned) {
    Memory memory{256};
    EXPECT_THROW(Arena{memory.span().subspan(8)}, std::length_error);
}

TEST(Slab, RefusesMemoryThatIsTooSmall) {
    Memory memory{Items::bytes_needed(10)};
    EXPECT_NO_THROW((Items{memory.span(), 10}));
    EXPECT_THROW((Items{memory.span(), 11}), std::length_error);
}

TEST(Slab, IsExhaustedExactlyAndRecovers) {
    Memory memory{Items::bytes_needed(3)};
    Items items{memory.span(), 3};
    const std::set<std::uint32_t> all{items.take(), items.take(), items.take()};
    EXPECT_EQ(all, (std::set<std::uint32_t>{0, 1, 2}));
    EXPECT_EQ(items.take(), no_slot);
    EXPECT_EQ(items.available(), 0U);
    items.give(1);
    EXPECT_EQ(items.available(), 1U);
    EXPECT_EQ(items.take(), 1U);
    EXPECT_EQ(items.take(), no_slot);
    EXPECT_EQ(items.high_water(), 3U);
}

TEST(Slab, KeepsWhatIsInItsSlotsAgainstAModel) {
    for (const std::uint64_t seed : test::seeds(4)) {
        SCOPED_TRACE(test::seed_text(seed));
        Rng rng{seed};
        Memory memory{Items::bytes_needed(100)};
        Items items{memory.span(), 100};
        std::map<std::uint32_t, std::uint64_t> model;
        std::size_t most = 0;
        for (int i = 0; i < 20000; ++i) {
            if (rng.below(101) >= model.size()) {
                const std::uint32_t id = items.take();
                ASSERT_EQ(id == no_slot, model.size() == 100);
                if (id == no_slot) continue;
                ASSERT_TRUE(model.emplace(id, rng.next()).second) << "a used slot was given twice";
                items[id] = {model[id], ~model[id]};
                most = std::max(most, model.size());
            } else {
                const auto victim =
                    std::next(model.begin(), rng.below(static_cast<std::uint32_t>(model.size())));
                ASSERT_EQ(items[victim->first].first, victim->second);
                ASSERT_EQ(items[victim->first].second, ~victim->second);
                items.give(victim->first);
                model.erase(victim);
            }
            ASSERT_EQ(items.used(), model.size());
            ASSERT_EQ(items.high_water(), most);
        }
    }
}

TEST(Slab, GoesOnWhenItsMemoryIsElsewhere) {
    Memory memory{Items::bytes_needed(3)};
    Items before{memory.span(), 3};
    const std::uint32_t kept = before.take(), given = before.take();
    before[kept] = {7, 8};
    before.give(given);
    Memory elsewhere = memory.moved();
    Items items{elsewhere.span(), existing};
    EXPECT_EQ(items.capacity(), 3U);
    EXPECT_EQ(items.used(), 1U);
    EXPECT_EQ(items[kept].second, 8U);
    EXPECT_EQ(items.take(), given);
    EXPECT_EQ(items.take(), 2U);
    EXPECT_EQ(items.take(), no_slot);
}

TEST(SlabDeathTest, RefusesASlotThatWasNeverTaken) {
    Memory memory{Items::bytes_needed(3)};
    Items items{memory.span(), 3};
    EXPECT_DEATH(items.give(0), "assertion failed");
}

struct Line {
    std::array<std::uint8_t, 64> bytes;
};

TEST(Records, AFreedRecordKeepsAllButItsLink) {
    using Store = Records<Line, 4>;
    Memory memory{Store::bytes_needed(2)};
    Store records{memory.span(), 2};
    const FlowId id = records.allocate();
    records[id].bytes.fill(0x5a);
    records.free(id);
    ASSERT_EQ(records.allocate(), id);
    for (std::size_t i = 0; i < 64; ++i) {
        if (i < 4 || i >= 8) {
            EXPECT_EQ(records[id].bytes[i], 0x5a) << i;
        }
    }
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&records[id]) % 64, 0U);
    EXPECT_NE(records.allocate(), no_flow);
    EXPECT_EQ(records.allocate(), no_flow);
    EXPECT_EQ(records.used(), 2U);
}

}  // namespace
}  // namespace terminus
