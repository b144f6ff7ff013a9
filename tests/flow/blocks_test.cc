/// Blocks against a map from sequence number to byte: overlaps, holes, exhaustion, numbers that
/// wrap.
#include "terminus/flow/blocks.h"

#include "terminus/base/rng.h"

#include "support.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace terminus {
namespace {

using tcp::Seq;
using test::Memory;

std::span<const std::byte> text(std::string_view characters) {
    return std::as_bytes(std::span{characters});
}

std::string read(const Blocks& blocks, const Chain& chain, Seq seq, std::size_t most = 10000) {
    std::string out(most, '\0');
    out.resize(blocks.read(chain, seq, std::as_writable_bytes(std::span{out})));
    return out;
}

class BlocksTest : public testing::Test {
protected:
    BlocksTest() : memory{Blocks::bytes_needed(64)}, blocks{memory.span(), 64} {}

    Memory memory;
    Blocks blocks;
    Chain chain;
};

TEST_F(BlocksTest, AppendsInOrderIntoTheSpareRoomFirst) {
    for (int i = 0; i < 24; ++i)
        EXPECT_EQ(blocks.insert(chain, Seq{1000} + static_cast<std::uint32_t>(10 * i),
                                text("0123456789")),
                  10U);
    EXPECT_EQ(blocks.used(), 1U);
    EXPECT_EQ(blocks.insert(chain, Seq{1240}, text("x")), 1U);
    EXPECT_EQ(blocks.used(), 2U);
    EXPECT_EQ(chain.bytes, 241U);
    EXPECT_EQ(blocks.begin(chain), Seq{1000});
    EXPECT_EQ(blocks.end(chain), Seq{1241});
    EXPECT_EQ(read(blocks, chain, Seq{1235}), "56789x");
}

TEST_F(BlocksTest, KeepsTheTextThatCameFirst) {
    blocks.insert(chain, Seq{10}, text("bbb"));
    EXPECT_EQ(blocks.insert(chain, Seq{8}, text("AAAAAAAA")), 5U);
    EXPECT_EQ(read(blocks, chain, Seq{8}), "AAbbbAAA");
    EXPECT_EQ(blocks.insert(chain, Seq{9}, text("CCC")), 0U);
}

TEST_F(BlocksTest, HoldsHolesAndTellsTheStretches) {
    blocks.insert(chain, Seq{30}, text("cc"));
    blocks.insert(chain, Seq{10}, text("aa"));
    blocks.insert(chain, Seq{20}, text("bb"));
    std::array<Stretch, 2> first_two;
    EXPECT_EQ(blocks.stretches(chain, first_two), 3U);
    EXPECT_EQ(first_two[0], (Stretch{Seq{10}, Seq{12}}));
    EXPECT_EQ(first_two[1], (Stretch{Seq{20}, Seq{22}}));
    EXPECT_EQ(blocks.contiguous_from(chain, Seq{11}), 1U);
    EXPECT_EQ(blocks.contiguous_from(chain, Seq{12}), 0U);
    EXPECT_EQ(blocks.contiguous_from(chain, Seq{9}), 0U);
    EXPECT_EQ(read(blocks, chain, Seq{20}), "bb");
    blocks.insert(chain, Seq{12}, text("--------"));
    EXPECT_EQ(blocks.pieces(chain), 2U);
    EXPECT_EQ(read(blocks, chain, Seq{10}), "aa--------bb");
}

/// One byte in every other place takes a block each; the holes filled, they share one again.
TEST_F(BlocksTest, GivesBlocksBackWhenHolesAreFilled) {
    for (std::uint32_t i = 1; i < 100; i += 2)
        EXPECT_EQ(blocks.insert(chain, Seq{i}, text("x")), 1U);
    EXPECT_EQ(blocks.used(), 50U);
    for (std::uint32_t i = 2; i < 99; i += 2)
        EXPECT_EQ(blocks.insert(chain, Seq{i}, text("y")), 1U);
    EXPECT_EQ(blocks.used(), 1U);
    EXPECT_EQ(chain.head, chain.tail);
    EXPECT_EQ(chain.bytes, 99U);
}

TEST_F(BlocksTest, DropsWhatIsAcknowledged) {
    blocks.insert(chain, Seq{0xffff'ff00U}, text(std::string(600, 'z')));
    EXPECT_EQ(blocks.blocks_of(chain), 3U);
    EXPECT_EQ(blocks.drop_before(chain, Seq{0xffff'fe00U}), 0U);
    EXPECT_EQ(blocks.drop_before(chain, Seq{0xffff'ff0aU}), 10U);
    EXPECT_EQ(blocks.front(chain).size(), 230U);
    EXPECT_EQ(blocks.drop_before(chain, Seq{0x10}), 262U);
    EXPECT_EQ(blocks.used(), 2U);
    EXPECT_EQ(blocks.drop_before(chain, Seq{0x1000}), 328U);
    EXPECT_TRUE(chain.empty());
    EXPECT_EQ(chain.tail, no_slot);
    EXPECT_EQ(chain.bytes, 0U);
    EXPECT_EQ(blocks.used(), 0U);
    EXPECT_TRUE(blocks.front(chain).empty());
}

TEST_F(BlocksTest, StoresAsMuchAsFitsAndLosesNothing) {
    const std::string big(64 * 240 + 100, 'q');
    EXPECT_EQ(blocks.insert(chain, Seq{5}, text(big)), 64U * 240U);
    EXPECT_EQ(blocks.free_blocks(), 0U);
    EXPECT_EQ(blocks.insert(chain, Seq{5} + 64 * 240, text("more")), 0U);
    Chain other;
    EXPECT_EQ(blocks.insert(other, Seq{1}, text("none")), 0U);
    EXPECT_TRUE(other.empty());
    EXPECT_EQ(read(blocks, chain, Seq{5}, 20000).size(), 64U * 240U);
    blocks.free_all(chain);
    EXPECT_EQ(blocks.used(), 0U);
    EXPECT_EQ(blocks.high_water(), 64U);
}

TEST_F(BlocksTest, ReadsThroughACursorThatMayBeStale) {
    ChainCursor cursor;
    std::string whole;
    for (int i = 0; i < 1500; ++i)
        whole.push_back(static_cast<char>('a' + i % 26));
    blocks.insert(chain, Seq{100}, text(whole));
    const auto at = [&](std::uint32_t offset) {
        std::string out(50, '\0');
        out.resize(
            blocks.read(chain, cursor, Seq{100} + offset, std::as_writable_bytes(std::span{out})));
        return out;
    };
    for (std::uint32_t offset = 0; offset < 1500; offset += 50)
        ASSERT_EQ(at(offset), whole.substr(offset, 50));
    EXPECT_EQ(at(700), whole.substr(700, 50)) << "back, for a retransmission";
    blocks.drop_before(chain, Seq{100} + 1000);
    Chain thief;  // takes the block at which the cursor points
    blocks.insert(thief, Seq{100} + 1010, text(std::string(480, '!')));
    EXPECT_EQ(at(1010), whole.substr(1010, 50));
    EXPECT_EQ(at(700), "") << "forgotten";
    EXPECT_EQ(at(1500), "") << "not there yet";
}

TEST_F(BlocksTest, FindsAChainByItsHeadAlone) {
    blocks.insert(chain, Seq{1}, text(std::string(500, 'h')));
    blocks.insert(chain, Seq{900}, text("later"));
    const Chain found = blocks.whole(chain.head);
    EXPECT_EQ(found.tail, chain.tail);
    EXPECT_EQ(found.bytes, 505U);
    EXPECT_TRUE(blocks.whole(no_slot).empty());
}

TEST_F(BlocksTest, GoesOnWhenItsMemoryIsElsewhere) {
    blocks.insert(chain, Seq{1}, text(std::string(500, 'm')));
    Memory elsewhere = memory.moved();
    Blocks again{elsewhere.span(), existing};
    EXPECT_EQ(again.insert(chain, Seq{501}, text("n")), 1U);
    EXPECT_EQ(read(again, chain, Seq{499}), "mmn");
}

/// The model: every byte by its distance from a base, so that numbers may wrap (RFC 9293
/// section 3.4).
class Model {
public:
    explicit Model(Seq base) : base_{base} {}

    std::size_t missing(std::uint32_t from, std::size_t size) const {
        std::size_t count = 0;
        for (std::uint32_t i = 0; i < size; ++i)
            count += bytes.contains(from + i) ? 0 : 1;
        return count;
    }
    void insert(std::uint32_t from, std::span<const std::byte> what) {
        for (std::uint32_t i = 0; i < what.size(); ++i)
            bytes.emplace(from + i, what[i]);
    }
    void drop_before(std::uint32_t to) { bytes.erase(bytes.begin(), bytes.lower_bound(to)); }
    std::uint32_t contiguous_from(std::uint32_t at) const {
        std::uint32_t count = 0;
        while (bytes.contains(at + count))
            ++count;
        return count;
    }
    std::size_t pieces() const {
        std::size_t count = 0;
        for (const auto& [at, value] : bytes)
            count += at > 0 && bytes.contains(at - 1) ? 0 : 1;
        return count;
    }
    Seq seq(std::uint32_t offset) const { return base_ + offset; }

    std::map<std::uint32_t, std::byte> bytes;

private:
    Seq base_;
};

void compare(const Blocks& blocks, const Chain& chain, const Model& model, std::uint32_t at) {
    ASSERT_EQ(chain.bytes, model.bytes.size());
    const std::uint32_t held = model.contiguous_from(at);
    ASSERT_EQ(blocks.contiguous_from(chain, model.seq(at)), held);
    std::vector<std::byte> out(held + 1);
    ASSERT_EQ(blocks.read(chain, model.seq(at), out), held);
    for (std::uint32_t i = 0; i < held; ++i)
        ASSERT_EQ(out[i], model.bytes.at(at + i));
}

void behave_like_the_model(std::uint64_t seed) {
    Rng rng{seed};
    Memory memory{Blocks::bytes_needed(4000)};
    Blocks blocks{memory.span(), 4000};
    Chain chain;
    Model model{Seq{0xffff'ffffU - rng.below(8000)}};
    std::uint32_t base = 0;
    for (int i = 0; i < 4000; ++i) {
        const std::uint32_t from = base + rng.below(3000);
        std::vector<std::byte> what(rng.chance(0.5) ? rng.below(8) : rng.below(700));
        for (std::byte& value : what)
            value = static_cast<std::byte>(rng.next());
        ASSERT_EQ(blocks.insert(chain, model.seq(from), what), model.missing(from, what.size()));
        model.insert(from, what);
        compare(blocks, chain, model, base + rng.below(3000));
        if (rng.chance(0.1)) {
            base += rng.below(500);
            const std::size_t before = model.bytes.size();
            model.drop_before(base);
            ASSERT_EQ(blocks.drop_before(chain, model.seq(base)), before - model.bytes.size());
        }
        if (i % 16 != 0) continue;
        ASSERT_EQ(blocks.pieces(chain), model.pieces());
        ASSERT_EQ(blocks.blocks_of(chain), blocks.used());
    }
    blocks.free_all(chain);
    EXPECT_EQ(blocks.used(), 0U);
}

TEST(BlocksProperty, BehaveLikeAMapOfBytes) {
    for (const std::uint64_t seed : test::seeds(6)) {
        SCOPED_TRACE(test::seed_text(seed));
        behave_like_the_model(seed);
    }
}

}  // namespace
}  // namespace terminus
