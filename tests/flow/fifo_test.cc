/// The FIFO against std::deque, and beside a wheel in one pool that is full.
#include "terminus/flow/fifo.h"

#include "terminus/base/rng.h"
#include "terminus/flow/wheel.h"

#include "support.h"

#include <deque>

namespace terminus {
namespace {

using test::Memory;

TEST(Fifo, BehavesLikeAQueue) {
    for (const std::uint64_t seed : test::seeds(4)) {
        SCOPED_TRACE(test::seed_text(seed));
        Rng rng{seed};
        Memory pool_memory{ChunkPool::bytes_needed(200)}, memory{Fifo::bytes_needed()};
        ChunkPool pool{pool_memory.span(), 200};
        Fifo fifo{memory.span(), pool};
        std::deque<Entry> model;
        for (int i = 0; i < 50'000; ++i) {
            const bool grows = (i / 1000) % 2 == 0;
            if (rng.chance(grows ? 0.6 : 0.4)) {
                const Entry entry{FlowId{rng.below(max_flows)},
                                  static_cast<std::uint8_t>(rng.below(32))};
                const bool pushed = fifo.push(entry.flow(), entry.generation());
                ASSERT_EQ(pushed, model.size() < pool.capacity());
                if (pushed) model.push_back(entry);
            } else if (!model.empty()) {
                ASSERT_EQ(fifo.front(), model.front());
                const std::uint32_t distance = rng.below(16);
                ASSERT_EQ(fifo.ahead(distance), model[distance < model.size() ? distance : 0]);
                fifo.pop();
                model.pop_front();
            }
            ASSERT_EQ(fifo.size(), model.size());
            ASSERT_EQ(pool.entries(), model.size());
        }
        while (!fifo.empty())
            fifo.pop();
        EXPECT_EQ(pool.chunks_used(), 0U);
    }
}

TEST(Fifo, SharesAFullPoolWithTheWheel) {
    constexpr std::uint32_t flows = 170;
    Memory pool_memory{ChunkPool::bytes_needed(flows)}, wheel_memory{Wheel::bytes_needed()};
    ChunkPool pool{pool_memory.span(), flows};
    Wheel wheel{wheel_memory.span(), pool, Millis{0}};
    std::vector<Memory> memories(ChunkPool::most_fifos, Memory{Fifo::bytes_needed()});
    std::vector<Fifo> fifos;
    for (Memory& memory : memories)
        fifos.emplace_back(memory.span(), pool);
    Rng rng{9};
    std::uint32_t now = 0, refused = 0;
    const auto forget = [](FlowId, std::uint8_t) {};
    for (int i = 0; i < 300'000; ++i) {
        Fifo& fifo = fifos[rng.below(ChunkPool::most_fifos)];
        if (rng.chance(0.4) && !fifo.empty()) fifo.pop();
        if (rng.chance(0.01)) wheel.advance(Millis{now += rng.below(20'000)}, 50, forget);
        const bool filed = rng.chance(0.5)
                               ? fifo.push(FlowId{1}, 0)
                               : wheel.file(FlowId{2}, 0, Millis{now + rng.below(4'000'000)});
        ASSERT_TRUE(filed || pool.entries() == pool.capacity());
        refused += filed ? 0 : 1;
    }
    EXPECT_GT(refused, 1000U) << "the pool was never full";
    wheel.advance(Millis{now + Wheel::reach_ms}, ~std::size_t{0}, forget);
    for (Fifo& fifo : fifos)
        while (!fifo.empty())
            fifo.pop();
    EXPECT_EQ(pool.entries(), 0U);
    EXPECT_EQ(pool.chunks_used(), 0U);
}

TEST(Fifo, GoesOnWhenItsMemoryIsElsewhere) {
    Memory pool_memory{ChunkPool::bytes_needed(50)}, memory{Fifo::bytes_needed()};
    ChunkPool pool{pool_memory.span(), 50};
    Fifo fifo{memory.span(), pool};
    for (std::uint32_t flow = 0; flow < 40; ++flow)
        ASSERT_TRUE(fifo.push(FlowId{flow}, 1));
    Memory pool_elsewhere = pool_memory.moved(), elsewhere = memory.moved();
    ChunkPool new_pool{pool_elsewhere.span(), existing};
    Fifo again{elsewhere.span(), new_pool, existing};
    for (std::uint32_t flow = 0; flow < 40; ++flow) {
        ASSERT_EQ(again.front(), (Entry{FlowId{flow}, 1}));
        again.pop();
    }
    EXPECT_TRUE(again.empty());
}

}  // namespace
}  // namespace terminus
