// What the foreign TCP sends, and when.
#include "terminus/wire/tcp.h"

#include "foreign_tcp.h"

#include <algorithm>

namespace terminus::test {

using namespace tcp_flag;

namespace {

constexpr std::uint64_t probe_us = 400'000;
constexpr std::uint64_t idle_probe_us = 3'000'000;
constexpr std::uint64_t longest_rto_us = 4'000'000;

std::string bytes4(std::uint32_t value) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
        text += static_cast<char>(value >> shift & 0xff);
    return text;
}

}  // namespace

ForeignTcp::ForeignTcp(const Manners& manners, const Ends& ends, Ports ports, Talk talk, Rng rng)
    : manners_{manners},
      ends_{ends},
      ports_{ports},
      talk_{std::move(talk)},
      rng_{rng},
      iss_{rng_.chance(0.5) ? 0xffffffffU - rng_.below(20'000)
                            : static_cast<std::uint32_t>(rng_.next())},
      reported_(talk_.send.size(), false) {}

void ForeignTcp::open(std::uint64_t now_us) {
    phase_ = Phase::syn_sent;
    send_syn(now_us);
}

std::uint32_t ForeignTcp::clock(std::uint64_t now_us) const {
    return manners_.clock_start + static_cast<std::uint32_t>(now_us / 1000);
}

std::string ForeignTcp::stamps(std::uint64_t now_us) const {
    return "\x01\x01\x08\x0a" + bytes4(clock(now_us)) +
           bytes4(phase_ == Phase::syn_sent ? 0 : stamp_recent_);
}

/// Text of a full segment.
std::uint32_t ForeignTcp::full_bytes() const {
    const std::uint32_t mss = std::min<std::uint32_t>(their_mss_, 1440);
    return std::max(mss - (stamped_ ? 12 : 0), 1U);
}

/// The window field. The right edge never goes back.
std::uint16_t ForeignTcp::offer(bool in_syn) {
    const Position full = taken_ + static_cast<Position>(manners_.buffer_bytes);
    const Position step =
        manners_.silly_windows ? 1 : std::min<Position>(1400, manners_.buffer_bytes / 2);
    const Position want = full >= offered_ + step ? full : offered_;
    const std::uint8_t scale = scaled_ && !in_syn ? manners_.window_scale : 0;
    Position units = std::max<Position>(want - received_, 0) >> scale;
    if (received_ + (units << scale) < offered_) ++units;
    units = std::min<Position>(units, 65535);
    offered_ = std::max(offered_, received_ + (units << scale));
    return static_cast<std::uint16_t>(units);
}

Datagram ForeignTcp::segment(Position from, std::uint8_t flags, std::uint64_t now_us) {
    Datagram d;
    d.source_mac = ends_.their_mac;
    d.destination_mac = ends_.our_mac;
    d.source = ends_.theirs;
    d.destination = ends_.ours;
    d.source_port = ports_.theirs;
    d.destination_port = ports_.ours;
    d.seq = static_cast<std::uint32_t>(from) + iss_ + 1;
    d.flags = flags;
    if ((flags & ack) != 0)
        d.ack = static_cast<std::uint32_t>(received_ + (fin_taken_ ? 1 : 0)) + irs_ + 1;
    d.window = offer((flags & syn) != 0);
    if (stamped_ && (flags & syn) == 0) d.options = stamps(now_us);
    return d;
}

void ForeignTcp::send_syn(std::uint64_t now_us) {
    const bool answers = phase_ == Phase::syn_received;
    Datagram d = segment(-1, answers ? syn | ack : syn, now_us);
    if (answers) d.ack = irs_ + 1;
    const std::uint32_t mss = manners_.mss_bytes;
    if (mss != 0) d.options += std::string{"\x02\x04", 2} + bytes4(mss).substr(2);
    if (answers ? scaled_ : manners_.window_scaling)
        d.options += std::string{"\x01\x03\x03"} + static_cast<char>(manners_.window_scale);
    if (answers ? sacked_ok_ : manners_.sack) d.options += "\x01\x01\x04\x02";
    if (answers ? stamped_ : manners_.timestamps) d.options += stamps(now_us);
    outgoing_.push_back(d);
    next_ = std::max<Position>(next_, 0);
    furthest_ = std::max<Position>(furthest_, 0);
    resend_at_us_ = now_us + manners_.rto_us;
}

/// SACK blocks: RFC 2018 section 4, the latest piece first; RFC 2883: a duplicate before all.
std::string ForeignTcp::block_option(std::size_t room) const {
    std::vector<std::pair<Position, Position>> blocks;
    if (manners_.reports_duplicates && duplicate_) blocks.push_back(*duplicate_);
    std::vector<std::pair<Position, Position>> runs;
    for (const auto& [from, text] : pieces_) {
        const Position to = from + static_cast<Position>(text.size());
        if (!runs.empty() && from <= runs.back().second)
            runs.back().second = std::max(runs.back().second, to);
        else
            runs.emplace_back(from, to);
    }
    std::ranges::stable_partition(
        runs, [&](const auto& run) { return run.first <= latest_ && latest_ < run.second; });
    blocks.insert(blocks.end(), runs.begin(), runs.end());
    if (blocks.size() > (room - 4) / 8) blocks.resize((room - 4) / 8);
    if (blocks.empty()) return {};
    std::string option{"\x01\x01\x05"};
    option += static_cast<char>(2 + 8 * blocks.size());
    for (const auto& [from, to] : blocks)
        option += bytes4(static_cast<std::uint32_t>(from) + irs_ + 1) +
                  bytes4(static_cast<std::uint32_t>(to) + irs_ + 1);
    return option;
}

void ForeignTcp::send_ack(std::uint64_t now_us) {
    Datagram d = segment(next_, ack, now_us);
    if (sacked_ok_) d.options += block_option(40 - d.options.size());
    duplicate_.reset();
    outgoing_.push_back(d);
    ack_now_ = false;
    ack_at_us_ = 0;
    unacked_segments_ = 0;
}

/// One segment of what lies from `from` on, at most `most` bytes and not beyond the window.
void ForeignTcp::send_piece(Position from, std::uint32_t most, std::uint64_t now_us) {
    if (from < 0) return send_syn(now_us);
    const Position limit = std::min(end(), std::max(window_edge_, from));
    const Position count = std::min<Position>(most, std::max<Position>(limit - from, 0));
    const bool last = from + count == end();
    if (count == 0 && !last) return;
    Datagram d = segment(from, ack, now_us);
    d.payload = talk_.send.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(count));
    if (last && (count == 0 || manners_.fin_with_text) && may_send_text()) d.flags |= fin;
    if (count > 0 && (last || rng_.chance(0.3))) d.flags |= psh;
    if (manners_.urgent && count > 0 && rng_.chance(0.2)) {
        d.flags |= urg;
        d.urgent = static_cast<std::uint16_t>(1 + rng_.below(static_cast<std::uint32_t>(count)));
    }
    const Position to = from + count + (d.has(fin) ? 1 : 0);
    next_ = std::max(next_, to);
    furthest_ = std::max(furthest_, next_);
    if (resend_at_us_ == 0) resend_at_us_ = now_us + manners_.rto_us;
    ack_now_ = false;
    ack_at_us_ = 0;
    unacked_segments_ = 0;
    outgoing_.push_back(d);
}

