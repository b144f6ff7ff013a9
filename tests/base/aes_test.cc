/// The two AES rounds: the portable one against a known answer, the processor's against the
/// portable one.
#include "terminus/base/aes.h"

#include "terminus/base/rng.h"

#include <gtest/gtest.h>

#include <cstring>

namespace terminus {
namespace {

/// The example with which Intel documents AESENC ("Advanced Encryption Standard New Instructions",
/// 2010).
TEST(PortableAes, GivesTheDocumentedRound) {
    const auto state = PortableAes::block(0x63746f725d53475dU, 0x7b5b546573745665U);
    const auto key = PortableAes::block(0x5b477565726f6e5dU, 0x4869285368617929U);
    const auto result = PortableAes::round(state, key);
    EXPECT_EQ(result[0], 0x8b104b58ded7e595U);
    EXPECT_EQ(result[1], 0xa8311c2f9fdba3c5U);
}

TEST(Aes, TheTwinsAreEqual) {
    Rng rng{1};
    for (int turn = 0; turn < 10'000; ++turn) {
        const std::array<std::uint64_t, 4> in{rng.next(), rng.next(), rng.next(), rng.next()};
        const auto portable =
            PortableAes::round(PortableAes::block(in[0], in[1]), PortableAes::block(in[2], in[3]));
        const auto native = Aes::round(Aes::block(in[0], in[1]), Aes::block(in[2], in[3]));
        const auto expected = Aes::block(portable[0], portable[1]);
        ASSERT_EQ(std::memcmp(&native, &expected, sizeof native), 0);
    }
}

}  // namespace
}  // namespace terminus
