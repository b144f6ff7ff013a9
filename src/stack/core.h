/// The core: everything that the steps of one stack share. The steps are free functions over it,
/// one file each: receive -> strangers | segments | answers | discovery -> text -> output -> write.
#pragma once

#include "terminus/base/rng.h"
#include "terminus/flow/blocks.h"
#include "terminus/flow/pieces.h"
#include "terminus/icmp/limiter.h"
#include "terminus/stack/discovery.h"
#include "terminus/stack/neighbour.h"
#include "terminus/stack/packet.h"
#include "terminus/stack/paths.h"
#include "terminus/stack/policy.h"
#include "terminus/stack/reassembly.h"
#include "terminus/stack/stack.h"
#include "terminus/tcp/input.h"
#include "terminus/tcp/timestamps.h"

#include "busy.h"
#include "challenges.h"
#include "datagrams.h"
#include "flows.h"
#include "mss_ceilings.h"
#include "pressure.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace terminus {

/// Frames of one burst at most.
inline constexpr std::size_t most_packets = 64;

/// One call of receive() or advance(): the time that it happens at, and where frames go.
struct Turn {
    Tick now;
    Outbox& out;
};

/// Conversations of one listener, by busy slot, in the order they came; each knows its neighbours.
struct BusyList {
    std::uint32_t first = no_slot, last = no_slot, size = 0;
};

/// A listener opened by a call.
struct CallListener {
    Listener listener;
    tcp::Settings settings;    ///< inherited by its conversations
    std::uint32_t serial = 0;  ///< 0: the slot is free
    BusyList embryonic;        ///< not yet established
    BusyList deferred;         ///< established, accepted when text has come
    BusyList accepted;         ///< waiting for accept()

    /// The list that one of its conversations is in.
    [[nodiscard]] BusyList& list_of(const Busy& record) {
        if (record.queued) return accepted;
        return record.deferred ? deferred : embryonic;
    }
};

/// What an interface knows of itself beyond its configuration.
struct InterfaceState {
    explicit InterfaceState(const Interface& interface) : ownerships{interface} {}

    Ownerships ownerships;
    tcp::LinkLimits link4, link6;
    std::vector<Address> announced;  ///< our own addresses there, the link-local one first
    std::vector<Address> groups;     ///< their solicited-node groups (RFC 4291 section 2.8)
    Nonce nonce{};                   ///< of our last duplicate detection
    Tick announce_at;                ///< the next announcement or duplicate detection
    std::uint8_t announcements = 0;
};

/// What a lane's untagged frames are addressed to, for the burst loop: the MAC address as the low
/// 48 bits of a word, and the interface that has it.
struct PlainLink {
    static constexpr std::uint64_t nobody = ~std::uint64_t{0};  ///< no such interface

    std::uint64_t mac = nobody;
    std::uint8_t interface = 0;

    /// Whether a frame, whose first eight bytes are `link`, is for us and from a single host.
    [[nodiscard]] bool is_to_us(std::uint64_t link) const {
        constexpr std::uint64_t ours = 0x0000'ffff'ffff'ffffU, group = 0x0001'0000'0000'0000U;
        return (link & (ours | group)) == mac;
    }
};

struct Core {
    Core(StackSettings given, std::span<std::byte> memory, Tick now);
    [[nodiscard]] static std::size_t bytes_needed(const StackSettings& settings);

    StackSettings settings;
    Counters counters;
    Arena arena;
    Flows flows;
    BusySlab busy;
    DetailsSlab details;
    Blocks blocks;
    Pieces pieces;
    Rng rng;
    Limiter limiter;
    Challenges challenges;
    Neighbours neighbours;
    Paths paths;
    Reassembly reassembly;
    Captures captures;
    MssCeilings mss_ceilings;
    HashKey ts_key;  ///< of the clocks of RFC 7323
    std::vector<InterfaceState> interfaces;
    std::array<PlainLink, 256> plain_links;  ///< by lane
    std::vector<CallListener> listeners;
    Datagrams datagrams;
    Paths datagram_paths;  ///< what only datagrams were told: path_mtu.h
    std::shared_ptr<const Policy> policy;
    std::shared_ptr<const Services> services;
    std::vector<std::uint64_t> rule_hits;
    std::array<Packet, most_packets> packets;  ///< of the burst at hand
    std::vector<std::byte> scratch;            ///< text linearised for a service
    std::optional<Tick> cookie_sent_at;  ///< the last SYN cookie, while any may still come back
    std::uint32_t next_serial = 1;
    std::uint32_t abort_cursor = 0;  ///< abort_all: ids below are done
    tcp::Settings configured;        ///< what reset() returns the defaults to
    Tick latest;                     ///< of the last turn or call
    std::uint16_t next_ip_id = 0;
    bool draining = false, aborting = false;
    bool silent_abort = false;     ///< abort_all sends nothing
    bool favours_flows = false;    ///< the burst is one of too many: favour_flows()
    std::uint8_t flows_heard = 0;  ///< 2: a live flow was in this burst; 1: in the one before
    Tick started;  ///< the stack's beginning, or the last reset: sequence numbers are not known
    Pressure pressure;

    /// RFC 9293 section 3.4.3, the quiet time: nothing is said to strangers, no SYN leaves.
    [[nodiscard]] bool is_quiet(Tick now) const {
        const std::uint32_t quiet_ms = settings.tcp.quiet_time_ms;
        return quiet_ms != 0 && now < started.after_ms(quiet_ms);
    }
    /// From when on a SYN of ours may leave: now, or when the quiet time is over.
    [[nodiscard]] Tick loud_from(Tick now) const {
        return is_quiet(now) ? started.after_ms(settings.tcp.quiet_time_ms) : now;
    }

