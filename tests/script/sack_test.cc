// What the peer is told of text beyond a hole, and of text that came twice: RFC 2018, RFC 2883.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene with_sack(const char* more = "") {
    Scene scene = listening();
    scene.prelude += "< S 0:0(0) win 65535 <mss 1400,sackOK" + std::string{more} +
                     ">\n> S. 0:0(0) ack 1\n< . 1:1(0) ack 1\n= established\ncall accept\n";
    return scene;
}

TEST(Sack, TellsTheLatestFirst) {  // RFC 2018 section 4: "MUST ... the segment which triggered"
    run(with_sack(), R"(
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 1 <sack 101:201>
        < P. 501:601(100) ack 1
        > . 1:1(0) ack 1 <sack 501:601 101:201>
        < P. 301:401(100) ack 1
        > . 1:1(0) ack 1 <sack 301:401 501:601 101:201>
        < P. 201:301(100) ack 1
        > . 1:1(0) ack 1 <sack 101:401 501:601>
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 401 <sack 501:601>
        < P. 401:501(100) ack 1
        > . 1:1(0) ack 601
        call receive 1000 = 600
    )");
}

TEST(Sack, TellsFourStretches) {  // RFC 2018 section 3
    run(with_sack(), R"(
        < P. 101:111(10) ack 1
        > . 1:1(0) ack 1 <sack 101:111>
        < P. 201:211(10) ack 1
        > . 1:1(0) ack 1 <sack 201:211 101:111>
        < P. 301:311(10) ack 1
        > . 1:1(0) ack 1 <sack 301:311 201:211 101:111>
        < P. 401:411(10) ack 1
        > . 1:1(0) ack 1 <sack 401:411 301:311 201:211 101:111>
        < P. 501:511(10) ack 1
        > . 1:1(0) ack 1 <sack 501:511 401:411 301:311 201:211>
        < P. 101:111(10) ack 1       // RFC 2883 section 4.1.3: and the stretch that it is of
        > . 1:1(0) ack 1 <sack 101:111 101:111 501:511 401:411>
    )");
}

TEST(Sack, IsOnTextToo) {  // RFC 2018 section 3: "in all ACKs"
    run(with_sack(), R"(
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 1 <sack 101:201>
        call send 10
        > P. 1:11(10) ack 1 <sack 101:201>
    )");
}

TEST(Sack, IsOnlyForWhoPermitsIt) {  // RFC 2018 section 2
    run(established(), R"(
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 1
    )");
    Scene scene = with_sack();
    scene.options.settings.tcp.sack = false;
    run(scene, R"(
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 1
    )");
}

TEST(Sack, TellsOfOnlySoMuchAsIsHeld) {  // RFC 2018 section 8: what is reported is kept
    Scene scene = with_sack();
    scene.options.settings.tcp.reassembly_pieces = 2;
    run(scene, R"(
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 1 <sack 101:201>
        < P. 301:401(100) ack 1
        > . 1:1(0) ack 1 <sack 301:401 101:201>
        < P. 501:601(100) ack 1      // there is no place for a third
        > . 1:1(0) ack 1 <sack 301:401 101:201>
        = event out_of_order_refused 1
        < P. 201:301(100) ack 1
        > . 1:1(0) ack 1 <sack 101:401>
    )");
}

TEST(DuplicateSack, TellsOfWhatWasAcknowledged) {  // RFC 2883 section 4.1.1
    run(with_sack(), R"(
        < P. 1:101(100) ack 1
        +41
        > . 1:1(0) ack 101
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 101 <sack 1:101>
        < P. 101:201(100) ack 1      // it is told of once
        +41
        > . 1:1(0) ack 201
        < P. 151:251(100) ack 1      // RFC 2883 section 4.2: a part
        > . 1:1(0) ack 251 <sack 151:201>
    )");
}

TEST(DuplicateSack, ComesBeforeTheHoles) {  // RFC 2883 section 4.1.2
    run(with_sack(), R"(
        < P. 1:101(100) ack 1
        +41
        > . 1:1(0) ack 101
        < P. 201:301(100) ack 1
        > . 1:1(0) ack 101 <sack 201:301>
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 101 <sack 1:101 201:301>
        < P. 301:401(100) ack 1
        > . 1:1(0) ack 101 <sack 201:401>
    )");
}

TEST(DuplicateSack, TellsOfAPartBeyondTheHole) {  // RFC 2883 section 4.2.2
    run(with_sack(), R"(
        < P. 201:301(100) ack 1
        > . 1:1(0) ack 1 <sack 201:301>
        < P. 251:351(100) ack 1
        > . 1:1(0) ack 1 <sack 251:301 201:351>
        < P. 401:501(100) ack 1
        > . 1:1(0) ack 1 <sack 401:501 201:351>
        < P. 301:451(150) ack 1      // RFC 2883 section 4.2.3: the first of two
        > . 1:1(0) ack 1 <sack 301:351 201:501>
    )");
}

TEST(DuplicateSack, TellsOfWhatFilledTheHoleTwice) {  // RFC 2883 section 4
    run(with_sack(), R"(
        < P. 51:101(50) ack 1
        > . 1:1(0) ack 1 <sack 51:101>
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 101 <sack 51:101>
    )");
}

}  // namespace
}  // namespace terminus::test
