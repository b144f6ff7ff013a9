// The http service: RFC 9112 (messages, connections) and RFC 9110 (methods, status codes).
#include "terminus/base/rng.h"
#include "terminus/service/services.h"

#include "exchange.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string head = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kept_head =
    "HTTP/1.1 200 OK\r\nServer: terminus\r\nContent-Type: text/plain\r\n"
    "Content-Length: 100\r\nConnection: keep-alive\r\n\r\n";

/// What one request gets from a fresh connection: the status code, and " close" when it ends.
std::string answer(const std::string& request) {
    const auto http = make_http(100);
    Exchange flow{*http};
    const Taken taken = flow.offer(request);
    if (taken.bytes == 0) return "nothing";
    EXPECT_EQ(taken.bytes, request.size()) << request;
    const std::string text = flow.read_all();
    if (text.empty()) return "silence";
    const bool says_close = text.find("Connection: close\r\n") != std::string::npos;
    EXPECT_EQ(says_close, taken.close) << text;  // RFC 9112 section 9.6
    return text.substr(9, 3) + (taken.close ? " close" : "");
}

/// A request for `/` with the given further lines.
std::string with(const std::string& lines, const std::string& version = "1.1") {
    return answer("GET / HTTP/" + version + "\r\nHost: x\r\n" + lines + "\r\n");
}
std::string line(const std::string& request_line) {
    return answer(request_line + "\r\nHost: x\r\n\r\n");
}

// RFC 9110 section 6.6.1: without a clock no Date.
TEST(Http, ServesTheBody) {  // RFC 9112 section 4; RFC 9110 section 8.6
    const auto http = make_http(100);
    Exchange flow{*http};
    EXPECT_EQ(flow.offer(get).bytes, get.size());
    const std::string text = flow.read_all();
    ASSERT_EQ(text.size(), kept_head.size() + 100);
    EXPECT_EQ(text.substr(0, kept_head.size()), kept_head);
    for (const char c : text.substr(kept_head.size())) {
        EXPECT_TRUE((c >= ' ' && c <= '~') || c == '\n');
    }
}

TEST(Http, AnswersHeadWithTheSameFieldsAndNoBody) {  // RFC 9110 section 9.3.2
    const auto http = make_http(100);
    Exchange flow{*http};
    flow.offer(head);
    EXPECT_EQ(flow.read_all(), kept_head);
}

TEST(Http, KnowsItsPaths) {  // RFC 9112 section 3.2
    EXPECT_EQ(line("GET / HTTP/1.1"), "200");
    EXPECT_EQ(line("GET /index.html HTTP/1.1"), "200");
    EXPECT_EQ(line("GET /?a=b/c&d HTTP/1.1"), "200");
    EXPECT_EQ(line("GET /index.html?x HTTP/1.1"), "200");
    EXPECT_EQ(line("GET /other HTTP/1.1"), "404 close");
    EXPECT_EQ(line("HEAD /index.htm HTTP/1.1"), "404 close");
    EXPECT_EQ(line("GET * HTTP/1.1"), "400 close");
    EXPECT_EQ(line("GET other HTTP/1.1"), "400 close");
    EXPECT_EQ(line("GET /#x HTTP/1.1"), "400 close");
}

// RFC 9110 section 4.2.1: with a host.
TEST(Http, UnderstandsTheAbsoluteForm) {  // RFC 9112 section 3.2.2
    EXPECT_EQ(line("GET http://x/ HTTP/1.1"), "200");
    EXPECT_EQ(line("GET HTTP://x:80 HTTP/1.1"), "200");
    EXPECT_EQ(line("GET http://x?q HTTP/1.1"), "200");
    EXPECT_EQ(line("GET http://x/index.html?q HTTP/1.1"), "200");
    EXPECT_EQ(line("GET http://x/y HTTP/1.1"), "404 close");
    EXPECT_EQ(line("GET http:///y HTTP/1.1"), "400 close");
    EXPECT_EQ(line("GET ftp://x/ HTTP/1.1"), "400 close");
}

TEST(Http, RefusesOtherMethods) {  // RFC 9110 sections 9.1, 15.5.6, 15.6.2
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
        EXPECT_EQ(line(std::string{method} + " / HTTP/1.1"), "405 close") << method;
    }
    EXPECT_EQ(line("CONNECT x:443 HTTP/1.1"), "405 close");
    EXPECT_EQ(line("OPTIONS * HTTP/1.1"), "405 close");
    EXPECT_EQ(line("BREW / HTTP/1.1"), "501 close");
    EXPECT_EQ(line("get / HTTP/1.1"), "501 close");  // RFC 9110 section 9.1: case-sensitive
}

TEST(Http, SaysWhatIsAllowed) {  // RFC 9110 section 10.2.1
    const auto http = make_http(100);
    Exchange flow{*http};
    flow.offer("POST / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(flow.read_all(),
              "HTTP/1.1 405 Method Not Allowed\r\nServer: terminus\r\nContent-Type: text/plain\r\n"
              "Content-Length: 0\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n");
}

