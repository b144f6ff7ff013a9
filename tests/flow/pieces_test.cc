/// Pieces against a map from sequence number to byte: overlaps, holes, exhaustion, numbers that
/// wrap, and the patterns by which an attacker would make them dear.
#include "terminus/flow/pieces.h"

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

struct Store {
    explicit Store(std::uint32_t block_count, std::uint32_t directories = 4)
        : memory{whole_lines(Blocks::bytes_needed(block_count)) +
                 whole_lines(Pieces::bytes_needed(directories))},
          arena{memory.span()},
          blocks{arena.take(Blocks::bytes_needed(block_count)), block_count},
          pieces{arena.take(Pieces::bytes_needed(directories)), directories, blocks} {}

    Pieces::Result insert(std::uint32_t seq, std::string_view what) {
        return pieces.insert(id, Seq{seq}, text(what), Pieces::most);
    }
    Pieces::Result fill(std::uint32_t seq, std::string_view what) {
        return pieces.fill(id, chain, Seq{seq}, text(what));
    }
    std::string read() {
        std::string out(chain.bytes, '\0');
        if (out.empty()) return out;
        out.resize(blocks.read(chain, blocks.begin(chain), std::as_writable_bytes(std::span{out})));
        return out;
    }
    std::vector<Stretch> recent(std::size_t most = 4) {
        std::vector<Stretch> all(most);
        all.resize(pieces.recent(id, all));
        return all;
    }

    Memory memory;
    Arena arena;
    Blocks blocks;
    Pieces pieces;
    Chain chain;
    std::uint32_t id = no_slot;
};

Stretch stretch(std::uint32_t left, std::uint32_t right) { return {Seq{left}, Seq{right}}; }

TEST(Pieces, KeepTheTextThatCameFirst) {
    Store store{64};
    store.insert(20, "bbb");
    EXPECT_EQ(store.insert(18, "AAAAAAAA").stored, 5U);
    EXPECT_EQ(store.insert(19, "CCC").stored, 0U);
    EXPECT_EQ(store.pieces.count(store.id), 1U);
    EXPECT_EQ(store.fill(10, "0123456789ABCD").stored, 16U);
    EXPECT_EQ(store.read(), "01234567AAbbbAAA");
    EXPECT_EQ(store.id, no_slot);
    EXPECT_EQ(store.pieces.used(), 0U);
}

TEST(Pieces, TellWhatWasHeldBefore) {  // RFC 2883 section 4
    Store store{64};
    EXPECT_EQ(store.insert(20, "0123456789").duplicate, Stretch{});
    EXPECT_EQ(store.insert(30, "touches").duplicate, Stretch{});
    EXPECT_EQ(store.insert(22, "in").duplicate, stretch(22, 24));
    EXPECT_EQ(store.insert(15, "overlaps").duplicate, stretch(20, 23));
    EXPECT_EQ(store.insert(50, "another").duplicate, Stretch{});
    EXPECT_EQ(store.insert(35, std::string(30, 'x')).duplicate, stretch(35, 37)) << "the first";
    EXPECT_EQ(store.pieces.count(store.id), 1U);
    EXPECT_EQ(store.fill(10, "0123456789").duplicate, stretch(15, 20));
    EXPECT_EQ(store.chain.bytes, 55U);
}

TEST(Pieces, TellTheLatestFirst) {  // RFC 2018 section 4
    Store store{64};
    for (const std::uint32_t at : {50U, 10U, 40U, 20U, 30U})
        store.insert(at, "ab");
    EXPECT_EQ(store.recent(),
              (std::vector{stretch(30, 32), stretch(20, 22), stretch(40, 42), stretch(10, 12)}));
    store.insert(52, "cd");  // the stretch grows: it is the latest
    EXPECT_EQ(store.recent(3), (std::vector{stretch(50, 54), stretch(30, 32), stretch(20, 22)}));
    store.insert(22, "01234567");  // two become one
    EXPECT_EQ(store.recent(),
              (std::vector{stretch(20, 32), stretch(50, 54), stretch(40, 42), stretch(10, 12)}));
}

