#include "wire.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

namespace terminus::test {
namespace {

constexpr std::size_t link_bytes = 14;
constexpr std::uint64_t longest_burst_us = 1'000'000;

bool is_arp(const Bytes& frame) { return frame[12] == std::byte{8} && frame[13] == std::byte{6}; }

bool is_ip6(const Bytes& frame) { return frame[12] == std::byte{0x86}; }

/// A router fragments what may be fragmented; both ends would put it together again, so it just
/// passes here.
bool may_fragment(const Bytes& frame) {
    constexpr std::size_t flags_at = link_bytes + 6;
    return !is_ip6(frame) && (frame[flags_at] & std::byte{0x40}) == std::byte{0};
}

/// With TERMINUS_SIM_TRACE set, what becomes of every frame goes to standard error.
void trace(const char* what, const Bytes& frame, Tick now) {
    static const bool is_wanted = std::getenv("TERMINUS_SIM_TRACE") != nullptr;
    if (!is_wanted || is_arp(frame)) return;
    const Datagram d = decode(frame);
    std::cerr << now.us << ' ' << what << ' ' << d.source_port << '>' << d.destination_port << ' '
              << describe(d) << '\n';
}

}  // namespace

Bytes too_big(const Bytes& frame, std::uint16_t mtu_bytes) {
    const Datagram d = decode(frame);
    Datagram error;
    error.source_mac = d.destination_mac;
    error.destination_mac = d.source_mac;
    error.source = d.destination;
    error.destination = d.source;
    error.protocol = d.is_ip6() ? protocol_icmp6 : protocol_icmp4;
    error.type = d.is_ip6() ? 2 : 3;
    error.code = d.is_ip6() ? 0 : 4;
    error.rest = mtu_bytes;
    const std::size_t most = d.is_ip6() ? 1232 : 528;
    const std::size_t count = std::min(most, frame.size() - link_bytes);
    error.payload = {reinterpret_cast<const char*>(frame.data()) + link_bytes, count};
    return encode(error);
}

/// A burst ends by frames or by time, whatever is first: a peer that sends a frame a second shall
/// not be silent for longer than keepalive waits.
bool Wire::is_lost(Tick now) {
    if (is_cut_) return true;
    if (burst_left_ > 0 && now < burst_end_) {
        --burst_left_;
        return true;
    }
    if (weather_.burst > 0 && rng_.chance(weather_.burst)) {
        burst_left_ = rng_.below(weather_.burst_frames);
        burst_end_ = now.after_us(longest_burst_us);
        return true;
    }
    return rng_.chance(weather_.loss);
}

bool Wire::fits(const Bytes& frame, Tick now) {
    if (bottleneck_.mtu_bytes == 0 || now < bottleneck_.from || is_arp(frame)) return true;
    if (frame.size() <= link_bytes + bottleneck_.mtu_bytes || may_fragment(frame)) return true;
    if (bottleneck_.says_too_big) errors_.push_back(too_big(frame, bottleneck_.mtu_bytes));
    return false;
}

/// Bits flip behind the link header only: a real link's own check sum guards what no checksum of
/// ours does.
void Wire::corrupt(Bytes& frame) {
    if (is_arp(frame) || !rng_.chance(weather_.corruption)) return;
    const auto room = static_cast<std::uint32_t>(frame.size() - link_bytes);
    frame[link_bytes + rng_.below(room)] ^= std::byte{1} << rng_.below(8);
}

void Wire::send(Bytes frame, Tick now) {
    if (is_lost(now)) return trace("lost", frame, now);
    if (!fits(frame, now)) return trace("too big", frame, now);
    if (rng_.chance(weather_.duplication)) launch(frame, now);
    corrupt(frame);
    launch(std::move(frame), now);
}

void Wire::launch(Bytes frame, Tick now) {
    std::uint64_t delay = weather_.delay_us;
    if (weather_.jitter_us > 0 && rng_.chance(weather_.reordering))
        delay += rng_.below(weather_.jitter_us);
    flying_.push({now.after_us(delay), order_++, std::move(frame)});
}

std::vector<Bytes> Wire::arrived(Tick now) {
    std::vector<Bytes> frames;
    while (!flying_.empty() && flying_.top().due <= now) {
        trace("arrives", flying_.top().frame, now);
        frames.push_back(flying_.top().frame);
        flying_.pop();
    }
    return frames;
}

std::vector<Bytes> Wire::take_errors() { return std::exchange(errors_, {}); }

void Wire::heal() {
    burst_end_ = {};
    weather_ = {.delay_us = weather_.delay_us};
}

std::optional<Tick> Wire::next() const {
    if (flying_.empty()) return std::nullopt;
    return flying_.top().due;
}

}  // namespace terminus::test
