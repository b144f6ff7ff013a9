/// The stack: one core's whole network stack, as a function of (state, frames, now). It owns its
/// shard of flows, neighbours and fragments; it reads no clock and calls nobody but the services it
/// was given. One thread uses it, from construction to the end.
#pragma once

#include "terminus/base/hash.h"
#include "terminus/base/time.h"
#include "terminus/stack/calls.h"
#include "terminus/stack/captures.h"
#include "terminus/stack/counters.h"
#include "terminus/stack/frame.h"
#include "terminus/stack/interface.h"
#include "terminus/stack/listener.h"
#include "terminus/stack/outbox.h"
#include "terminus/stack/service.h"
#include "terminus/stack/steering.h"
#include "terminus/tcp/settings.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace terminus {

class Policy;

/// What to do with a SYN when the table is full.
enum class TableFull : std::uint8_t { evict_time_wait, reset, silent };

/// The limits of ICMP errors: `[icmp]` in the configuration.
struct IcmpSettings {
    std::uint32_t errors_per_second = 1000;  ///< 0: no limit
    std::uint32_t burst = 100;
    std::uint32_t per_destination_per_second = 10;  ///< 0: no limit
};

/// No segment to or from a host below `prefix` is larger: `bytes` is an MSS, of text and options.
struct MssCeiling {
    Prefix prefix;
    std::uint16_t bytes = 0;
    friend constexpr bool operator==(const MssCeiling&, const MssCeiling&) = default;
};

/// What one worker's stack is made of. Limits are this worker's share.
struct StackSettings {
    std::uint32_t flows = 1 << 16;      ///< flow records, at most 2^27
    std::uint32_t ip6_flows = 1 << 14;  ///< of which IPv6 at most
    std::uint32_t busy_flows =
        1 << 12;  ///< busy records: flows with much in flight, text held, or calls
    std::uint32_t hole_flows = 1 << 10;       ///< those that hold text beyond a hole at a time
    std::uint32_t conversations = 1 << 10;    ///< those of user calls, at most busy_flows count
    std::uint32_t blocks = 1 << 14;           ///< of 256 bytes, for text that waits
    std::uint32_t half_open_flows = 1 << 14;  ///< flows in SYN-RECEIVED at most
    TableFull table_full = TableFull::evict_time_wait;
    tcp::Settings tcp;
    IcmpSettings icmp;
    CaptureSettings captures;
    std::vector<Interface> interfaces;
    std::vector<MssCeiling> mss_ceilings;      ///< the longest prefix counts
    HashKey table_key, isn_key;                ///< fresh entropy at each start
    std::uint64_t seed = 1;                    ///< of ports, identifiers and jitter
    std::uint16_t worker = 0, workers = 1;     ///< which shard this is
    std::shared_ptr<const Spreads> spreads{};  ///< by lane, with several workers: who owns what
};

/// The services by index, shared by all workers, immutable.
using Services = std::vector<std::shared_ptr<const Service>>;

class Stack {
public:
    /// Bytes of table memory that `settings` need: exact, for the plan and the reservation.
    [[nodiscard]] static std::size_t bytes_needed(const StackSettings& settings);
    /// `memory` holds bytes_needed() bytes, 64-byte aligned and zero; it outlives the stack.
    /// Allocates its small parts, and throws std::invalid_argument for settings that cannot be.
    Stack(StackSettings settings, std::span<std::byte> memory, Tick now);
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    ~Stack();

    /// Rules and services from now on; live flows keep their listener's service, which must stay at
    /// its index and alive. The caller keeps the old policy until this returns. May allocate (rule
    /// counters).
    void adopt(std::shared_ptr<const Policy> policy, std::shared_ptr<const Services> services);