TEST(Pieces, AreOnlySoMany) {
    Store store{256};
    for (std::uint32_t i = 0; i < Pieces::most; ++i)
        EXPECT_EQ(store.insert(10 + 4 * i, "x").stored, 1U);
    EXPECT_TRUE(store.insert(1000, "x").refused);
    EXPECT_EQ(store.insert(11, "x").stored, 1U) << "what grows a stretch needs no new one";
    EXPECT_EQ(store.fill(1, "in order").stored, 8U) << "text in order always finds place";
    EXPECT_EQ(store.pieces.count(store.id), Pieces::most);
    std::uint32_t other = no_slot;
    EXPECT_TRUE(store.pieces.insert(other, Seq{1}, text("x"), 0).refused);
    EXPECT_EQ(other, no_slot);
    store.pieces.free_all(store.id);
    store.blocks.free_all(store.chain);
    EXPECT_EQ(store.blocks.used(), 0U);
}

TEST(Pieces, LeaveBlocksToTextInOrder) {
    Store store{64};
    EXPECT_TRUE(store.insert(1000, std::string(64 * 240, 'x')).refused);
    EXPECT_EQ(store.id, no_slot);
    EXPECT_EQ(store.insert(1000, std::string(50 * 240, 'x')).stored, 50U * 240);
    EXPECT_TRUE(store.insert(20000, std::string(10 * 240, 'x')).refused);
    EXPECT_EQ(store.fill(1, std::string(999, 'y')).stored, 999U + 50 * 240);
    EXPECT_TRUE(store.fill(1 + 999 + 50 * 240, std::string(20 * 240, 'z')).refused);
}

TEST(Pieces, HaveOnlySoManyDirectories) {
    Store store{64, 1};
    store.insert(5, "x");
    std::uint32_t other = no_slot;
    EXPECT_TRUE(store.pieces.insert(other, Seq{1}, text("x"), Pieces::most).refused);
    EXPECT_EQ(other, no_slot);
}

/// RFC 9293 section 3.10.7.4: an attacker chooses the order. A search looks at log2(64) + 1
/// entries, twice for each insert, whatever it is.
TEST(Pieces, AreFoundInFewSteps) {
    constexpr std::uint64_t most_looks = 2 * 7;
    for (const int pattern : {0, 1, 2}) {
        Store store{4096};
        std::uint64_t before = 0;
        for (std::uint32_t i = 0; i < 3000; ++i) {
            const std::uint32_t spread = static_cast<std::uint32_t>(test::mixed(i) % 3000);
            const std::uint32_t at = pattern == 0 ? 2 * i : pattern == 1 ? 6000 - 2 * i : spread;
            store.insert(100 + at, "xy" + std::string(pattern == 2 ? 1 : 0, 'z'));
            ASSERT_LE(store.pieces.looks() - before, most_looks);
            before = store.pieces.looks();
        }
    }
}

/// Every other byte takes a block each, as many as there are stretches; filled, they share again.
TEST(Pieces, StayBoundedWhateverThePattern) {
    Store store{256};
    for (std::uint32_t i = 0; i < 200; ++i)
        store.insert(11 + 2 * i, "x");
    EXPECT_EQ(store.blocks.used(), Pieces::most);
    for (std::uint32_t i = 0; i < Pieces::most; ++i)
        store.insert(12 + 2 * i, "y");
    EXPECT_LE(store.blocks.used(), 2U);
    for (std::uint32_t i = 2000; i > 300; --i)  // each overlaps the one before by a byte
        store.insert(i, "zz");
    EXPECT_LE(store.blocks.used(), 2U + 2 * 1701 / 240 + 1);
    EXPECT_EQ(store.pieces.count(store.id), 2U);
}

/// The model: every byte by its distance from a base, so that numbers may wrap (RFC 9293
/// section 3.4).
class Model {
public:
    std::uint32_t missing(std::uint32_t from, std::size_t size) const {
        std::uint32_t count = 0;
        for (std::uint32_t i = 0; i < size; ++i)
            count += bytes.contains(from + i) ? 0 : 1;
        return count;
    }
    void insert(std::uint32_t from, std::span<const std::byte> what) {
        for (std::uint32_t i = 0; i < what.size(); ++i)
            bytes.emplace(from + i, what[i]);
    }
    bool touches(std::uint32_t from, std::size_t size) const {
        const auto next = bytes.lower_bound(from - 1);
        return next != bytes.end() && next->first <= from + size;
    }
    std::uint32_t end_of_stretch(std::uint32_t at) const {
        while (bytes.contains(at))
            ++at;
        return at;
    }
    std::size_t pieces() const {
        std::size_t count = 0;
        for (const auto& [at, value] : bytes)
            count += bytes.contains(at - 1) ? 0 : 1;
        return count;
    }
    std::map<std::uint32_t, std::byte> bytes;
};

