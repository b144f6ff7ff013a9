// A service of your own behind an embedded stack; a second stack is its client.
#include "terminus/stack/policy.h"
#include "terminus/stack/stack.h"

#include <deque>
#include <iostream>
using namespace terminus;

struct Hello final : Service {  // answers whatever it hears, then closes
    static constexpr std::string_view said = "Hello from a stack of your own.\n";
    Hello() : Service{Text::generated} {}
    Taken take(ServiceState& state, std::span<const std::byte> text, bool) const override {
        state.mark += said.size();  // a promise, which fill() keeps as often as it is asked
        return {.bytes = text.size(), .close = true};
    }
    void fill(const ServiceState& state, tcp::Seq at, std::span<std::byte> into) const override {
        const auto left = std::as_bytes(std::span{said}).last(state.mark - at);
        std::ranges::copy(left.first(into.size()), into.begin());
    }
};
struct alignas(64) Line : std::array<std::byte, 64> {};
struct Host {
    StackSettings with;
    std::vector<Line> memory = std::vector<Line>(Stack::bytes_needed(with) / sizeof(Line) + 1);
    Stack stack{with, std::as_writable_bytes(std::span{memory}), Tick{0}};
    Outbox out{256};
    std::vector<Frame> arrived{};
    std::deque<std::array<std::byte, 2048>> buffers{1};  // of frames; a lane would use them again
    void turn(Host& peer, Tick now) {                    // what a worker does all day
        for (; out.stock_wanted() > 0; buffers.emplace_back())
            out.restock(std::array{Frame{&buffers.back()[128], &buffers, 0, 0, 1920, 128}});
        stack.receive(arrived, now, out);
        stack.advance(now, out);
        arrived.clear();
        peer.arrived.insert(peer.arrived.end(), out.sent().begin(), out.sent().end());
        out.clear();
    }
};

int main() {
    const Address here = *parse_address("192.0.2.1"), there = *parse_address("192.0.2.2");
    StackSettings ours, theirs;
    ours.interfaces = {{.mac = {{2, 0, 0, 0, 0, 1}}, .addresses = {{here, 24}}}};
    theirs.interfaces = {{.mac = {{2, 0, 0, 0, 0, 2}}, .addresses = {{there, 24}}}};
    Host server{ours}, client{theirs};
    server.stack.adopt(std::make_shared<Policy>(),
                       std::make_shared<Services>(1, std::make_shared<Hello>()));
    (void)server.stack.listen({.port = 7777, .serves = true});
    const auto talk = client.stack.open({}, {here, 7777}, Tick{0}).value;
    (void)client.stack.send(talk, std::as_bytes(std::span{"hi"}), Tick{0});
    for (Tick now{0};; now = now.after_ms(1)) {
        server.turn(client, now);
        client.turn(server, now);
        std::array<char, 100> text;
        const auto got = client.stack.receive(talk, std::as_writable_bytes(std::span{text}), now);
        if (got.ok() && got.value == 0) return 0;  // the end
        if (got.ok()) std::cout << std::string_view{text.data(), got.value};
    }
}
