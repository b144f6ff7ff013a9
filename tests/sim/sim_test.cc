// Two stacks over a bad wire, in virtual time: whatever happens to the frames, both sides get
// exactly the text that was sent, and in the end nothing is left in any table.
//
// TERMINUS_SIM_SEEDS: how many seeds are run; TERMINUS_SIM_SEED: one seed, to repeat it.
#include "script_runner.h"
#include "talker.h"
#include "wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>

namespace terminus::test {
namespace {

constexpr std::uint16_t listen_port = 5000;
constexpr std::uint16_t first_port = 2000;
constexpr std::uint64_t step_us = 2000;
constexpr std::uint64_t bad_weather_us = 20'000'000;
constexpr std::uint64_t limit_us = 400'000'000;
constexpr std::uint32_t body_bytes = 3000;

/// The stack at the other end: the peer's addresses are its own.
Harness::Options other_end(Harness::Options options) {
    Interface& interface = options.settings.interfaces.front();
    const Ends ip4 = ends_of(Family::ip4), ip6 = ends_of(Family::ip6);
    interface.mac = ip4.their_mac;
    interface.addresses = {{ip4.theirs, 24}, {ip6.theirs, 64}};
    interface.prefixes.clear();
    interface.gateways.clear();
    options.settings.isn_key.words[0] ^= 99;
    options.settings.seed = 2;
    return options;
}

Harness::Options options_of(Rng& rng) {
    Harness::Options options;
    options.answers_for_peers = false;
    options.body_bytes = body_bytes;
    options.settings.interfaces.front().gateways.clear();
    auto& tcp = options.settings.tcp;
    tcp.time_wait_ms = 1000;
    tcp.fin_wait_2_ms = 5000;
    tcp.give_up_ms = 300'000;
    tcp.syn_give_up_ms = 300'000;
    tcp.syn_ack_retries = 8;
    tcp.rto_max_ms = 5000;
    tcp.receive_buffer_bytes = 2000 + rng.below(100'000);
    tcp.send_buffer_bytes = 2000 + rng.below(100'000);
    options.settings.isn_key.words[1] = rng.next();
    return options;
}

Weather weather_of(Rng& rng) {
    Weather weather;
    weather.loss = 0.05 * rng.below(4);
    weather.duplication = 0.05 * rng.below(3);
    weather.reordering = 0.2 * rng.below(3);
    weather.corruption = 0.02 * rng.below(3);
    weather.delay_us = 100 + rng.below(50'000);
    weather.jitter_us = 1 + rng.below(60'000);
    return weather;
}

/// The answer that the http service gives to `requests`, all of one kind.
std::string http_answer(const std::string& requests) {
    const auto http = make_http(body_bytes);
    ServiceState state;
    (void)http->take(state, std::as_bytes(std::span{requests}), true);
    std::string text(state.mark.value, ' ');
    http->fill(state, tcp::Seq{0}, std::as_writable_bytes(std::span{text}));
    return text;
}

/// What the client of a service has to do.
Talker::Task task_of(Serve service, Rng& rng) {
    const std::size_t size = rng.below(40'000);
    const std::string text = stream_text(true, rng.below(1000), size);
    if (service == Serve::echo) return {.send = text, .expect = text};
    if (service == Serve::discard) return {.send = text, .expect = {}};
    if (service == Serve::chargen) {
        std::string expect(size, ' ');
        make_chargen()->fill({}, tcp::Seq{0}, std::as_writable_bytes(std::span{expect}));
        return {.send = {}, .expect = expect, .leaves_early = true};
    }
    std::string requests;
    for (std::uint32_t i = rng.below(20); i-- > 0;)
        requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    return {.send = requests, .expect = http_answer(requests)};
}

class Simulation {
public:
    explicit Simulation(std::uint64_t seed)
        : rng_{seed},
          options_{options_of(rng_)},
          here_{options_},
          there_{other_end(options_)},
          to_there_{rng_.next(), weather_of(rng_)},
          to_here_{rng_.next(), weather_of(rng_)},
          family_{rng_.chance(0.5) ? Family::ip4 : Family::ip6} {}

    /// Empty: all went well.
    std::string run();

private:
    void begin();
    void open(std::uint16_t port, std::uint16_t to, Talker::Task task);
    void accept();
    void step();
    void carry(Harness& from, Harness& to, Wire& wire);
    [[nodiscard]] bool all_done() const;
    [[nodiscard]] std::string report() const;
    [[nodiscard]] std::string finish();

    Rng rng_;
    Harness::Options options_;
    Harness here_, there_;
    Wire to_there_, to_here_;
    Family family_;
    ListenerId listener_;
    std::vector<Talker> talkers_;
    std::vector<Talker::Task> answers_;  ///< of the other side, by our port
    std::size_t to_accept_ = 0;
};

void Simulation::open(std::uint16_t port, std::uint16_t to, Talker::Task task) {
    const Ends ends = ends_of(family_);
    const auto opened = here_.stack().open({ends.ours, port}, {ends.theirs, to}, here_.now());
    ASSERT_TRUE(opened.ok());
    talkers_.emplace_back(here_, opened.value, std::move(task));
}

void Simulation::begin() {
    Listener listener;
    listener.port = listen_port;
    listener_ = there_.stack().listen(listener).value;
    to_accept_ = 1 + rng_.below(4);
    for (std::size_t i = 0; i < to_accept_; ++i) {
        const std::string out = stream_text(true, rng_.below(1000), rng_.below(60'000));
        const std::string back = stream_text(false, rng_.below(1000), rng_.below(60'000));
        answers_.push_back({.send = back, .expect = out});
        open(static_cast<std::uint16_t>(first_port + i), listen_port,
             {.send = out, .expect = back});
    }
    constexpr std::array<std::uint16_t, 4> ports{7, 9, 19, 80};
    for (std::uint32_t i = rng_.below(4); i-- > 0;) {
        const std::uint32_t which = rng_.below(4);
        open(static_cast<std::uint16_t>(first_port + 100 + i), ports[which],
             task_of(static_cast<Serve>(which), rng_));
    }
}

void Simulation::accept() {
    const auto accepted = there_.stack().accept(listener_);
    if (!accepted.ok()) return;
    const auto status = there_.stack().status(accepted.value);
    // A conversation that ended in the queue has no remote end any more; it cannot be one of ours.
    ASSERT_GE(status.value.remote.port, first_port);
    const std::size_t which = status.value.remote.port - std::size_t{first_port};
    talkers_.emplace_back(there_, accepted.value, answers_.at(which));
    --to_accept_;
}

void Simulation::carry(Harness& from, Harness& to, Wire& wire) {
    for (Bytes& frame : from.take_link_sent())
        wire.send(std::move(frame), from.now());
    for (Bytes& frame : from.take_sent())
        wire.send(std::move(frame), from.now());
    const auto frames = wire.arrived(to.now());
    if (!frames.empty()) to.inject_burst(frames);
}

void Simulation::step() {
    here_.pass_us(step_us, step_us);
    there_.pass_us(step_us, step_us);
    carry(here_, there_, to_there_);
    carry(there_, here_, to_here_);
    if (to_accept_ > 0) accept();
    for (Talker& talker : talkers_)
        talker.act(rng_);
}

bool Simulation::all_done() const {
    return to_accept_ == 0 &&
           std::ranges::all_of(talkers_, [](const Talker& t) { return t.done(); });
}

std::string Simulation::report() const {
    std::string text = here_.fault() + there_.fault();
    for (const Talker& talker : talkers_)
        text += "\n    " + talker.progress();
    return text;
}

/// Both tables, and the blocks of both, must be empty once the last timers have run.
std::string Simulation::finish() {
    for (std::uint64_t us = 0; us < 20'000'000; us += step_us)
        step();
    (void)there_.stack().close(listener_, there_.now());
    for (Harness* end : {&here_, &there_}) {
        end->turn();
        end->check_empty();
    }
    return here_.fault() + there_.fault();
}

std::string Simulation::run() {
    begin();
    for (std::uint64_t us = 0; us < limit_us; us += step_us) {
        if (us == bad_weather_us) {
            to_here_.heal();
            to_there_.heal();
        }
        step();
        const bool failed =
            std::ranges::any_of(talkers_, [](const Talker& t) { return !t.fault().empty(); });
        if (failed || !here_.fault().empty() || !there_.fault().empty()) return report();
        if (all_done()) return finish();
    }
    return "it did not end" + report();
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

TEST(Simulation, LosesNothing) {
    const std::uint64_t one = number_from("TERMINUS_SIM_SEED", 0);
    const std::uint64_t seeds = one != 0 ? 1 : number_from("TERMINUS_SIM_SEEDS", 200);
    for (std::uint64_t i = 0; i < seeds; ++i) {
        const std::uint64_t seed = one != 0 ? one : i + 1;
        Simulation simulation{seed};
        const std::string fault = simulation.run();
        ASSERT_EQ(fault, "") << "repeat with TERMINUS_SIM_SEED=" << seed;
    }
    std::cout << seeds << " seeds\n";
}

}  // namespace
}  // namespace terminus::test
