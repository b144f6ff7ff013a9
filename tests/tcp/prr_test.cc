// RFC 9937: what leaves for each ACK during a recovery.
#include "terminus/tcp/prr.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

using tcp::Prr;
using tcp::prr_send_bytes;

constexpr std::uint32_t mss = 1000;

TEST(Prr, SendsInProportion) {  // RFC 9937 section 5: seven for each ten delivered
    Prr prr{.recover_flight_bytes = 20 * mss};
    std::uint32_t flight = 19 * mss, sent = 0;
    for (int i = 0; i < 10; ++i) {
        flight -= mss;
        const std::uint32_t count = prr_send_bytes(prr, {.delivered_bytes = mss,
                                                         .flight_bytes = flight,
                                                         .ssthresh_bytes = 7 * mss,
                                                         .mss_bytes = mss});
        prr.out_bytes += count;
        flight += count;
        sent += count;
    }
    EXPECT_EQ(sent, 4 * mss);  // the ceiling of 10 * 7 / 20
}

TEST(Prr, ConservesWhenMuchIsLost) {  // RFC 9937 section 5: PRR-CRB, below ssthresh
    Prr prr{.recover_flight_bytes = 20 * mss};
    prr.out_bytes = mss;
    prr.delivered_bytes = mss;
    EXPECT_EQ(prr_send_bytes(prr, {.delivered_bytes = mss,
                                   .flight_bytes = 4 * mss,
                                   .ssthresh_bytes = 10 * mss,
                                   .mss_bytes = mss}),
              mss);
}

TEST(Prr, GrowsByOneMoreWhileTheAckIsSafe) {  // RFC 9937 section 5: PRR-SSRB
    Prr prr{.recover_flight_bytes = 20 * mss};
    prr.out_bytes = mss;
    prr.delivered_bytes = mss;
    EXPECT_EQ(prr_send_bytes(prr, {.delivered_bytes = mss,
                                   .flight_bytes = 4 * mss,
                                   .ssthresh_bytes = 10 * mss,
                                   .mss_bytes = mss,
                                   .is_safe = true}),
              2 * mss);
}

TEST(Prr, NeverPassesTheThreshold) {  // RFC 9937 section 5
    Prr prr{.recover_flight_bytes = 20 * mss};
    prr.out_bytes = mss;
    EXPECT_EQ(prr_send_bytes(prr, {.delivered_bytes = 9 * mss,
                                   .flight_bytes = 8 * mss,
                                   .ssthresh_bytes = 10 * mss,
                                   .mss_bytes = mss,
                                   .is_safe = true}),
              2 * mss);
}

TEST(Prr, AlwaysLetsTheFirstLeave) {  // RFC 9937 section 5: the fast retransmit is forced
    Prr prr{.recover_flight_bytes = 20 * mss};
    EXPECT_EQ(prr_send_bytes(prr, {.delivered_bytes = 1,
                                   .flight_bytes = 10 * mss,
                                   .ssthresh_bytes = 10 * mss,
                                   .mss_bytes = mss}),
              mss);
}

}  // namespace
}  // namespace terminus::test
