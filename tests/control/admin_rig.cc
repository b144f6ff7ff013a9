/// The wire, the turns, and the answers.
#include "admin_rig.h"

#include <gtest/gtest.h>

namespace terminus::control {

namespace {

Interface interface_of(bool is_ours) {
    Interface interface = test::test_interface();
    if (is_ours) return interface;
    const test::Ends ends4 = test::ends_of(Family::ip4), ends6 = test::ends_of(Family::ip6);
    interface.mac = ends4.their_mac;
    interface.addresses = {{ends4.theirs, 24}, {ends6.theirs, 64}};
    interface.prefixes.clear();
    interface.gateways.clear();
    return interface;
}

/// The same at all workers of a side.
std::shared_ptr<const Spreads> spreads_for(std::uint16_t workers) {
    std::vector<std::byte> key(Toeplitz::key_bytes);
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<std::byte>(i * 89 + 7);
    return std::make_shared<const Spreads>(Spreads{Spread::even(key, workers)});
}

}  // namespace

Side::Side(const Interface& interface, std::uint16_t workers, const Tick& now)
    : clock_{now}, exchange_{workers}, seats_(workers) {
    const Shard shard{
        .workers = workers, .interfaces = {interface}, .spreads = spreads_for(workers)};
    std::vector<CallRings*> rings;
    for (std::uint16_t i = 0; i < workers; ++i) {
        build(seats_[i], i, interface);
        rings.push_back(seats_[i].calls.get());
    }
    calls = std::make_unique<AdminCalls>(std::move(rings), shard, *this);
}

void Side::build(Seat& seat, std::uint16_t index, const Interface& interface) {
    StackSettings settings = test::test_settings();
    settings.interfaces = {interface};
    settings.worker = index;
    settings.workers = exchange_.workers();
    settings.seed = index + 1U;
    settings.spreads = spreads_for(exchange_.workers());
    const std::size_t need = Stack::bytes_needed(settings);
    seat.memory.resize(need + 64);
    void* at = seat.memory.data();
    std::size_t space = seat.memory.size();
    std::align(64, need, at, space);
    seat.stack = std::make_unique<Stack>(settings, std::span(static_cast<std::byte*>(at), need),
                                         clock_.read().now);
    seat.lane = std::make_unique<NoQueue>(lane);
    seat.rings = std::make_unique<CommandRings>();
    seat.calls = std::make_unique<CallRings>(bell);
    WorkerSettings how;
    how.worker = index;
    how.spreads = settings.spreads;
    how.publish_us = 0;
    how.calls = seat.calls.get();
    how.interfaces = {interface};
    Lane* const real = &lane;
    how.lanes = {{.lane = index == 0 ? real : seat.lane.get(), .has_queue = index == 0}};
    seat.worker = std::make_unique<Worker>(how, *seat.stack, clock_, *seat.rings, exchange_);
    seat.rings->to_worker.push(AdoptPolicy{
        .epoch = 1,
        .policy = std::make_shared<const Policy>(Policy::compile(test::service_rules())),
        .services = std::make_shared<const Services>(test::built_in_services())});
}

void Side::turn() {
    for (Seat& seat : seats_)
        seat.worker->turn();
    seats_.front().worker->turn();  // sends what the others handed it
    calls->deliver();
    for (const auto& act : std::exchange(later_, {}))
        act();
}

void Side::finish(ClientId client, std::string_view call, std::string_view result) {
    lines_[client] = std::exchange(pieces_[client], {});
    ++counts[std::string{call} + " " + std::string{result}];
}

std::string Side::take_answer(ClientId client) { return std::exchange(lines_[client], {}); }

std::uint64_t Side::established() const {
    std::uint64_t count = 0;
    for (const Seat& seat : seats_)
        count += seat.stack->counters().flows[static_cast<std::size_t>(tcp::State::established)];
    return count;
}

Rig::Rig(std::uint16_t workers)
    : ours{interface_of(true), workers, now}, peer{interface_of(false), 1, now} {
    pass_ms(3000);
}

void Rig::pass_ms(int ms) {
    for (int i = 0; i < ms; ++i) {
        now = now.after_ms(1);
        ours.turn();
        for (const test::Bytes& frame : ours.departed())
            peer.lane.arrive(frame);
        peer.turn();
        for (const test::Bytes& frame : peer.departed())
            ours.lane.arrive(frame);
    }
}

void Rig::begin(Side& side, const std::string& line, ClientId client) {
    (void)side.calls->ask(client, line);
}

Json Rig::answer(Side& side, ClientId client) {
    const std::string line = side.take_answer(client);
    return line.empty() ? Json(nullptr) : Json::parse(line);
}

Json Rig::ask(Side& side, const std::string& line, ClientId client, int patience_ms) {
    begin(side, line, client);
    for (int i = 0; i <= patience_ms; ++i) {
        const Json found = answer(side, client);
        if (!found.is_null()) return found;
        pass_ms(1);
    }
    ADD_FAILURE() << "no answer to " << line;
    return Json::object();
}

Json Rig::must(Side& side, const std::string& line, ClientId client) {
    Json answer = ask(side, line, client);
    EXPECT_EQ(answer.value("ok", false), true) << line << " -> " << answer.dump();
    return answer;
}

}  // namespace terminus::control
