#include "sender.h"

#include "terminus/tcp/congestion.h"
#include "terminus/tcp/output.h"
#include "terminus/tcp/rtt.h"
#include "terminus/tcp/timeout.h"

#include <array>

namespace terminus::test {

using tcp::Seq;
using namespace tcp_flag;

namespace {

std::string joined(std::string a, const std::string& b) {
    if (!a.empty() && !b.empty()) a += ' ';
    return a + b;
}

}  // namespace

Sender::Sender(const Shape& shape) : window_bytes_{shape.window_bytes}, text_end_{iss + 1} {
    settings.congestion_control = shape.control;
    settings.nagle = false;
    flow.clear_flags();
    flow.mss_bits = mss;
    flow.sack = shape.sack ? 1 : 0;
    flow.ecn = shape.ecn ? 1 : 0;
    flow.timestamps = shape.timestamps ? 1 : 0;
    flow.send_scale = 7;
    flow.snd_una = flow.snd_nxt = Seq{iss + 1};
    flow.rcv_nxt = Seq{1};
    flow.rcv_adv = flow.rcv_nxt + 65535;
    flow.snd_wnd =
        (shape.window_bytes >> flow.send_scale << flow.send_scale) & tcp::largest_window_bytes;
    enter(flow, tcp::State::established);
    flow.wait_for(tcp::Waits::silence);
    tcp::sample_rtt(flow, rtt_ms * 1000);
    tcp::begin(effort, flow, settings);
}

std::uint32_t Sender::unsent_bytes() const {
    return text_end_ > flow.snd_nxt ? text_end_ - flow.snd_nxt : 0;
}

std::string Sender::leave(const tcp::Plan& plan) {
    tcp::sent(flow, &effort, plan, settings, now);
    const std::uint32_t left = plan.seq - Seq{iss};
    std::string words = std::to_string(left) + ':' + std::to_string(left + plan.length);
    if ((plan.flags & cwr) != 0) words += '!';
    if ((plan.flags & fin) != 0) words += 'F';
    return words;
}

std::string Sender::flush() {
    if (flow.in_flight() == 0) tcp::restart_after_idle(effort, flow, settings, now);
    std::string words;
    for (int i = 0; i < 1000; ++i) {
        const auto plan =
            tcp::next_segment(flow, &effort, {.unsent_bytes = unsent_bytes()}, settings);
        if (!plan) return words;
        words = joined(words, leave(*plan));
    }
    return "it never ends";
}

std::string Sender::send(std::uint32_t bytes) {
    text_end_ += bytes;
    return flush();
}

std::string Sender::close() {
    tcp::close(flow);
    return flush();
}

std::string Sender::ack(std::uint32_t ack, SackList sacks, std::uint8_t flags) {
    tcp::Segment segment;
    segment.seq = flow.rcv_nxt;
    segment.ack = Seq{iss + ack};
    segment.flags = static_cast<std::uint8_t>(tcp_flag::ack | flags);
    segment.window = static_cast<std::uint16_t>(window_bytes_ >> flow.send_scale);
    for (const auto& [left, right] : sacks)
        segment.options.sack.at(segment.options.sack_count++) = {iss + left, iss + right};
    segment.options.timestamps = flow.timestamps != 0;
    segment.options.ts_value = now.ms().ms;
    segment.options.ts_echo = echoed.ms().ms;
    (void)tcp::on_segment(flow, &effort, segment, {settings, {}, now, now.ms().ms});
    return flush();
}

std::string Sender::look() {
    const tcp::Look look = tcp::look(flow, &effort, settings, now);
    if (look.due() == tcp::Due::retransmit) return leave(tcp::oldest_segment(flow, &effort));
    return look.due() == tcp::Due::send ? flush() : std::string{};
}

std::string Sender::pass_ms(std::uint32_t ms) {
    std::string words;
    for (std::uint32_t i = 0; i < ms; ++i) {
        now = now.after_ms(1);
        words = joined(words, look());
    }
    return words;
}

void Sender::exchange(std::uint32_t bytes) {
    (void)send(bytes);
    while (flow.in_flight() > 0) {
        const std::uint32_t from = flow.snd_una - Seq{iss}, to = flow.snd_nxt - Seq{iss};
        (void)pass_ms(rtt_ms);
        for (std::uint32_t at = from; at < to;) {
            at = std::min(at + mss, to);
            (void)ack(at);
        }
    }
}

}  // namespace terminus::test
