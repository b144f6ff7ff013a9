/// Mutated configurations: whatever the text, the answer is a configuration or one ConfigError of
/// one line.
#include "terminus/base/rng.h"

#include "config_text.h"
#include "control/config.h"
#include "control/reference.h"

#include <gtest/gtest.h>

namespace terminus::control {
namespace {

constexpr std::string_view pieces[] = {"[",
                                       "]",
                                       "[[rule]]\n",
                                       "\"",
                                       "=",
                                       "\n",
                                       "0",
                                       "-1",
                                       "99999999999999999999",
                                       "1e9",
                                       "#",
                                       "::",
                                       "/24",
                                       "tcp",
                                       ",",
                                       "[service.x]\n",
                                       "\\u0000",
                                       "\xff",
                                       "'",
                                       "{a = 1}",
                                       ".",
                                       "1979-05-27"};

/// One edit: cut, repeat, change a byte, or put a piece of TOML somewhere.
void mutate(std::string& text, Rng& rng) {
    const std::size_t at = rng.next() % (text.size() + 1);
    const std::size_t length = rng.next() % 20;
    switch (rng.next() % 4) {
        case 0: text.erase(std::min(at, text.size()), length); break;
        case 1: text.insert(at, text.substr(rng.next() % (text.size() + 1), length)); break;
        case 2:
            if (at < text.size()) text[at] = static_cast<char>(rng.next());
            break;
        default: text.insert(at, pieces[rng.next() % std::size(pieces)]);
    }
}

/// True when the text was accepted; every other outcome but a well-formed ConfigError fails the
/// test.
bool accepts(const std::string& text) {
    try {
        (void)parse_config(text, "fuzz.toml");
        return true;
    } catch (const ConfigError& error) {
        const std::string line = error.what();
        EXPECT_EQ(line.substr(0, 10), "fuzz.toml:") << line;
        EXPECT_EQ(line.find('\n'), std::string::npos) << line;
        EXPECT_NE(line.find("; "), std::string::npos) << line;
        EXPECT_GT(error.place().line, 0U) << line;
        return false;
    }
}

TEST(ConfigFuzz, AlwaysAConfigurationOrOneError) {
    constexpr std::uint64_t seed = 20261121;
    Rng rng{seed};
    const std::string starts[] = {least, contract, reference_toml()};
    std::size_t accepted = 0, refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string text = starts[rng.next() % std::size(starts)];
        for (std::uint64_t edits = rng.next() % 6; edits > 0; --edits)
            mutate(text, rng);
        ++(accepts(text) ? accepted : refused);
    }
    EXPECT_GT(accepted, 500U);
    EXPECT_GT(refused, 500U);
}

TEST(ConfigFuzz, BearsDeepAndLongText) {
    EXPECT_FALSE(accepts("a = " + std::string(100'000, '[')));
    EXPECT_FALSE(accepts(std::string(100'000, 'a') + " = 1\n"));
    EXPECT_FALSE(accepts("[log]\n" + std::string(100'000, 'l') + " = 1\n"));
}

}  // namespace
}  // namespace terminus::control
