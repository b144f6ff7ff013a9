/// HTTP/1.1 with one static resource. An answer is a head and perhaps a body, the same for each
/// request of a kind, so that a flow's whole memory is where the last answer ends and of which kind
/// it is.
#include "terminus/service/services.h"

#include "http_request.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <string>

namespace terminus {
namespace {

using http::Answer;

/// More would leave too little of the sequence space between what is acknowledged and what is
/// promised.
constexpr std::uint32_t body_limit_bytes = 1U << 30;
/// Further requests wait once this much is promised in one call.
constexpr std::size_t promise_limit_bytes = 1U << 20;
/// The body repeats this line.
constexpr std::string_view body_line =
    "The quick appliance answers every lazy packet, and counts each.\n";
static_assert(body_line.size() == 64);
constexpr std::size_t pattern_bytes = 64 * 64;

/// RFC 9112 section 4 and RFC 9110 sections 8.6, 9.3.2, 10.2.1 (Allow), 10.2.4. There is no Date:
/// RFC 9110 section 6.6.1 forbids it to a server without a clock.
std::string head_of(Answer answer, std::uint32_t body_bytes) {
    static constexpr std::array<std::string_view, http::answer_count> status{
        "200 OK",          "200 OK",
        "200 OK",          "200 OK",
        "404 Not Found",   "405 Method Not Allowed",
        "400 Bad Request", "501 Not Implemented"};
    const bool found = answer <= Answer::head_closed;
    std::string head = "HTTP/1.1 ";
    head += status[static_cast<std::size_t>(answer)];
    head += "\r\nServer: terminus\r\nContent-Type: text/plain\r\nContent-Length: ";
    head += std::to_string(found ? body_bytes : 0);
    if (answer == Answer::not_allowed) head += "\r\nAllow: GET, HEAD";
    head += http::closes(answer) ? "\r\nConnection: close" : "\r\nConnection: keep-alive";
    return head + "\r\n\r\n";
}

/// One kind of answer, as it goes out.
struct Response {
    std::string head;
    std::uint32_t body_bytes = 0;

    [[nodiscard]] std::uint32_t bytes() const {
        return static_cast<std::uint32_t>(head.size()) + body_bytes;
    }
};

class Http final : public Service {
public:
    explicit Http(std::uint32_t body_bytes);

    Taken take(ServiceState& state, std::span<const std::byte> text,
               bool all_acknowledged) const override;
    void fill(const ServiceState& state, tcp::Seq at, std::span<std::byte> into) const override;

private:
    [[nodiscard]] const Response& response(Answer answer) const {
        return responses_[static_cast<std::size_t>(answer)];
    }
    std::size_t copy(const Response& from, std::size_t position, std::span<std::byte> into) const;

    std::array<Response, http::answer_count> responses_;
    std::array<char, pattern_bytes> pattern_;
};

Http::Http(std::uint32_t body_bytes) : Service{Text::generated} {
    if (body_bytes > body_limit_bytes) throw std::invalid_argument{"body_bytes is over 1 GiB"};
    for (std::size_t i = 0; i < responses_.size(); ++i) {
        const auto answer = static_cast<Answer>(i);
        const bool body = answer == Answer::get_kept || answer == Answer::get_closed;
        responses_[i] = {head_of(answer, body_bytes), body ? body_bytes : 0};
    }
    for (std::size_t i = 0; i < pattern_bytes; ++i)
        pattern_[i] = body_line[i % body_line.size()];
}

/// The first request of `text`, and how much of the text it is: 0 while it is incomplete.
struct Next {
    std::size_t bytes = 0;
    Answer answer = Answer::bad_request;
};

Next next_request(std::string_view text) {
    const std::size_t length = http::head_length(text.substr(0, http::head_limit_bytes));
    if (length > 0) return {length, http::judge(text.substr(0, length))};
    if (text.size() >= http::head_limit_bytes) return {text.size(), Answer::bad_request};
    return {};
}

/// The phase is the kind of the answers outstanding; all of them are of that kind, since their text
/// is found from where they end. A request for another kind waits until all is acknowledged. A kind
/// that closes is the last: RFC 9112 section 9.6 lets nothing after it be processed.
Taken Http::take(ServiceState& state, std::span<const std::byte> text,
                 bool all_acknowledged) const {
    const std::string_view all{reinterpret_cast<const char*>(text.data()), text.size()};
    Taken taken;
    std::size_t promised = 0;
    while (!http::closes(static_cast<Answer>(state.phase))) {
        taken.bytes += http::empty_lines(all.substr(taken.bytes));
        const Next next = next_request(all.substr(taken.bytes));
        const auto kind = static_cast<std::uint8_t>(next.answer);
        if (next.bytes == 0 || promised >= promise_limit_bytes) return taken;
        if (kind != state.phase && !(all_acknowledged && promised == 0)) return taken;
        state.phase = kind;
        state.mark += response(next.answer).bytes();
        promised += response(next.answer).bytes();
        taken.bytes += next.bytes;
    }
    return {.bytes = text.size(), .close = true};
}

void Http::fill(const ServiceState& state, tcp::Seq at, std::span<std::byte> into) const {
    const Response& kind = response(static_cast<Answer>(state.phase));
    const std::uint32_t left = (state.mark - at) % kind.bytes();
    std::size_t position = left == 0 ? 0 : kind.bytes() - left;
    while (!into.empty()) {
        into = into.subspan(copy(kind, position, into));
        position = 0;
    }
}

/// Copies from `position` of one answer to its end at most; returns the number of bytes.
std::size_t Http::copy(const Response& from, std::size_t position,
                       std::span<std::byte> into) const {
    std::size_t done = 0;
    if (position < from.head.size()) {
        done = std::min(into.size(), from.head.size() - position);
        std::memcpy(into.data(), from.head.data() + position, done);
    }
    const std::size_t end = std::min<std::size_t>(into.size(), from.bytes() - position);
    while (done < end) {
        const std::size_t offset = (position + done - from.head.size()) % pattern_bytes;
        const std::size_t count = std::min(end - done, pattern_bytes - offset);
        std::memcpy(into.data() + done, pattern_.data() + offset, count);
        done += count;
    }
    return end;
}

}  // namespace

std::unique_ptr<Service> make_http(std::uint32_t body_bytes) {
    return std::make_unique<Http>(body_bytes);
}

}  // namespace terminus
