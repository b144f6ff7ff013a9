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
#include "terminus/tcp/settings.h"

#include <cstddef>
#include <cstdint>
#include <memory>
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

/// What one worker's stack is made of. Limits are this worker's share.
struct StackSettings {
    std::uint32_t flows = 1 << 16;      ///< flow records, at most 2^27
    std::uint32_t ip6_flows = 1 << 14;  ///< of which IPv6 at most
    std::uint32_t busy_flows =
        1 << 12;  ///< busy records: flows with much in flight, text held, or calls
    std::uint32_t conversations = 1 << 10;    ///< those of user calls, at most busy_flows count
    std::uint32_t blocks = 1 << 14;           ///< of 256 bytes, for text that waits
    std::uint32_t half_open_flows = 1 << 14;  ///< flows in SYN-RECEIVED at most
    TableFull table_full = TableFull::evict_time_wait;
    tcp::Settings tcp;
    IcmpSettings icmp;
    CaptureSettings captures;
    std::vector<Interface> interfaces;
    HashKey table_key, isn_key;             ///< fresh entropy at each start
    std::uint64_t seed = 1;                 ///< of ports, identifiers and jitter
    std::uint16_t worker = 0, workers = 1;  ///< which shard this is
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

    // The user calls of RFC 9293 section 3.9.1, for programs, tests and (later) the admin socket.
    [[nodiscard]] CallResult<ListenerId> listen(const Listener& listener);
    [[nodiscard]] CallResult<Conversation> accept(ListenerId listener);
    CallError close(ListenerId listener, Tick now);
    /// An active OPEN; `local` may leave address and port unspecified. The SYN leaves with the next
    /// advance().
    [[nodiscard]] CallResult<Conversation> open(Endpoint local, Endpoint remote, Tick now);
    /// Queues what fits; returns the number of bytes. Sent with the next advance().
    [[nodiscard]] CallResult<std::size_t> send(Conversation which, std::span<const std::byte> text,
                                               Tick now);
    /// Takes text; 0 bytes without an error is the end: the peer's FIN.
    [[nodiscard]] CallResult<std::size_t> receive(Conversation which, std::span<std::byte> into,
                                                  Tick now);
    /// Closes our half: FIN after the text queued so far. RFC 9293 section 3.9.1.5.
    CallError shutdown(Conversation which, Tick now);
    /// shutdown(), and no text is wanted any more: what is unread or still comes is answered with
    /// RST (RFC 2525 section 2.17). The handle ends.
    CallError close(Conversation which, Tick now);
    /// ABORT: RST where RFC 9293 section 3.10.5 sends one. The handle ends.
    CallError abort(Conversation which, Tick now);
    [[nodiscard]] CallResult<Status> status(Conversation which) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace terminus
