/// Addresses and prefixes, and their text forms.
#include "terminus/wire/address.h"

#include "terminus/base/rng.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

Address at(std::string_view text) { return parse_address(text).value(); }
Prefix range(std::string_view text) { return parse_prefix(text).value(); }

TEST(AddressText, Ip4GoesThereAndBack) {
    for (const char* text : {"0.0.0.0", "1.2.3.4", "198.18.0.255", "255.255.255.255"})
        EXPECT_EQ(to_string(at(text)), text);
    EXPECT_EQ(at("198.18.0.2"), Address::ip4(be32{0xc6120002}));
    EXPECT_EQ(at("198.18.0.2").family(), Family::ip4);
}

TEST(AddressText, Ip6IsWrittenAsRfc5952Says) {  // RFC 5952 section 4.2, RFC 5952 section 4.3
    const std::pair<const char*, const char*> cases[] = {
        {"2001:0db8:0000:0000:0001:0000:0000:0001",
         "2001:db8::1:0:0:1"},                             // section 1; 4.2.3, first of equals
        {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},         // section 4.2.1
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // section 4.2.2: one group stays
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // section 4.2.3: the longest run
        {"2001:DB8::AbCd", "2001:db8::abcd"},              // section 4.3: lower case
        {"0:0:0:0:0:0:0:0", "::"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"1:0:0:0:0:0:0:0", "1::"},
        {"fe80:0:0:0:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},  // RFC 4291 section 2.2, third form
    };
    for (const auto& [read, written] : cases)
        EXPECT_EQ(to_string(at(read)), written) << read;
}

// RFC 4291 section 2.5.5.2.
TEST(AddressText, AMappedAddressIsTheIp4Address) { EXPECT_EQ(at("::ffff:1.2.3.4"), at("1.2.3.4")); }

TEST(AddressText, RandomAddressesGoThereAndBack) {
    Rng rng{1};
    for (int turn = 0; turn < 10'000; ++turn) {
        Address address;
        for (auto& byte : address.bytes)
            byte = rng.chance(0.7) ? std::uint8_t{0} : static_cast<std::uint8_t>(rng.next());
        ASSERT_EQ(parse_address(to_string(address)), address) << to_string(address);
    }
}

TEST(AddressText, RefusesWhatIsNotAnAddress) {
    for (const char* text : {"",
                             " ",
                             "1",
                             "1.2.3",
                             "1.2.3.4.5",
                             "1.2.3.256",
                             "1.2.3.04",
                             "1.2.3.-4",
                             "1.2.3.4 ",
                             " 1.2.3.4",
                             "1..2.3",
                             "a.b.c.d",
                             "0x1.2.3.4",
                             "1.2.3.",
                             ".1.2.3",
                             ":",
                             ":::",
                             "1:2:3:4:5:6:7",
                             "1:2:3:4:5:6:7:8:9",
                             "1::2::3",
                             "12345::",
                             "g::",
                             ":1:2:3:4:5:6:7:8",
                             "1:2:3:4:5:6:7:8:",
                             "1:2:3:4:5:6:7:1.2.3.4",
                             "1.2.3.4::",
                             "::1.2.3.4:5",
                             "::1.2.3",
                             "fe80::1%eth0",
                             "::1/64",
                             "1:2:3:4:5:6:7::8:9",
                             "1:2:3:4::5:6:7:8",
                             "+1.2.3.4",
                             "::+1",
                             "::0x1"})
        EXPECT_EQ(parse_address(text), std::nullopt) << text;
}

TEST(PrefixText, ClearsTheBitsBeyondItsLength) {
    EXPECT_EQ(to_string(range("198.18.1.77/24")), "198.18.1.0/24");
    EXPECT_EQ(to_string(range("198.18.1.77/31")), "198.18.1.76/31");
    EXPECT_EQ(to_string(range("198.18.1.77/0")), "0.0.0.0/0");
    EXPECT_EQ(to_string(range("198.18.1.77")), "198.18.1.77/32");
    EXPECT_EQ(to_string(range("2001:db8:18:1:2::7/64")), "2001:db8:18:1::/64");
    EXPECT_EQ(to_string(range("2001:db8::ffff/121")), "2001:db8::ff80/121");
    EXPECT_EQ(to_string(range("ffff::/0")), "::/0");
    EXPECT_EQ(to_string(range("::1")), "::1/128");
}

TEST(PrefixText, RefusesWhatIsNotAPrefix) {
    for (const char* text : {"", "/", "/24", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/024", "1.2.3.4/-1",
                             "1.2.3.4/24/24", "1.2.3/24", "::/129", "::/", "1.2.3.4/2 4", "::/256"})
        EXPECT_EQ(parse_prefix(text), std::nullopt) << text;
}

TEST(MacText, GoesThereAndBack) {
    EXPECT_EQ(to_string(parse_mac("02:00:5e:0A:ff:10").value()), "02:00:5e:0a:ff:10");
    EXPECT_EQ(parse_mac("ff:ff:ff:ff:ff:ff"), broadcast_mac);
    for (const char* text : {"", "02:00:5e:0a:ff", "02:00:5e:0a:ff:1", "02-00-5e-0a-ff-10",
                             "02:00:5e:0a:ff:1g", "02:00:5e:0a:ff:100", "02:00:5e:0a:f:f10"})
        EXPECT_EQ(parse_mac(text), std::nullopt) << text;
}

TEST(Prefix, ContainsWhatSharesItsBits) {
    EXPECT_TRUE(range("198.18.1.0/24").contains(at("198.18.1.255")));
    EXPECT_FALSE(range("198.18.1.0/24").contains(at("198.18.2.0")));
    EXPECT_TRUE(range("198.18.1.7/32").contains(at("198.18.1.7")));
    EXPECT_FALSE(range("198.18.1.7/32").contains(at("198.18.1.6")));
    EXPECT_TRUE(range("2001:db8::/63").contains(at("2001:db8:0:1::9")));
    EXPECT_FALSE(range("2001:db8::/64").contains(at("2001:db8:0:1::9")));
    EXPECT_FALSE(range("2001:db8::/65").contains(at("2001:db8:0:0:8000::")));
    EXPECT_TRUE(range("2001:db8::1/128").contains(at("2001:db8::1")));
    EXPECT_FALSE(range("2001:db8::1/128").contains(at("2001:db8::2")));
}

TEST(Prefix, HoldsItsOwnFamilyOnly) {
    EXPECT_TRUE(range("0.0.0.0/0").contains(at("255.1.2.3")));
    EXPECT_FALSE(range("0.0.0.0/0").contains(at("::1")));
    EXPECT_TRUE(range("::/0").contains(at("ffff::1")));
    EXPECT_FALSE(range("::/0").contains(at("1.2.3.4")));
}

TEST(Prefix, BroadcastsWhereThereIsRoom) {  // RFC 1122 section 3.2.1.3 (d), RFC 3021 section 2.1
    EXPECT_EQ(range("198.18.1.0/24").broadcast(), at("198.18.1.255"));
    EXPECT_EQ(range("198.18.1.4/30").broadcast(), at("198.18.1.7"));
    EXPECT_EQ(range("0.0.0.0/0").broadcast(), at("255.255.255.255"));
    EXPECT_EQ(range("198.18.1.4/31").broadcast(), std::nullopt);
    EXPECT_EQ(range("198.18.1.4/32").broadcast(), std::nullopt);
    EXPECT_EQ(range("2001:db8::/64").broadcast(), std::nullopt);
}

TEST(Address, KnowsWhoMaySend) {  // RFC 1122 section 3.2.1.3, RFC 4291 section 2.7
    for (const char* host : {"1.0.0.1", "126.1.2.3", "128.0.0.1", "223.255.255.254", "169.254.1.1",
                             "2001:db8::1", "fe80::1", "::2", "64:ff9b::1"})
        EXPECT_TRUE(at(host).is_host()) << host;
    for (const char* nobody : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "224.0.0.1",
                               "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"})
        EXPECT_FALSE(at(nobody).is_host()) << nobody;
}

