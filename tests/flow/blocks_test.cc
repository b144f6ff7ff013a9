/// Blocks: text in order, exhaustion, joins, numbers that wrap.
#include "terminus/flow/blocks.h"

#include "support.h"

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
        EXPECT_EQ(blocks.append(chain, Seq{1000} + static_cast<std::uint32_t>(10 * i),
                                text("0123456789")),
                  10U);
    EXPECT_EQ(blocks.used(), 1U);
    EXPECT_EQ(blocks.append(chain, Seq{1240}, text("x")), 1U);
    EXPECT_EQ(blocks.used(), 2U);
    EXPECT_EQ(chain.bytes, 241U);
    EXPECT_EQ(blocks.begin(chain), Seq{1000});
    EXPECT_EQ(blocks.end(chain), Seq{1241});
    EXPECT_EQ(read(blocks, chain, Seq{1235}), "56789x");
}

/// Text that comes byte by byte from its end shares blocks as well as text that comes in order.
TEST_F(BlocksTest, SharesBlocksWhenTextComesBackwards) {
    for (std::uint32_t i = 1000; i > 0; --i)
        blocks.prepend(chain, Seq{i}, text(std::string(1, static_cast<char>('a' + i % 26))));
    EXPECT_LE(blocks.used(), 2 * 1000U / 240 + 1);
    EXPECT_EQ(chain.bytes, 1000U);
    const std::string all = read(blocks, chain, Seq{1});
    for (std::uint32_t i = 1; i <= 1000; ++i)
        ASSERT_EQ(all[i - 1], static_cast<char>('a' + i % 26));
}

TEST_F(BlocksTest, JoinsChainsThatMeet) {
    Chain next;
    blocks.append(chain, Seq{1}, text(std::string(230, 'a')));
    blocks.append(next, Seq{231}, text("0123456789"));
    blocks.join(chain, next);
    EXPECT_TRUE(next.empty());
    EXPECT_EQ(blocks.used(), 1U) << "a small one goes into the room that is left";
    blocks.append(next, Seq{241}, text(std::string(200, 'b')));
    blocks.join(chain, next);
    EXPECT_EQ(blocks.used(), 2U);
    EXPECT_EQ(chain.bytes, 440U);
    EXPECT_EQ(read(blocks, chain, Seq{239}).substr(0, 4), "89bb");
    blocks.append(chain, Seq{441}, text("end"));
    EXPECT_EQ(read(blocks, chain, Seq{440}), "bend");
    Chain first;
    blocks.join(first, chain);
    EXPECT_EQ(first.bytes, 443U);
    EXPECT_TRUE(chain.empty());
    blocks.free_all(first);
    EXPECT_EQ(blocks.used(), 0U);
}

TEST_F(BlocksTest, DropsWhatIsAcknowledged) {
    blocks.append(chain, Seq{0xffff'ff00U}, text(std::string(600, 'z')));
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
    EXPECT_EQ(blocks.append(chain, Seq{5}, text(big)), 64U * 240U);
    EXPECT_EQ(blocks.free_blocks(), 0U);
    EXPECT_EQ(blocks.append(chain, Seq{5} + 64 * 240, text("more")), 0U);
    Chain other;
    EXPECT_EQ(blocks.append(other, Seq{1}, text("none")), 0U);
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
    blocks.append(chain, Seq{100}, text(whole));
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
    blocks.append(thief, Seq{100} + 1010, text(std::string(480, '!')));
    EXPECT_EQ(at(1010), whole.substr(1010, 50));
    EXPECT_EQ(at(700), "") << "forgotten";
    EXPECT_EQ(at(1500), "") << "not there yet";
}

TEST_F(BlocksTest, FindsAChainByItsHeadAlone) {
    blocks.append(chain, Seq{1}, text(std::string(505, 'h')));
    const Chain found = blocks.whole(chain.head);
    EXPECT_EQ(found.tail, chain.tail);
    EXPECT_EQ(found.bytes, 505U);
    EXPECT_TRUE(blocks.whole(no_slot).empty());
}

TEST_F(BlocksTest, GoesOnWhenItsMemoryIsElsewhere) {
    blocks.append(chain, Seq{1}, text(std::string(500, 'm')));
    Memory elsewhere = memory.moved();
    Blocks again{elsewhere.span(), existing};
    EXPECT_EQ(again.append(chain, Seq{501}, text("n")), 1U);
    EXPECT_EQ(read(again, chain, Seq{499}), "mmn");
}

}  // namespace
}  // namespace terminus
