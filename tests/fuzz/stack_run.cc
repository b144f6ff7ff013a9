#include "stack_run.h"

#include <algorithm>
#include <array>

namespace terminus::test {
namespace {

constexpr std::uint16_t listen_port = 1000;

Harness::Options options_for_runs() {
    Harness::Options options;
    auto& settings = options.settings;
    settings.flows = 32;  // small, so that every limit is met
    settings.ip6_flows = 16;
    settings.busy_flows = 8;
    settings.hole_flows = 4;
    settings.blocks = 64;
    settings.half_open_flows = 8;
    settings.tcp.receive_buffer_bytes = 8000;
    settings.tcp.send_buffer_bytes = 8000;
    options.lane.buffers = 160;
    Rule drop;
    drop.name = "drop";
    drop.protocol = RuleProtocol::any;
    drop.sources = {*parse_prefix("198.18.0.128/25")};
    drop.action = Action::drop;
    options.rules.insert(options.rules.begin(), drop);
    return options;
}

}  // namespace

StackRun::StackRun() : harness_{options_for_runs()} {
    Listener listener;
    listener.port = listen_port;
    listener.backlog = 4;
    listener_ = harness_.stack().listen(listener).value;
}

std::uint8_t StackRun::byte() {
    if (input_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(input_.front());
    input_ = input_.subspan(1);
    return value;
}

std::uint32_t StackRun::number(std::uint32_t below) {
    const std::uint32_t high = byte();
    return ((high << 8) | byte()) % below;
}

std::string StackRun::play(std::span<const std::byte> input) {
    input_ = input;
    while (!input_.empty() && harness_.fault().empty())
        step();
    harness_.pass_ms(1000, 50);
    harness_.stack().abort_all(harness_.now());
    if (conversation_) (void)harness_.stack().abort(*conversation_, harness_.now());
    if (datagrams_) (void)harness_.stack().abort(*datagrams_, harness_.now());
    (void)harness_.stack().close(listener_, harness_.now());
    harness_.pass_ms(200, 10);
    harness_.pass_ms(200'000, 5000);  // fragments expire
    harness_.check_empty();
    return harness_.fault();
}

void StackRun::step() {
    switch (byte() % 8) {
        case 0: return raw_frame();
        case 1:
        case 2:
        case 3: return segment();
        case 4: return datagram();
        case 5: return fragment();
        case 6: return pass_time();
        default: return call();
    }
}

void StackRun::inject(const Bytes& frame) {
    harness_.inject(frame);
    watch();
}

/// Learns our side's numbers from what is sent, so that later segments hit their flow.
void StackRun::watch() {
    while (harness_.has_sent()) {
        const Datagram sent = harness_.next_sent();
        if (sent.protocol != protocol_tcp || sent.has(0x04)) continue;
        our_seq_ = sent.seq + static_cast<std::uint32_t>(sent.payload.size()) +
                   (sent.has(2) ? 1 : 0) + (sent.has(1) ? 1 : 0);
        if (sent.has(0x10)) their_seq_ = sent.ack;
    }
    (void)harness_.take_link_sent();
}

void StackRun::raw_frame() {
    Bytes frame(number(200));
    for (std::byte& b : frame)
        b = static_cast<std::byte>(byte());
    const Ends ends = ends_of(Family::ip4);
    if (frame.size() > 14 && byte() % 4 != 0)
        std::copy_n(reinterpret_cast<const std::byte*>(ends.our_mac.bytes.data()), 6, frame.data());
    inject(frame);
}

Datagram StackRun::addressed() {
    constexpr std::array<std::uint16_t, 7> ports{7, 9, 19, 80, listen_port, 5000, 0};
    const std::uint8_t choice = byte();
    const Ends ends = ends_of((choice & 1) != 0 ? Family::ip6 : Family::ip4);
    Datagram d;
    d.source_mac = ends.their_mac;
    d.destination_mac = ends.our_mac;
    d.source = ends.theirs;
    d.destination = ends.ours;
    if ((choice & 2) != 0) d.source.bytes[15] = byte();
    if ((choice & 12) == 12) d.destination.bytes[15] = byte();
    d.source_port = static_cast<std::uint16_t>(4000 + (choice >> 6));
    d.destination_port = ports[byte() % ports.size()];
    return d;
}

void StackRun::segment() {
    Datagram d = addressed();
    d.flags = byte();
    const std::uint8_t where = byte();
    d.seq = their_seq_ + ((where & 1) != 0 ? number(65536) - 1000 : 0);
    d.ack = our_seq_ - ((where & 2) != 0 ? number(65536) - 1000 : 0);
    d.window = static_cast<std::uint16_t>((where & 4) != 0 ? number(65536) : 65535);
    if ((where & 8) != 0) {
        for (int i = 0; i < 8; ++i)
            d.options += static_cast<char>(byte());
    }
    if ((where & 16) != 0) d.payload.assign(number(1400), 'x');
    if ((where & 32) != 0) d.payload = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    inject(encode(d));
}

void StackRun::datagram() {
    Datagram d = addressed();
    constexpr std::array<std::uint8_t, 4> protocols{protocol_udp, protocol_icmp4, protocol_icmp6,
                                                    99};
    d.protocol = protocols[byte() % protocols.size()];
    d.type = byte();
    d.code = byte() % 16;
    d.hop_limit = (byte() & 1) != 0 ? 255 : 64;
    for (std::uint32_t i = number(120); i-- > 0;)
        d.payload += static_cast<char>(byte());
    inject(encode(d));
}

void StackRun::fragment() {
    Datagram d = addressed();
    d.protocol = (byte() & 1) != 0 ? protocol_udp : protocol_tcp;
    d.payload.assign(100 + number(3000), 'f');
    const auto parts = encode_fragments(d, 200 + number(1200), byte() % 8);
    const std::uint32_t mask = number(65536);
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (((mask >> (i % 16)) & 1) != 0) inject(parts[i]);
}

void StackRun::pass_time() {
    const std::uint32_t ms = number(4000);
    harness_.pass_ms(ms, std::max<std::uint32_t>(1, ms / 8));
    watch();
}

void StackRun::call() {
    Stack& stack = harness_.stack();
    const Tick now = harness_.now();
    const Ends ends = ends_of(Family::ip4);
    std::array<std::byte, 3000> room{};
    const std::uint8_t choice = byte();
    if (choice >= 192) return rarer_call(choice % 8);
    const std::uint8_t which = choice % 8;
    if (which == 0) {
        if (const auto result = stack.accept(listener_); result.ok()) conversation_ = result.value;
    } else if (which == 1) {
        const auto result = stack.open({ends.ours, 1000}, {ends.theirs, 4000}, now);
        if (result.ok()) conversation_ = result.value;
    } else if (conversation_) {
        const std::span text{room.data(), number(3000)};
        if (which == 2) (void)stack.send(*conversation_, text, now);
        if (which == 3) (void)stack.receive(*conversation_, text, now);
        if (which == 4) (void)stack.shutdown(*conversation_, now);
        if (which == 5) (void)stack.close(*conversation_, now);
        if (which == 6) (void)stack.abort(*conversation_, now);
        if (which == 7) (void)stack.status(*conversation_);
    }
    harness_.turn();
    watch();
}

void StackRun::rarer_call(unsigned which) {
    Stack& stack = harness_.stack();
    const Tick now = harness_.now();
    const Ends ends = ends_of(Family::ip4);
    std::array<std::byte, 3000> room{};
    const std::span text{room.data(), number(3000)};
    const unsigned how = byte();
    const Conversation on = conversation_.value_or(Conversation{});
    const Conversation datagrams = datagrams_.value_or(Conversation{});
    if (which == 0) (void)stack.release(on, number(3000));
    if (which == 1) (void)stack.shutdown(on, static_cast<Half>(how % 3), now);
    if (which == 2)
        (void)stack.receive(on, text, {.peek = how % 2 == 0, .release = how % 3 == 0}, now);
    if (which == 3) (void)stack.send(on, text, {.more = how % 2 == 0, .urgent = how % 3 == 0}, now);
    if (which == 4) change_settings(on, how);
    if (which == 5 && !datagrams_) {
        const auto result = stack.open_datagrams({ends.ours, 53}, std::nullopt);
        if (result.ok()) datagrams_ = result.value;
    }
    if (which == 6) (void)stack.send_datagram(datagrams, text, Endpoint{ends.theirs, 4000});
    if (which == 7 && how < 32) stack.reset(how % 2 == 0, now);
    if (which == 7) (void)stack.receive_datagram(datagrams, text);
    harness_.turn();
    watch();
}

void StackRun::change_settings(Conversation which, unsigned how) {
    auto settings = harness_.stack().settings(which);
    settings.value.nagle = how % 2 == 0;
    settings.value.receive_buffer_bytes = 1000 + 100 * how;
    settings.value.send_buffer_bytes = 500 + 50 * how;
    settings.value.linger_ms = how % 3 == 0 ? how * 10 : tcp::Settings::none;
    if (settings.ok()) (void)harness_.stack().set_settings(which, settings.value, harness_.now());
}

}  // namespace terminus::test