    /// One burst of at most 64 frames, in arrival order. Each ends once: see End.
    void receive(std::span<Frame> burst, Tick now, Outbox& out);
    /// True before a burst when more frames wait than this core can serve: live flows go first. As
    /// long as any of them is heard, strangers are dropped, for `overload`, and cost little.
    void favour_flows(bool overloaded);
    /// Due timers, ready senders, neighbour and address upkeep. Returns true when it did any work.
    bool advance(Tick now, Outbox& out);
    /// No new flow from now on: SYNs are refused.
    void drain();
    /// RST to every flow that would get one, in the next turns; tables end empty, handles end.
    void abort_all(Tick now);

    [[nodiscard]] const Counters& counters() const;
    /// Hits of the adopted policy's rules, in rule order; one judged packet each.
    [[nodiscard]] std::span<const std::uint64_t> rule_hits() const;
    /// Live flows, and room for them.
    [[nodiscard]] std::size_t flows() const;
    [[nodiscard]] std::size_t flow_capacity() const;
    /// Frames that the stack holds now: those that wait for a neighbour.
    [[nodiscard]] std::size_t frames_held() const;
    /// Gives every held frame to `out` for release: before the lanes close.
    void release_held(Outbox& out);

    /// The oldest text that a capture service kept; null: none waits. drop_captured() forgets it.
    [[nodiscard]] const Captured* captured() const;
    void drop_captured();

    // The user calls of RFC 9293 section 3.9.1, for programs, tests and the admin socket. A call
    // that is forbidden in a state returns the error of section 3.10 and changes nothing. What a
    // call causes leaves with the next advance(). An error that ended a conversation is told once,
    // by the next of send(), receive(), shutdown() and take_error(); after it send() and shutdown()
    // answer `closing` and receive() the end. A handle lives until its conversation is CLOSED and
    // its owner has closed or aborted it; then `no_such_conversation`. Between close() and that
    // only status(), ready(), settings(), take_error() and abort() are allowed, the others answer
    // `closing`. `options` null: the device's defaults.

    /// Passive OPEN: RFC 9293 section 3.9.1.1. Connections of the port live on (MUST-41), and it
    /// may have them while it listens (MUST-42). `address_in_use`: another listener has the same
    /// address, port and remote.
    /// A passive OPEN: RFC 9293 section 3.9.1.1. Connections of the port live on (MUST-41), and it
    /// may have them while it listens (MUST-42).
    [[nodiscard]] CallResult<ListenerId> listen(const Listener& listener,
                                                const tcp::Settings* options = nullptr);
    /// The oldest established conversation of the listener; `would_block`: none waits.
    [[nodiscard]] CallResult<Conversation> accept(ListenerId listener);
    /// Half-open and unaccepted conversations of the listener are reset; the handle ends.
    CallError close(ListenerId listener, Tick now);
    CallError abort(ListenerId listener, Tick now) { return close(listener, now); }

    /// Active OPEN; `local` may leave address and port unspecified (MUST-43): both are chosen now
    /// (MUST-44) and stay (MUST-45). `already_connected`: these two ends are connected;
    /// `address_in_use`: their last conversation is in TIME-WAIT.
    [[nodiscard]] CallResult<Conversation> open(Endpoint local, Endpoint remote, Tick now,
                                                const tcp::Settings* options = nullptr);
    /// Queues what fits; returns the number of bytes, `would_block` when none did. Text without
    /// bytes pushes what waited for `more`.
    [[nodiscard]] CallResult<std::size_t> send(Conversation which, std::span<const std::byte> text,
                                               SendHow how, Tick now);
    [[nodiscard]] CallResult<std::size_t> send(Conversation which, std::span<const std::byte> text,
                                               Tick now) {
        return send(which, text, SendHow{}, now);
    }
    /// Takes text; 0 bytes without an error is the end: the peer's FIN (or `into` is empty).
    [[nodiscard]] CallResult<std::size_t> receive(Conversation which, std::span<std::byte> into,
                                                  ReceiveHow how, Tick now);
    [[nodiscard]] CallResult<std::size_t> receive(Conversation which, std::span<std::byte> into,
                                                  Tick now) {
        return receive(which, into, ReceiveHow{}, now);
    }
    /// Opens the window by `bytes` of text received without `release`; `bad_request`: more than
    /// that.
    CallError release(Conversation which, std::uint32_t bytes);
    /// Closes a half. Half::send: FIN after the text queued so far (RFC 9293 section 3.9.1.5).
    CallError shutdown(Conversation which, Half half, Tick now);
    CallError shutdown(Conversation which, Tick now) { return shutdown(which, Half::send, now); }
    /// Both halves (RFC 9293 section 3.6.1, MAY-1), in the background. With unread text, or where
    /// text still comes, an RST (RFC 2525 section 2.17); tcp::Settings::linger_ms bounds how long
    /// it may take.
    CallError close(Conversation which, Tick now);
    /// ABORT: RST where RFC 9293 section 3.10.5 sends one.
    CallError abort(Conversation which, Tick now);