    [[nodiscard]] const Interface& interface(std::uint8_t index) const {
        return settings.interfaces[index];
    }
    [[nodiscard]] Ownership ownership(std::uint8_t index, const Address& address) const {
        return interfaces[index].ownerships.of(address);
    }
    [[nodiscard]] Ownership ownership(std::uint8_t index, be32 address) const {
        return interfaces[index].ownerships.of(address);
    }
    /// The same of the ends that a packet's IP header names.
    [[nodiscard]] Ownership source_ownership(const Packet& packet) const {
        if (packet.view.family == Family::ip4)
            return ownership(packet.interface, packet.header_at<Ip4Header>(packet.view.l3).source);
        return ownership(packet.interface, source_of(packet));
    }
    [[nodiscard]] Ownership destination_ownership(const Packet& packet) const {
        if (packet.view.family == Family::ip4)
            return ownership(packet.interface,
                             packet.header_at<Ip4Header>(packet.view.l3).destination);
        return ownership(packet.interface, destination_of(packet));
    }
    /// What the interface and the ceilings of the configuration allow the flow.
    [[nodiscard]] tcp::LinkLimits link(const tcp::Flow& flow) const {
        const InterfaceState& state = interfaces[flow.interface];
        tcp::LinkLimits limits = flow.ip6 != 0 ? state.link6 : state.link4;
        if (!mss_ceilings.empty()) [[unlikely]]
            limits.mss_bytes = std::min(limits.mss_bytes, mss_ceilings.of(flows.key(flow)));
        return limits;
    }
    /// TSval of a flow, or of a stranger that may become one, by the table's hash of its key.
    [[nodiscard]] std::uint32_t ts_now(std::uint64_t hash, Tick now) const {
        return tcp::ts_clock(ts_key, hash, now);
    }
    /// What the flow obeys: its conversation's own settings, else the device's.
    [[nodiscard]] const tcp::Settings& settings_of(const tcp::Flow& flow) const {
        const Details* own = details_of(flow);
        return own != nullptr ? own->settings : settings.tcp;
    }
    /// What is kept of a conversation beyond its busy record; null for the flow of a service.
    [[nodiscard]] const Details* details_of(const tcp::Flow& flow) const {
        if (flow.service != tcp::Flow::no_service) return nullptr;
        const Busy* record = busy_of(flow);
        return record != nullptr && record->details != no_slot ? &details[record->details]
                                                               : nullptr;
    }
    [[nodiscard]] Details* details_of(const tcp::Flow& flow) {
        return const_cast<Details*>(std::as_const(*this).details_of(flow));
    }
    [[nodiscard]] tcp::Context context(const tcp::Flow& flow, Tick now) const {
        return {settings_of(flow), link(flow), now};
    }
    /// The same for a segment that came, with the clock that its timestamps are compared with.
    [[nodiscard]] tcp::Context context(const tcp::Flow& flow, std::uint64_t hash, Tick now) const {
        return {settings_of(flow), link(flow), now, flow.timestamps != 0 ? ts_now(hash, now) : 0};
    }
    /// The service behind a flow; null for a conversation.
    [[nodiscard]] const Service* service_of(const tcp::Flow& flow) const {
        return flow.service == tcp::Flow::no_service ? nullptr : (*services)[flow.service].get();
    }
    /// The flow's busy record, or null.
    [[nodiscard]] Busy* busy_of(const tcp::Flow& flow) {
        return flow.holds() == tcp::Held::busy ? &busy[flow.held] : nullptr;
    }
    [[nodiscard]] const Busy* busy_of(const tcp::Flow& flow) const {
        return flow.holds() == tcp::Held::busy ? &busy[flow.held] : nullptr;
    }
    [[nodiscard]] tcp::Effort* effort_of(const tcp::Flow& flow) {
        Busy* record = busy_of(flow);
        return record == nullptr ? nullptr : &record->effort;
    }
    /// What the flow's service remembers, while the flow holds no text.
    [[nodiscard]] tcp::Seq mark_of(const tcp::Flow& flow) const {
        const Busy* record = busy_of(flow);
        return {record != nullptr ? record->mark : flow.held};
    }
    /// The flow's busy record, borrowed if it has none; null (counted) when none is free.
    [[nodiscard]] Busy* borrow(FlowId id);
    /// Makes a borrowed record a conversation's, with settings of its own; false: no room.
    [[nodiscard]] bool make_conversation(Busy& record, const tcp::Settings& with);
    /// The peer's SYN: what STATUS tells of it.
    void note_syn(const tcp::Flow& flow, const tcp::Segment& syn);
    void note_ecn(const tcp::Flow& flow);
    /// Gives the busy record back when the flow needs it no longer; `silent`: it has done nothing
    /// for a while.
    void give_back_if_quiet(FlowId id, bool silent = false);
    /// CLOSED: frees text, busy record (a conversation's stays until the user lets go) and flow.
    void end_flow(FlowId id, CallError why);
    /// Frees a conversation's record whose flow is gone.
    void forget(std::uint32_t slot);
    /// Puts a conversation behind the others of its listener's list, or takes it out.
    void append(BusyList& list, std::uint32_t slot);
    void remove(BusyList& list, std::uint32_t slot);
};

}  // namespace terminus