TEST(Address, KnowsItsScope) {
    EXPECT_TRUE(at("::").is_unspecified());
    EXPECT_TRUE(at("0.0.0.0").is_unspecified());
    EXPECT_FALSE(at("0.0.0.1").is_unspecified());
    EXPECT_TRUE(at("127.1.2.3").is_loopback());
    EXPECT_TRUE(at("::1").is_loopback());
    EXPECT_FALSE(at("7f00::1").is_loopback());
    EXPECT_TRUE(at("224.0.0.1").is_multicast());
    EXPECT_TRUE(at("ff05::2").is_multicast());
    EXPECT_FALSE(at("240.0.0.1").is_multicast());
    EXPECT_TRUE(at("169.254.0.1").is_link_local());
    EXPECT_TRUE(at("febf::1").is_link_local());
    EXPECT_FALSE(at("fec0::1").is_link_local());
}

TEST(Address, GivesRiseToOthers) {  // RFC 4291 section 2.7.1
    const auto mac = parse_mac("02:00:5e:10:20:30").value();
    EXPECT_EQ(link_local(mac), at("fe80::5eff:fe10:2030"));  // RFC 4291 appendix A
    EXPECT_EQ(link_local(parse_mac("34:56:78:9a:bc:de").value()), at("fe80::3656:78ff:fe9a:bcde"));
    EXPECT_EQ(all_nodes(), at("ff02::1"));
    EXPECT_EQ(solicited_node(at("4037::1:800:200e:8c6c")),
              at("ff02::1:ff0e:8c6c"));  // section 2.7.1
}

TEST(Address, NamesTheGroupMac) {  // RFC 1112 section 6.4, RFC 2464 section 7
    EXPECT_EQ(to_string(multicast_mac(at("224.129.2.3"))), "01:00:5e:01:02:03");
    EXPECT_EQ(to_string(multicast_mac(at("ff02::1:ff0e:8c6c"))), "33:33:ff:0e:8c:6c");
}

}  // namespace
}  // namespace terminus
