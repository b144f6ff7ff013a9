/// ARP, Neighbour Discovery and MLDv2: frames byte by byte, and the checks of received ones.
#include "terminus/stack/discovery.h"

#include "packet.h"

#include <gtest/gtest.h>

#include <functional>

namespace terminus {
namespace {

using test::Bytes;
using test::Packet;

Address address(std::string_view text) { return *parse_address(text); }

const Mac us{{2, 0, 0, 0, 0, 1}}, them{{2, 0, 0, 0, 0, 0x11}};
const LinkHeader to_all{broadcast_mac, us, 0};

/// What a builder writes.
Bytes built(const std::function<std::size_t(std::span<std::byte>)>& build) {
    Bytes room(2000, std::byte{0xee});
    room.resize(build(room));
    return room;
}

View parsed(const Bytes& frame, Drop expected = Drop::none) {
    View view;
    EXPECT_EQ(parse(frame, Checked::unknown, Checked::unknown, view), expected);
    return view;
}

// ARP.

TEST(Arp, BuildsARequest) {  // RFC 826
    const auto frame = built([](auto room) {
        return build_arp_request(room, to_all, address("198.18.0.2"), address("198.18.0.1"));
    });
    EXPECT_EQ(frame, test::from_hex("ffffffffffff 020000000001 0806 0001 0800 06 04 0001"
                                    "020000000001 c6120002 000000000000 c6120001"));
}

TEST(Arp, BuildsATaggedUnicastPoll) {  // RFC 1122 section 2.3.2.1 b
    const auto frame = built([](auto room) {
        return build_arp_request(room, {them, us, 42}, address("198.18.0.2"),
                                 address("198.18.0.1"));
    });
    EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 18),
              test::from_hex("020000000011 020000000001 8100 002a 0806"));
    EXPECT_EQ(frame.size(), 46U);
}

// RFC 5227 section 1.1: what is a probe, what an announcement.
TEST(Arp, BuildsProbesAndAnnouncements) {  // RFC 5227 sections 2.1.1 and 2.3
    ArpMessage message;
    const auto own = address("198.18.0.2");
    auto frame = built([&](auto room) { return build_arp_probe(room, us, 0, own); });
    ASSERT_EQ(parse_arp(parsed(frame), frame, message), Drop::none);
    EXPECT_TRUE(message.is_request && message.is_probe() && message.target == own);
    EXPECT_FALSE(message.is_gratuitous());
    frame = built([&](auto room) { return build_arp_announcement(room, us, 0, own); });
    ASSERT_EQ(parse_arp(parsed(frame), frame, message), Drop::none);
    EXPECT_TRUE(message.is_request && message.is_gratuitous() && message.target == own);
    EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 6), Bytes(6, std::byte{0xff}));
}

TEST(Arp, AnswersARequestInItsOwnFrame) {
    Bytes frame = Packet::arp(1, "198.18.0.1", "198.18.0.2").pad_to(60).bytes();
    ArpMessage message;
    ASSERT_EQ(parse_arp(parsed(frame), frame, message), Drop::none);
    EXPECT_EQ(message.sender_mac, them);
    const auto length = build_arp_reply(frame, us, 0, message);
    frame.resize(length);
    EXPECT_EQ(frame, test::from_hex("020000000011 020000000001 0806 0001 0800 06 04 0002"
                                    "020000000001 c6120002 020000000011 c6120001"));
}

TEST(Arp, AnswersAProbe) {  // RFC 5227 section 2.1.1: the zero address comes back
    const auto probe =
        built([](auto room) { return build_arp_probe(room, them, 0, address("198.18.0.2")); });
    ArpMessage message;
    ASSERT_EQ(parse_arp(parsed(probe), probe, message), Drop::none);
    const auto frame = built([&](auto room) { return build_arp_reply(room, us, 0, message); });
    EXPECT_EQ(frame, test::from_hex("020000000011 020000000001 0806 0001 0800 06 04 0002"
                                    "020000000001 c6120002 020000000011 00000000"));
}

TEST(Arp, RefusesWhatIsNotEthernetAndIp4) {
    const Bytes good = Packet::arp(1, "198.18.0.1", "198.18.0.2").bytes();
    const auto with = [&](std::size_t at, unsigned value) {
        Bytes frame = good;
        frame[14 + at] = std::byte(value);
        ArpMessage message;
        View view;
        view.kind = Kind::arp;
        view.l3 = 14;
        return parse_arp(view, frame, message);
    };
    EXPECT_EQ(with(1, 1), Drop::none);
    EXPECT_EQ(with(1, 6), Drop::arp_malformed);     // hardware
    EXPECT_EQ(with(2, 0x86), Drop::arp_malformed);  // protocol
    EXPECT_EQ(with(4, 8), Drop::arp_malformed);     // lengths
    EXPECT_EQ(with(5, 16), Drop::arp_malformed);
    EXPECT_EQ(with(7, 3), Drop::arp_malformed);      // reverse ARP
    EXPECT_EQ(with(8, 1), Drop::arp_malformed);      // a group as the sender's MAC
    EXPECT_EQ(with(14, 0xe0), Drop::arp_malformed);  // a group as the sender
    EXPECT_EQ(with(14, 0xff), Drop::arp_malformed);
}

