/// Keys: the layout in a record, what belongs to the key and what does not, both families; and what
/// keying the hash is for.
#include "terminus/flow/key.h"

#include "terminus/base/rng.h"
#include "terminus/flow/table.h"

#include "support.h"

#include <algorithm>
#include <set>

namespace terminus {
namespace {

using test::Memory;
using Record = std::array<std::uint8_t, 64>;

const Ends ends{be16{80}, be16{0x1234}, 7};
const Address local6 = Address::ip6("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02");
const Address remote6 = Address::ip6("\x20\x01\x0d\xb8\0\x18\0\0\0\0\0\0\0\0\0\x09");

class KeyTest : public testing::Test {
protected:
    Memory memory{Ip6Slab::bytes_needed(2)};
    Ip6Slab addresses{memory.span(), 2};
    Record record{};
};

TEST_F(KeyTest, OfIp4LiesInTheRecordAsOnTheWire) {
    const Key key = ip4_key(be32{0xc6120002}, be32{0x0a000001}, ends);
    ASSERT_TRUE(write_key(record.data(), key, addresses));
    const std::vector<std::uint8_t> first(record.begin(), record.begin() + 16);
    EXPECT_EQ(first, (std::vector<std::uint8_t>{0xc6, 0x12, 0, 2, 10, 0, 0, 1, 0, 80, 0x12, 0x34, 7,
                                                0, 0, 0}));
    EXPECT_EQ(addresses.used(), 0U);
}

TEST_F(KeyTest, OfIp4IsReadFromAPacketToUs) {
    const std::array<std::uint8_t, 8> pair{10, 0, 0, 1, 0xc6, 0x12, 0, 2};
    const std::array<std::uint8_t, 4> ports{0x12, 0x34, 0, 80};
    const auto* from = reinterpret_cast<const std::byte*>(pair.data());
    EXPECT_EQ(ip4_key(from, reinterpret_cast<const std::byte*>(ports.data()), 7),
              ip4_key(be32{0xc6120002}, be32{0x0a000001}, ends));
}

TEST_F(KeyTest, OfIp6NamesASlot) {
    const Key key = make_key(local6, remote6, ends);
    ASSERT_TRUE(addresses.take() != no_slot);
    ASSERT_TRUE(write_key(record.data(), key, addresses));
    const std::vector<std::uint8_t> first(record.begin(), record.begin() + 16);
    EXPECT_EQ(first, (std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0, 0, 9, 0, 80, 0x12, 0x34, 7, 0x80,
                                                0, 0}));
    EXPECT_FALSE(write_key(record.data(), key, addresses)) << "no slot is left";
    release_key(record.data(), addresses);
    EXPECT_EQ(addresses.used(), 1U);
}

/// 64 of the record, 7.5 of the index, 8.5 of the timers: 108 bytes a flow with them.
TEST_F(KeyTest, OfIp6TakesTwentyEightBytes) {
    EXPECT_LE(Ip6Slab::bytes_needed(10'000'000), 280'000'064U);
}

/// The low seven bits of byte 13, and bytes 14 and 15, are the flow's: written by it, ignored by
/// the key.
TEST_F(KeyTest, LeavesTheFlowItsOwnBits) {
    for (const Key& key : {ip4_key(be32{1}, be32{2}, ends), make_key(local6, remote6, ends)}) {
        record[13] = 0x55;
        record[14] = record[15] = 0xff;
        ASSERT_TRUE(write_key(record.data(), key, addresses));
        EXPECT_EQ(record[13] & 0x7f, 0x55);
        EXPECT_EQ(record[14], 0xff);
        EXPECT_EQ(record[15], 0xff);
        EXPECT_TRUE(matches(record.data(), key, addresses));
        EXPECT_EQ(key_of(record.data(), addresses), key);
    }
}

TEST_F(KeyTest, MatchesNothingThatDiffersAnywhere) {
    for (const Key& key : {ip4_key(be32{1}, be32{2}, ends), make_key(local6, remote6, ends)}) {
        record.fill(0);
        ASSERT_TRUE(write_key(record.data(), key, addresses));
        ASSERT_TRUE(matches(record.data(), key, addresses));
        const std::size_t first = key.is_ip6() ? 1 : 0, last = key.is_ip6() ? 6 : 2;
        for (std::size_t bit = first * 64; bit < last * 64; ++bit) {
            Key other = key;
            other.words[bit / 64] ^= std::uint64_t{1} << (bit % 64);
            if (bit / 64 == 1 && (other.words[1] & ~Key::mask) != 0) continue;
            EXPECT_FALSE(matches(record.data(), other, addresses)) << bit;
            EXPECT_NE(hash(HashKey{}, other), hash(HashKey{}, key)) << bit;
        }
    }
}

TEST(Key, GivesBackWhatItWasMadeOf) {
    const Address local4 = Address::ip4(be32{0xc6120002}), remote4 = Address::ip4(be32{0x0a000001});
    for (const auto& [local, remote] : {std::pair{local4, remote4}, std::pair{local6, remote6}}) {
        const Key key = make_key(local, remote, ends);
        EXPECT_EQ(key.family(), local.family());
        EXPECT_EQ(local_address(key), local);
        EXPECT_EQ(remote_address(key), remote);
        EXPECT_EQ(ends_of(key).local_port, ends.local_port);
        EXPECT_EQ(ends_of(key).remote_port, ends.remote_port);
        EXPECT_EQ(ends_of(key).interface, 7);
    }
    EXPECT_EQ(make_key(local4, remote4, ends), ip4_key(be32{0xc6120002}, be32{0x0a000001}, ends));
}

/// An attacker who knows the hash (here: a key that is no secret) chooses clients by their buckets.
class Attack : public testing::Test {
protected:
    static constexpr std::uint32_t planned = 500, wanted = 300;
    static constexpr HashKey known{{1, 2}};