bool ForeignTcp::may_send_text() const {
    return phase_ == Phase::open && (!manners_.waits_for_end || talk_.begins || fin_taken_);
}

void ForeignTcp::send_text(std::uint64_t now_us) {
    for (int i = 0; i < 10; ++i) {
        const Position flight = next_ - una_;
        if (next_ > end() || flight >= static_cast<Position>(manners_.flight_bytes)) return;
        if (next_ < end() && next_ >= window_edge_) return;
        while (next_ < end() && reported_[static_cast<std::size_t>(next_)])
            ++next_;
        send_piece(next_, full_bytes(), now_us);
    }
}

void ForeignTcp::read(std::uint64_t now_us) {
    if (now_us < read_at_us_ || taken_ == received_) return;
    read_at_us_ = now_us + manners_.read_every_us;
    taken_ = std::min(received_, taken_ + static_cast<Position>(manners_.read_bytes));
    const Position before = offered_;
    (void)offer(false);
    if (offered_ > before && before - received_ < 1400) ack_now_ = true;
}

void ForeignTcp::resend(std::uint64_t now_us) {
    if (resend_at_us_ == 0 || now_us < resend_at_us_ || furthest_ <= una_) return;
    tries_ = std::min(tries_ + 1, 6U);
    resend_at_us_ = now_us + std::min<std::uint64_t>(manners_.rto_us << tries_, longest_rto_us);
    if (phase_ != Phase::open) return send_syn(now_us);
    if (manners_.one_by_one)
        recover_ = furthest_;
    else
        next_ = una_;
    send_piece(una_, full_bytes(), now_us);
}

/// RFC 9293 section 3.8.6.1 when the window is closed, section 3.8.4 when all is quiet.
void ForeignTcp::probe(std::uint64_t now_us) {
    const bool closed = next_ < end() && next_ >= window_edge_ && una_ == next_;
    const bool idle = manners_.probes_idle && una_ == furthest_ && una_ > 0 && !fin_acked_;
    if (!closed && !idle) probe_at_us_ = 0;
    if (!closed && !idle) return;
    if (probe_at_us_ == 0) probe_at_us_ = now_us + (closed ? probe_us : idle_probe_us);
    if (now_us < probe_at_us_) return;
    probe_at_us_ = 0;
    const Position at = closed ? una_ : una_ - 1;
    Datagram d = segment(at, ack, now_us);
    if (closed) d.payload = talk_.send.substr(static_cast<std::size_t>(at), 1);
    if (!closed && rng_.chance(0.5)) d.payload = "~";  // garbage: it was acknowledged long ago
    if (closed) furthest_ = std::max(furthest_, una_ + 1);
    outgoing_.push_back(d);
}

void ForeignTcp::advance(std::uint64_t now_us) {
    if (was_reset_ || phase_ == Phase::closed) return;
    resend(now_us);
    if (phase_ != Phase::open) return;
    read(now_us);
    if (may_send_text()) {
        send_text(now_us);
        probe(now_us);
    }
    if (ack_now_ || (ack_at_us_ != 0 && now_us >= ack_at_us_)) send_ack(now_us);
}

}  // namespace terminus::test