struct Game {
    explicit Game(std::uint64_t seed)
        : rng{seed}, store{4000}, base{0xffff'ffffU - rng.below(9000)} {}

    void play();
    void insert_beyond();
    void insert_in_order();
    void compare();

    Rng rng;
    Store store;
    Seq base;
    Model model;             ///< beyond the hole
    std::uint32_t next = 0;  ///< of the text in order
    std::uint32_t read = 0;
    std::vector<std::byte> what;
};

void Game::insert_beyond() {
    const std::uint32_t from = next + 1 + rng.below(2000);
    const std::uint32_t missing = model.missing(from, what.size());
    const bool full = store.pieces.count(store.id) == Pieces::most;
    const bool alone = !model.touches(from, what.size());
    const auto result = store.pieces.insert(store.id, base + from, what, Pieces::most);
    ASSERT_EQ(result.refused, full && alone && !what.empty());
    if (result.refused) return;
    ASSERT_EQ(result.stored, missing);
    if (missing == what.size()) {
        ASSERT_EQ(result.duplicate, Stretch{});
    } else {
        std::uint32_t first = from;
        while (!model.bytes.contains(first))
            ++first;
        const auto end = std::min<std::uint32_t>(model.end_of_stretch(first),
                                                 from + static_cast<std::uint32_t>(what.size()));
        ASSERT_EQ(result.duplicate, (Stretch{base + first, base + end}));
    }
    if (what.empty()) return;
    model.insert(from, what);
    Stretch latest;
    ASSERT_EQ(store.pieces.recent(store.id, {&latest, 1}), 1U);
    ASSERT_LE(latest.left - base, from);
    ASSERT_EQ(latest.right - base, model.end_of_stretch(from));
}

void Game::insert_in_order() {
    model.insert(next, what);
    const std::uint32_t end = model.end_of_stretch(next);
    const auto result = store.pieces.fill(store.id, store.chain, base + next, what);
    ASSERT_FALSE(result.refused);
    ASSERT_EQ(result.stored, end - next);
    ASSERT_EQ(store.chain.bytes, end - read);
    std::vector<std::byte> out(end - next);
    ASSERT_EQ(out.empty() ? 0 : store.blocks.read(store.chain, base + next, out), out.size());
    for (std::uint32_t i = next; i < end; ++i)
        ASSERT_EQ(out[i - next], model.bytes.at(i));
    model.bytes.erase(model.bytes.begin(), model.bytes.lower_bound(end));
    next = end;
}

void Game::compare() {
    ASSERT_EQ(store.pieces.bytes(store.id), model.bytes.size());
    ASSERT_EQ(store.pieces.count(store.id), model.pieces());
    ASSERT_LE(
        store.blocks.used(),
        2 * (store.chain.bytes + model.bytes.size()) / Blocks::text_bytes + model.pieces() + 3);
}

void Game::play() {
    for (int i = 0; i < 2000; ++i) {
        what.resize(rng.chance(0.5) ? rng.below(8) : rng.below(700));
        for (std::byte& value : what)
            value = static_cast<std::byte>(rng.next());
        if (rng.chance(0.1))
            insert_in_order();
        else
            insert_beyond();
        if (testing::Test::HasFatalFailure()) return;
        if (rng.chance(0.1)) {
            read += rng.below(next - read + 1);
            store.blocks.drop_before(store.chain, base + read);
        }
        if (i % 16 == 0) compare();
    }
    store.pieces.free_all(store.id);
    store.blocks.free_all(store.chain);
    EXPECT_EQ(store.blocks.used(), 0U);
    EXPECT_EQ(store.pieces.used(), 0U);
}

TEST(PiecesProperty, BehaveLikeAMapOfBytes) {
    for (const std::uint64_t seed : test::seeds(3)) {
        SCOPED_TRACE(test::seed_text(seed));
        Game{seed}.play();
        if (testing::Test::HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace terminus