    [[nodiscard]] CallResult<Ready> ready(Conversation which) const;
    [[nodiscard]] CallResult<Ready> ready(ListenerId which) const;
    /// The error that ended the conversation, taken; `none` when none is left to tell.
    [[nodiscard]] CallResult<CallError> take_error(Conversation which);
    /// STATUS, whole, as of the last turn or call: RFC 9293 section 3.10.6.
    [[nodiscard]] CallResult<Status> status(Conversation which) const;
    [[nodiscard]] CallResult<Status> status(ListenerId which) const;
    /// STATUS of everything, a step at a time: listeners (LISTEN), then every flow, embryonic, in
    /// TIME-WAIT and of services too. Returns how many of `into` were written; looks at no more
    /// than `most_walked` records. `local_port` 0: of all.
    [[nodiscard]] std::size_t walk(Walk& walk, std::uint16_t local_port,
                                   std::span<Status> into) const;
    static constexpr std::uint32_t most_walked = 4096;

    /// What a conversation obeys, and a listener's later conversations. A change acts at once.
    [[nodiscard]] CallResult<tcp::Settings> settings(Conversation which) const;
    [[nodiscard]] CallResult<tcp::Settings> settings(ListenerId which) const;
    CallError set_settings(Conversation which, const tcp::Settings& settings, Tick now);
    CallError set_settings(ListenerId which, const tcp::Settings& settings);
    /// What services obey, and whatever is opened later.
    [[nodiscard]] const tcp::Settings& defaults() const;
    void set_defaults(const tcp::Settings& settings);
    /// Aborts everything in the next turns, silently or `with_segments`; handles and listeners end.
    /// Forgets TIME-WAIT, path metrics and rate budgets; the defaults are the configuration's
    /// again. Done when is_resetting() is false.
    void reset(bool with_segments, Tick now);
    [[nodiscard]] bool is_resetting() const;

    // UDP conversations: RFC 768, RFC 9293's calls as far as they mean anything. close(), abort(),
    // ready(), take_error(), settings() and status() take their handles too; the calls for text
    // answer `bad_request`.

    /// With `remote` only datagrams from there are received, and its ICMP errors are told; without
    /// one all are. `local` may leave its address unspecified (any of ours), and its port.
    [[nodiscard]] CallResult<Conversation> open_datagrams(Endpoint local,
                                                          std::optional<Endpoint> remote,
                                                          const tcp::Settings* options = nullptr);
    /// One datagram, at most 65,507 bytes (65,527 over IPv6), else `too_big`. `remote` may be left
    /// out where open_datagrams() named it. Queued until the next advance().
    CallError send_datagram(Conversation which, std::span<const std::byte> payload,
                            std::optional<Endpoint> remote = std::nullopt);
    /// The oldest datagram that came; what does not fit is lost. `would_block`: none waits.
    [[nodiscard]] CallResult<DatagramTaken> receive_datagram(Conversation which,
                                                             std::span<std::byte> into,
                                                             bool peek = false);
    /// The ICMP error behind the error told last; nothing: none was.
    [[nodiscard]] std::optional<IcmpCause> icmp_cause(Conversation which) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace terminus
