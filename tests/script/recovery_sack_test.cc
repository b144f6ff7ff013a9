// Recovery over the wire, with a peer that sends SACK; how it is judged is in tests/tcp.
#include "script.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

/// A round trip of 96 ms, and SACK agreed on.
Scene with_sack(Scene setup, bool accepted = true) {
    setup.prelude +=
        "< S 0:0(0) win 65535 <mss 1400,sackOK>\n> S. 0:0(0) ack 1\n+96ms\n< . 1:1(0) ack 1\n";
    if (accepted) setup.prelude += "call accept\n";
    return setup;
}

/// A service on its port, without the handshake that served() brings.
Scene unserved(Serve service) {
    Scene setup = served(service);
    setup.prelude.clear();
    return setup;
}

constexpr std::string_view ten_segments = R"(
        call send 14000
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > . 2801:4201(1400) ack 1
        > . 4201:5601(1400) ack 1
        > . 5601:7001(1400) ack 1
        > . 7001:8401(1400) ack 1
        > . 8401:9801(1400) ack 1
        > . 9801:11201(1400) ack 1
        > . 11201:12601(1400) ack 1
        > P. 12601:14001(1400) ack 1
        +96ms
)";

std::string after_ten(std::string_view script) {
    return std::string{ten_segments} + std::string{script};
}

TEST(SackOnTheWire, RepeatsOnlyWhatIsLost) {  // RFC 6675 section 5, RFC 8985 section 6.2
    run(with_sack(listening()), after_ten(R"(
        < . 1:1(0) ack 1 <sack 1401:2801>
        < . 1:1(0) ack 1 <sack 4201:5601 1401:2801>
        < . 1:1(0) ack 1 <sack 4201:7001 1401:2801>
        > . 1:1401(1400) ack 1
        = event fast_retransmits 1
        < . 1:1(0) ack 1 <sack 4201:8401 1401:2801>
        > . 2801:4201(1400) ack 1
        < . 1:1(0) ack 14001
        = event segments_retransmitted 2
        +2s
    )"));
}

TEST(SackOnTheWire, RepeatsNothingBeyondTheWindow) {  // RFC 9293 section 3.8.6: it was taken back
    run(with_sack(listening()), after_ten(R"(
        < . 1:1(0) ack 1 win 2000 <sack 1401:2801>
        < . 1:1(0) ack 1 win 2000 <sack 4201:5601 1401:2801>
        < . 1:1(0) ack 1 win 2000 <sack 4201:7001 1401:2801>
        > . 1:1401(1400) ack 1
        < . 1:1(0) ack 1 win 2000 <sack 4201:8401 1401:2801>
        < . 1:1(0) ack 2801 win 65535 <sack 4201:8401>
        > . 2801:4201(1400) ack 1
        < . 1:1(0) ack 14001
    )"));
}

TEST(SackOnTheWire, WaitsForWhatIsOnlyReordered) {  // RFC 8985 section 6.2: a quarter of the RTT
    run(with_sack(listening()), after_ten(R"(
        < . 1:1(0) ack 1 <sack 1401:2801>
        +20ms
        < . 1:1(0) ack 2801
        < . 1:1(0) ack 14001
        = event segments_retransmitted 0
        +2s
    )"));
}

TEST(SackOnTheWire, RepeatsWhatIsTooLate) {  // RFC 8985 section 6.2, step 5: the reordering timer
    run(with_sack(listening()), after_ten(R"(
        < . 1:1(0) ack 1 <sack 1401:2801>
        +23ms
        +3ms
        > . 1:1401(1400) ack 1
        = event fast_retransmits 1
        = event retransmission_timeouts 0
        < . 1:1(0) ack 14001
        +2s
    )"));
}

TEST(SackOnTheWire, ProbesItsTail) {  // RFC 8985 section 7.3
    run(with_sack(listening()), R"(
        call send 2800
        > . 1:1401(1400) ack 1
        > P. 1401:2801(1400) ack 1
        +192ms
        +4ms
        > P. 1401:2801(1400) ack 1
        = event retransmission_timeouts 0
        +96ms
        < . 1:1(0) ack 1 <sack 1401:2801>
        > . 1:1401(1400) ack 1
        < . 1:1(0) ack 2801
        +2s
    )");
}

TEST(SackOnTheWire, ProbesTheTailOfAnAnswer) {  // RFC 8985 section 7: a flow without an effort
    Scene setup = with_sack(unserved(Serve::http), false);
    setup.options.body_bytes = 4091;  // 4200 with its head
    run(setup, R"(
        < P. 1:28(27) ack 1 "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        > . 1:1401(1400) ack 28
        > . 1401:2801(1400) ack 28
        > P. 2801:4201(1400) ack 28
        +192ms
        +4ms
        > P. 2801:4201(1400) ack 28
        < . 28:28(0) ack 4201 <sack 2801:4201>
        +2s
        = event retransmission_timeouts 0
    )");
}

TEST(SackOnTheWire, RecoversAnAnswer) {  // RFC 2018: SACK is news to a flow without an effort
    Scene setup = with_sack(unserved(Serve::http), false);
    setup.options.body_bytes = 6891;  // 7000 with its head
    run(setup, R"(
        < P. 1:28(27) ack 1 "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        > . 1:1401(1400) ack 28
        > . 1401:2801(1400) ack 28
        > . 2801:4201(1400) ack 28
        > . 4201:5601(1400) ack 28
        > P. 5601:7001(1400) ack 28
        +96ms
        < . 28:28(0) ack 1 <sack 1401:5601>
        > . 1:1401(1400) ack 28
        = event fast_retransmits 1
        < . 28:28(0) ack 7001
        +2s
    )");
}

TEST(SackOnTheWire, RepeatsTheSegmentsOfATimeoutOneByOne) {  // RFC 2018 section 8; RFC 5681 3.1
    Scene setup = with_sack(listening());
    setup.options.settings.tcp.tail_loss_probe = false;
    run(setup, R"(
        call send 4200
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > P. 2801:4201(1400) ack 1
        +287ms
        +3ms
        > . 1:1401(1400) ack 1
        = event retransmission_timeouts 1
        < . 1:1(0) ack 1401
        > . 1401:2801(1400) ack 1
        > P. 2801:4201(1400) ack 1
        < . 1:1(0) ack 4201
        +2s
    )");
}

}  // namespace
}  // namespace terminus::test
