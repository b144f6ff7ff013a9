/// The flow record: what Terminus remembers of a quiet TCP connection, in exactly one cache line.
/// It is enough to be idle, to be answered, and to send one initial window. A flow with more in
/// flight, in recovery or with text held also borrows a busy record (tcp/effort.h, stack/busy.h).
/// No record exists for CLOSED and LISTEN.
///
///     bytes  field
///      14    key: addresses, ports, interface, family; an IPv6 flow keeps the id of its addresses
///       2    state and what it waits for; flags, the service's phase
///      24    snd_una snd_nxt rcv_nxt rcv_adv snd_wnd (30 bits, and 2 of quick ACKs) snd_wl1
///       2    mss (14 bits) and the generation of the wheel entry (2 bits)
///       2    send scale, back-off, service: RFC 7323 section 2, RFC 6298 section 5.5
///       4    srtt, rttvar: RFC 6298, as ShortMicros
///       8    deadline, and last_heard, from which silence is counted
///       4    ts_recent (RFC 7323 section 4.3), or without timestamps when the timed segment left
///       4    held: the service's mark, the head of the text sent, or the busy record
#pragma once

#include "terminus/base/endian.h"
#include "terminus/base/time.h"
#include "terminus/tcp/seq.h"
#include "terminus/tcp/short_micros.h"
#include "terminus/tcp/state.h"

#include <cstdint>
#include <type_traits>

namespace terminus::tcp {

/// What a flow waits for: it waits for one thing at a time.
enum class Waits : std::uint8_t {
    answer,      ///< to what is in flight: retransmission timeout, RFC 6298
    window,      ///< to open: persist timer, RFC 9293 section 3.8.6.1
    silence,     ///< keepalive or idle limit, from last_heard
    fin_wait_2,  ///< the peer's FIN, from last_heard
    time_wait,   ///< 2 MSL, from last_heard; queued in a FIFO, not in the wheel
    reordering,  ///< RFC 8985 section 6.2: is what is missing late, or lost?
    tail_probe,  ///< RFC 8985 section 7.2: the last of the flight is to be probed
};

/// What `held` means.
enum class Held : std::uint8_t { mark, text, busy };

struct Flow {
    // The key: see flow/key.h. The first 14 bytes, masked, are compared with a packet's.
    std::uint32_t local_ip4 = 0;   ///< network order; IPv6: the id of the key in its slab
    std::uint32_t remote_ip4 = 0;  ///< network order; IPv6: the address's last bytes
    be16 local_port, remote_port;
    std::uint8_t interface = 0;
    std::uint8_t state_bits : 4 = 0;
    std::uint8_t waits_bits : 3 = 0;
    std::uint8_t ip6 : 1 = 0;  ///< bit 7 of byte 13 belongs to the key

    // In SYN-SENT the next four say what our SYN offers, from then on what both sides agreed on.
    std::uint16_t timestamps : 1 = 0;      ///< RFC 7323 section 3
    std::uint16_t sack : 1 = 0;            ///< RFC 2018
    std::uint16_t window_scaling : 1 = 0;  ///< RFC 7323 section 2
    std::uint16_t ecn : 1 = 0;             ///< RFC 3168
    std::uint16_t ecn_echo : 1 = 0;        ///< ECE on every ACK, until CWR comes
    std::uint16_t active : 1 = 0;          ///< opened by us: RFC 9293 section 3.5, MUST-11
    std::uint16_t ack_pending : 1 = 0;     ///< an ACK is delayed
    std::uint16_t ack_now : 1 = 0;         ///< an ACK must leave in this turn
    std::uint16_t ready : 1 = 0;           ///< in the ready ring: has something to send
    std::uint16_t fin_sent : 1 = 0;        ///< our FIN is below snd_nxt
    std::uint16_t retransmitted : 1 =
        0;  ///< what is in flight was sent again: no RTT sample (Karn)
    std::uint16_t held_bits : 2 = 0;
    std::uint16_t phase : 3 = 0;  ///< the service's

