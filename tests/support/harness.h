/// A stack with a memory lane under it and a clock that only the test moves. It plays the worker:
/// receives, advances, transmits; and after each turn it checks what must always hold: no frame
/// leaked, every received frame ended once, every frame sent is well formed.
#pragma once

#include "terminus/service/services.h"
#include "terminus/stack/policy.h"
#include "terminus/stack/stack.h"

#include "memory_lane.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace terminus::test {

/// The built-in services, at these indices. close and abort end after half a second, send sends
/// 3,000 bytes; the last three do it at once, with nothing to send.
enum class Serve : std::uint16_t {
    echo,
    discard,
    chargen,
    http,
    ping,
    tarpit,
    capture,
    idle,
    close,
    abort,
    send,
    close_at_once,
    abort_at_once,
    send_nothing,
};
/// The TCP port that service_rules() gives to a service; 0 for ping.
[[nodiscard]] std::uint16_t port_of(Serve service);
[[nodiscard]] Services built_in_services(std::uint32_t body_bytes = 1000);

/// The addresses of the test network: we and one peer, of the same family, on one link.
struct Ends {
    Address ours, theirs;
    Mac our_mac{{2, 0, 0, 0, 0, 2}}, their_mac{{2, 0, 0, 0, 0, 1}};
};
[[nodiscard]] Ends ends_of(Family family);
/// An interface with our addresses of both families, prefixes 198.18.1.0/24 and 2001:db8:18:1::/64,
/// gateways.
[[nodiscard]] Interface test_interface();
/// Small tables, fixed keys, one test_interface().
[[nodiscard]] StackSettings test_settings();
/// Rules that serve the built-in services on their ports: see port_of(), and ping; everything else
/// resets.
[[nodiscard]] std::vector<Rule> service_rules();

class Harness {
public:
    struct Options {
        StackSettings settings = test_settings();
        std::vector<Rule> rules = service_rules();
        std::uint32_t body_bytes = 1000;
        MemoryLane::Shape lane{};
        bool answers_for_peers = true;  ///< ARP and ND questions about the peer are answered
    };
    explicit Harness(Options options);
    Harness() : Harness(Options{}) {}
    Harness(const Harness&) = delete;
    Harness& operator=(const Harness&) = delete;

    /// A frame arrives, and one turn passes at the same moment.
    void inject(std::span<const std::byte> frame);
    void inject(const Datagram& datagram) { inject(encode(datagram)); }
    /// Several frames arrive in one burst.
    void inject_burst(const std::vector<Bytes>& frames);
    /// Time passes in steps, with a turn after each.
    void pass_us(std::uint64_t us, std::uint64_t step_us = 1000);
    void pass_ms(std::uint64_t ms, std::uint64_t step_ms = 1) {
        pass_us(ms * 1000, step_ms * 1000);
    }
    /// A turn without anything new: what calls have asked for gets done.
    void turn();

    /// The next frame sent that is neither ARP, ND nor MLD; null handle-free: `none` when there is
    /// none.
    [[nodiscard]] bool has_sent() const { return !sent_.empty(); }
    /// The oldest of them, raw and left in place.
    [[nodiscard]] const Bytes& peek_sent() const { return sent_.front(); }
    [[nodiscard]] Datagram next_sent();
    /// All of them, raw.
    [[nodiscard]] std::vector<Bytes> take_sent();
    /// The link's own messages: ARP, ND, MLD.
    [[nodiscard]] std::vector<Bytes> take_link_sent();
    void forget_sent();

    [[nodiscard]] Stack& stack() { return *stack_; }
    [[nodiscard]] const Counters& counters() const { return stack_->counters(); }
    [[nodiscard]] std::uint64_t drops(Drop reason) const {
        return counters().drops[static_cast<std::size_t>(reason)];
    }
    [[nodiscard]] std::uint64_t events(TcpEvent event) const {
        return counters().tcp[static_cast<std::size_t>(event)];
    }
    [[nodiscard]] std::uint64_t flows_in(tcp::State state) const {
        return counters().flows[static_cast<std::size_t>(state)];
    }
    [[nodiscard]] Tick now() const { return now_; }
    /// Everything that was ever wrong, in words; empty when nothing was.
    [[nodiscard]] const std::string& fault() const { return fault_; }

    /// The peers vanish: time passes, then every flow is aborted, and no flow is left.
    void let_peers_vanish();
    /// Complains of whatever the tables still hold.
    void check_empty();

private:
    void exchange();
    void sort_out(std::vector<Bytes> frames);
    void answer_for_peer(const Bytes& frame, const Datagram& datagram);
    void meet_peers();
    void check_sums();
    void complain(const std::string& what);

    std::vector<std::byte> memory_;
    std::unique_ptr<Stack> stack_;
    MemoryLane lane_;
    Outbox outbox_;
    std::size_t stock_capacity_ = 0;
    Tick now_{1'000'000};
    bool answers_for_peers_;
    std::deque<Bytes> sent_, link_sent_, to_answer_;
    std::string fault_;
};

}  // namespace terminus::test
