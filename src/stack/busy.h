/// The busy record: what a flow borrows while it does more than a quiet one. It carries congestion
/// control and recovery (tcp::Effort), the chains of text that waits, and, for a conversation, what
/// its user must learn.
#pragma once

#include "terminus/base/time.h"
#include "terminus/flow/blocks.h"
#include "terminus/flow/flow_id.h"
#include "terminus/flow/slab.h"
#include "terminus/stack/calls.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/settings.h"

#include <array>
#include <cstdint>

namespace terminus {

/// What a flow knows of its path beyond the MSS that it uses: stack/path_mtu.h.
struct PathState {
    std::uint16_t acked_bytes = 0;        ///< text of the largest segment that is known to arrive
    std::uint16_t claimed_mss_bytes = 0;  ///< what a router said and a timeout must confirm; or 0
    std::uint16_t former_mss_bytes = 0;  ///< while smaller segments are tried: the MSS before; or 0
    std::uint16_t ceiling_mss_bytes = 0;  ///< the MSS before the path was known to be narrow; or 0
    std::uint16_t probe_mss_bytes = 0;    ///< that a larger segment tries; 0: none is out
    tcp::Seq claimed_of;                  ///< the segment that the router spoke of
};

struct Busy {
    tcp::Effort effort;
    Chain send;          ///< text awaiting acknowledgement, without holes, from snd_una on
    Chain receive;       ///< text in order, not yet taken
    ChainCursor cursor;  ///< where output last read in `send`
    std::uint32_t pieces = no_slot;  ///< text beyond a hole: a directory of Core::pieces
    PathState path;
    tcp::Seq unread;         ///< the first sequence number not yet taken by the service or the user
    std::uint32_t mark = 0;  ///< the flow's `held` when it holds a mark
    Millis persists_since;   ///< while the flow waits for a window
    FlowId flow;             ///< no_flow: the flow is CLOSED, the user has not yet let go
    // Of a conversation:
    std::uint32_t serial = 0;                          ///< 0: the flow belongs to a service
    std::uint32_t details = no_slot;                   ///< a conversation always has them
    std::uint32_t listener = no_slot;                  ///< that it is not yet accepted from
    CallError error = CallError::none;                 ///< why the flow ended
    std::uint32_t previous = no_slot, next = no_slot;  ///< in the listener's list
    std::uint32_t unreleased = 0;  ///< text received, whose window waits for release()
    bool queued = false;           ///< in the listener's accept queue
    bool deferred = false;         ///< established, not yet in it: no text has come
    bool detached = false;         ///< the user has closed: nobody reads any more
    bool discards = false;         ///< the user has shut the receiving half
    bool more = false;             ///< a last short segment waits for more text
    bool closes = false;           ///< a CLOSE waits for the handshake
    bool aborts = false;           ///< an RST leaves with the next advance()
    bool end = false;              ///< the peer's FIN came in order
};
static_assert(sizeof(Busy) == 488);

using BusySlab = Slab<Busy>;

/// What a conversation's sending does, or what holds it back.
enum class Pace : std::uint8_t {
    idle,
    busy,            ///< text is in flight, or waits for the congestion window
    window_limited,  ///< text waits, and only the peer's window holds it back
    buffer_limited,  ///< all of a full send buffer is in flight: its user could say more
};

/// When things last happened to a conversation, and how long it sent at which pace.
struct History {
    Tick data_received, data_sent, ack_received;  ///< since the OPEN where never
    Pace pace = Pace::idle;
    Tick paced_since;
    std::array<std::uint64_t, 4> spent_us{};  ///< by Pace, up to paced_since
};

/// What only a conversation has: its own settings, and what STATUS tells of its past. Its handle's
/// life is the busy record's.
struct Details {
    tcp::Settings settings;            ///< those of its listener or OPEN; its user may change them
    tcp::Seq iss, irs;                 ///< RFC 9293 section 3.3.1
    std::uint32_t challenge_acks = 0;  ///< sent: RFC 5961
    CallError soft_error = CallError::none;  ///< RFC 9293 section 3.9.2.2: since the last progress
    bool lingers = false;                    ///< closed, and aborted at linger_end
    Millis linger_end;
    std::uint16_t peer_mss_bytes = 0, advertised_mss_bytes = 0;  ///< that the SYNs stand for
    bool ecn_seen = false;   ///< a codepoint of ECN came: RFC 3168 section 5
    Millis deferred_until;   ///< accepted then, even without text
    Endpoint local, remote;  ///< kept for when the flow is gone
    bool active = false;     ///< opened by us
    History history;
};

static_assert(sizeof(Details) == 288);

using DetailsSlab = Slab<Details>;

}  // namespace terminus
