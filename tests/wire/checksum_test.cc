/// The checksum against a naive one, for every way that a span can lie.
#include "terminus/wire/checksum.h"

#include "terminus/base/rng.h"

#include "packet.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

using test::Bytes;

Bytes random_bytes(Rng& rng, std::size_t count) {
    Bytes bytes(count);
    for (auto& byte : bytes)
        byte = static_cast<std::byte>(rng.next());
    return bytes;
}
Bytes copy_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Checksum, IsTheNaiveOneForEveryLength) {  // RFC 1071 section 1
    Rng rng{1};
    for (std::size_t length = 0; length <= 2100; ++length) {
        const auto bytes = random_bytes(rng, length);
        ASSERT_EQ(checksum_finish(checksum_add(0, bytes)).host(), test::naive_checksum(bytes))
            << length << " bytes";
    }
}

TEST(Checksum, IsTheNaiveOneForEveryAlignment) {
    Rng rng{2};
    const auto buffer = random_bytes(rng, 700);
    for (std::size_t start = 0; start < 64; ++start) {
        const auto bytes = std::span{buffer}.subspan(start, rng.below(600));
        ASSERT_EQ(checksum_finish(checksum_add(0, bytes)).host(),
                  test::naive_checksum(copy_of(bytes)))
            << "from " << start << ", " << bytes.size() << " bytes";
    }
}

TEST(Checksum, CarriesOutOfTheHighestSums) {
    for (const std::size_t length : {1U, 8U, 20U, 191U, 192U, 1460U, 65535U}) {
        const Bytes bytes(length, std::byte{0xff});
        ASSERT_EQ(checksum_finish(checksum_add(0, bytes)).host(), test::naive_checksum(bytes));
        const auto sum = checksum_add(checksum_add(0, Bytes(64, std::byte{0xff})), bytes);
        ASSERT_EQ(checksum_finish(sum).host(), test::naive_checksum(bytes));
    }
    EXPECT_EQ(checksum_finish(~PartialSum{0}).host(), 0);
    EXPECT_EQ(checksum_finish(checksum_add(~PartialSum{0}, Bytes{})).host(), 0);
}

TEST(Checksum, AddsSpansInAnyOrder) {  // RFC 1071 section 2 (A)
    Rng rng{3};
    const auto bytes = random_bytes(rng, 1001);
    const auto head = std::span{bytes}.first(400), tail = std::span{bytes}.subspan(400);
    const auto whole = checksum_finish(checksum_add(0, bytes));
    EXPECT_EQ(checksum_finish(checksum_add(checksum_add(0, head), tail)), whole);
    EXPECT_EQ(checksum_finish(checksum_add(0, head) + checksum_add(0, tail)), whole);
}

/// The worked example of RFC 1071 section 3: the words 0001, f203, f4f5, f6f7 sum to ddf2.
TEST(Checksum, AgreesWithTheExampleOfRfc1071) {
    const auto bytes = test::from_hex("0001 f203 f4f5 f6f7");
    EXPECT_EQ(checksum_finish(checksum_add(0, bytes)).host(), 0xffff - 0xddf2);
}

TEST(ChecksumUpdate, EqualsTheChecksumOfTheChangedBytes) {  // RFC 1624 equation 3
    Rng rng{4};
    for (int turn = 0; turn < 10'000; ++turn) {
        auto bytes = random_bytes(rng, 20);
        const auto checksum = checksum_finish(checksum_add(0, bytes));
        const auto before = load<be16>(bytes.data() + 6);
        const be16 after{static_cast<std::uint16_t>(rng.next())};
        store(bytes.data() + 6, after);
        ASSERT_EQ(checksum_update(checksum, before, after).host(), test::naive_checksum(bytes));
    }
}

/// RFC 1624 section 4: the example in which equation 2 of RFC 1141 goes wrong.
TEST(ChecksumUpdate, GivesPlusZeroWhereRfc1624SaysSo) {
    EXPECT_EQ(checksum_update(be16{0xdd2f}, be16{0x5555}, be16{0x3285}).host(), 0x0000);
}

TEST(Ip4HeaderChecksum, TakesItsFieldAsZeroAndCoversTheOptions) {  // RFC 791 section 3.1
    const auto plain = test::Packet::ip("192.0.2.1", "198.18.0.2", 6).ip_id(7).datagram();
    const auto optioned = test::Packet::ip("192.0.2.1", "198.18.0.2", 6)
                              .ip_options(test::from_hex("9404 0000 0101 01"))
                              .datagram();
    for (auto bytes : {plain, optioned}) {
        const auto right = overlay<Ip4Header>(std::as_const(bytes).data()).checksum;
        EXPECT_EQ(ip4_header_checksum(overlay<Ip4Header>(bytes.data())), right);
        EXPECT_EQ(checksum_finish(ip4_header_sum(overlay<Ip4Header>(bytes.data()))), be16{0});
        overlay<Ip4Header>(bytes.data()).checksum = be16{0x1234};
        EXPECT_EQ(ip4_header_checksum(overlay<Ip4Header>(bytes.data())), right);
        EXPECT_NE(checksum_finish(ip4_header_sum(overlay<Ip4Header>(bytes.data()))), be16{0});
    }
}

TEST(PseudoSum,
     MakesTransportChecksumsOfBothFamilies) {  // RFC 9293 section 3.1, RFC 8200 section 8.1
    using test::Packet;
    const auto ip4 = Packet::tcp("192.0.2.1", 4000, "198.18.0.2", 80).text("odd").datagram();
    const auto ip6 = Packet::udp("2001:db8::1", 4000, "ff02::2", 7).text("odd").datagram();
    const auto tcp = std::span{ip4}.subspan(20), udp = std::span{ip6}.subspan(40);
    const auto start4 = pseudo_sum(overlay<Ip4Header>(ip4.data()), 6, 23);
    const auto start6 = pseudo_sum(overlay<Ip6Header>(ip6.data()), 17, 11);
    EXPECT_EQ(checksum_finish(checksum_add(start4, tcp)), be16{0});
    EXPECT_EQ(checksum_finish(checksum_add(start6, udp)), be16{0});
}

}  // namespace
}  // namespace terminus
