// Two stacks over a bad wire: whatever happens to the frames, both sides get exactly the text that
// was sent, and in the end nothing is left in any table.
#include "choices.h"
#include "pace.h"
#include "script_runner.h"
#include "simulation.h"
#include "talker.h"

#include <algorithm>

namespace terminus::test {
namespace {

constexpr std::uint16_t listen_port = 5000;
constexpr std::uint16_t first_port = 2000;
constexpr std::uint64_t bad_weather_us = 20'000'000;
constexpr std::uint64_t limit_us = 400'000'000;
constexpr std::uint64_t last_timers_us = 50'000'000;
constexpr std::uint32_t body_bytes = 3000;

Harness::Options options_of(const Dice& dice) {
    Harness::Options options;
    options.answers_for_peers = false;
    options.body_bytes = body_bytes;
    options.settings.interfaces.front().gateways.clear();
    options.settings.tcp = settings_of(dice);
    options.settings.isn_key.words[1] = dice.of("isn key").next();
    options.settings.seed = 1 + dice.below("seed", 1000);
    return options;
}

/// The stack at the other end: the peer's addresses are its own.
Harness::Options other_end(Harness::Options options) {
    Interface& interface = options.settings.interfaces.front();
    const Ends ip4 = ends_of(Family::ip4), ip6 = ends_of(Family::ip6);
    interface.mac = ip4.their_mac;
    interface.addresses = {{ip4.theirs, 24}, {ip6.theirs, 64}};
    interface.prefixes.clear();
    return options;
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
    const std::size_t size = length_of(rng);
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

class TwoStacks {
public:
    explicit TwoStacks(const Dice& dice)
        : dice_{dice},
          rng_{dice.of("calls")},
          here_{options_of(dice.child("here"))},
          there_{other_end(options_of(dice.child("there")))},
          family_{dice.flip("family") ? Family::ip4 : Family::ip6},
          to_there_{rng_.next(), weather_of(dice.child("weather there")),
                    bottleneck_of(dice.child("route there"), family_, here_.now())},
          to_here_{rng_.next(), weather_of(dice.child("weather here")),
                   bottleneck_of(dice.child("route here"), family_, here_.now())},
          in_bursts_{dice.flip("bursts")} {}

    [[nodiscard]] std::string run();

private:
    void begin();
    void open(std::uint16_t port, std::uint16_t to, Talker::Task task);
    void accept();
    void step();
    void heal();
    void carry(Harness& from, Harness& to, Wire& wire);
    void watch(Between between);
    [[nodiscard]] bool is_wrong() const;
    [[nodiscard]] bool all_done() const;
    [[nodiscard]] std::string report() const;
    [[nodiscard]] std::string finish();

    Dice dice_;
    Rng rng_;
    Harness here_, there_;
    Family family_;
    Wire to_there_, to_here_;
    bool in_bursts_;
    Pace pace_;
    ListenerId listener_;
    std::vector<Talker> talkers_;
    std::vector<Talker::Task> answers_;  ///< of the other side, by our port
    std::size_t to_accept_ = 0;
    std::string fault_;
};

void TwoStacks::open(std::uint16_t port, std::uint16_t to, Talker::Task task) {
    const Ends ends = ends_of(family_);
    const auto opened = here_.stack().open({ends.ours, port}, {ends.theirs, to}, here_.now());
    if (!opened.ok()) fault_ += "open: " + std::string{name(opened.error)};
    talkers_.emplace_back(here_, opened.value, std::move(task));
}

void TwoStacks::begin() {
    Listener listener;
    listener.port = listen_port;
    listener_ = there_.stack().listen(listener).value;
    to_accept_ = 1 + rng_.below(3);
    for (std::size_t i = 0; i < to_accept_; ++i) {
        const std::string out = stream_text(true, rng_.below(1000), length_of(rng_));
        const std::string back = stream_text(false, rng_.below(1000), length_of(rng_));
        const bool slow = rng_.chance(0.1);
        answers_.push_back({.send = back, .expect = out, .slow = slow});
        open(static_cast<std::uint16_t>(first_port + i), listen_port,
             {.send = out, .expect = back, .slow = rng_.chance(0.1)});
    }
    constexpr std::array<std::uint16_t, 4> ports{7, 9, 19, 80};
    for (std::uint32_t i = rng_.below(3); i-- > 0;) {
        const std::uint32_t which = rng_.below(4);
        open(static_cast<std::uint16_t>(first_port + 100 + i), ports[which],
             task_of(static_cast<Serve>(which), rng_));
    }
}

void TwoStacks::accept() {
    const auto accepted = there_.stack().accept(listener_);
    if (!accepted.ok()) return;
    const auto status = there_.stack().status(accepted.value);
    const std::size_t which = status.value.remote.port - std::size_t{first_port};
    if (which >= answers_.size()) {
        fault_ += "accepted a conversation with nobody; ";
        return;
    }
    talkers_.emplace_back(there_, accepted.value, answers_[which]);
    --to_accept_;
}

void TwoStacks::watch(Between between) {
    for (Talker& talker : talkers_)
        talker.watch(between);
}

void TwoStacks::carry(Harness& from, Harness& to, Wire& wire) {
    for (Bytes& frame : from.take_link_sent())
        wire.send(std::move(frame), from.now());
    for (Bytes& frame : from.take_sent())
        wire.send(std::move(frame), from.now());
    for (const Bytes& error : wire.take_errors())
        from.inject(error);
    const auto frames = wire.arrived(to.now());
    if (frames.empty()) return;
    pace_.saw_work();
    if (in_bursts_) {
        to.inject_burst(frames);
        return watch(Between::turn);
    }
    for (const Bytes& frame : frames) {
        to.inject(frame);
        watch(Between::event);
    }
}

void TwoStacks::step() {
    const std::uint64_t us = pace_.step_us(here_.now(), {to_there_.next(), to_here_.next()});
    pace_.saw_nothing();
    here_.pass_us(us, us);
    there_.pass_us(us, us);
    watch(Between::turn);
    carry(here_, there_, to_there_);
    carry(there_, here_, to_here_);
    if (to_accept_ > 0) accept();
    for (Talker& talker : talkers_)
        talker.act(rng_);
}

void TwoStacks::heal() {
    to_here_.heal();
    to_there_.heal();
}

bool TwoStacks::is_wrong() const {
    return !fault_.empty() || !here_.fault().empty() || !there_.fault().empty() ||
           std::ranges::any_of(talkers_, [](const Talker& t) { return !t.fault().empty(); });
}

bool TwoStacks::all_done() const {
    return to_accept_ == 0 &&
           std::ranges::all_of(talkers_, [](const Talker& t) { return t.done(); });
}

std::string TwoStacks::report() const {
    std::string text = fault_ + here_.fault() + there_.fault();
    for (const Talker& talker : talkers_)
        text += "\n    " + talker.progress();
    return text;
}

/// Both tables, and the blocks of both, must be empty once the last timers have run.
std::string TwoStacks::finish() {
    heal();
    const Tick end = here_.now().after_us(last_timers_us);
    while (here_.now() < end)
        step();
    (void)there_.stack().close(listener_, there_.now());
    for (Harness* side : {&here_, &there_}) {
        side->turn();
        side->check_empty();
    }
    return is_wrong() ? "at the end" + report() : std::string{};
}

std::string TwoStacks::run() {
    begin();
    const Tick healed = here_.now().after_us(bad_weather_us);
    const Tick limit = here_.now().after_us(limit_us);
    for (bool bad = true; here_.now() < limit;) {
        if (bad && here_.now() >= healed) {
            heal();
            bad = false;
        }
        step();
        if (is_wrong()) return report();
        if (all_done()) return finish();
    }
    return "it did not end" + report();
}

}  // namespace

std::string run_two_stacks(std::uint64_t seed) { return TwoStacks{Dice{seed}}.run(); }

}  // namespace terminus::test
