/// Whose frame is it: tuples from bytes, owners from tuples, types of RSS.
#include "terminus/stack/steering.h"

#include "terminus/base/rng.h"

#include "packet.h"

#include <gtest/gtest.h>

#include <array>

namespace terminus {
namespace {

using test::Bytes;
using test::Packet;

/// Both families' ends.
struct Hosts {
    const char *peer, *ours;
};
constexpr std::array<Hosts, 2> both{
    {{"192.0.2.1", "198.18.0.2"}, {"2001:db8::1", "2001:db8:18::2"}}};

Packet tcp(const Hosts& hosts) {
    return Packet::tcp(hosts.peer, 4242, hosts.ours, 80).text("text");
}
Packet udp(const Hosts& hosts) {
    return Packet::udp(hosts.peer, 4242, hosts.ours, 80).text("text");
}

Endpoint end(const char* address, std::uint16_t port) { return {*parse_address(address), port}; }

/// What the peer's port 4242 sends to our port 80.
Tuple arriving(const Hosts& hosts) { return Tuple::of(end(hosts.peer, 4242), end(hosts.ours, 80)); }

/// Without ports.
Tuple addresses(const Hosts& hosts) {
    Tuple tuple = arriving(hosts);
    tuple.length -= 4;
    std::fill(tuple.bytes.begin() + tuple.length, tuple.bytes.end(), std::byte{0});
    return tuple;
}

Tuple tuple_of(const Packet& packet) {
    Tuple tuple;
    EXPECT_EQ(concern_of(packet.bytes(), tuple), Concern::the_owner);
    return tuple;
}

std::vector<std::byte> a_key() {
    Rng rng{9};
    std::vector<std::byte> key(Toeplitz::key_bytes);
    for (std::byte& byte : key)
        byte = static_cast<std::byte>(rng.next());
    return key;
}

TEST(Steering, HashesWhatNicsHash) {  // as Microsoft's "Verifying the RSS Hash Calculation"
    const Bytes key = test::from_hex(
        "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");
    std::vector<std::uint16_t> slots(128);
    for (std::uint16_t slot = 0; slot < 128; ++slot)
        slots[slot] = slot;
    const Spread spread{key, slots};
    const Packet published = Packet::tcp("66.9.149.187", 2794, "161.142.100.80", 1766);
    EXPECT_EQ(spread.owner(tuple_of(published)), 0x51ccc178 % 128);
    const Packet ping = Packet::echo_request("66.9.149.187", "161.142.100.80", 1, 1);
    EXPECT_EQ(spread.owner(tuple_of(ping)), 0x323e8fc2 % 128);
}

TEST(Steering, CountsThePortsOfTcpAndUdpOnly) {
    for (const Hosts& hosts : both) {
        EXPECT_EQ(tuple_of(tcp(hosts)), arriving(hosts));
        EXPECT_EQ(tuple_of(udp(hosts)), arriving(hosts));
        EXPECT_EQ(tuple_of(Packet::ip(hosts.peer, hosts.ours, 132).text("12345678")),
                  addresses(hosts));
        EXPECT_EQ(tuple_of(Packet::echo_request(hosts.peer, hosts.ours, 1, 1)), addresses(hosts));
    }
}

TEST(Steering, LooksBehindATagOptionsAndExtensionHeaders) {
    for (const Hosts& hosts : both)
        EXPECT_EQ(tuple_of(tcp(hosts).vlan(42)), arriving(hosts));
    EXPECT_EQ(tuple_of(tcp(both[0]).ip_options(Bytes(4, std::byte{1}))), arriving(both[0]));
    EXPECT_EQ(tuple_of(tcp(both[1]).extension(60, Bytes(6))), arriving(both[1]));
}

TEST(Steering, BringsAllFragmentsToOneOwner) {
    for (const Hosts& hosts : both) {
        EXPECT_EQ(tuple_of(tcp(hosts).fragment(77, 0, 16, true)), addresses(hosts));
        EXPECT_EQ(tuple_of(tcp(hosts).fragment(77, 16, 8, false)), addresses(hosts));
    }
    // RFC 6946: an atomic fragment is whole.
    EXPECT_EQ(tuple_of(tcp(both[1]).fragment(77, 0, 24, false)), arriving(both[1]));
}

TEST(Steering, BringsAnErrorToTheOwnerOfTheQuotedFlow) {
    for (const Hosts& hosts : both) {
        const Packet ours = Packet::tcp(hosts.ours, 80, hosts.peer, 4242).text("text");
        const auto error = [&](const Packet& quoted) {
            return Packet::icmp(hosts.peer, hosts.ours, hosts.peer == both[0].peer ? 3 : 1)
                .text(quoted.datagram());
        };
        EXPECT_EQ(tuple_of(error(ours)), arriving(hosts));
        Packet cut = ours;
        EXPECT_EQ(tuple_of(error(cut.fragment(5, 0, 16, true))), arriving(hosts));
        EXPECT_EQ(tuple_of(error(cut.fragment(5, 16, 8, false))), addresses(hosts));
    }
}

TEST(Steering, SharesArpAndNeighbourDiscovery) {  // RFC 4861 section 4
    Tuple tuple;
    EXPECT_EQ(concern_of(Packet::arp(1, "192.0.2.1", "192.0.2.2").bytes(), tuple),
              Concern::everyone);
    for (const std::uint8_t type : std::array<std::uint8_t, 4>{133, 135, 136, 137})
        EXPECT_EQ(concern_of(Packet::icmp(both[1].peer, both[1].ours, type).bytes(), tuple),
                  Concern::everyone);
    EXPECT_EQ(concern_of(Packet::icmp(both[1].peer, both[1].ours, 128).bytes(), tuple),
              Concern::the_owner);
}

TEST(Steering, LeavesWhatIsBrokenToWhoeverHasIt) {
    Tuple tuple;
    EXPECT_EQ(concern_of(tcp(both[0]).cut_to(30).bytes(), tuple), Concern::whoever_has_it);
    EXPECT_EQ(concern_of(tcp(both[0]).ether_type(0x88b5).bytes(), tuple), Concern::whoever_has_it);
    EXPECT_EQ(concern_of(tcp(both[1]).version(7).bytes(), tuple), Concern::whoever_has_it);
}

TEST(Steering, ReadsInsideTheFrameOnly) {
    Rng rng(5);
    for (int round = 0; round < 20'000; ++round) {
        Bytes frame = tcp(both[rng.below(2)]).bytes();
        for (int i = 0; i < 4; ++i)
            frame[12 + rng.below(40)] = static_cast<std::byte>(rng.next());
        const Bytes cut(frame.begin(),
                        frame.begin() + rng.below(static_cast<std::uint32_t>(frame.size())));
        Tuple tuple;
        (void)concern_of(cut, tuple);  // ASan is the judge
        (void)rss_type(cut);
    }
}

TEST(Steering, TurnsATupleAround) {
    for (const Hosts& hosts : both) {
        const Tuple back = Tuple::of(end(hosts.ours, 80), end(hosts.peer, 4242));
        EXPECT_EQ(arriving(hosts).reversed(), back);
        EXPECT_EQ(addresses(hosts).reversed().reversed(), addresses(hosts));
    }
}

TEST(Steering, SpreadsEvenly) {
    Rng rng(7);
    for (const std::uint16_t workers : std::array<std::uint16_t, 4>{1, 2, 3, 4}) {
        const Spread spread = Spread::even(a_key(), workers);
        std::vector<int> owned(workers);
        for (int i = 0; i < 1000 * workers; ++i) {
            const Address peer = Address::ip4(be32{static_cast<std::uint32_t>(rng.next())});
            ++owned.at(spread.owner(
                Tuple::of({peer, static_cast<std::uint16_t>(rng.next())}, end("198.18.0.2", 80))));
        }
        for (const int count : owned)
            EXPECT_NEAR(count, 1000, 150);
    }
}

TEST(Steering, TrustsADeviceWithPlainPacketsOnly) {
    const auto type = [](const Packet& packet) { return rss_type(packet.bytes()); };
    EXPECT_EQ(type(tcp(both[0])), RssType::ip4_tcp);
    EXPECT_EQ(type(udp(both[0])), RssType::ip4_udp);
    EXPECT_EQ(type(tcp(both[1])), RssType::ip6_tcp);
    EXPECT_EQ(type(udp(both[1])), RssType::ip6_udp);
    for (const Hosts& hosts : both) {
        EXPECT_EQ(type(tcp(hosts).vlan(42)), RssType::none);
        EXPECT_EQ(type(tcp(hosts).fragment(7, 0, 16, true)), RssType::none);
        EXPECT_EQ(type(tcp(hosts).fragment(7, 16, 8, false)), RssType::none);
        EXPECT_EQ(type(Packet::echo_request(hosts.peer, hosts.ours, 1, 1)), RssType::none);
        EXPECT_EQ(type(tcp(hosts).cut_to(36)), RssType::none);
    }
    EXPECT_EQ(type(tcp(both[0]).ip_options(Bytes(4, std::byte{1}))), RssType::none);
    EXPECT_EQ(type(tcp(both[1]).extension(60, Bytes(6))), RssType::none);
    EXPECT_EQ(type(Packet::arp(1, "192.0.2.1", "192.0.2.2")), RssType::none);
    EXPECT_EQ(type(tcp(both[0]).dont_fragment()), RssType::ip4_tcp);
}

/// The short ways mean what the long ones do.
TEST(Steering, LooksOnceAtWhatIsPlain) {
    Rng rng(6);
    std::array<int, rss_types + 1> seen{};
    const Spread spread = Spread::even(a_key(), 4096);
    for (int round = 0; round < 50'000; ++round) {
        const Hosts& hosts = both[rng.below(2)];
        Bytes bytes = (rng.below(2) == 0 ? tcp(hosts) : udp(hosts)).bytes();
        if (rng.below(2) == 0) bytes[12 + rng.below(12)] ^= static_cast<std::byte>(rng.next());
        Frame frame;
        frame.data = bytes.data();
        frame.length = static_cast<std::uint32_t>(bytes.size());
        const RssType type = rss_type(bytes);
        ++seen.at(static_cast<std::size_t>(type));
        ASSERT_EQ(is_plain_tcp4(frame), type == RssType::ip4_tcp);
        if (type == RssType::none) continue;
        Tuple tuple;
        ASSERT_EQ(concern_of(bytes, tuple), Concern::the_owner);
        ASSERT_EQ(spread.owner(frame, type), spread.owner(tuple));
    }
    for (const int count : seen)
        EXPECT_GT(count, 1000);
}

/// A device may steer what is broken as it likes.
TEST(Steering, TakesSoundPacketsForEvidenceOnly) {
    const auto judge = [](const Packet& packet, Checked ip = Checked::unknown,
                          Checked l4 = Checked::good) {
        Bytes bytes = packet.bytes();
        Frame frame;
        frame.data = bytes.data();
        frame.length = static_cast<std::uint32_t>(bytes.size());
        frame.ip_checksum = ip;
        frame.l4_checksum = l4;
        return is_evidence(frame, rss_type(bytes));
    };
    for (const Hosts& hosts : both) {
        EXPECT_TRUE(judge(tcp(hosts)));
        EXPECT_TRUE(judge(udp(hosts)));
        EXPECT_FALSE(judge(tcp(hosts).vlan(42)));
        EXPECT_FALSE(judge(tcp(hosts), Checked::unknown, Checked::bad));
        EXPECT_FALSE(judge(tcp(hosts), Checked::bad));
        EXPECT_FALSE(judge(tcp(hosts).total_length(9000)));
        EXPECT_FALSE(judge(tcp(hosts).total_length(hosts.peer == both[0].peer ? 24 : 4)));
    }
}

}  // namespace
}  // namespace terminus
