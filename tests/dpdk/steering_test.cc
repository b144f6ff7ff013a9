/// Whose frame is it: tuples from bytes, owners from tuples, rings between workers.
#include "worker/steering.h"

#include "terminus/base/endian.h"
#include "terminus/base/rng.h"

#include "harness.h"

#include <gtest/gtest.h>

#include <cstring>

namespace terminus::testing {
namespace {

constexpr HashKey key{{0x0123456789abcdef, 0xfedcba9876543210}};
using Bytes = std::vector<std::byte>;

Bytes tcp_frame(bool is_ip6) { return unfinished_frame(is_ip6, true, 10).bytes; }

Tuple tuple_of(const Bytes& frame) {
    Tuple tuple;
    EXPECT_EQ(concern_of(frame, tuple), Concern::the_owner);
    return tuple;
}

Bytes with_inserted(Bytes frame, std::size_t at, const Bytes& more) {
    frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
    return frame;
}

Bytes bytes_of(std::initializer_list<int> values) {
    Bytes bytes;
    for (const int value : values)
        bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

/// An ICMP error around the given datagram (a frame whose link header is cut off).
Bytes error_quoting(const Bytes& quoted, bool is_ip6) {
    Bytes frame = tcp_frame(is_ip6);
    frame.resize(is_ip6 ? 54 : 34);
    frame[is_ip6 ? 20 : 23] = static_cast<std::byte>(is_ip6 ? 58 : 1);
    const Bytes head = bytes_of({is_ip6 ? 1 : 3, 0, 0, 0, 0, 0, 0, 0});
    frame.insert(frame.end(), head.begin(), head.end());
    frame.insert(frame.end(), quoted.begin() + 14, quoted.end());
    return frame;
}

TEST(Steering, ReadsAddressesAndPorts) {
    const Tuple tuple = tuple_of(tcp_frame(false));
    EXPECT_EQ(tuple.source, Address::ip4(be32{0xc6120002}));
    EXPECT_EQ(tuple.destination, Address::ip4(be32{0xc6120001}));
    EXPECT_EQ(tuple.source_port, 4242);
    EXPECT_EQ(tuple.destination_port, 4343);
    EXPECT_EQ(tuple_of(tcp_frame(true)).destination_port, 4343);
    EXPECT_EQ(tuple_of(tcp_frame(true)).source.bytes[15], 2);
}

TEST(Steering, LooksBehindATagOptionsAndExtensionHeaders) {
    const Tuple plain4 = tuple_of(tcp_frame(false)), plain6 = tuple_of(tcp_frame(true));
    EXPECT_EQ(tuple_of(with_inserted(tcp_frame(false), 12, bytes_of({0x81, 0, 0, 42}))), plain4);
    Bytes optioned = with_inserted(tcp_frame(false), 34, bytes_of({1, 1, 1, 0}));
    optioned[14] = std::byte{0x46};
    EXPECT_EQ(tuple_of(optioned), plain4);
    Bytes extended = with_inserted(tcp_frame(true), 54, bytes_of({6, 0, 1, 4, 0, 0, 0, 0}));
    extended[20] = std::byte{60};
    EXPECT_EQ(tuple_of(extended), plain6);
}

TEST(Steering, KnowsAFragmentByItsIdentification) {
    Bytes first = tcp_frame(false), second = tcp_frame(false);
    store(first.data() + 18, be16{77});
    store(second.data() + 18, be16{77});
    store(first.data() + 20, be16{0x2000});
    store(second.data() + 20, be16{0x00b9});
    EXPECT_EQ(tuple_of(first), tuple_of(second));
    EXPECT_EQ(tuple_of(first).fragment_id, 77U);
    EXPECT_EQ(tuple_of(first).source_port, 0);
}

TEST(Steering, KnowsAnIp6FragmentByItsIdentification) {
    Bytes fragment = with_inserted(tcp_frame(true), 54, bytes_of({6, 0, 0, 1, 0, 0, 1, 2}));
    fragment[20] = std::byte{44};
    EXPECT_EQ(tuple_of(fragment).fragment_id, 258U);
    EXPECT_EQ(tuple_of(fragment).source_port, 0);
}

TEST(Steering, BringsAnErrorToTheOwnerOfTheQuotedFlow) {
    for (const bool is_ip6 : {false, true})
        EXPECT_EQ(tuple_of(error_quoting(tcp_frame(is_ip6), is_ip6)), tuple_of(tcp_frame(is_ip6)));
}

TEST(Steering, SharesArpAndNeighbourDiscovery) {  // RFC 4861 section 4
    Tuple tuple;
    EXPECT_EQ(concern_of(plain_frame(60, 0, 0x0806), tuple), Concern::everyone);
    Bytes solicitation = tcp_frame(true);
    solicitation[20] = std::byte{58};
    solicitation[54] = std::byte{135};
    EXPECT_EQ(concern_of(solicitation, tuple), Concern::everyone);
    solicitation[54] = std::byte{128};  // an echo request has one owner
    EXPECT_EQ(concern_of(solicitation, tuple), Concern::the_owner);
}

TEST(Steering, ReadsInsideTheFrameOnly) {
    Rng rng(5);
    for (int round = 0; round < 20'000; ++round) {
        Bytes frame = tcp_frame(rng.below(2) != 0);
        for (int i = 0; i < 4; ++i)
            frame[12 + rng.below(60)] = static_cast<std::byte>(rng.next());
        const Bytes cut(frame.begin(),
                        frame.begin() + rng.below(static_cast<std::uint32_t>(frame.size())));
        Tuple tuple;
        (void)concern_of(cut, tuple);  // ASan is the judge
    }
}

TEST(Steering, HasOneOwnerForBothDirections) {
    Rng rng(7);
    std::array<int, 4> owned{};
    for (int i = 0; i < 4000; ++i) {
        const Tuple there{.source = Address::ip4(be32{static_cast<std::uint32_t>(rng.next())}),
                          .destination = Address::ip4(be32{static_cast<std::uint32_t>(rng.next())}),
                          .source_port = static_cast<std::uint16_t>(rng.next()),
                          .destination_port = 80};
        const Tuple back{.source = there.destination,
                         .destination = there.source,
                         .source_port = there.destination_port,
                         .destination_port = there.source_port};
        ASSERT_EQ(owner_of(there, key, 4), owner_of(back, key, 4));
        ++owned.at(owner_of(there, key, 4));
    }
    for (const int count : owned)
        EXPECT_NEAR(count, 1000, 150);
}

TEST(Exchange, CarriesFramesInOrderAndRefusesWhenFull) {
    Exchange exchange(2);
    for (std::uint16_t i = 0; i < Exchange::ring_entries; ++i) {
        Frame frame;
        frame.length = i;
        ASSERT_TRUE(exchange.pass(0, 1, {.frame = frame, .to_send = i % 2 == 0}));
    }
    EXPECT_FALSE(exchange.pass(0, 1, {}));
    Passed passed;
    EXPECT_FALSE(exchange.take(1, 0, passed));
    for (std::uint16_t i = 0; i < Exchange::ring_entries; ++i) {
        ASSERT_TRUE(exchange.take(0, 1, passed));
        EXPECT_EQ(passed.frame.length, i);
        EXPECT_EQ(passed.to_send, i % 2 == 0);
    }
    EXPECT_FALSE(exchange.take(0, 1, passed));
}

}  // namespace
}  // namespace terminus::testing
