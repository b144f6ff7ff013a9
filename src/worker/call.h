/// User calls on their way from control to a worker and back: forms, of which control fills in the
/// upper part and the worker the lower. RFC 9293 section 3.9.1.
#pragma once

#include "terminus/stack/stack.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace terminus {

/// Changes a set of settings as its user asked; empty: leaves it as it is.
using Changes = std::function<void(tcp::Settings&)>;
/// Whom a call is about; nothing: the device.
using Target = std::variant<std::monostate, Conversation, ListenerId>;

struct ListenCall {
    Listener listener;
    Changes options;
    // The answer:
    ListenerId made{};
};
struct AcceptCall {
    ListenerId from;
    // The answer:
    Conversation made{};
    Endpoint local{}, remote{};
};
struct OpenCall {
    Endpoint local;   ///< address and port may be unspecified
    Endpoint remote;  ///< of UDP: unspecified for any
    Changes options;
    bool is_udp = false;
    bool awaits = false;  ///< answered when established or failed
    // The answer:
    Conversation made{};
    std::optional<std::uint16_t> owner{};  ///< nothing was done: ask this worker, with `local`
};
struct SendCall {
    Conversation which;
    std::vector<std::byte> text;
    SendHow how{};
    bool is_udp = false;
    std::optional<Endpoint> remote{};  ///< of a datagram
    // The answer:
    std::size_t accepted = 0;
};
struct ReceiveCall {
    Conversation which;
    std::vector<std::byte> text;  ///< comes with the room that there is, returns with what came
    ReceiveHow how{};
    bool is_udp = false;
    // The answer:
    bool end = false;
    Endpoint remote{};  ///< of a datagram
};
struct ReleaseCall {
    Conversation which;
    std::uint32_t bytes = 0;
};
struct ShutdownCall {
    Conversation which;
    Half half = Half::send;
};
/// CLOSE and ABORT.
struct EndCall {
    Target which;
    bool aborts = false;
};
struct WaitCall {
    Target which;
    Ready wanted{};  ///< `closed` and `error` end the wait in any case
    // The answer:
    Ready ready{};
};
struct StatusCall {
    Target which;
    // The answer:
    Status status{};
};
/// STATUS of everything, a step at a time.
struct WalkCall {
    Walk walk{};
    std::uint16_t local_port = 0;  ///< 0: of all
    std::vector<Status> found{};   ///< comes with the room that there is
};
struct SettingsCall {
    Target which;
    Changes change{};  ///< empty: only asks
    // The answer:
    tcp::Settings settings{};
};
struct TakeErrorCall {
    Conversation which;
    // The answer:
    CallError taken = CallError::none;
};
struct ResetCall {
    bool with_segments = false;
};
/// A waiting call waits no longer. Answered like every other; the waiting call has its own answer.
struct CancelCall {
    std::uint64_t id = 0;
};

using Asked = std::variant<ListenCall, AcceptCall, OpenCall, SendCall, ReceiveCall, ReleaseCall,
                           ShutdownCall, EndCall, WaitCall, StatusCall, WalkCall, SettingsCall,
                           TakeErrorCall, ResetCall, CancelCall>;

/// One call. Whoever took it from a ring last may touch it, and nobody else.
struct Call {
    std::uint64_t id = 0;
    /// How long it may wait; 0: not at all; nothing: for ever.
    std::optional<std::uint64_t> patience_us = 0;
    Asked asked;
    // The answer:
    CallError error = CallError::none;
    std::optional<IcmpCause> icmp{};  ///< what is behind the error
    // The worker's own:
    Tick deadline{};
    bool waited = false;  ///< it was tried before
};
using CallPointer = std::shared_ptr<Call>;

}  // namespace terminus