// RFC 9110 section 5.6.2: a method is a token.
// RFC 9110 section 15.6.6: another version may get a 400.
TEST(Http, RefusesAMalformedRequestLine) {  // RFC 9112 section 3
    for (const char* bad :
         {"GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET / http/1.1", "GET / HTTP/1.x",
          "GET / HTTP/2.0", "GET / HTTP/11", "G(T / HTTP/1.1", " GET / HTTP/1.1",
          "GET /\x01 HTTP/1.1", "GET /a b HTTP/1.1", "\rGET / HTTP/1.1", "/ / HTTP/1.1"}) {
        EXPECT_EQ(line(bad), "400 close") << bad;
    }
}

// RFC 9110 section 5.5.
TEST(Http, RefusesMalformedFields) {  // RFC 9112 sections 5.1, 5.2, 2.2
    EXPECT_EQ(with("Folded: a\r\n b\r\n"), "400 close");
    EXPECT_EQ(with("Name : a\r\n"), "400 close");
    EXPECT_EQ(with("No colon\r\n"), "400 close");
    EXPECT_EQ(with(": a\r\n"), "400 close");
    EXPECT_EQ(with("A: b\rc\r\n"), "400 close");
    EXPECT_EQ(with(std::string{"A: b\0c\r\n", 8}), "400 close");
    EXPECT_EQ(with("A:\t tabs and \x80 obsolete text \r\n"), "200");
    EXPECT_EQ(with("A:\r\n"), "200");
}

