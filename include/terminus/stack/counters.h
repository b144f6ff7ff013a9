/// Everything that one worker counts: plain numbers that only the worker writes, published by copy.
#pragma once

#include "terminus/base/drop.h"
#include "terminus/stack/interface.h"
#include "terminus/tcp/state.h"
#include "terminus/wire/address.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace terminus {

/// What happened to flows; the name is the label `event`.
#define TERMINUS_TCP_EVENTS(X)                                                    \
    X(passive_opens, "flows that a SYN began")                                    \
    X(active_opens, "flows that a call began")                                    \
    X(established, "handshakes completed, either way")                            \
    X(handshakes_failed, "flows that never became established")                   \
    X(closed, "flows that ended with both FINs acknowledged")                     \
    X(resets_received, "flows that the peer's RST ended")                         \
    X(aborted, "flows that we ended with an RST")                                 \
    X(timed_out, "flows given up after retransmissions without an answer")        \
    X(segments_retransmitted, "segments sent again")                              \
    X(retransmission_timeouts, "retransmission timers that ran out")              \
    X(fast_retransmits, "recoveries begun by duplicate ACKs or SACK")             \
    X(window_probes, "probes of a closed window")                                 \
    X(keepalive_probes, "questions whether a silent peer is still there")         \
    X(persisting_ended, "flows with a closed window given up for want of memory") \
    X(out_of_order_held, "segments of text kept because earlier text is missing") \
    X(out_of_order_refused, "such segments for which there was no room")          \
    X(challenge_acks, "ACKs that challenge a suspicious RST, SYN or ACK")         \
    X(challenge_acks_limited, "ACKs for unacceptable segments beyond the limit")  \
    X(delayed_acks, "ACKs sent by the delayed ACK timer")                         \
    X(time_wait_evicted, "TIME-WAIT flows given up for new ones")                 \
    X(time_wait_reused, "TIME-WAIT flows that a new SYN took over")               \
    X(busy_refused, "flows that found no busy record")                            \
    X(timers_refused, "deadlines that the full wheel could not bring forward")    \
    X(icmp_errors_matched, "ICMP errors that quoted a live flow")                 \
    X(path_mtu_lowered, "segments made smaller because a router said so")         \
    X(path_mtu_disbelieved, "such words of a router that could not be true")      \
    X(path_mtu_raised, "segments made larger: a probe came, or the word was old") \
    X(path_probes_sent, "larger segments that try whether the path carries them") \
    X(path_probes_lost, "such segments that it does not carry")                   \
    X(black_holes_found, "paths on which only smaller segments arrive")           \
    X(syn_cookies_sent, "SYNs answered without keeping anything of them")         \
    X(syn_cookies_accepted, "flows that the ACK of such an answer began")         \
    X(syn_cookies_refused, "ACKs that came while cookies were out, without a good one")

enum class TcpEvent : std::uint8_t {
#define TERMINUS_EVENT_NAME(name, meaning) name,
    TERMINUS_TCP_EVENTS(TERMINUS_EVENT_NAME)
#undef TERMINUS_EVENT_NAME
};
inline constexpr std::size_t tcp_event_count = 0
#define TERMINUS_EVENT_ONE(name, meaning) +1
    TERMINUS_TCP_EVENTS(TERMINUS_EVENT_ONE)
#undef TERMINUS_EVENT_ONE
    ;
[[nodiscard]] std::string_view name(TcpEvent event);

/// The ICMP and ICMPv6 messages that we send: one counter each.
struct IcmpKind {
    Family family;
    std::uint8_t type, code;
};
inline constexpr std::array<IcmpKind, 20> icmp_kinds{{
    {Family::ip4, 0, 0}, {Family::ip4, 3, 0},   {Family::ip4, 3, 1},   {Family::ip4, 3, 2},
    {Family::ip4, 3, 3}, {Family::ip4, 3, 13},  {Family::ip4, 11, 1},  {Family::ip6, 129, 0},
    {Family::ip6, 1, 0}, {Family::ip6, 1, 1},   {Family::ip6, 1, 3},   {Family::ip6, 1, 4},
    {Family::ip6, 3, 1}, {Family::ip6, 4, 0},   {Family::ip6, 4, 1},   {Family::ip6, 4, 2},
    {Family::ip6, 4, 3}, {Family::ip6, 135, 0}, {Family::ip6, 136, 0}, {Family::ip6, 143, 0},
}};
/// The position in `icmp_kinds`.
[[nodiscard]] std::size_t icmp_kind(Family family, std::uint8_t type, std::uint8_t code);

/// Why an ICMP error was not sent; the name is the label `reason`.
enum class Suppressed : std::uint8_t { silence_required, per_destination, global };
inline constexpr std::size_t suppressed_count = 3;
[[nodiscard]] std::string_view name(Suppressed reason);

/// A histogram over powers of two: bucket i counts values below 2^i microseconds (the last: all
/// others).
struct Histogram {
    std::array<std::uint64_t, 28> buckets{};
    std::uint64_t sum_us = 0;

    void add(std::uint64_t us);
};

struct InterfaceCounters {
    std::uint64_t frames_received = 0, bytes_received = 0, frames_sent = 0, bytes_sent = 0;
};

/// More services are refused by the configuration: a flow record keeps the index in eight bits.
inline constexpr std::size_t max_services = 128;

struct ServiceCounters {
    std::uint64_t connections = 0;     ///< TCP flows established
    std::uint64_t bytes_received = 0;  ///< text or datagram payload that the service took
    std::uint64_t bytes_sent =
        0;  ///< text or datagram payload that it gave, first transmissions only
    std::uint64_t datagrams = 0;      ///< UDP datagrams and pings received
    std::uint64_t captured = 0;       ///< first texts and datagrams kept
    std::uint64_t captures_lost = 0;  ///< not kept, for want of room
};

struct Counters {
    std::array<std::uint64_t, drop_count> drops{};
    std::array<std::uint64_t, end_count> ends{};
    std::array<std::uint64_t, tcp_event_count> tcp{};
    std::array<std::uint64_t, tcp::state_count> flows{};  ///< live flows by state: a gauge
    std::array<std::uint64_t, icmp_kinds.size()> icmp_sent{};
    std::array<std::array<std::uint64_t, suppressed_count>, 2>
        icmp_suppressed{};              ///< [IPv6?][reason]
    std::uint64_t frames_received = 0;  ///< from lanes
    std::uint64_t handed_in = 0;        ///< from other workers
    std::uint64_t resets_sent = 0;
    std::uint64_t half_open = 0;  ///< gauge
    std::uint64_t busy_used = 0, holes_used = 0, blocks_used = 0, timers_used = 0, keys_used = 0,
                  details_used = 0, paths_used = 0;  ///< gauges
    std::uint64_t neighbours = 0, reassembling = 0;  ///< gauges
    Histogram handshake;                             ///< from SYN to ESTABLISHED
    std::array<InterfaceCounters, max_interfaces> interfaces{};
    std::array<ServiceCounters, max_services> services{};

    void count(Drop reason) { ++drops[static_cast<std::size_t>(reason)]; }
    void count(End end) { ++ends[static_cast<std::size_t>(end)]; }
    void count(TcpEvent event) { ++tcp[static_cast<std::size_t>(event)]; }
};
static_assert(std::is_trivially_copyable_v<Counters>);

}  // namespace terminus