// Neighbour Discovery.

const Address own6 = address("2001:db8:18::2"), peer6 = address("2001:db8:18::1");

TEST(Discovery, BuildsASolicitation) {  // RFC 4861 section 4.3
    const auto frame =
        built([](auto room) { return build_solicitation(room, to_all, own6, peer6); });
    EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 14),
              test::from_hex("3333ff000001 020000000001 86dd"));
    EXPECT_EQ(Bytes(frame.begin() + 14, frame.begin() + 22), test::from_hex("60000000 0020 3a ff"));
    Solicitation message;
    ASSERT_EQ(parse_solicitation(parsed(frame), frame, message),
              Drop::none);  // the checksum is good
    EXPECT_EQ(message.source, own6);
    EXPECT_EQ(to_string(message.destination), "ff02::1:ff00:1");
    EXPECT_EQ(message.target, peer6);
    EXPECT_EQ(message.source_mac, us);
    EXPECT_FALSE(message.nonce);
}

TEST(Discovery, BuildsAUnicastProbe) {  // RFC 4861 section 7.3.3
    const auto frame = built([](auto room) {
        return build_solicitation(room, {them, us, 7}, own6, peer6);
    });
    Solicitation message;
    const View view = parsed(frame);
    EXPECT_EQ(view.vlan, 7);
    ASSERT_EQ(parse_solicitation(view, frame, message), Drop::none);
    EXPECT_EQ(message.destination, peer6);
    EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 6), test::from_hex("020000000011"));
}

TEST(Discovery,
     BuildsDuplicateDetectionWithANonce) {  // RFC 4862 section 5.4.2; RFC 7527 section 4.1
    const Nonce nonce{1, 2, 3, 4, 5, 6};
    const auto frame =
        built([&](auto room) { return build_duplicate_detection(room, us, 0, own6, nonce); });
    Solicitation message;
    ASSERT_EQ(parse_solicitation(parsed(frame), frame, message), Drop::none);
    EXPECT_TRUE(message.is_duplicate_detection());
    EXPECT_EQ(message.nonce, nonce);
    EXPECT_FALSE(message.source_mac);
}

TEST(Discovery, AnswersASolicitation) {  // RFC 4861 section 7.2.4
    Solicitation asked{peer6, own6, own6, them, {}};
    const auto frame = built([&](auto room) {
        return build_advertisement(room, {them, us, 0}, asked);
    });
    Advertisement message;
    ASSERT_EQ(parse_advertisement(parsed(frame), frame, message), Drop::none);
    EXPECT_EQ(message.source, own6);
    EXPECT_EQ(message.destination, peer6);
    EXPECT_EQ(message.target, own6);
    EXPECT_EQ(message.target_mac, us);
    EXPECT_TRUE(message.is_solicited && message.overrides && !message.is_router);
    EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 6), test::from_hex("020000000011"));
}

TEST(Discovery,
     AnswersDuplicateDetectionToAllNodes) {  // RFC 4861 section 7.2.4; RFC 4862 section 5.4.4
    Solicitation asked{Address{}, solicited_node(own6), own6, {}, {}};
    const auto frame = built([&](auto room) {
        return build_advertisement(room, {them, us, 0}, asked);
    });
    Advertisement message;
    ASSERT_EQ(parse_advertisement(parsed(frame), frame, message), Drop::none);
    EXPECT_EQ(to_string(message.destination), "ff02::1");
    EXPECT_FALSE(message.is_solicited);
    EXPECT_TRUE(message.overrides);
    EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 6), test::from_hex("333300000001"));
}

constexpr auto peer_text = "2001:db8:18::1", own_text = "2001:db8:18::2";
const Bytes target = test::from_hex("20010db8001800000000000000000002");
const Bytes source_option = test::from_hex("0101 020000000011");
const Bytes target_option = test::from_hex("0201 020000000011");

Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Packet solicitation(const char* from, const char* to, const Bytes& body) {
    return Packet::icmp(from, to, 135).text(body).hop_limit(255);
}
Packet advertisement(const char* to, std::uint32_t flags, const Bytes& body) {
    return Packet::icmp(peer_text, to, 136, 0, flags).text(body).hop_limit(255);
}

Drop solicited(const Packet& packet) {
    const Bytes frame = packet.bytes();
    Solicitation message;
    return parse_solicitation(parsed(frame), frame, message);
}
Drop advertised(const Packet& packet) {
    const Bytes frame = packet.bytes();
    Advertisement message;
    return parse_advertisement(parsed(frame), frame, message);
}

TEST(Discovery, TellsAllNodesOfOurAddress) {  // RFC 4861 section 7.2.6
    const auto frame =
        built([&](auto room) { return build_unsolicited_advertisement(room, us, 0, own6); });
    Advertisement message;
    ASSERT_EQ(parse_advertisement(parsed(frame), frame, message), Drop::none);
    EXPECT_EQ(to_string(message.destination), "ff02::1");
    EXPECT_EQ(message.target, own6);
    EXPECT_EQ(message.target_mac, us);
    EXPECT_FALSE(message.is_solicited);
    EXPECT_TRUE(message.overrides);
}

