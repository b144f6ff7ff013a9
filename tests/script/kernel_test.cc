// Real kernels' conversations, recorded by tests/golden/record_kernels.py, replayed to our stack in
// the server's place: the client's segments are the kernel's own, with its options and its recovery
// from loss; what we answer must be acceptable. Two ends of one engine cannot share a bug here.
#include "terminus/wire/tcp.h"

#include "harness.h"
#include "pcap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace terminus::test {
namespace {

std::uint32_t word(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
    return value;
}

void put(std::string& bytes, std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i)
        bytes.at(at + i) = static_cast<char>(value >> (24 - 8 * i) & 0xff);
}

/// Where an option's value begins; npos: it is not there.
std::size_t find_option(const std::string& options, int kind) {
    for (std::size_t at = 0; at < options.size() && options[at] != 0;) {
        if (options[at] == kind) return at + 2;
        at += options[at] == 1 ? 1 : static_cast<unsigned char>(options.at(at + 1));
    }
    return std::string::npos;
}

class Replay {
public:
    Replay(const std::filesystem::path& file, Family family) : ends_{ends_of(family)} {
        for (const Bytes& frame : ethernet_frames(file))
            recorded_.push_back(decode(frame));
        client_port_ = recorded_.front().source_port;
        client_isn_ = recorded_.front().seq;
    }
    void run();

private:
    void replay(Datagram d);
    void hear();
    void judge(const Datagram& answer);
    void judge_sack(const std::string& options, std::uint32_t ack);
    void note(const Datagram& d);
    [[nodiscard]] std::uint32_t in_order() const;

    Ends ends_;
    Harness harness_;
    std::vector<Datagram> recorded_;
    std::uint16_t client_port_ = 0;
    std::uint32_t client_isn_ = 0, their_server_isn_ = 0, our_isn_ = 0, our_stamp_ = 0;
    std::map<std::uint32_t, std::uint32_t> pieces_;  ///< delivered text, from 1 on
    std::uint32_t end_ = 0;                          ///< the FIN's number; 0: none came
    std::uint32_t acked_ = 0, latest_ = 0;
    int answers_ = 0;
};

/// The number after all that was delivered in order, FIN included.
std::uint32_t Replay::in_order() const {
    std::uint32_t next = 1;
    for (const auto& [from, to] : pieces_)
        if (from <= next) next = std::max(next, to);
    return next == end_ ? next + 1 : next;
}

void Replay::note(const Datagram& d) {
    const std::uint32_t from = d.seq - client_isn_;
    const auto length = static_cast<std::uint32_t>(d.payload.size());
    latest_ = from;
    if (length > 0) pieces_[from] = std::max(pieces_[from], from + length);
    if (d.has(tcp_flag::fin)) end_ = from + length;
}

/// RFC 2018 section 4: blocks are of delivered text, and the first holds what came last, unless
/// that moved the acknowledgement.
void Replay::judge_sack(const std::string& options, std::uint32_t ack) {
    const std::size_t at = find_option(options, 5);
    if (at == std::string::npos) return;
    const auto count =
        static_cast<std::size_t>((static_cast<unsigned char>(options[at - 1]) - 2)) / 8;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t left = word(options, at + 8 * i) - client_isn_;
        const std::uint32_t right = word(options, at + 8 * i + 4) - client_isn_;
        std::uint32_t known = left;
        for (const auto& [from, to] : pieces_)
            if (from <= known) known = std::max(known, to);
        EXPECT_GE(known, right) << "a SACK block of what never came";
        // A FIN beyond the hole is held, and told of as the end of its block.
        const bool is_latest = left <= latest_ && latest_ <= right;
        const bool is_duplicate = right <= ack;  // RFC 2883 section 4: received twice
        EXPECT_TRUE(i > 0 || is_latest || is_duplicate || latest_ < ack)
            << "the first, " << left << ':' << right << ", is not the latest, " << latest_
            << ", beyond " << ack;
    }
}

void Replay::judge(const Datagram& answer) {
    const std::size_t stamp = find_option(answer.options, 8);
    if (stamp != std::string::npos) our_stamp_ = word(answer.options, stamp);
    if (answer.has(tcp_flag::syn)) {
        our_isn_ = answer.seq;
        return;
    }
    const std::uint32_t ack = answer.ack - client_isn_;
    EXPECT_FALSE(answer.has(tcp_flag::rst)) << describe(answer);
    EXPECT_LE(ack, in_order()) << "an ACK of what never came";
    EXPECT_GE(ack, acked_) << "an ACK that goes back";
    acked_ = ack;
    judge_sack(answer.options, ack);
}

void Replay::hear() {
    for (answers_ = 0; harness_.has_sent(); ++answers_)
        judge(harness_.next_sent());
}

/// A segment of the client's kernel: its acknowledgements and echoes speak of our numbers.
void Replay::replay(Datagram d) {
    d.source_mac = ends_.their_mac;
    d.destination_mac = ends_.our_mac;
    d.source = ends_.theirs;
    d.destination = ends_.ours;
    if (d.has(tcp_flag::ack)) d.ack = d.ack - their_server_isn_ + our_isn_;
    const std::size_t stamp = find_option(d.options, 8);
    if (stamp != std::string::npos && d.has(tcp_flag::ack)) put(d.options, stamp + 4, our_stamp_);
    const std::uint32_t before = in_order();
    note(d);
    harness_.inject(d);
    hear();
    // Beyond a hole, and where one is filled, the answer is due at once: RFC 5681 section 4.2.
    const bool has_text = !d.payload.empty();
    const bool beyond = has_text && in_order() == before;
    const bool fills = has_text && in_order() > d.seq - client_isn_ + d.payload.size() + 1;
    if (beyond || fills) {
        EXPECT_GE(answers_, 1) << describe(d);
        EXPECT_EQ(acked_, in_order());
    }
}

void Replay::run() {
    for (const Datagram& d : recorded_) {
        ASSERT_EQ(d.fault, "");
        if (d.source_port != client_port_) {
            if (d.has(tcp_flag::syn)) their_server_isn_ = d.seq;
            continue;
        }
        harness_.pass_ms(1);
        hear();
        replay(d);
    }
    harness_.pass_ms(500);
    hear();
    EXPECT_EQ(acked_, in_order());
    EXPECT_EQ(end_, 40'001U) << "the recording is whole";
    EXPECT_EQ(harness_.counters().services[static_cast<std::size_t>(Serve::discard)].bytes_received,
              40'000U);
    harness_.pass_ms(120'000, 50);
    EXPECT_EQ(harness_.stack().flows(), 0U) << "the kernel's last ACK ends the flow";
    EXPECT_EQ(harness_.fault(), "");
}

class Kernel : public testing::TestWithParam<const char*> {};

// RFC 9293 section 3.10.7.4, RFC 2018 section 4, RFC 7323 section 3.2, RFC 5681 section 4.2.
TEST_P(Kernel, IsAnsweredAcceptably) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        const std::string version = family == Family::ip4 ? "-v4" : "-v6";
        const std::string name = std::string{"kernel-"} + GetParam() + version + ".pcap";
        SCOPED_TRACE(name);
        Replay{std::filesystem::path{TERMINUS_SOURCE_ROOT} / "tests/golden" / name, family}.run();
    }
}

INSTANTIATE_TEST_SUITE_P(Recorded, Kernel,
                         testing::Values("all", "no-timestamps", "no-sack", "nothing"));

}  // namespace
}  // namespace terminus::test
