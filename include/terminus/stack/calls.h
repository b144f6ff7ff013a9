/// What the user calls of RFC 9293 section 3.9.1 speak of: handles, errors and status.
#pragma once

#include "terminus/tcp/effort.h"
#include "terminus/tcp/seq.h"
#include "terminus/tcp/state.h"
#include "terminus/wire/address.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace terminus {

/// Names one conversation for ever: `serial` tells a reused slot from the first one. The default
/// names none.
struct Conversation {
    std::uint32_t slot = 0xffffffff;
    std::uint32_t serial = 0;
    friend constexpr auto operator<=>(const Conversation&, const Conversation&) = default;
};

/// Names one listener opened by a call.
struct ListenerId {
    std::uint32_t slot = 0xffffffff;
    std::uint32_t serial = 0;
    friend constexpr auto operator<=>(const ListenerId&, const ListenerId&) = default;
};

/// Why a call failed or a conversation ended (RFC 9293 section 3.6, MUST-12). Spelled with hyphens
/// by name().
enum class CallError : std::uint8_t {
    none,
    connection_reset,
    refused,
    timed_out,
    host_unreachable,
    net_unreachable,
    protocol_unreachable,
    prohibited,
    too_big,
    would_block,
    closing,
    not_connected,
    already_connected,
    address_in_use,
    address_not_ours,
    no_memory,
    no_such_conversation,
    bad_request,
};
[[nodiscard]] std::string_view name(CallError error);

/// An address and a port.
struct Endpoint {
    Address address;
    std::uint16_t port = 0;
    friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// An answer that is either a value or a reason.
template <typename T>
struct CallResult {
    T value{};
    CallError error = CallError::none;
    [[nodiscard]] bool ok() const { return error == CallError::none; }
};

/// How a SEND goes: RFC 9293 section 3.9.1.2.
struct SendHow {
    bool more =
        false;  ///< more will follow: a last short segment waits for it (PUSH's opposite, MAY-15)
    bool urgent = false;  ///< the text's end is the urgent pointer: RFC 9293 section 3.8.5
};
/// How a RECEIVE goes: RFC 9293 section 3.9.1.3.
struct ReceiveHow {
    bool peek = false;    ///< the text stays and is received again
    bool release = true;  ///< the window may open by it at once; else by release()
};
/// Which half shutdown() closes.
enum class Half : std::uint8_t {
    send,     ///< FIN after the queued text
    receive,  ///< further text is acknowledged and thrown away
    both,
};
/// What a conversation, or a listener, is ready for.
struct Ready {
    bool readable = false;    ///< receive() would give text
    bool writable = false;    ///< send() would take text; an active open has succeeded
    bool end = false;         ///< the peer's FIN came in order
    bool closed = false;      ///< its state is CLOSED
    bool error = false;       ///< the next call reports one
    bool acceptable = false;  ///< of a listener: accept() would give a conversation
};

/// Which of a flow's timers runs, as STATUS names it.
enum class Timer : std::uint8_t {
    none,
    retransmit,
    persist,
    keepalive,
    time_wait,
    fin_wait_2,
    delayed_ack,
    loss_probe,
};
[[nodiscard]] std::string_view name(Timer timer);

/// The ICMP error that a UDP conversation's last failed call told of: RFC 1122 section 4.1.3.3.
struct IcmpCause {
    Family family = Family::ip4;
    std::uint8_t type = 0, code = 0;
    Endpoint quoted;  ///< where the datagram that it quotes was sent to
};
/// One datagram taken by receive_datagram().
struct DatagramTaken {
    std::size_t bytes = 0;   ///< of its payload, in `into`
    std::size_t length = 0;  ///< of its payload as it came: what is more than `bytes` is lost
    Endpoint remote;         ///< who sent it
};

/// Where a walk over all listeners and flows stands: a fresh one begins it, `done` ends it.
struct Walk {
    std::uint32_t listener = 0, flow = 0;  ///< those below were visited
    bool done = false;
};

/// STATUS, RFC 9293 section 3.9.1.6: of a conversation, or of any flow of the table.
struct Status {
    tcp::State state = tcp::State::closed;
    Conversation conversation;  ///< serial 0: a service's flow
    ListenerId listener;        ///< of a listener, or of what it has not yet given to accept()
    Endpoint local, remote;
    bool active = false;  ///< opened by us
    CallError error = CallError::none;
    /// RFC 9293 section 3.9.1.8, MUST-47: who does not ask is not told (SHLD-20).
    CallError soft_error = CallError::none;
    tcp::Seq iss, irs;  ///< of conversations; 0 for a service's flow
    tcp::Seq snd_una, snd_nxt, snd_wl1, snd_wl2, snd_up, rcv_nxt, rcv_adv, rcv_up;
    std::uint32_t snd_wnd = 0, rcv_wnd = 0;
    std::uint32_t mss_bytes = 0, peer_mss_bytes = 0, advertised_mss_bytes = 0, path_mtu_bytes = 0;
    std::uint8_t send_scale = 0, receive_scale = 0;
    bool timestamps = false, sack = false, window_scaling = false, ecn = false, ecn_seen = false;
    std::uint32_t ts_recent = 0;
    std::uint32_t srtt_us = 0, rttvar_us = 0, minimum_rtt_us = 0, rto_ms = 0;
    std::uint32_t backoff = 0, probes = 0, retransmissions_in_a_row = 0;
    std::uint32_t cwnd_bytes = 0, ssthresh_bytes = 0;  ///< ssthresh 0x7fffffff: none yet
    tcp::Recovery recovery = tcp::Recovery::open;
    tcp::Seq recover_point;
    std::uint32_t segments_out = 0, segments_sacked = 0, segments_lost = 0;
    std::uint32_t segments_retransmitted = 0, reordering_segments = 0;
    std::uint32_t total_retransmissions = 0, delivered_segments = 0, duplicate_sacks = 0;
    std::uint32_t receive_queue_bytes = 0;          ///< received text not yet taken by receive()
    std::uint32_t unaccepted_reassembly_bytes = 0;  ///< text beyond a hole
    std::uint32_t reassembly_pieces = 0;
    std::uint32_t send_queue_bytes = 0;  ///< queued text not yet acknowledged
    std::uint32_t unsent_bytes = 0;      ///< queued text not yet sent once
    std::uint32_t last_data_received_ms = 0, last_data_sent_ms = 0, last_ack_received_ms = 0;
    std::uint64_t busy_us = 0, window_limited_us = 0, buffer_limited_us = 0;
    Timer timer = Timer::none;
    std::uint32_t timer_in_ms = 0;
    std::uint32_t challenge_acks_sent = 0;
    bool end = false;        ///< the peer's FIN came and all text before it was taken
    bool datagrams = false;  ///< a UDP conversation: it has no state, and little else of this
};

}  // namespace terminus