TEST(Discovery, ChecksSolicitations) {  // RFC 4861 section 7.1.1
    const auto good = solicitation(peer_text, "ff02::1:ff00:2", target + source_option);
    EXPECT_EQ(solicited(good), Drop::none);
    EXPECT_EQ(solicited(solicitation(peer_text, own_text, target)),
              Drop::none);  // unicast, no option
    EXPECT_EQ(solicited(Packet{good}.hop_limit(254)), Drop::nd_malformed);
    EXPECT_EQ(solicited(Packet::icmp(peer_text, own_text, 135, 1).text(target).hop_limit(255)),
              Drop::nd_malformed);  // code
    const Bytes cut(target.begin(), target.end() - 1);
    EXPECT_EQ(solicited(solicitation(peer_text, own_text, cut)), Drop::nd_malformed);
    const Bytes group = test::from_hex("ff020000000000000000000000000001");
    EXPECT_EQ(solicited(solicitation(peer_text, own_text, group)), Drop::nd_malformed);
}

TEST(Discovery, ChecksOptions) {  // RFC 4861 sections 4.6 and 7.1.1
    const auto with = [](const char* options) {
        return solicited(solicitation(peer_text, own_text, target + test::from_hex(options)));
    };
    EXPECT_EQ(with("0e01 010203040506 0101 020000000011"), Drop::none);
    EXPECT_EQ(with("6302 0000000000000000000000000000"), Drop::none);  // an unknown one is skipped
    EXPECT_EQ(with("0100 020000000011"), Drop::nd_malformed);          // length zero
    EXPECT_EQ(with("0102 020000000011"), Drop::nd_malformed);          // longer than the message
    EXPECT_EQ(with("0101 0200"), Drop::nd_malformed);                  // cut short
}

TEST(Discovery, ChecksSolicitationsFromNobody) {  // RFC 4861 section 7.1.1
    EXPECT_EQ(solicited(solicitation("::", "ff02::1:ff00:2", target)), Drop::none);
    EXPECT_EQ(solicited(solicitation("::", own_text, target)), Drop::nd_malformed);
    EXPECT_EQ(solicited(solicitation("::", "ff02::1", target)), Drop::nd_malformed);
    EXPECT_EQ(solicited(solicitation("::", "ff02::1:ff00:2", target + source_option)),
              Drop::nd_malformed);
}

TEST(Discovery, ChecksAdvertisements) {  // RFC 4861 section 7.1.2
    EXPECT_EQ(advertised(advertisement(own_text, 0x60000000U, target + target_option)), Drop::none);
    EXPECT_EQ(advertised(advertisement("ff02::1", 0x20000000U, target + target_option)),
              Drop::none);
    EXPECT_EQ(advertised(advertisement("ff02::1", 0x60000000U, target + target_option)),
              Drop::nd_malformed);  // solicited, yet to a group
    EXPECT_EQ(advertised(advertisement(own_text, 0, target).hop_limit(64)), Drop::nd_malformed);
}

// Multicast listener reports.

// RFC 3810 section 5.2.12: the type of each record; RFC 4291 section 2.8: the groups of addresses.
TEST(Mld, BuildsAReport) {  // RFC 3810 section 5.2; RFC 2711
    const std::vector<Address> groups{address("ff02::1:ff00:2"), address("ff02::1:ff00:1")};
    const auto source = address("fe80::1");
    const auto frame = built([&](auto room) {
        return build_mld_report(room, to_all, source, MldRecord::change_to_exclude, groups);
    });
    EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 14),
              test::from_hex("333300000016 020000000001 86dd"));
    EXPECT_EQ(Bytes(frame.begin() + 14, frame.begin() + 22), test::from_hex("60000000 0038 00 01"));
    EXPECT_EQ(Bytes(frame.begin() + 54, frame.begin() + 64),
              test::from_hex("3a00 05020000 0100 8f00"));
    EXPECT_EQ(Bytes(frame.begin() + 66, frame.end()),
              test::from_hex("0000 0002 04000000 ff0200000000000000000001ff000002"
                             "04000000 ff0200000000000000000001ff000001"));
    EXPECT_EQ(parsed(frame).kind, Kind::icmp);  // with a good checksum
    EXPECT_EQ(frame.size(), 70U + 40);
}

TEST(Mld, FitsTheMtu) {
    const std::vector<Address> groups(groups_per_report(1280), address("ff02::1:ff00:2"));
    const auto frame = built([&](auto room) {
        return build_mld_report(room, {broadcast_mac, us, 9}, Address{}, MldRecord::is_exclude,
                                groups);
    });
    EXPECT_LE(frame.size() - 18, 1280U);
    EXPECT_GT(frame.size() - 18, 1280U - 20);
    EXPECT_EQ(parsed(frame).kind, Kind::icmp);
}

}  // namespace
}  // namespace terminus
