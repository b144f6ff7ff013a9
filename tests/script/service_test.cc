// The built-in services over TCP: RFC 862, 863, 864, 9112.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(EchoFlow, SendsBackAndClosesWithThePeer) {  // RFC 862
    run(served(Serve::echo), R"(
        < P. 1:101(100) ack 1
        > P. 1:101(100) ack 101
        < P. 101:151(50) ack 101
        > P. 101:151(50) ack 151
        < F. 151:151(0) ack 151
        > F. 151:151(0) ack 152
        = last_ack
        < . 152:152(0) ack 152
        = closed
    )");
}

TEST(EchoFlow, RetransmitsWhatItEchoes) {  // RFC 6298 section 5.4
    run(served(Serve::echo), R"(
        < P. 1:101(100) ack 1
        > P. 1:101(100) ack 101
        +202ms
        > P. 1:101(100) ack 101
        < . 101:101(0) ack 101
    )");
}

TEST(EchoFlow, KeepsToTheWindowAndLosesNothing) {  // RFC 9293 section 3.8.6
    run(served(Serve::echo), R"(
        < P. 1:1001(1000) ack 1 win 600
        > . 1:601(600) ack 1001
        < . 1001:1001(0) ack 601 win 600
        > P. 601:1001(400) ack 1001
        < F. 1001:1001(0) ack 1001
        > F. 1001:1001(0) ack 1002
    )");
}

TEST(DiscardFlow, IsSilent) {  // RFC 863
    run(served(Serve::discard), R"(
        < P. 1:1001(1000) ack 1
        +40
        > . 1:1(0) ack 1001
        < F. 1001:1001(0) ack 1
        > F. 1:1(0) ack 1002
        = last_ack
        < . 1002:1002(0) ack 2
        = closed
    )");
}

TEST(ChargenFlow, TalksUntilThePeerCloses) {  // RFC 864
    Scene setup = nothing();
    setup.our_port = 19;
    setup.text = OurText::any;
    run(setup, R"(
        < S 0:0(0) win 1000 <mss 500>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1 win 1000
        > . 1:501(500) ack 1 " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"...
        > . 501:1001(500) ack 1
        < . 1:1(0) ack 1001 win 1000
        > . 1001:1501(500) ack 1
        > . 1501:2001(500) ack 1
        < F. 1:1(0) ack 2001 win 1000
        > F. 2001:2001(0) ack 2
    )");
}

constexpr std::string_view get = "GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n";  // 27 bytes
constexpr std::string_view ok = "HTTP/1.1 200 OK\\r\\n";

std::string with(std::string text) {
    const auto put = [&](const std::string& key, std::string_view value) {
        for (auto at = text.find(key); at != std::string::npos;
             at = text.find(key, at + value.size())) {
            text.replace(at, key.size(), value);
        }
    };
    put("GET", std::string{'"'} + std::string{get} + '"');
    put("OK", std::string{'"'} + std::string{ok} + "\"...");
    return text;
}

Scene small_http() {  // a response of 200 bytes and less, whatever its head
    Scene setup = served(Serve::http);
    setup.options.body_bytes = 10;
    return setup;
}

TEST(HttpFlow, ServesAndKeepsTheConnection) {  // RFC 9112 section 9.3
    run(small_http(), with(R"(
        < P. 1:28(27) ack 1 GET
        > P. 1:118(117) ack 28 OK
        < P. 28:55(27) ack 118 GET
        > P. 118:235(117) ack 55 OK
        < F. 55:55(0) ack 235
        > F. 235:235(0) ack 56
        = last_ack
        < . 56:56(0) ack 236
        = closed
    )"));
}

TEST(HttpFlow, ReadsAHeadFromManySegments) {  // RFC 9112 section 2.2
    run(small_http(), R"(
        < P. 1:10(9) ack 1 "GET / HTT"
        +40
        > . 1:1(0) ack 10
        < P. 21:28(7) ack 1 ": x\r\n\r\n"
        > . 1:1(0) ack 10
        < P. 10:21(11) ack 1 "P/1.1\r\nHost"
        > P. 1:118(117) ack 28 "HTTP/1.1 200 OK\r\n"...
    )");
}

TEST(HttpFlow, DoesNotPromiseMoreThanItsBuffer) {  // a peer that pipelines and never acknowledges
    Scene scene = small_http();
    scene.options.settings.tcp.send_buffer_bytes = 300;
    run(scene, with(R"(
        < . 1:1(0) ack 1 win 0
        < P. 1:28(27) ack 1 win 0 GET
        +40
        > . 1:1(0) ack 28
        < P. 28:55(27) ack 1 win 0 GET
        +40
        > . 1:1(0) ack 55
        < P. 55:82(27) ack 1 win 0 GET
        +40
        > . 1:1(0) ack 82
        < P. 82:109(27) ack 1 win 0 GET
        +40
        > . 1:1(0) ack 109
        +60
        > . 1:2(1) ack 109
        < . 109:109(0) ack 1 win 65535
        > P. 1:352(351) ack 109 OK
        < . 109:109(0) ack 352
        > P. 352:469(117) ack 109 OK
    )"));
}

TEST(HttpFlow, ClosesAsAsked) {  // RFC 9112 section 9.6
    run(small_http(), R"(
        < P. 1:19(18) ack 1 "GET / HTTP/1.0\r\n\r\n"
        > FP. 1:113(112) ack 19 "HTTP/1.1 200 OK\r\n"...
        = fin_wait_1
        < F. 19:19(0) ack 114
        > . 114:114(0) ack 20
        = time_wait
    )");
}

TEST(HttpFlow, AnswersAnotherKindWhenTheFirstIsAcknowledged) {  // RFC 9112 section 9.3.2: in order
    run(small_http(), R"(
        < P. 1:47(46) ack 1 "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.0\r\n\r\n"
        > P. 1:118(117) ack 47 "HTTP/1.1 200 OK\r\n"...
        < . 47:47(0) ack 118
        > FP. 118:226(108) ack 47 "HTTP/1.1 404 Not Found\r\n"...
        = fin_wait_1
    )");
}

TEST(HttpFlow, RetransmitsTheSameBytes) {  // RFC 9293 section 3.8.1
    run(small_http(), with(R"(
        < P. 1:28(27) ack 1 GET
        > P. 1:118(117) ack 28 OK
        +202ms
        > P. 1:118(117) ack 28 OK
    )"));
}

TEST(HttpFlow, EndsWithAHalfRequestWhenThePeerCloses) {
    run(small_http(), R"(
        < FP. 1:10(9) ack 1 "GET / HTT"
        > F. 1:1(0) ack 11
        = last_ack
    )");
}

}  // namespace
}  // namespace terminus::test
