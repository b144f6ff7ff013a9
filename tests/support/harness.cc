#include "harness.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace terminus::test {
namespace {

constexpr std::size_t outbox_frames = 256;
constexpr std::size_t burst_frames = 32;
constexpr std::uint64_t settle_ms = 3000;     // gratuitous ARP, DAD and MLD come first
constexpr std::uint64_t vanish_ms = 400'000;  // longer than every timer of TCP
constexpr std::size_t alignment = 64;

Bytes bytes_of(std::string_view text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
}

std::string mac_text(const Mac& mac) {
    return {reinterpret_cast<const char*>(mac.bytes.data()), 6};
}

bool is_link_message(const Datagram& d) {
    if (d.ether_type == 0x0806) return true;
    return d.protocol == protocol_icmp6 && !d.fragment && d.type >= 130 && d.type <= 143;
}

/// The neighbour advertisement or solicitation of the peer: RFC 4861 sections 4.3 and 4.4.
Datagram neighbour_message(const Ends& ends, std::uint8_t type) {
    const bool asks = type == 135;
    Datagram d{.source_mac = ends.their_mac,
               .destination_mac = ends.our_mac,
               .source = ends.theirs,
               .destination = ends.ours,
               .protocol = protocol_icmp6,
               .hop_limit = 255,
               .options = {},
               .type = type,
               .rest = asks ? 0U : 0x60000000U,
               .payload = {},
               .fault = {}};
    const Address& target = asks ? ends.ours : ends.theirs;
    d.payload = {reinterpret_cast<const char*>(target.bytes.data()), 16};
    d.payload += asks ? std::string{"\1\1"} : std::string{"\2\1"};
    d.payload += mac_text(ends.their_mac);
    return d;
}

/// An ARP packet of the peer, RFC 826.
Bytes arp_message(const Ends& ends, char operation) {
    std::string text = mac_text(ends.our_mac) + mac_text(ends.their_mac);
    text += std::string{"\x08\x06\x00\x01\x08\x00\x06\x04\x00", 9} + operation;
    const auto ip4 = [](const Address& a) {
        return std::string{reinterpret_cast<const char*>(a.bytes.data()) + 12, 4};
    };
    text += mac_text(ends.their_mac) + ip4(ends.theirs);
    return bytes_of(text + std::string(6, '\0') + ip4(ends.ours));
}

}  // namespace

Harness::Harness(Options options)
    : memory_(Stack::bytes_needed(options.settings) + alignment),
      lane_{options.lane},
      outbox_{outbox_frames},
      answers_for_peers_{options.answers_for_peers} {
    void* at = memory_.data();
    std::size_t space = memory_.size();
    const std::size_t need = Stack::bytes_needed(options.settings);
    std::align(alignment, need, at, space);
    stack_ = std::make_unique<Stack>(std::move(options.settings),
                                     std::span{static_cast<std::byte*>(at), need}, now_);
    stack_->adopt(std::make_shared<const Policy>(Policy::compile(std::move(options.rules))),
                  std::make_shared<const Services>(built_in_services(options.body_bytes)));
    stock_capacity_ = outbox_.stock_wanted();
    pass_ms(settle_ms, 50);
    if (answers_for_peers_) meet_peers();
}

/// The peer asks for us, so that we know where it lives: RFC 826, RFC 4861 section 7.2.3.
void Harness::meet_peers() {
    inject(arp_message(ends_of(Family::ip4), 1));
    inject(neighbour_message(ends_of(Family::ip6), 135));
    forget_sent();
}

void Harness::complain(const std::string& what) {
    if (fault_.find(what) == std::string::npos) fault_ += what + "; ";
}

/// One turn of a worker, until nothing is left to receive.
void Harness::exchange() {
    std::array<Frame, burst_frames> burst;
    std::size_t received = 0;
    do {
        std::vector<Frame> stock(outbox_.stock_wanted());
        stock.resize(lane_.fresh(stock));
        outbox_.restock(stock);
        received = lane_.receive(burst);
        if (received > 0) stack_->receive({burst.data(), received}, now_, outbox_);
        (void)stack_->advance(now_, outbox_);
        lane_.transmit(outbox_.sent());
        lane_.release(outbox_.released());
        for (const auto& handed : outbox_.handed())
            lane_.release({&handed.frame, 1});
        outbox_.clear();
        check_sums();
        sort_out(lane_.departed());
    } while (received > 0 || !to_answer_.empty());
}

void Harness::turn() {
    for (int i = 0; i < 3; ++i)
        exchange();  // a question to the peer, its answer, what waited for it
}

