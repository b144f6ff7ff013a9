// One stack against a foreign TCP over a bad wire. The peer may keep to the end, vanish in the
// middle, or reboot; the route may shrink. Both streams stay equal, and our table ends empty.
#include "choices.h"
#include "foreign_host.h"
#include "pace.h"
#include "script_runner.h"
#include "simulation.h"
#include "talker.h"

#include <algorithm>

namespace terminus::test {
namespace {

constexpr std::uint16_t listen_port = 5000, their_port = 6000;
constexpr std::uint16_t first_port = 2000;
constexpr std::uint64_t bad_weather_us = 20'000'000;
constexpr std::uint64_t limit_us = 400'000'000;
constexpr std::uint64_t last_timers_us = 50'000'000;
constexpr std::uint64_t patience_us = 40'000'000;  ///< of users whose peer is gone

enum class Fate : std::uint8_t { stays, vanishes, reboots };

Harness::Options options_of(const Dice& dice, bool cookies) {
    Harness::Options options;
    options.settings.tcp = settings_of(dice);
    if (cookies) options.settings.tcp.syn_cookies = tcp::SynCookies::always;
    options.settings.isn_key.words[1] = dice.of("isn key").next();
    options.settings.seed = 1 + dice.below("seed", 1000);
    return options;
}

/// Cookies for every SYN, where the client is one that speaks first: the ACK of a cookie may be
/// lost, and a client with nothing to say would wait for a server that has forgotten it (RFC 4987
/// section 3.6).
bool always_cookies(const Dice& dice) { return dice.flip("always cookies", 0.2); }

Manners their_manners(const Dice& dice) {
    Manners manners = manners_of(dice.child("there"), dice.flip("family"));
    if (always_cookies(dice)) manners.waits_for_end = false;
    return manners;
}

Family family_of(const Dice& dice) { return dice.flip("family") ? Family::ip4 : Family::ip6; }

class AgainstForeign {
public:
    explicit AgainstForeign(const Dice& dice)
        : rng_{dice.of("calls")},
          here_{options_of(dice.child("here"), always_cookies(dice))},
          there_{ends_of(family_of(dice)), their_manners(dice), dice.of("foreign")},
          // Only what we send meets a bottleneck: the foreign TCP does not look for its path's MTU.
          to_there_{rng_.next(), weather_of(dice.child("weather there")),
                    bottleneck_of(dice.child("route"), family_of(dice), here_.now())},
          to_here_{rng_.next(), weather_of(dice.child("weather here")), {}},
          family_{family_of(dice)},
          in_bursts_{dice.flip("bursts")},
          fate_{dice.any_of(
              "fate", {Fate::stays, Fate::stays, Fate::stays, Fate::vanishes, Fate::reboots})},
          fate_at_{here_.now().after_us(dice.below("fate at", 8'000'000))} {}

    [[nodiscard]] std::string run();

private:
    void begin();
    void we_open(std::uint16_t which);
    void they_open(std::uint16_t which);
    void serve_them(std::uint16_t which);
    void accept();
    void meet_fate();
    void step();
    void heal();
    void carry();
    void deliver(const std::vector<Bytes>& frames);
    [[nodiscard]] bool is_wrong() const;
    [[nodiscard]] bool all_done() const;
    [[nodiscard]] std::string report() const;
    [[nodiscard]] std::string finish();
    [[nodiscard]] std::string text(bool ours) {
        return stream_text(ours, rng_.below(1000), length_of(rng_));
    }

