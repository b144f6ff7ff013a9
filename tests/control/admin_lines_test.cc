/// Cutting a stream into lines, however it comes in pieces.
#include "control/admin_lines.h"

#include <gtest/gtest.h>

#include <random>

namespace terminus::control {
namespace {

TEST(AdminLines, AreTheSameHoweverTheyCome) {
    const std::string stream = "one\n\ntwo words\nthree\r\nlast";
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        Lines lines(100);
        std::vector<std::string> got;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            lines.add(std::string_view(stream).substr(at, piece));
            while (const auto line = lines.next())
                got.push_back(*line);
        }
        EXPECT_EQ(got, (std::vector<std::string>{"one", "", "two words", "three\r"}));
        EXPECT_FALSE(lines.has_next());
        ASSERT_TRUE(lines.has_next(true));
        EXPECT_EQ(lines.next(true), "last");
        EXPECT_FALSE(lines.has_next(true));
    }
}

TEST(AdminLines, KnowsALineThatIsTooLong) {
    Lines lines(5);
    lines.add("12345");
    EXPECT_FALSE(lines.is_overlong());
    EXPECT_FALSE(lines.is_full());
    lines.add("6");
    EXPECT_TRUE(lines.is_overlong());
    EXPECT_TRUE(lines.is_full());
}

TEST(AdminLines, ALineOfTheGreatestLengthIsTaken) {
    Lines lines(5);
    lines.add("12345\n123456\n");
    EXPECT_FALSE(lines.is_overlong());
    EXPECT_EQ(lines.next(), "12345");
    EXPECT_TRUE(lines.is_overlong()) << "also when its end came with it";
}

TEST(AdminLines, AnyPiecesGiveWhatWasSent) {  // a fuzz with a fixed seed
    std::mt19937 random{20261121};
    for (int round = 0; round < 200; ++round) {
        Lines lines(1 << 12);
        std::string sent, got;
        for (int piece = 0; piece < 50; ++piece) {
            std::string text(random() % 40, ' ');
            for (char& c : text)
                c = random() % 9 == 0 ? '\n' : static_cast<char>(random());
            lines.add(text);
            sent += text;
            while (const auto line = lines.next())
                got += *line + "\n";
        }
        while (const auto line = lines.next(true))
            got += *line;
        EXPECT_EQ(got, sent);
    }
}

}  // namespace
}  // namespace terminus::control
