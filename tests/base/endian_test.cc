/// Integers in network order: how they lie, and that nothing is lost on the way.
#include "terminus/base/endian.h"

#include <gtest/gtest.h>

#include <utility>

namespace terminus {
namespace {

TEST(BigEndian, LiesHighByteFirst) {
    std::array<std::uint8_t, 14> bytes{};
    store(bytes.data(), be16{0x0102});
    store(bytes.data() + 2, be32{0x03040506});
    store(bytes.data() + 6, be64{0x0708090a0b0c0d0eU});
    for (std::size_t i = 0; i < bytes.size(); ++i)
        EXPECT_EQ(bytes[i], i + 1);
}

TEST(BigEndian, ComesBackAsItWent) {
    EXPECT_EQ(be16{0xfffe}.host(), 0xfffe);
    EXPECT_EQ(be32{0xfffefdfcU}.host(), 0xfffefdfcU);
    EXPECT_EQ(be64{0xfffefdfcfbfaf9f8U}.host(), 0xfffefdfcfbfaf9f8U);
    EXPECT_EQ(be16{}.host(), 0);
}

TEST(BigEndian, ShowsItsBytesRaw) {
    EXPECT_EQ(be16{0x0102}.raw(), 0x0201);
    EXPECT_EQ(be32{0x01020304}.raw(), 0x04030201U);
}

TEST(Load, ReadsWhateverTheAlignment) {
    const std::array<std::uint8_t, 9> bytes{0, 1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_EQ(load<be64>(bytes.data() + 1).host(), 0x0102030405060708U);
    EXPECT_EQ(load<std::uint32_t>(bytes.data() + 3), 0x06050403U);
}

TEST(Overlay, IsTheBytesThemselves) {
    std::array<std::byte, 5> bytes{};
    overlay<be32>(bytes.data() + 1) = be32{0x01020304};
    EXPECT_EQ(bytes[1], std::byte{1});
    EXPECT_EQ(bytes[4], std::byte{4});
    const auto& word = overlay<be32>(std::as_const(bytes).data() + 1);
    bytes[4] = std::byte{9};
    EXPECT_EQ(word.host(), 0x01020309U);
}

}  // namespace
}  // namespace terminus
