// What the foreign TCP makes of a segment, and how it judges it.
#include "terminus/wire/tcp.h"

#include "foreign_tcp.h"

#include <algorithm>

namespace terminus::test {

using namespace tcp_flag;

namespace {

std::uint32_t number(const std::string& bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
    return value;
}

}  // namespace

ForeignTcp::Parsed ForeignTcp::parse(const std::string& options) {
    Parsed parsed;
    for (std::size_t at = 0; at < options.size() && options[at] != 0;) {
        const auto kind = static_cast<unsigned char>(options[at]);
        if (kind == 1) {
            ++at;
            continue;
        }
        const std::size_t length = number(options, at + 1, 1);
        if (kind == 2) parsed.mss = static_cast<std::uint16_t>(number(options, at + 2, 2));
        if (kind == 3) parsed.scale = static_cast<std::uint8_t>(number(options, at + 2, 1));
        if (kind == 4) parsed.sack_permitted = true;
        if (kind == 8) parsed.stamp = {number(options, at + 2, 4), number(options, at + 6, 4)};
        for (std::size_t i = 2; kind == 5 && i + 8 <= length; i += 8)
            parsed.blocks.emplace_back(number(options, at + i, 4), number(options, at + i + 4, 4));
        at += std::max<std::size_t>(length, 2);
    }
    return parsed;
}

/// The position of a sequence number of the other side, near one that is known.
ForeignTcp::Position ForeignTcp::theirs(std::uint32_t seq, Position near) const {
    const auto known = static_cast<std::uint32_t>(near) + irs_ + 1;
    return near + static_cast<std::int32_t>(seq - known);
}

void ForeignTcp::take_syn(const Datagram& d, const Parsed& options) {
    irs_ = d.seq;
    their_mss_ = options.mss.value_or(d.is_ip6() ? 1220 : 536);
    stamped_ = manners_.timestamps && options.stamp.has_value();
    sacked_ok_ = manners_.sack && options.sack_permitted;
    scaled_ = manners_.window_scaling && options.scale.has_value();
    their_scale_ = scaled_ ? std::min<std::uint8_t>(*options.scale, 14) : 0;
    their_window_ = d.window;  // never scaled in a SYN: RFC 7323 section 2.2
    window_edge_ = static_cast<Position>(d.window);
    if (options.stamp) stamp_recent_ = options.stamp->first;
}

void ForeignTcp::reset(const Datagram& d) {
    const bool expected = phase_ == Phase::syn_sent
                              ? d.has(ack) && d.ack == iss_ + 1
                              : theirs(d.seq, received_) == received_ + (fin_taken_ ? 1 : 0);
    if (!expected) return;
    was_reset_ = true;
    if (!fin_taken_) complain("a reset before the end");
}

/// Until the connection is open. True: the segment goes on.
bool ForeignTcp::handshake(const Datagram& d, const Parsed& options, std::uint64_t now_us) {
    if (phase_ == Phase::closed || phase_ == Phase::syn_sent) {
        if (!d.has(syn)) return false;
        if (phase_ == Phase::syn_sent && d.has(ack) && d.ack != iss_ + 1) return false;
        const bool answers = phase_ == Phase::syn_sent && d.has(ack);
        take_syn(d, options);
        phase_ = answers ? Phase::open : Phase::syn_received;
        if (!answers) send_syn(now_us);
        if (answers) advance_una(0, now_us);
        ack_now_ = answers;
        return false;
    }
    if (phase_ == Phase::syn_received && d.has(syn) && !d.has(ack)) {
        send_syn(now_us);
        return false;
    }
    if (phase_ == Phase::syn_received && d.has(ack) && d.ack == iss_ + 1) {
        phase_ = Phase::open;
        advance_una(0, now_us);
    }
    return phase_ == Phase::open;
}

/// RFC 7323 section 3.2: once negotiated, each segment but an RST carries timestamps, and echoes
/// one of ours.
void ForeignTcp::judge_stamp(const Datagram& d, const Parsed& options, std::uint64_t now_us) {
    if (stamped_ && !options.stamp) complain("a segment without timestamps");
    if (!stamped_ && options.stamp && !d.has(syn)) complain("timestamps that were not negotiated");
    if (!stamped_ || !options.stamp || d.has(syn)) return;
    const std::uint32_t age_ms = clock(now_us) - options.stamp->second;
    if (age_ms > now_us / 1000) complain("an echo of a timestamp that was never sent");
}

/// PAWS, RFC 7323 section 5.3: an older timestamp tells an old segment.
bool ForeignTcp::is_old(const Parsed& options) const {
    return stamped_ && options.stamp &&
           static_cast<std::int32_t>(options.stamp->first - stamp_recent_) < 0;
}

/// True: the segment is acceptable. What no TCP may do is a fault.
bool ForeignTcp::judge(const Datagram& d, const Parsed& options) {
    const std::uint32_t most =
        manners_.mss_bytes != 0 ? manners_.mss_bytes : (d.is_ip6() ? 1220U : 536U);
    if (d.payload.size() + d.options.size() > std::max(most, 64U) && !d.has(syn))
        complain("a segment of " + std::to_string(d.payload.size() + d.options.size()) +
                 " bytes, MSS " + std::to_string(most));
    if (!sacked_ok_ && !options.blocks.empty()) complain("SACK that was not negotiated");
    const Position from = theirs(d.seq, received_);
    const Position to = from + static_cast<Position>(d.payload.size());
    if (to > offered_ + 1) complain("text beyond the window");
    if (d.has(syn)) return false;
    return from <= std::max(offered_, received_) && to >= received_;
}

void ForeignTcp::receive(const Datagram& d, std::uint64_t now_us) {
    if (was_reset_) return;
    const Parsed options = parse(d.options);
    if (d.has(rst)) return reset(d);
    if (!handshake(d, options, now_us)) return;
    judge_stamp(d, options, now_us);
    const Position from = theirs(d.seq, received_);
    const bool acceptable = judge(d, options) && !is_old(options);
    if (!acceptable || (d.payload.empty() && from < received_)) ack_now_ = true;
    if (!acceptable) return;
    if (options.stamp && from <= received_) stamp_recent_ = options.stamp->first;
    take_ack(d, options, now_us);
    take_text(d, now_us);
}

void ForeignTcp::take_ack(const Datagram& d, const Parsed& options, std::uint64_t now_us) {
    if (!d.has(ack)) return complain("a segment without ACK");
    const auto base = static_cast<std::uint32_t>(una_) + iss_ + 1;
    const Position to = una_ + static_cast<std::int32_t>(d.ack - base);
    if (to > furthest_) return complain("an ACK of what was never sent");
    const std::uint64_t window = static_cast<std::uint64_t>(d.window) << their_scale_;
    const bool same = window == their_window_;
    if (to < una_) return;
    window_edge_ = std::max(window_edge_, to + static_cast<Position>(window));
    take_blocks(options);
    if (to > una_) {
        advance_una(to, now_us);
    } else if (d.payload.empty() && !d.has(fin) && same && furthest_ > una_) {
        if (++duplicate_acks_ == 3 && manners_.fast) send_piece(una_, full_bytes(), now_us);
    }
    their_window_ = window;
}

/// RFC 2018 section 4: a block reports what came; RFC 2883: the first may report what came twice.
void ForeignTcp::take_blocks(const Parsed& options) {
    for (const auto& [left, right] : options.blocks) {
        const auto base = static_cast<std::uint32_t>(una_) + iss_ + 1;
        const Position from = una_ + static_cast<std::int32_t>(left - base);
        const Position to = una_ + static_cast<std::int32_t>(right - base);
        if (from >= to || to > furthest_) complain("a SACK block of what was never sent");
        for (Position i = std::max<Position>(from, 0); i < std::min(to, end()); ++i)
            reported_[static_cast<std::size_t>(i)] = true;
    }
}

void ForeignTcp::advance_una(Position to, std::uint64_t now_us) {
    una_ = to;
    next_ = std::max(next_, una_);
    duplicate_acks_ = 0;
    tries_ = 0;
    fin_acked_ = una_ > end();
    resend_at_us_ = furthest_ > una_ ? now_us + manners_.rto_us : 0;
    if (manners_.one_by_one && una_ < recover_) send_piece(una_, full_bytes(), now_us);
}

void ForeignTcp::take_text(const Datagram& d, std::uint64_t now_us) {
    const Position from = theirs(d.seq, received_);
    const Position to = from + static_cast<Position>(d.payload.size());
    if (from < 0 && !d.payload.empty()) return;  // a probe of an idle connection
    if (d.has(fin) && their_fin_.value_or(to) != to) complain("a FIN at two places");
    if (d.has(fin)) their_fin_ = to;
    if (!d.payload.empty() || d.has(fin)) {
        const bool in_order = from == received_ && pieces_.empty();
        if (to <= received_ && from < to) duplicate_ = {from, to};
        if (!d.payload.empty()) hold(from, d.payload);
        join();
        plan_ack(!in_order || d.has(fin), now_us);
    }
}

/// What lies inside our window is kept; its content is compared wherever it lies.
void ForeignTcp::hold(Position from, const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto at = static_cast<std::size_t>(from) + i;
        if (at < talk_.expect.size() && talk_.expect[at] == text[i]) continue;
        return complain("other text at " + std::to_string(at));
    }
    const Position limit = std::min(offered_, from + static_cast<Position>(text.size()));
    if (limit <= std::max(from, received_)) return;
    std::string& piece = pieces_[from];
    if (static_cast<Position>(piece.size()) < limit - from)
        piece = text.substr(0, static_cast<std::size_t>(limit - from));
    latest_ = from;
}