void Harness::inject(std::span<const std::byte> frame) {
    lane_.arrive(frame);
    exchange();
}

void Harness::inject_burst(const std::vector<Bytes>& frames) {
    for (const Bytes& frame : frames)
        lane_.arrive(frame);
    exchange();
}

void Harness::pass_us(std::uint64_t us, std::uint64_t step_us) {
    const Tick end = now_.after_us(us);
    while (now_ < end) {
        now_ = std::min(end, now_.after_us(step_us));
        exchange();
    }
}

/// What must hold after each turn: DESIGN.md, rule 4, and "tests assert that none leaks".
void Harness::check_sums() {
    const Counters& c = counters();
    const std::uint64_t ends = std::accumulate(c.ends.begin(), c.ends.end(), std::uint64_t{0});
    const std::uint64_t drops = std::accumulate(c.drops.begin(), c.drops.end(), std::uint64_t{0});
    if (ends != c.frames_received + c.handed_in) complain("the ends do not sum to what came in");
    if (c.ends[static_cast<std::size_t>(End::dropped)] > drops) complain("a drop has no reason");
    const std::size_t stocked = stock_capacity_ - outbox_.stock_wanted();
    if (lane_.on_loan() != stocked + stack_->frames_held()) complain("a frame leaked");
    if (!lane_.fault().empty()) complain(lane_.fault());
    const std::uint64_t live = std::accumulate(c.flows.begin(), c.flows.end(), std::uint64_t{0});
    if (std::ranges::any_of(c.flows, [&](std::uint64_t n) { return n > live; }))
        complain("a flow gauge is wrong");
    if (live != stack_->flows()) complain("the flow gauges do not sum to the live flows");
}

void Harness::sort_out(std::vector<Bytes> frames) {
    for (const Bytes& frame : to_answer_)
        lane_.arrive(frame);
    to_answer_.clear();
    for (Bytes& frame : frames) {
        const Datagram d = decode(frame);
        if (!d.fault.empty()) complain("sent a bad frame: " + describe(d));
        if (is_link_message(d)) {
            if (answers_for_peers_) answer_for_peer(frame, d);
            link_sent_.push_back(std::move(frame));
        } else {
            sent_.push_back(std::move(frame));
        }
    }
}

/// Answers questions about the peer's address, as the peer would.
void Harness::answer_for_peer(const Bytes& frame, const Datagram& d) {
    const Ends ip4 = ends_of(Family::ip4), ip6 = ends_of(Family::ip6);
    const bool arp = d.ether_type == 0x0806 && frame.size() >= 42 && frame[21] == std::byte{1} &&
                     std::memcmp(frame.data() + 38, ip4.theirs.bytes.data() + 12, 4) == 0;
    const bool nd = d.ether_type == 0x86dd && d.type == 135 && d.payload.size() >= 16 &&
                    std::memcmp(d.payload.data(), ip6.theirs.bytes.data(), 16) == 0;
    if (arp) to_answer_.push_back(arp_message(ip4, 2));
    if (nd) to_answer_.push_back(encode(neighbour_message(ip6, 136)));
}

Datagram Harness::next_sent() {
    const Datagram d = decode(sent_.front());
    sent_.pop_front();
    return d;
}

std::vector<Bytes> Harness::take_sent() {
    std::vector<Bytes> out{sent_.begin(), sent_.end()};
    sent_.clear();
    return out;
}

std::vector<Bytes> Harness::take_link_sent() {
    std::vector<Bytes> out{link_sent_.begin(), link_sent_.end()};
    link_sent_.clear();
    return out;
}

void Harness::forget_sent() {
    sent_.clear();
    link_sent_.clear();
}

void Harness::let_peers_vanish() {
    pass_ms(vanish_ms, 20);
    stack_->abort_all(now_);
    pass_ms(100);
    forget_sent();
    if (stack_->flows() != 0) complain("flows left when the peers had vanished");
}

void Harness::check_empty() {
    const Counters& c = counters();
    const auto gone = [&](std::uint64_t left, const char* what) {
        if (left != 0) complain(std::to_string(left) + ' ' + what + " left at the end");
    };
    gone(stack_->flows(), "flows");
    gone(c.half_open, "half-open flows");
    gone(c.busy_used, "busy records");
    gone(c.details_used, "conversations");
    gone(c.blocks_used, "blocks");
    gone(c.keys_used, "keys");
    gone(c.reassembling, "datagrams in reassembly");
    gone(stack_->frames_held(), "held frames");
}

}  // namespace terminus::test
