/// What frames tell of a device.
#include "worker/proof.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

constexpr Proof::Claims tcp_only{true, false, true, false};

TEST(Proof, TakesAThousandFramesOfAllWorkersTogether) {
    Proof proof{3, tcp_only};
    EXPECT_EQ(proof.verdict(RssType::ip4_tcp), Verdict::trying);
    for (std::uint32_t i = 0; i < Proof::enough - 1; ++i)
        proof.hear(RssType::ip4_tcp, static_cast<std::uint16_t>(i % 3), true);
    EXPECT_EQ(proof.verdict(RssType::ip4_tcp), Verdict::trying);
    proof.hear(RssType::ip4_tcp, 0, true);
    EXPECT_EQ(proof.verdict(RssType::ip4_tcp), Verdict::proven);
    EXPECT_EQ(proof.verdict(RssType::ip6_tcp), Verdict::trying) << "each type for itself";
}

TEST(Proof, EndsForEverWithOneThatCameWrongly) {
    Proof proof{2, tcp_only};
    for (int i = 0; i < 2000; ++i)
        proof.hear(RssType::ip4_tcp, 0, i != 500);
    EXPECT_EQ(proof.verdict(RssType::ip4_tcp), Verdict::wrong);
}

TEST(Proof, IsLostAgainByOne) {
    Proof proof{2, tcp_only};
    for (std::uint32_t i = 0; i < Proof::enough; ++i)
        proof.hear(RssType::ip4_tcp, 0, true);
    proof.hear(RssType::ip4_tcp, 1, false);
    EXPECT_EQ(proof.verdict(RssType::ip4_tcp), Verdict::wrong);
}

TEST(Proof, IsOfWhatTheDeviceClaims) {
    Proof proof{1, tcp_only};
    for (std::uint32_t i = 0; i < Proof::enough; ++i)
        proof.hear(RssType::ip4_udp, 0, true);
    EXPECT_EQ(proof.verdict(RssType::ip4_udp), Verdict::none);
    EXPECT_EQ(proof.verdict(RssType::none), Verdict::none);
}

}  // namespace
}  // namespace terminus