void ForeignTcp::join() {
    while (!pieces_.empty() && pieces_.begin()->first <= received_) {
        const auto& [from, text] = *pieces_.begin();
        received_ = std::max(received_, from + static_cast<Position>(text.size()));
        pieces_.erase(pieces_.begin());
    }
    if (!their_fin_ || received_ != *their_fin_) return;
    fin_taken_ = true;
    if (static_cast<std::size_t>(received_) != talk_.expect.size())
        complain("the end came too early");
}

void ForeignTcp::plan_ack(bool at_once, std::uint64_t now_us) {
    ++unacked_segments_;
    const bool enough = manners_.ack_every != 0 && unacked_segments_ >= manners_.ack_every;
    if (at_once || enough) ack_now_ = true;
    if (ack_at_us_ == 0) ack_at_us_ = now_us + manners_.ack_delay_us;
}

void ForeignTcp::complain(const std::string& what) {
    if (fault_.find(what) == std::string::npos) fault_ += what + "; ";
}

std::string ForeignTcp::progress() const {
    return "foreign: sent " + std::to_string(una_) + '/' + std::to_string(end()) + " received " +
           std::to_string(received_) + '/' + std::to_string(talk_.expect.size()) +
           (fin_acked_ ? " our fin acked" : "") + (fin_taken_ ? " their fin in" : "") +
           (was_reset_ ? " reset" : "") + ' ' + fault_;
}

}  // namespace terminus::test