    static std::uint32_t bucket(std::uint64_t half) {
        const std::uint64_t buckets = (Table::bytes_needed(planned) - 64) / 64;
        return static_cast<std::uint32_t>(half * buckets >> 32);
    }
    /// Tuples of one server that all have the buckets 3 and 5.
    static std::vector<Key> colliding() {
        std::vector<Key> keys;
        for (std::uint32_t client = 0; keys.size() < wanted; ++client) {
            const Key key = ip4_key(be32{0xc6120002}, be32{client}, ends);
            const std::uint64_t value = hash(known, key);
            if (bucket(value >> 32) == 3 && bucket(value & 0xffffffffU) == 5) keys.push_back(key);
        }
        return keys;
    }
    static std::uint32_t accepted(const HashKey& secret, const std::vector<Key>& keys) {
        Memory memory{Table::bytes_needed(planned)};
        Table table{memory.span(), planned};
        const auto hash_of = [&](FlowId id) { return hash(secret, keys[id.value]); };
        for (std::uint32_t id = 0; id < keys.size(); ++id)
            (void)table.insert(hash(secret, keys[id]), FlowId{id}, hash_of);
        return table.size();
    }
    static std::uint32_t fullest(const HashKey& secret, const std::vector<Key>& keys) {
        std::vector<std::uint32_t> flows(bucket(0xffffffffU) + 1);
        for (const Key& key : keys)
            ++flows[bucket(hash(secret, key) >> 32)];
        return *std::max_element(flows.begin(), flows.end());
    }
};

TEST_F(Attack, FloodsABucketOfAKnownHashAndSpreadsUnderASecretOne) {
    const std::vector<Key> keys = colliding();
    EXPECT_EQ(fullest(known, keys), wanted);
    EXPECT_EQ(accepted(known, keys), 24U) << "two buckets, and the rest of the table is idle";
    for (const std::uint64_t seed : test::seeds(20)) {
        SCOPED_TRACE(test::seed_text(seed));
        Rng rng{seed};
        const HashKey secret{{rng.next(), rng.next()}};
        EXPECT_EQ(accepted(secret, keys), wanted);
        EXPECT_LE(fullest(secret, keys), 18U) << "five a bucket on average";
    }
}

}  // namespace
}  // namespace terminus
