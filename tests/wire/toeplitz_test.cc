/// The Toeplitz hash against the vectors that Microsoft publishes for receive side scaling
/// ("Verifying the RSS Hash Calculation").
#include "terminus/wire/toeplitz.h"

#include "terminus/base/rng.h"

#include "packet.h"

#include <gtest/gtest.h>

#include <utility>

namespace terminus {
namespace {

using test::Bytes;

const Bytes key = test::from_hex(
    "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");

struct Vector {
    const char* to;
    std::uint16_t to_port;
    const char* from;
    std::uint16_t from_port;
    std::uint32_t addresses, tuple;
};

constexpr Vector vectors[] = {
    {"161.142.100.80", 1766, "66.9.149.187", 2794, 0x323e8fc2, 0x51ccc178},
    {"65.69.140.83", 4739, "199.92.111.2", 14230, 0xd718262a, 0xc626b0ea},
    {"12.22.207.184", 38024, "24.19.198.95", 12898, 0xd2d0a5de, 0x5c2b394a},
    {"209.142.163.6", 2217, "38.27.205.30", 48228, 0x82989176, 0xafc7327f},
    {"202.188.127.2", 1303, "153.39.163.191", 44251, 0x5d1809c5, 0x10e828a2},
    {"3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x2cc18cd5, 0x40207d3d},
    {"ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0x0f0c461c, 0xdde51bbf},
    {"fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, 0x4b61e985,
     0x02d1feef},
};

/// Source address, destination address, source port, destination port, out of a frame.
Bytes tuple_of(const Vector& vector) {
    const auto bytes =
        test::Packet::udp(vector.from, vector.from_port, vector.to, vector.to_port).datagram();
    const bool is_ip6 = bytes.size() > 40;
    const auto tuple = std::span{bytes}.subspan(is_ip6 ? 8 : 12, is_ip6 ? 36 : 12);
    return {tuple.begin(), tuple.end()};
}

TEST(Toeplitz, GivesThePublishedHashes) {
    for (const auto& vector : vectors) {
        const auto tuple = tuple_of(vector);
        EXPECT_EQ(toeplitz(key, tuple), vector.tuple) << vector.from;
        const auto addresses = std::span{tuple}.first(tuple.size() - 4);
        EXPECT_EQ(toeplitz(key, addresses), vector.addresses) << vector.from;
        EXPECT_EQ(Toeplitz{key}(std::span{tuple}), vector.tuple) << vector.from;
        EXPECT_EQ(Toeplitz{key}(addresses), vector.addresses) << vector.from;
    }
}

TEST(Toeplitz, IsTheSameByTables) {
    Rng rng{3};
    for (int round = 0; round < 200; ++round) {
        Bytes secret(Toeplitz::key_bytes), input(rng.below(Toeplitz::most_input_bytes + 1));
        for (auto* bytes : {&secret, &input})
            for (std::byte& byte : *bytes)
                byte = static_cast<std::byte>(rng.next());
        ASSERT_EQ(Toeplitz{secret}(std::span{std::as_const(input)}), toeplitz(secret, input));
        ASSERT_EQ(Toeplitz{secret}.by_tables(input), toeplitz(secret, input));
    }
}

TEST(Toeplitz, OfNothingIsZero) { EXPECT_EQ(toeplitz(key, {}), 0U); }

TEST(Toeplitz, NeedsFourKeyBytesMoreThanInput) {
    const Bytes input(12);
    EXPECT_EQ(toeplitz(std::span{key}.first(16), input), 0U);
    EXPECT_DEATH((void)toeplitz(std::span{key}.first(15), input), "assertion failed");
}

}  // namespace
}  // namespace terminus
