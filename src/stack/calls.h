/// The user calls of RFC 9293 section 3.9.1 over the core; Stack's members call them one to one.
/// openings.cc: how conversations begin; calls.cc: text and ends; status.cc: what STATUS tells;
/// choices.cc: settings and reset; datagram_calls.cc: UDP.
#pragma once

#include "core.h"

#include <optional>

namespace terminus::calls {

// openings.cc
[[nodiscard]] CallResult<ListenerId> listen(Core& core, const Listener& listener,
                                            const tcp::Settings& with);
[[nodiscard]] CallResult<Conversation> accept(Core& core, ListenerId which);
[[nodiscard]] CallError close(Core& core, ListenerId which);
[[nodiscard]] CallResult<Conversation> open(Core& core, Endpoint local, Endpoint remote,
                                            const tcp::Settings& with, Tick now);

// calls.cc
[[nodiscard]] CallResult<std::size_t> send(Core& core, Conversation which,
                                           std::span<const std::byte> text, SendHow how);
[[nodiscard]] CallResult<std::size_t> receive(Core& core, Conversation which,
                                              std::span<std::byte> into, ReceiveHow how);
[[nodiscard]] CallError release(Core& core, Conversation which, std::uint32_t bytes);
[[nodiscard]] CallError shutdown(Core& core, Conversation which, Half half);
[[nodiscard]] CallError close(Core& core, Conversation which, Tick now);
[[nodiscard]] CallError abort(Core& core, Conversation which);
[[nodiscard]] CallResult<CallError> take_error(Core& core, Conversation which);

// status.cc
[[nodiscard]] CallResult<Ready> ready(const Core& core, Conversation which);
[[nodiscard]] CallResult<Ready> ready(const Core& core, ListenerId which);
[[nodiscard]] CallResult<Status> status(const Core& core, Conversation which);
[[nodiscard]] CallResult<Status> status(const Core& core, ListenerId which);
[[nodiscard]] std::size_t walk(const Core& core, Walk& walk, std::uint16_t local_port,
                               std::span<Status> into);

// choices.cc
[[nodiscard]] CallResult<tcp::Settings> settings(const Core& core, Conversation which);
[[nodiscard]] CallResult<tcp::Settings> settings(const Core& core, ListenerId which);
[[nodiscard]] CallError set_settings(Core& core, Conversation which, const tcp::Settings& with);
[[nodiscard]] CallError set_settings(Core& core, ListenerId which, const tcp::Settings& with);
void reset(Core& core, bool with_segments);

// datagram_calls.cc
[[nodiscard]] CallResult<Conversation> open_datagrams(Core& core, Endpoint local,
                                                      const std::optional<Endpoint>& remote,
                                                      const tcp::Settings& with);
[[nodiscard]] CallError send_datagram(Core& core, Conversation which,
                                      std::span<const std::byte> payload,
                                      const std::optional<Endpoint>& remote);
[[nodiscard]] CallResult<DatagramTaken> receive_datagram(Core& core, Conversation which,
                                                         std::span<std::byte> into, bool peek);
[[nodiscard]] std::optional<IcmpCause> icmp_cause(const Core& core, Conversation which);
[[nodiscard]] CallError close(Core& core, DatagramConversation& conversation);
[[nodiscard]] Ready ready(const Core& core, const DatagramConversation& conversation);
[[nodiscard]] Status status(const DatagramConversation& conversation, Conversation which);

// What they share.
/// The record behind a handle; null: the handle names nothing (any more).
template <typename AnyCore>
auto record_of(AnyCore& core, Conversation which) -> decltype(&core.busy[0]) {
    if (which.serial == 0 || which.slot >= core.busy.high_water()) return nullptr;
    auto& record = core.busy[which.slot];
    return record.serial == which.serial ? &record : nullptr;
}
template <typename AnyCore>
auto listener_of(AnyCore& core, ListenerId which) -> decltype(core.listeners.data()) {
    if (which.serial == 0 || which.slot >= core.listeners.size()) return nullptr;
    auto& listener = core.listeners[which.slot];
    return listener.serial == which.serial ? &listener : nullptr;
}
/// What a call for text answers to a handle without a record: of a UDP conversation, or of nothing.
[[nodiscard]] CallError no_record(const Core& core, Conversation which);
/// The source of what goes to `remote`: `local`, where it names an address, and the interface.
struct Source {
    Address address;
    std::uint8_t interface = 0;
    CallError error = CallError::none;  ///< or why there is none
};
[[nodiscard]] Source choose_source(const Core& core, const Address& local, const Address& remote);
/// `address_not_ours`, unless `local` is one of ours or leaves it open.
[[nodiscard]] CallError check_source(const Core& core, const Address& local);
/// RFC 6335 section 6: the dynamic ports. Tries them from a random one on; 0: none is free.
template <typename IsFree>
[[nodiscard]] std::uint16_t pick_port(Core& core, const IsFree& is_free) {
    constexpr std::uint32_t first = 49152, count = 65536 - first;
    const std::uint32_t start = core.rng.below(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto port = static_cast<std::uint16_t>(first + (start + i) % count);
        if (is_free(port)) return port;
    }
    return 0;
}
/// Received text that receive() would give now.
[[nodiscard]] std::uint32_t unread_bytes(const Busy& record);
/// Text that send() would queue now.
[[nodiscard]] std::uint32_t send_room(const Core& core, const Busy& record);
/// Room was made: the window may open again, and the peer hear of it.
void reopen_window(Core& core, FlowId id);
/// ABORT: RFC 9293 section 3.10.5. The RST leaves with the next advance(), and the flow with it.
void abort_flow(Core& core, Busy& record);
/// The owner has closed: the record goes when its flow is CLOSED, or is so already.
void let_go(Core& core, std::uint32_t slot);

}  // namespace terminus::calls
