/// Several workers as one host, behind a NIC that steers rightly, wrongly or not at all: whoever
/// receives a frame, its owner serves it, and every frame ends once.
#include "seat.h"
#include "software_nic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

namespace terminus::test {
namespace {

constexpr std::size_t slots = 128;

std::vector<std::uint16_t> reta(std::uint16_t queues, std::uint16_t shift = 0) {
    std::vector<std::uint16_t> table(slots);
    for (std::size_t slot = 0; slot < slots; ++slot)
        table[slot] = static_cast<std::uint16_t>((slot + shift) % queues);
    return table;
}

enum class Nic { right, wrong, one_queue };

struct Shape {
    std::uint16_t workers = 3;
    Nic nic = Nic::right;
    bool tells_hash = false;
};

/// An appliance of several workers, and what its peers see of it.
class Host {
public:
    explicit Host(const Shape& shape)
        : exchange_{shape.workers},
          spreads_{std::make_shared<const Spreads>(
              Spreads{Spread{test_rss_key(), reta(shape.workers)}})},
          nic{shape.workers, rss_of(shape)},
          proof{shape.workers, {true, true, true, true}} {
        const bool claims = shape.nic != Nic::one_queue;
        for (std::uint16_t i = 0; i < shape.workers; ++i)
            seats_.push_back(std::make_unique<Seat>(exchange_, i,
                                                    WorkerLane{.lane = &nic.queue(i),
                                                               .has_queue = claims || i == 0,
                                                               .proof = claims ? &proof : nullptr},
                                                    spreads_));
    }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    /// Every frame ended once, and every buffer came home.
    ~Host() {
        for (const auto& seat : seats_) {
            seat->rings.to_worker.push(Stop{});
            seat->worker->run();
        }
        for (const auto& seat : seats_)
            seat->worker->release_passed();
        EXPECT_EQ(nic.buffers().on_loan(), 0U);
        EXPECT_EQ(nic.buffers().fault(), "");
        for (const auto& seat : seats_)
            check_books(*seat->worker);
    }

    void turn() {
        for (int round = 0; round < 3; ++round)  // a frame passes to its owner, and is sent for it
            for (const auto& seat : seats_)
                seat->worker->turn();
    }
    void pass_ms(std::uint64_t ms) {
        for (const auto& seat : seats_)
            seat->clock.step_us = ms * 1000 / 3;
        turn();
        for (const auto& seat : seats_)
            seat->clock.step_us = 1;
    }
    /// One frame in, and what comes out, without the link's own messages.
    std::vector<Datagram> ask(const Datagram& datagram) { return ask_all({encode(datagram)}); }
    std::vector<Datagram> ask_all(const std::vector<Bytes>& frames) {
        for (const Bytes& frame : frames)
            nic.arrive(frame);
        turn();
        return spoken();
    }
    std::vector<Datagram> spoken() {
        std::vector<Datagram> all;
        raw.clear();
        for (const Bytes& frame : nic.buffers().departed()) {
            const Datagram datagram = decode(frame);
            EXPECT_EQ(datagram.fault, "");
            const bool is_link = datagram.ether_type == 0x0806 ||
                                 (datagram.protocol == protocol_icmp6 && datagram.type >= 130);
            if (is_link) continue;
            all.push_back(datagram);
            raw.push_back(frame);
        }
        return all;
    }

    [[nodiscard]] Worker& worker(std::size_t index) { return *seats_[index]->worker; }
    [[nodiscard]] std::size_t workers() const { return seats_.size(); }
    /// Of all workers.
    [[nodiscard]] std::uint64_t sum(const std::function<std::uint64_t(const Worker&)>& of) const {
        std::uint64_t total = 0;
        for (const auto& seat : seats_)
            total += of(*seat->worker);
        return total;
    }
    [[nodiscard]] std::uint64_t handed_on(Errand errand) const {
        return sum([&](const Worker& it) { return handed(it, errand).out; });
    }
    [[nodiscard]] std::uint64_t drops(Drop reason) const {
        return sum([&](const Worker& it) {
            return it.stack_counters().drops[static_cast<std::size_t>(reason)];
        });
    }
    [[nodiscard]] std::uint64_t established(std::size_t index) {
        return worker(index)
            .stack_counters()
            .flows[static_cast<std::size_t>(tcp::State::established)];
    }

private:
    static SoftwareNic::Rss rss_of(const Shape& shape) {
        SoftwareNic::Rss rss{.key = test_rss_key(), .table = {}, .tells_hash = shape.tells_hash};
        if (shape.nic != Nic::one_queue)
            rss.table = reta(shape.workers, shape.nic == Nic::wrong ? 1 : 0);
        return rss;
    }
    static void check_books(const Worker& worker) {
        const Counters stack = worker.stack_counters();
        const WorkerCounters loop = worker.counters();
        const HandedCounters steered = handed(worker, Errand::steer);
        std::uint64_t ends = steered.out + steered.lost;
        for (const std::uint64_t end : stack.ends)
            ends += end;
        EXPECT_EQ(loop.lanes[0].frames_received + stack.handed_in, ends);
        EXPECT_EQ(loop.passed_in, stack.handed_in);
    }