    Seq snd_una, snd_nxt, rcv_nxt;
    Seq rcv_adv;                     ///< the right edge of the window offered: never taken back
    std::uint32_t snd_wnd : 30 = 0;  ///< bytes, scaled: 65535 << 14 at most (RFC 7323 section 2.3)
    std::uint32_t quick : 2 =
        0;  ///< how much of the beginning is still acknowledged at once: tcp/receive.cc
    Seq snd_wl1;
    std::uint16_t mss_bits : 14 = 536;  ///< text of a full segment: the options of each are off it
    std::uint16_t generation : 2 =
        0;  ///< of the one wheel entry that counts; survives the record's reuse
    std::uint8_t send_scale : 4 = 0;
    std::uint8_t backoff : 4 = 0;
    std::uint8_t service = 0;  ///< index, or `no_service` for a conversation
    ShortMicros srtt, rttvar;
    Millis deadline;    ///< the wheel looks at this flow no later than this
    Millis last_heard;  ///< the last acceptable segment
    std::uint32_t ts_recent_or_timed_at = 0;
    std::uint32_t held = 0;

    static constexpr std::uint8_t no_service = 0xff;

    /// A flow's beginning: nothing negotiated, nothing due, nothing held.
    void clear_flags() {
        timestamps = sack = window_scaling = ecn = ecn_echo = 0;
        active = ack_pending = ack_now = ready = fin_sent = retransmitted = 0;
        phase = 0;
        hold(Held::mark, 0);
    }
    [[nodiscard]] State state() const { return static_cast<State>(state_bits); }
    [[nodiscard]] Waits waits() const { return static_cast<Waits>(waits_bits); }
    void wait_for(Waits waits) { waits_bits = static_cast<std::uint8_t>(waits) & 7; }
    [[nodiscard]] Held holds() const { return static_cast<Held>(held_bits); }
    void hold(Held kind, std::uint32_t value) {
        held_bits = static_cast<std::uint8_t>(kind) & 3;
        held = value;
    }
    /// The effective send MSS: RFC 9293 section 3.7.1, MUST-16.
    [[nodiscard]] std::uint32_t mss_bytes() const { return mss_bits; }
    [[nodiscard]] std::uint32_t in_flight() const { return snd_nxt - snd_una; }
    /// RCV.WND as last offered.
    [[nodiscard]] std::uint32_t rcv_wnd() const { return rcv_adv - rcv_nxt; }

    /// RFC 7323 section 4.3: the timestamp that our segments echo. Only with timestamps agreed on.
    [[nodiscard]] std::uint32_t ts_recent() const { return ts_recent_or_timed_at; }
    void keep_ts_recent(std::uint32_t ts_value) { ts_recent_or_timed_at = ts_value; }
    /// Round trips are measured by the clock here, else by the timestamps that come back. A SYN is
    /// always measured by the clock: nothing has to be echoed yet.
    [[nodiscard]] bool is_measured_by_clock() const {
        return timestamps == 0 || state() == State::syn_sent;
    }
    /// An RTT measurement by the clock is in progress.
    [[nodiscard]] bool is_timed() const {
        return is_measured_by_clock() && ts_recent_or_timed_at != 0;
    }
    void time_from(Tick now) {
        if (is_measured_by_clock()) ts_recent_or_timed_at = now.us32() | 1U;
    }
    /// How long the measurement has been in progress, within 2 us.
    [[nodiscard]] std::uint32_t timed_us(Tick now) const {
        return (now.us32() | 1U) - ts_recent_or_timed_at;
    }
    void stop_timing() {
        if (is_measured_by_clock()) ts_recent_or_timed_at = 0;
    }
};
static_assert(sizeof(Flow) == 64, "a flow is exactly one cache line");
static_assert(std::is_trivially_copyable_v<Flow>);
inline constexpr std::uint32_t largest_mss_bytes = (1U << 14) - 1;
inline constexpr std::uint32_t largest_window_bytes = (1U << 30) - 1;

/// The only place that assigns a state. Going silent, timers and counters are the callers' affair.
inline void enter(Flow& flow, State state) {
    flow.state_bits = static_cast<std::uint8_t>(state) & 15;
}

}  // namespace terminus::tcp