TEST(Http, WantsOneHost) {  // RFC 9112 section 3.2
    EXPECT_EQ(answer("GET / HTTP/1.1\r\n\r\n"), "400 close");
    EXPECT_EQ(with("Host: x\r\n"), "400 close");
    EXPECT_EQ(answer("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "400 close");
    EXPECT_EQ(answer("GET / HTTP/1.1\r\nhOsT:\r\n\r\n"), "200");
    EXPECT_EQ(answer("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n"), "200");
    EXPECT_EQ(answer("GET / HTTP/1.0\r\n\r\n"), "200 close");
}

// RFC 9110 section 5.6.1: Connection is a list.
TEST(Http, PersistsAsTheVersionSays) {  // RFC 9112 section 9.3
    EXPECT_EQ(with(""), "200");
    EXPECT_EQ(with("Connection: close\r\n"), "200 close");
    EXPECT_EQ(with("connection: Foo , CLOSE\r\n"), "200 close");
    EXPECT_EQ(with("Connection: keep-alive\r\n"), "200");
    EXPECT_EQ(with("Connection: keep-alive, close\r\n"), "200 close");
    EXPECT_EQ(with("Connection: closed\r\n"), "200");
    EXPECT_EQ(with("", "1.0"), "200 close");
    EXPECT_EQ(with("Connection: Keep-Alive\r\n", "1.0"), "200");
    EXPECT_EQ(with("", "1.7"),
              "200");  // RFC 9110 section 2.5: a higher minor version is understood
    EXPECT_EQ(answer("HEAD / HTTP/1.0\r\n\r\n"), "200 close");
}

TEST(Http, ClosesAfterARequestWithABody) {  // RFC 9112 sections 6.3 and 9.3
    EXPECT_EQ(with("Content-Length: 0\r\n"), "200");
    EXPECT_EQ(with("Content-Length: 5\r\n"), "200 close");
    EXPECT_EQ(with("Content-Length: 5\r\nContent-Length: 5\r\n"), "200 close");
    EXPECT_EQ(with("Transfer-Encoding: Chunked\r\n"), "200 close");
    const std::string body = "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 41\r\n\r\n" + get;
    EXPECT_EQ(answer(body), "200 close");  // the body is not taken for a request
}

TEST(Http, RefusesBodiesThatCannotBeDelimited) {  // RFC 9112 sections 6.1 and 6.3
    for (const char* bad :
         {"Content-Length: x\r\n", "Content-Length: +5\r\n", "Content-Length:\r\n",
          "Content-Length: 5, 6\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
          "Transfer-Encoding: gzip\r\n", "Transfer-Encoding:\r\n",
          "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: chunked, chunked\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"}) {
        EXPECT_EQ(with(bad), "400 close") << bad;
    }
    EXPECT_EQ(with("Transfer-Encoding: chunked\r\n", "1.0"), "400 close");
    EXPECT_EQ(with("Transfer-Encoding: gzip, chunked\r\n"), "501 close");
}

TEST(Http, IgnoresEmptyLinesBeforeARequest) {  // RFC 9112 section 2.2
    EXPECT_EQ(answer("\r\n" + get), "200");
    EXPECT_EQ(answer("\r\n\n\r\n" + get), "200");
    EXPECT_EQ(answer("\r\n"), "silence");
    EXPECT_EQ(answer("\r"), "nothing");
}

TEST(Http, LetsALineFeedEndALine) {  // RFC 9112 section 2.2
    EXPECT_EQ(answer("GET / HTTP/1.1\nHost: x\n\n"), "200");
    EXPECT_EQ(answer("GET / HTTP/1.1\r\nHost: x\n\r\n"), "200");
}

TEST(Http, WaitsForTheWholeHead) {  // RFC 9112 section 2.2
    const auto http = make_http(100);
    Exchange flow{*http};
    for (std::size_t length = 0; length < get.size(); ++length) {
        EXPECT_EQ(flow.offer(get.substr(0, length)).bytes, 0U) << length;
    }
    EXPECT_EQ(flow.promised(), 0U);
    EXPECT_EQ(flow.offer(get + "GET").bytes, get.size());
}

TEST(Http, RefusesAHeadOverEightKibibytes) {  // RFC 9112 section 2.3
    const std::string fits = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
    const std::string most = fits + std::string(8192 - fits.size() - 4, 'a') + "\r\n\r\n";
    EXPECT_EQ(answer(most), "200");
    EXPECT_EQ(answer(fits + std::string(8192 - fits.size() - 1, 'a')), "nothing");
    EXPECT_EQ(answer(fits + std::string(8192 - fits.size(), 'a')), "400 close");
    EXPECT_EQ(answer(fits + std::string(8192 - fits.size() - 3, 'a') + "\r\n\r\n"), "400 close");
}

TEST(Http, AnswersPipelinedRequestsOfAKindTogether) {  // RFC 9112 section 9.3.2
    const auto http = make_http(100);
    Exchange flow{*http};
    EXPECT_EQ(flow.offer(get + get + get).bytes, 3 * get.size());
    const std::size_t one = kept_head.size() + 100;
    ASSERT_EQ(flow.promised(), 3 * one);
    EXPECT_EQ(flow.offer(get).bytes, get.size());  // while the first ones are outstanding
    const std::string text = flow.read_all();
    ASSERT_EQ(text.size(), 4 * one);
    for (std::size_t i = 1; i < 4; ++i)
        EXPECT_EQ(text.substr(i * one, one), text.substr(0, one));
}

TEST(Http, LeavesARequestOfAnotherKindUntilAllIsAcknowledged) {
    const auto http = make_http(100);
    Exchange flow{*http};
    EXPECT_EQ(flow.offer(get + head).bytes, get.size());
    EXPECT_EQ(flow.offer(head).bytes, 0U);
    flow.read_all();
    EXPECT_EQ(flow.offer(head + get).bytes, head.size());
    EXPECT_EQ(flow.read_all(), kept_head);
    EXPECT_EQ(flow.offer(get).bytes, get.size());
}

TEST(Http, PromisesInSteps) {  // so that unacknowledged answers never fill the sequence space
    const auto http = make_http(600'000);
    Exchange flow{*http};
    EXPECT_EQ(flow.offer(get + get + get + get).bytes, 2 * get.size());
    EXPECT_LT(flow.promised(), 1'300'000U);
}

TEST(Http, ProcessesNothingAfterAClose) {  // RFC 9112 section 9.6
    const auto http = make_http(100);
    Exchange flow{*http};
    const std::string closing = "GET / HTTP/1.0\r\n\r\n";
    EXPECT_EQ(flow.offer(closing + get).bytes, closing.size() + get.size());
    flow.read_all();
    const Taken after = flow.offer(get);
    EXPECT_EQ(after.bytes, get.size());
    EXPECT_TRUE(after.close);
    EXPECT_EQ(flow.promised(), 0U);
}

TEST(Http, GivesEqualBytesForEqualPositions) {
    for (const std::uint32_t body : {0U, 1U, 100U, 4096U, 20'001U}) {
        const auto http = make_http(body);
        Exchange flow{*http};
        const tcp::Seq begin = flow.position();
        flow.offer(get + get + get);
        const auto size = static_cast<std::uint32_t>(flow.promised());
        const std::string whole = flow.peek(begin, size);
        Rng rng{body};
        for (int i = 0; i < 300; ++i) {
            const std::uint32_t at = rng.below(size), count = rng.below(size - at + 1);
            ASSERT_EQ(flow.peek(begin + at, count), whole.substr(at, count)) << body << ' ' << at;
        }
    }
}

TEST(Http, IsSilentOverUdpAndRefusesAnImpossibleBody) {
    const auto http = make_http(1);
    std::array<std::byte, 4> room{};
    EXPECT_EQ(http->datagram(room, 4, 1), Service::no_reply);
    EXPECT_EQ(http->text(), Text::generated);
    EXPECT_THROW((void)make_http(0xffffffff), std::invalid_argument);
}

}  // namespace
}  // namespace terminus
