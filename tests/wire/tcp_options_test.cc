/// TCP options: each of them, the broken ones, and that writing and reading agree.
#include "terminus/wire/tcp_options.h"

#include "terminus/base/rng.h"

#include "packet.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

using test::Bytes;

TcpOptions parsed(std::string_view hex) { return parse_tcp_options(test::from_hex(hex)); }

Bytes written(const TcpOptions& options) {
    Bytes room(tcp_options_bytes_max);
    room.resize(write_tcp_options(options, room));
    return room;
}

TEST(TcpOptions, NoneLeaveTheDefaults) {
    const auto options = parsed("");
    EXPECT_EQ(options.mss, 0);
    EXPECT_EQ(options.window_scale, 0xff);
    EXPECT_FALSE(options.sack_permitted);
    EXPECT_FALSE(options.timestamps);
    EXPECT_EQ(options.sack_count, 0);
}

TEST(TcpOptions, ReadsASynOfLinux) {
    const auto options = parsed("020405b4 0402 080a 01020304 00000000 01 030307");
    EXPECT_EQ(options.mss, 1460);
    EXPECT_TRUE(options.sack_permitted);
    EXPECT_TRUE(options.timestamps);
    EXPECT_EQ(options.ts_value, 0x01020304U);
    EXPECT_EQ(options.ts_echo, 0U);
    EXPECT_EQ(options.window_scale, 7);
}

TEST(TcpOptions, ReadsTheTimestampsOfAnEstablishedFlow) {  // RFC 7323 appendix A
    const auto options = parsed("0101 080a 01020304 05060708");
    EXPECT_TRUE(options.timestamps);
    EXPECT_EQ(options.ts_value, 0x01020304U);
    EXPECT_EQ(options.ts_echo, 0x05060708U);
}

TEST(TcpOptions, ReadsSackBlocks) {  // RFC 2018 section 3
    const auto options = parsed("0101 0512 00000001 00000002 fffffffe 00000003");
    ASSERT_EQ(options.sack_count, 2);
    EXPECT_EQ(options.sack[0].left, 1U);
    EXPECT_EQ(options.sack[0].right, 2U);
    EXPECT_EQ(options.sack[1].left, 0xfffffffeU);
    EXPECT_EQ(options.sack[1].right, 3U);
}

TEST(TcpOptions, SkipsTheUnknown) {  // RFC 9293 section 3.2, MUST-6, 64: and what follows is read
    EXPECT_EQ(parsed("fd04aabb 1e03cc 020405b4").mss, 1460);
    EXPECT_EQ(parsed("0602 020405b4").mss, 1460);
}

TEST(TcpOptions, StopsAtTheEnd) {  // RFC 9293 section 3.2, MUST-4
    EXPECT_EQ(parsed("00 020405b4").mss, 0);
    EXPECT_EQ(parsed("020405b4 00 030307").mss, 1460);
    EXPECT_EQ(parsed("020405b4 00 030307").window_scale, 0xff);
}

TEST(TcpOptions, AnImpossibleLengthEndsTheParse) {  // RFC 9293 section 3.2, MUST-7
    for (const char* rest : {"fd00", "fd01", "fd", "fd05 0000", "0200", "080b", "05ff"}) {
        const auto options = parsed(std::string{"020405b4"} + rest + "030307");
        EXPECT_EQ(options.mss, 1460) << rest;
    }
    EXPECT_EQ(parsed("fd00 020405b4").mss, 0);
    EXPECT_EQ(parsed("fd01 020405b4").mss, 0);
    EXPECT_EQ(parsed("0204 05").mss, 0);
    EXPECT_EQ(parsed("02").mss, 0);
}

TEST(TcpOptions, AKnownOptionOfAnotherLengthIsSkipped) {
    EXPECT_EQ(parsed("0203ff 030307").window_scale, 7);
    EXPECT_EQ(parsed("0203ff 030307").mss, 0);
    EXPECT_EQ(parsed("03040507 020405b4").window_scale, 0xff);
    EXPECT_EQ(parsed("03040507 020405b4").mss, 1460);
    EXPECT_FALSE(parsed("040300").sack_permitted);
    EXPECT_FALSE(parsed("0806 00000000").timestamps);
    EXPECT_EQ(parsed("0509 00000001 000002 020405b4").sack_count, 0);
    EXPECT_EQ(parsed("0509 00000001 000002 020405b4").mss, 1460);
    EXPECT_EQ(parsed("0502 020405b4").sack_count, 0);
}