    Exchange exchange_;
    std::shared_ptr<const Spreads> spreads_;

public:
    SoftwareNic nic;
    Proof proof;
    std::vector<Bytes> raw;  ///< of spoken()

private:
    std::vector<std::unique_ptr<Seat>> seats_;
};

constexpr std::uint8_t syn = 2, rst = 4, push = 8, ack = 16;

/// One peer's connection, as far as the tests speak TCP.
struct Peer {
    Family family = Family::ip4;
    std::uint16_t port = 10'000, to_port = 7;
    std::uint32_t seq = 1000, next = 0;

    [[nodiscard]] Datagram segment(std::uint8_t flags, std::string text = {}) const {
        const Ends ends = ends_of(family);
        Datagram datagram;
        datagram.source_mac = ends.their_mac;
        datagram.destination_mac = ends.our_mac;
        datagram.source = ends.theirs;
        datagram.destination = ends.ours;
        datagram.source_port = port;
        datagram.destination_port = to_port;
        datagram.seq = seq;
        datagram.ack = (flags & ack) != 0 ? next : 0;
        datagram.flags = flags;
        datagram.window = 60'000;
        datagram.payload = std::move(text);
        return datagram;
    }
    /// SYN, SYN-ACK, ACK.
    void connect(Host& host) {
        const auto answers = host.ask(segment(syn));
        ASSERT_EQ(answers.size(), 1U) << port;
        ASSERT_EQ(answers[0].flags & (syn | ack | rst), syn | ack) << port;
        ++seq;
        next = answers[0].seq + 1;
        EXPECT_TRUE(host.ask(segment(ack)).empty());
    }
    /// What comes back for a text.
    std::string echo(Host& host, const std::string& text) {
        const auto answers = host.ask(segment(push | ack, text));
        seq += static_cast<std::uint32_t>(text.size());
        std::string heard;
        for (const Datagram& answer : answers)
            heard += answer.payload;
        return heard;
    }
};

Peer peer(int number) {
    return {.family = number % 2 == 0 ? Family::ip4 : Family::ip6,
            .port = static_cast<std::uint16_t>(10'000 + number)};
}

class Shards : public ::testing::TestWithParam<Shape> {
protected:
    Host host{GetParam()};
};

TEST_P(Shards, ServeConnectionsOfBothFamilies) {
    std::vector<Peer> peers;
    for (int i = 0; i < 120; ++i)
        peers.push_back(peer(i));
    for (Peer& it : peers)
        it.connect(host);
    for (Peer& it : peers)
        EXPECT_EQ(it.echo(host, "hello"), "hello") << it.port;
    for (std::size_t i = 0; i < host.workers(); ++i)
        EXPECT_GT(host.established(i), 120 / host.workers() / 2) << "spread over all";
    EXPECT_EQ(host.sum([](const Worker& it) { return it.stack_counters().resets_sent; }), 0U);
    const bool all_at_home = GetParam().nic == Nic::right;
    EXPECT_EQ(host.handed_on(Errand::steer) == 0, all_at_home);
    EXPECT_EQ(host.sum([](const Worker& it) { return it.counters().lanes[0].missteered; }) != 0,
              GetParam().nic == Nic::wrong);
}

/// RFC 9293 section 3.9.2.2: the error quotes what we sent, so the owner of that is who must hear.
TEST_P(Shards, BringIcmpErrorsToTheFlowThatTheyQuote) {
    constexpr int flows = 40;
    for (int i = 0; i < flows; ++i) {
        Peer it = peer(i);
        it.connect(host);
        EXPECT_EQ(it.echo(host, "hello"), "hello");
        ASSERT_FALSE(host.raw.empty());
        const Bytes& quoted = host.raw.back();
        Datagram error = it.segment(0);
        const bool is_ip6 = it.family == Family::ip6;
        error.protocol = is_ip6 ? protocol_icmp6 : protocol_icmp4;
        error.type = is_ip6 ? 1 : 3;
        error.code = is_ip6 ? 0 : 1;  // host unreachable: a soft error
        error.payload.assign(reinterpret_cast<const char*>(quoted.data()) + 14, quoted.size() - 14);
        EXPECT_TRUE(host.ask(error).empty());
    }
    EXPECT_EQ(host.drops(Drop::icmp_error_unmatched), 0U);
    EXPECT_EQ(host.sum([](const Worker& it) {
        const Counters counters = it.stack_counters();
        return counters.tcp[static_cast<std::size_t>(TcpEvent::icmp_errors_matched)];
    }),
              std::uint64_t{flows});
}

/// Fragments come by their addresses, what they make belongs to a flow by its ports.
TEST_P(Shards, BringFragmentedSegmentsToTheirFlow) {
    for (int i = 0; i < 24; ++i) {
        Peer it = peer(i);
        it.connect(host);
        const std::string text(1000, static_cast<char>('a' + i));
        const auto answers = host.ask_all(encode_fragments(it.segment(push | ack, text), 600,
                                                           static_cast<std::uint32_t>(100 + i)));
        std::string heard;
        for (const Datagram& answer : answers)
            heard += answer.payload;
        EXPECT_EQ(heard, text) << it.port;
    }
    EXPECT_GT(host.handed_on(Errand::rebuilt), 0U);
}

/// Too large for one frame on its way from worker to worker: it is cut again.
TEST_P(Shards, BringLargeDatagramsToTheirOwner) {
    for (int i = 0; i < 24; ++i) {
        Peer it = peer(i);
        Datagram datagram = it.segment(0, std::string(5000, static_cast<char>('a' + i)));
        datagram.protocol = protocol_udp;
        const auto answers =
            host.ask_all(encode_fragments(datagram, 1400, static_cast<std::uint32_t>(100 + i)));
        std::size_t bytes = 0;
        for (const Datagram& answer : answers)
            bytes += answer.payload.size();
        EXPECT_GE(bytes, 5000U) << it.port;
        EXPECT_LE(bytes, 5008U) << "each datagram is answered once";
    }
    EXPECT_GT(host.handed_on(Errand::rebuilt), 24U);
}

/// ARP, RFC 826, and neighbour solicitations, RFC 4861 section 7.2.3: each worker learns of the
/// neighbour, one answers.
TEST_P(Shards, AnswerOnceAndLearnEverywhere) {
    host.pass_ms(20'000);
    (void)host.nic.buffers().departed();
    const std::uint64_t known =
        host.sum([](const Worker& it) { return it.stack_counters().neighbours; });
    for (std::uint8_t i = 0; i < 3; ++i) {
        Bytes request(42, std::byte{0});
        const auto write = [&](std::size_t at, std::initializer_list<int> bytes) {
            for (const int byte : bytes)
                request[at++] = static_cast<std::byte>(byte);
        };
        write(0, {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 8, 6});
        write(14, {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 198, 18, 0, 20 + i});
        write(38, {198, 18, 0, 2});
        const bool has_queue = GetParam().nic != Nic::one_queue;
        host.nic.arrive_at(has_queue ? i % GetParam().workers : 0, request);
        host.turn();
        const auto answers = host.nic.buffers().departed();
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_EQ(answers[0][21], std::byte{2}) << "an ARP reply";
    }
    EXPECT_EQ(host.sum([](const Worker& it) { return it.stack_counters().neighbours; }) - known,
              3 * host.workers());
}

INSTANTIATE_TEST_SUITE_P(Behind, Shards,
                         ::testing::Values(Shape{2, Nic::right}, Shape{3, Nic::right, true},
                                           Shape{2, Nic::wrong}, Shape{3, Nic::wrong, true},
                                           Shape{2, Nic::one_queue}, Shape{4, Nic::one_queue}),
                         [](const auto& it) {
                             const char* nic = it.param.nic == Nic::right   ? "ARightNic"
                                               : it.param.nic == Nic::wrong ? "AWrongNic"
                                                                            : "OneQueue";
                             return nic + std::string{"With"} + std::to_string(it.param.workers) +
                                    "Workers";
                         });

/// Announcements, duplicate detection (RFC 4862 section 5.4) and MLD reports (RFC 3810) are the
/// host's, not each worker's; and it does not take its own detection for another's.
TEST(ShardsTogether, SpeakOfThemselvesOnce) {
    std::map<std::uint16_t, std::vector<Bytes>> said;
    for (const std::uint16_t workers : std::array<std::uint16_t, 2>{1, 3}) {
        Host host{{.workers = workers}};
        for (int i = 0; i < 100; ++i) {
            host.pass_ms(100);
            for (Bytes& frame : host.nic.buffers().departed()) {
                host.nic.arrive_at(static_cast<std::uint16_t>(i % workers), frame);  // a loop
                said[workers].push_back(std::move(frame));
            }
        }
        EXPECT_EQ(host.drops(Drop::address_conflict), 0U);
    }
    EXPECT_FALSE(said[1].empty());
    EXPECT_EQ(said[1].size(), said[3].size());
    EXPECT_EQ(said[1], said[3]);
}

void let_prove(Host& host, Family family) {
    for (std::uint32_t i = 0; i < Proof::enough; ++i) {
        Peer it{.family = family, .port = static_cast<std::uint16_t>(1000 + i), .to_port = 81};
        host.nic.arrive(encode(it.segment(syn)));
        if (i % 32 == 0) host.turn();
    }
    host.turn();
    (void)host.spoken();
}

TEST(ShardsTogether, TrustADeviceAfterAThousandFrames) {
    Host host{{.workers = 3}};
    let_prove(host, Family::ip4);
    EXPECT_EQ(host.proof.verdict(RssType::ip4_tcp), Verdict::proven);
    EXPECT_EQ(host.proof.verdict(RssType::ip6_tcp), Verdict::trying);
    let_prove(host, Family::ip6);
    EXPECT_EQ(host.proof.verdict(RssType::ip6_tcp), Verdict::proven);
    EXPECT_EQ(host.proof.verdict(RssType::ip4_udp), Verdict::trying);
    EXPECT_EQ(host.handed_on(Errand::steer), 0U);
    // From now on what arrives is kept, and nothing is hashed.
    const Bytes frame = encode(Peer{.port = 4000, .to_port = 81}.segment(syn));
    for (std::uint16_t queue = 0; queue < 3; ++queue)
        host.nic.arrive_at(queue, frame);
    host.turn();
    EXPECT_EQ(host.handed_on(Errand::steer), 0U);
    EXPECT_EQ(host.proof.verdict(RssType::ip4_tcp), Verdict::proven);
}

/// A proven device steers whole packets only.
TEST(ShardsTogether, SteerFragmentsOfAProvenDevice) {
    Host host{{.workers = 3}};
    let_prove(host, Family::ip4);
    EXPECT_EQ(host.proof.verdict(RssType::ip4_tcp), Verdict::proven);
    for (std::uint32_t i = 0; i < 12; ++i) {
        Peer it{.family = Family::ip4, .port = static_cast<std::uint16_t>(40'000 + i)};
        it.connect(host);
        const std::string text(1000, static_cast<char>('a' + i));
        const auto fragments = encode_fragments(it.segment(push | ack, text), 600, 100 + i);
        for (std::size_t part = 0; part < fragments.size(); ++part)
            host.nic.arrive_at(static_cast<std::uint16_t>((i + part) % 3), fragments[part]);
        for (int turn = 0; turn < 4; ++turn)
            host.turn();
        std::string heard;
        for (const Datagram& answer : host.spoken())
            heard += answer.payload;
        EXPECT_EQ(heard, text) << it.port;
    }
}

TEST(ShardsTogether, DistrustADeviceThatErrsBeforeTheThousandth) {
    Host host{{.workers = 3, .nic = Nic::wrong}};
    let_prove(host, Family::ip4);
    EXPECT_EQ(host.proof.verdict(RssType::ip4_tcp), Verdict::wrong);
    EXPECT_EQ(host.handed_on(Errand::steer), std::uint64_t{Proof::enough});
    EXPECT_EQ(host.sum([](const Worker& it) { return it.counters().lanes[0].missteered; }),
              std::uint64_t{Proof::enough});
}

/// The device's own hash tells without any of ours.
TEST(ShardsTogether, NoticeWhenAProvenDeviceErrs) {
    Host host{{.workers = 3, .tells_hash = true}};
    let_prove(host, Family::ip4);
    EXPECT_EQ(host.proof.verdict(RssType::ip4_tcp), Verdict::proven);
    host.nic.table() = reta(3, 1);
    Peer it = peer(0);
    it.connect(host);
    EXPECT_EQ(host.proof.verdict(RssType::ip4_tcp), Verdict::wrong);
    EXPECT_EQ(it.echo(host, "hello"), "hello");
    EXPECT_GE(host.handed_on(Errand::steer), 3U);
}

}  // namespace
}  // namespace terminus::test