    Rng rng_;
    Harness here_;
    ForeignHost there_;
    Wire to_there_, to_here_;
    Family family_;
    bool in_bursts_;
    Fate fate_;
    Tick fate_at_;
    bool is_met_ = false;
    Pace pace_;
    ListenerId listener_;
    std::vector<Talker> talkers_;
    std::vector<Talker::Task> answers_;  ///< of our side, by their port
    std::size_t to_accept_ = 0;
    std::string fault_;
};

void AgainstForeign::we_open(std::uint16_t which) {
    const std::string out = text(true), back = text(false);
    const auto port = static_cast<std::uint16_t>(their_port + which);
    there_.expect(port, {.send = back, .expect = out});
    const Ends ends = ends_of(family_);
    const auto opened = here_.stack().open({ends.ours, 0}, {ends.theirs, port}, here_.now());
    if (!opened.ok()) fault_ += "open: " + std::string{name(opened.error)};
    talkers_.emplace_back(here_, opened.value,
                          Talker::Task{.send = out,
                                       .expect = back,
                                       .may_fail = fate_ != Fate::stays,
                                       .slow = rng_.chance(0.1)});
}

void AgainstForeign::they_open(std::uint16_t which) {
    const std::string out = text(true), back = text(false);
    answers_.push_back(
        {.send = out, .expect = back, .may_fail = fate_ != Fate::stays, .slow = rng_.chance(0.1)});
    const auto port = static_cast<std::uint16_t>(first_port + which);
    there_.open({port, listen_port}, {.send = back, .expect = out}, here_.now().us);
    ++to_accept_;
}

/// A conversation with a built-in service: echo or discard.
void AgainstForeign::serve_them(std::uint16_t which) {
    const std::string out = text(false);
    const bool echo = rng_.chance(0.5);
    const auto port = static_cast<std::uint16_t>(first_port + 100 + which);
    const std::uint16_t service = echo ? 7 : 9;
    there_.open({port, service},
                {.send = out, .expect = echo ? out : std::string{}, .begins = true},
                here_.now().us);
}

void AgainstForeign::begin() {
    Listener listener;
    listener.port = listen_port;
    listener_ = here_.stack().listen(listener).value;
    for (std::uint16_t i = 0, n = static_cast<std::uint16_t>(rng_.below(3)); i < n; ++i)
        we_open(i);
    for (std::uint16_t i = 0, n = static_cast<std::uint16_t>(rng_.below(3)); i < n; ++i)
        they_open(i);
    if (rng_.chance(0.3) || talkers_.empty()) serve_them(0);
}

void AgainstForeign::accept() {
    const auto accepted = here_.stack().accept(listener_);
    if (!accepted.ok()) return;
    const auto status = here_.stack().status(accepted.value);
    const std::size_t which = status.value.remote.port - std::size_t{first_port};
    --to_accept_;
    if (which < answers_.size())
        talkers_.emplace_back(here_, accepted.value, answers_[which]);
    else if (fate_ == Fate::stays)
        fault_ += "accepted a conversation with nobody; ";
}

void AgainstForeign::meet_fate() {
    if (is_met_ || fate_ == Fate::stays || here_.now() < fate_at_) return;
    is_met_ = true;
    to_accept_ = 0;
    if (fate_ == Fate::vanishes) there_.vanish();
    if (fate_ == Fate::reboots) there_.reboot();
}

void AgainstForeign::deliver(const std::vector<Bytes>& frames) {
    if (frames.empty()) return;
    pace_.saw_work();
    if (in_bursts_) here_.inject_burst(frames);
    for (std::size_t i = 0; i < frames.size() && !in_bursts_; ++i) {
        here_.inject(frames[i]);
        for (Talker& talker : talkers_)
            talker.watch(Between::event);
    }
    for (Talker& talker : talkers_)
        talker.watch(Between::turn);
}

void AgainstForeign::carry() {
    for (Bytes& frame : here_.take_sent())
        to_there_.send(std::move(frame), here_.now());
    for (const Bytes& frame : to_there_.arrived(here_.now())) {
        there_.receive(frame, here_.now().us);
        pace_.saw_work();
    }
    there_.advance(here_.now().us);
    for (Bytes& frame : there_.take())
        to_here_.send(std::move(frame), here_.now());
    deliver(to_here_.arrived(here_.now()));
    deliver(to_there_.take_errors());
}

void AgainstForeign::step() {
    const std::uint64_t us = pace_.step_us(here_.now(), {to_there_.next(), to_here_.next()});
    pace_.saw_nothing();
    here_.pass_us(us, us);
    (void)here_.take_link_sent();
    for (Talker& talker : talkers_)
        talker.watch(Between::turn);
    meet_fate();
    carry();
    if (to_accept_ > 0) accept();
    for (Talker& talker : talkers_)
        talker.act(rng_);
}

void AgainstForeign::heal() {
    to_here_.heal();
    to_there_.heal();
}

bool AgainstForeign::is_wrong() const {
    return !fault_.empty() || !here_.fault().empty() || !there_.fault().empty() ||
           std::ranges::any_of(talkers_, [](const Talker& t) { return !t.fault().empty(); });
}

bool AgainstForeign::all_done() const {
    return to_accept_ == 0 && there_.done() &&
           std::ranges::all_of(talkers_, [](const Talker& t) { return t.done(); });
}

std::string AgainstForeign::report() const {
    std::string text = fault_ + here_.fault() + there_.fault() + there_.progress();
    for (const Talker& talker : talkers_)
        text += "\n    " + talker.progress();
    return text;
}

/// What the peer left behind when it went goes when our users give up, and by keepalive.
std::string AgainstForeign::finish() {
    heal();
    const Tick end = here_.now().after_us(last_timers_us);
    while (here_.now() < end && !is_wrong())
        step();
    (void)here_.stack().close(listener_, here_.now());
    if (fate_ == Fate::stays)
        here_.turn();
    else
        here_.let_peers_vanish();
    here_.check_empty();
    return is_wrong() ? "at the end: " + report() : std::string{};
}

std::string AgainstForeign::run() {
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
        if (is_met_ && here_.now() >= fate_at_.after_us(patience_us)) {
            for (Talker& talker : talkers_)
                if (!talker.done()) talker.abandon();
        }
    }
    return "it did not end" + report();
}

}  // namespace

std::string run_against_foreign(std::uint64_t seed) { return AgainstForeign{Dice{seed}}.run(); }

}  // namespace terminus::test