TEST(TcpOptions, KeepsTheWindowScaleAsSent) {  // RFC 7323 section 2.3: the receiver limits it to 14
    EXPECT_EQ(parsed("03030e").window_scale, 14);
    EXPECT_EQ(parsed("03030f").window_scale, 15);
    EXPECT_EQ(parsed("0303ff").window_scale, 254);
}

TEST(TcpOptions, TheLastOfTwoCounts) { EXPECT_EQ(parsed("020405b4 02040218").mss, 0x218); }

TEST(WriteTcpOptions, AlignsEachOption) {  // RFC 9293 section 3.1, MUST-68, 69: nothing to pad
    TcpOptions options{.mss = 1460,
                       .window_scale = 7,
                       .sack_permitted = true,
                       .timestamps = true,
                       .ts_value = 0x01020304,
                       .ts_echo = 0x05060708,
                       .sack_count = 0,
                       .sack = {}};
    EXPECT_EQ(written(options),
              test::from_hex("020405b4 0101 0402 0101 080a 01020304 05060708 01 030307"));
    options = {};
    EXPECT_TRUE(written(options).empty());
    options.sack_count = 1;
    options.sack[0] = {1, 2};
    EXPECT_EQ(written(options), test::from_hex("0101 050a 00000001 00000002"));
}

TEST(WriteTcpOptions,
     LeavesOutTheBlocksThatDoNotFit) {  // RFC 2018 section 3: three beside timestamps
    TcpOptions options;
    options.timestamps = true;
    options.sack_count = 4;
    EXPECT_EQ(written(options).size(), 40U);
    EXPECT_EQ(parse_tcp_options(written(options)).sack_count, 3);
    options.timestamps = false;
    EXPECT_EQ(parse_tcp_options(written(options)).sack_count, 4);
}

TEST(WriteTcpOptions, NeedsTheRoomThatItSays) {
    for (unsigned which = 0; which < 16; ++which)
        for (std::uint8_t blocks = 0; blocks <= 4; ++blocks) {
            TcpOptions options;
            if ((which & 1) != 0) options.mss = 1460;
            if ((which & 2) != 0) options.window_scale = 7;
            options.sack_permitted = (which & 4) != 0;
            options.timestamps = (which & 8) != 0;
            options.sack_count = blocks;
            EXPECT_EQ(tcp_options_bytes(options), written(options).size()) << which;
        }
}

TEST(WriteTcpOptions, WritesTimestampsAlone) {  // RFC 7323 appendix A
    TcpOptions options;
    options.timestamps = true;
    options.ts_value = 0x01020304;
    options.ts_echo = 0x05060708;
    EXPECT_EQ(written(options), test::from_hex("0101 080a 01020304 05060708"));
}

TEST(WriteTcpOptions, GivesBackWhatWasRead) {
    Rng rng{1};
    for (int turn = 0; turn < 10'000; ++turn) {
        TcpOptions options;
        options.mss = static_cast<std::uint16_t>(rng.next());
        options.window_scale = static_cast<std::uint8_t>(rng.next());
        if (options.window_scale == 0xff) options.window_scale = 0;
        options.sack_permitted = rng.chance(0.5);
        options.timestamps = rng.chance(0.5);
        if (options.timestamps) options.ts_value = static_cast<std::uint32_t>(rng.next());
        const auto bytes = written(options);
        ASSERT_EQ(bytes.size() % 4, 0U);
        const auto again = parse_tcp_options(bytes);
        ASSERT_EQ(again.mss, options.mss);
        ASSERT_EQ(again.window_scale, options.window_scale);
        ASSERT_EQ(again.sack_permitted, options.sack_permitted);
        ASSERT_EQ(again.timestamps, options.timestamps);
        ASSERT_EQ(again.ts_value, options.ts_value);
    }
}

}  // namespace
}  // namespace terminus
