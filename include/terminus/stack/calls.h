/// What the user calls of RFC 9293 section 3.9.1 speak of: handles, errors and status.
#pragma once

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

/// Why a call failed or a conversation ended. Spelled with hyphens by name().
enum class CallError : std::uint8_t {
    none,
    connection_reset,
    refused,
    timed_out,
    host_unreachable,
    net_unreachable,
    protocol_unreachable,
    prohibited,
    would_block,
    closing,
    not_connected,
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

/// STATUS, RFC 9293 section 3.9.1.6.
struct Status {
    tcp::State state = tcp::State::closed;
    Endpoint local, remote;
    tcp::Seq snd_una, snd_nxt, rcv_nxt, rcv_adv;
    std::uint32_t snd_wnd = 0;
    std::uint16_t mss_bytes = 0;
    std::uint32_t srtt_us = 0, rttvar_us = 0, rto_ms = 0;
    std::uint32_t cwnd_bytes = 0;
    std::uint32_t unread_bytes = 0;  ///< received text not yet taken by receive()
    std::uint32_t unsent_bytes = 0;  ///< queued text not yet sent once
    bool end = false;                ///< the peer's FIN came and all text before it was taken
};

}  // namespace terminus
