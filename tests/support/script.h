/// Packet scripts: a test that reads like a trace. Strict: what is not listed must not be sent.
///
///     < S 0:0(0) win 65535 <mss 1460,wscale 7>   a segment arrives; flags are S F R P U E W and .
///     for ACK > S. 0:0(0) ack 1 <mss 1460,wscale 3>      exactly this leaves next = established
///     the flow is in this state ("closed": there is no flow) = drop tcp_out_of_window 1 a counter
///     since the script began; also: event NAME N, resets N,
///                                                unread N, unsent N
///     +200ms                                     time passes (us, ms, s; ms when not said)
///     call send 1000                             a user call, all of which succeeds
///     call send 10 = closing                     a user call and its answer: see below
///     = status snd_una 1 timer persist           fields of STATUS by their names, see
///     script_choices.cc; = listener state listen
///     new port 4001 isn 77                       another connection of the peer
///     < udp 100    > udp 100                     datagrams; so < ping 56, > pong 56, < protocol 99
///     20, < fragments udp 3000 1500                  < icmp port (quotes what we sent last; mtu N
///     in its header, the quote bent by seq N, length N, bytes N, port N), > icmp port
///     = soft NAME, = mss N, = path N             STATUS's soft error, MSS and path MTU
///     = half_open N                              flows in SYN-RECEIVED
///
/// The calls: listen [BACKLOG] [here] [remote], unlisten, accept, open [any] [foreign], send N
/// [more] [urgent], receive N [peek] [keep], release N, shutdown [receive|both], close, abort,
/// error (taken), ready (answers "readable,writable,end,closed,error" or "nothing"), status, with
/// NAME VALUE ... (options of the next OPEN), set [listener|default] NAME VALUE ..., reset
/// [segments]. Of UDP: bind [remote] [any] [port], datagram N [to], take N [peek].
///
/// Sequence numbers are relative to each side's SYN (@N is absolute) and the peer's wraps on
/// purpose. `win` and options are compared where they are written; a segment without SYN has no
/// options unless written. Text comes from the stream's offset and is checked; "quotes" give it
/// literally, "quotes"... its beginning. Options are written as <mss 1400,sackOK,TS val 5 ecr 0,
/// wscale 7,sack 101:201>: our timestamps count from the one in our SYN, the peer's are absolute,
/// and "TS val * ecr *" or "TS *" stands for any of ours. `ecn ect0` (ect1, ce), `class 40` and
/// `hops 64` are the IP header's; not written, they are none, 0 and 64. So of UDP; `cut no` asks
/// for DF of IPv4, `cut yes` for none; `mtu 1280` says how full fragments are.
#pragma once

#include "harness.h"

#include <string>
#include <string_view>

namespace terminus::test {

/// Whose text we send.
enum class OurText : std::uint8_t { own, echo, any };

/// Where a script begins.
struct Scene {
    Harness::Options options{};
    std::string prelude{};  ///< lines that lead to where the script begins
    std::uint16_t our_port = 1000, their_port = 4000;
    std::uint32_t their_isn = 0xffffff00;
    OurText text = OurText::own;
};

/// Runs the script over IPv4 and then over IPv6. What fails is a GoogleTest failure. At the end the
/// peers vanish, and no flow, block or frame may be left.
void run(const Scene& setup, std::string_view script);

/// The scene with more behind its prelude, or with another choice.
[[nodiscard]] Scene then(Scene scene, std::string_view lines);
[[nodiscard]] Scene with(Scene scene, void (*change)(tcp::Settings&));

// Setups. The peer's SYN offers mss 1400 and window 65535; our port is 1000, with a call behind it.
[[nodiscard]] Scene nothing();  ///< rules only: see service_rules()
[[nodiscard]] Scene listening();
[[nodiscard]] Scene syn_received();
[[nodiscard]] Scene syn_sent();
[[nodiscard]] Scene established();                           ///< passive, without window scaling
[[nodiscard]] Scene established_scaled(std::uint8_t scale);  ///< the peer's window scale
[[nodiscard]] Scene opened();                                ///< established by an active open
[[nodiscard]] Scene fin_wait_1();
[[nodiscard]] Scene fin_wait_2();
[[nodiscard]] Scene close_wait();
[[nodiscard]] Scene closing();
[[nodiscard]] Scene last_ack();
[[nodiscard]] Scene time_wait();
/// A conversation in SYN-RECEIVED that its user holds: simultaneous open, RFC 9293 figure 7.
[[nodiscard]] Scene colliding();
/// CLOSED, with nothing left to tell.
[[nodiscard]] Scene over();
/// Established with a built-in service behind the port of its rule.
[[nodiscard]] Scene served(Serve service);
/// The state's setup, for tests that go through all of them.
[[nodiscard]] Scene setup_of(tcp::State state);

}  // namespace terminus::test
