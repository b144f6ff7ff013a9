/// UDP conversations: RFC 768 behind the calls of RFC 9293, and RFC 1122 section 4.1.
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"
#include "terminus/wire/udp.h"

#include "calls.h"
#include "neighbour_link.h"
#include "path_mtu.h"
#include "steps.h"

#include <algorithm>
#include <utility>

namespace terminus {
namespace {

constexpr std::size_t most_sent = 64;              // datagrams of one turn
constexpr std::size_t outbox_reserve = 80;         // room that the answers of a burst may need
constexpr std::uint32_t most_resolving_ms = 3000;  // a large datagram waits for a neighbour

/// What the family's length fields allow: RFC 791 section 3.1, RFC 8200 section 3.
std::size_t most_payload(Family family) {
    const std::size_t headers = sizeof(UdpHeader) + (family == Family::ip4 ? sizeof(Ip4Header) : 0);
    return 65535 - headers;
}

void begin_sending(Core& core, DatagramConversation& conversation) {
    if (conversation.waits_to_send) return;
    conversation.waits_to_send = true;
    core.datagrams.senders.push_back(core.datagrams.slot_of(conversation));
}

CallError take_error_of(DatagramConversation& conversation) {
    return std::exchange(conversation.error, CallError::none);
}

Key key_of(const DatagramHead& head) {
    return make_key(head.local.address, head.remote.address,
                    {be16{head.local.port}, be16{head.remote.port}, head.interface});
}

NeighbourKey path_of(const DatagramHead& head) { return {head.remote.address, head.interface}; }

/// Builds the datagram in the scratch buffer, and sends it in as many frames as it needs.
void send_large(Core& core, const Turn& turn, const DatagramConversation& conversation,
                const DatagramHead& head) {
    const Interface& interface = core.interface(head.interface);
    const std::size_t offset =
        datagram_offset(interface, head.remote.address.family() == Family::ip6);
    Frame frame{};
    frame.data = core.scratch.data();
    frame.capacity = static_cast<std::uint32_t>(core.scratch.size());
    conversation.to_send.read(core.blocks, std::span{core.scratch}.subspan(offset));
    write_datagram(
        core, frame,
        {key_of(head), head.length, ip_choice(conversation.settings).with_dont_fragment(false)});
    const std::uint32_t mtu_bytes =
        datagram_mtu_bytes(core, path_of(head), conversation.settings, turn.now);
    dispatch_in_fragments(core, turn, head.interface, frame, {head.remote.address, mtu_bytes});
}

/// False: no frame is free.
bool send_small(Core& core, const Turn& turn, const DatagramConversation& conversation,
                const DatagramHead& head) {
    Frame frame = turn.out.fresh();
    if (frame.handle == nullptr) return false;
    const Interface& interface = core.interface(head.interface);
    const std::size_t offset =
        datagram_offset(interface, head.remote.address.family() == Family::ip6);
    conversation.to_send.read(core.blocks, {frame.data + offset, head.length});
    const bool uncut = forbids_fragments(core, path_of(head), conversation.settings, turn.now);
    write_datagram(
        core, frame,
        {key_of(head), head.length, ip_choice(conversation.settings).with_dont_fragment(uncut)});
    (void)dispatch(core, turn, head.interface, frame, head.remote.address);
    return true;
}

/// Larger than what passes uncut: RFC 1191 section 3, RFC 8201 section 5.
bool is_large(const Core& core, const DatagramConversation& conversation, const DatagramHead& head,
              Tick now) {
    const bool is_ip6 = head.remote.address.family() == Family::ip6;
    const std::size_t headers =
        sizeof(UdpHeader) + (is_ip6 ? sizeof(Ip6Header) : sizeof(Ip4Header));
    return headers + head.length >
           datagram_mtu_bytes(core, path_of(head), conversation.settings, now);
}

/// Fragments cannot all wait in the neighbour cache: their datagram waits here until the address is
/// known. False: it waits.
bool is_resolved(Core& core, const Turn& turn, DatagramConversation& conversation,
                 const DatagramHead& head) {
    const Address* hop = next_hop(core.interface(head.interface), head.remote.address);
    if (hop == nullptr) return true;  // dispatch() says so
    const NeighbourKey key{*hop, head.interface};
    const Neighbours::Found found = core.neighbours.lookup(key, turn.now);
    if (found.mac != nullptr) return true;
    if (found.wants_solicitation) NeighbourLink{core, turn}.solicit(key, nullptr);
    if (!conversation.asked_at) conversation.asked_at = turn.now;
    return turn.now >= conversation.asked_at->after_ms(most_resolving_ms);
}

/// Sends the oldest. False: it has to wait.
bool send_oldest(Core& core, const Turn& turn, DatagramConversation& conversation) {
    const DatagramHead head = conversation.to_send.front(core.blocks);
    if (is_large(core, conversation, head, turn.now)) {
        if (!is_resolved(core, turn, conversation, head)) return false;
        conversation.asked_at.reset();
        send_large(core, turn, conversation, head);
    } else if (!send_small(core, turn, conversation, head)) {
        return false;
    }
    conversation.to_send.pop(core.blocks);
    return true;
}

/// True when nothing is left to send.
bool let_send(Core& core, const Turn& turn, DatagramConversation& conversation,
              std::size_t& budget) {
    while (!conversation.to_send.empty()) {
        if (budget == 0 || turn.out.room() <= outbox_reserve) return false;
        --budget;
        if (!send_oldest(core, turn, conversation)) return false;
    }
    return true;
}

}  // namespace

std::size_t send_datagrams(Core& core, const Turn& turn) {
    auto& senders = core.datagrams.senders;
    std::size_t budget = most_sent;
    std::erase_if(senders, [&](std::uint32_t slot) {
        DatagramConversation& conversation = core.datagrams.all()[slot];
        if (!let_send(core, turn, conversation, budget)) return false;
        conversation.waits_to_send = false;
        if (conversation.serial != 0 && conversation.detached)
            core.datagrams.end(conversation, core.blocks);
        return true;
    });
    return most_sent - budget;
}

bool take_datagram(Core& core, Packet& packet) {
    if (core.datagrams.empty()) return false;
    const auto& ports = packet.header_at<UdpHeader>(packet.view.l4);
    const Endpoint local{destination_of(packet), ports.destination_port.host()};
    const Endpoint remote{source_of(packet), ports.source_port.host()};
    DatagramConversation* conversation = core.datagrams.receiver(local, remote);
    if (conversation == nullptr) return false;
    const auto payload = packet.payload();
    const DatagramHead head{local, remote, static_cast<std::uint16_t>(payload.size()),
                            packet.interface};
    // Never more than half of what the blocks could still hold: others need room too.
    const bool leaves_room = payload.size() / Blocks::text_bytes < core.blocks.free_blocks() / 2;
    packet.held =
        leaves_room && conversation->received.push(core.blocks, head, payload,
                                                   conversation->settings.receive_buffer_bytes);
    if (!packet.held) packet.drop = Drop::memory_full;
    return true;
}

/// RFC 1122 section 4.1.3.3: whoever sent the datagram learns of the error, asynchronously.
bool report_datagram_error(Core& core, const IcmpCause& cause, const Endpoint& local,
                           CallError error) {
    DatagramConversation* conversation = core.datagrams.receiver(local, cause.quoted);
    if (conversation == nullptr) return false;
    if (!conversation->remote && !conversation->settings.report_errors) return true;
    conversation->error = error;
    conversation->cause = cause;
    return true;
}

namespace calls {

CallResult<Conversation> open_datagrams(Core& core, Endpoint local,
                                        const std::optional<Endpoint>& remote,
                                        const tcp::Settings& with) {
    if (remote && (remote->port == 0 || !remote->address.is_host()))
        return {.error = CallError::bad_request};
    const Source source = remote ? choose_source(core, local.address, remote->address)
                                 : Source{local.address, 0, check_source(core, local.address)};
    if (source.error != CallError::none) return {.error = source.error};
    local.address = source.address;
    if (local.address.is_unspecified()) local.address = Address{};  // of either family
    const auto is_free = [&](std::uint16_t port) { return !core.datagrams.has_port(port); };
    if (local.port == 0) local.port = pick_port(core, is_free);
    if (core.datagrams.has(local, remote)) return {.error = CallError::address_in_use};
    DatagramConversation* made = local.port == 0 ? nullptr : core.datagrams.make(local, remote);
    if (made == nullptr) return {.error = CallError::no_memory};
    made->settings = with;
    made->serial = core.next_serial++;
    return {.value = {core.datagrams.slot_of(*made) | Datagrams::handle_bit, made->serial}};
}

CallError send_datagram(Core& core, Conversation which, std::span<const std::byte> payload,
                        const std::optional<Endpoint>& remote) {
    DatagramConversation* conversation = core.datagrams.find(which);
    if (conversation == nullptr) return no_record(core, which);
    if (conversation->detached) return CallError::closing;
    if (const CallError error = take_error_of(*conversation); error != CallError::none)
        return error;
    if (!remote && !conversation->remote) return CallError::not_connected;
    const Endpoint to = remote ? *remote : *conversation->remote;
    if (to.port == 0 || !to.address.is_host()) return CallError::bad_request;
    if (payload.size() > most_payload(to.address.family())) return CallError::too_big;
    const Source source = choose_source(core, conversation->local.address, to.address);
    if (source.error != CallError::none) return source.error;
    const DatagramHead head{{source.address, conversation->local.port},
                            to,
                            static_cast<std::uint16_t>(payload.size()),
                            source.interface};
    if (!conversation->to_send.push(core.blocks, head, payload,
                                    conversation->settings.send_buffer_bytes))
        return CallError::would_block;
    begin_sending(core, *conversation);
    return CallError::none;
}

CallResult<DatagramTaken> receive_datagram(Core& core, Conversation which,
                                           std::span<std::byte> into, bool peek) {
    DatagramConversation* conversation = core.datagrams.find(which);
    if (conversation == nullptr) return {.error = no_record(core, which)};
    if (conversation->detached) return {.error = CallError::closing};
    if (const CallError error = take_error_of(*conversation); error != CallError::none)
        return {.error = error};
    DatagramQueue& queue = conversation->received;
    if (queue.empty()) return {.error = CallError::would_block};
    const DatagramHead head = queue.front(core.blocks);
    const std::size_t bytes = queue.read(core.blocks, into);
    if (!peek) queue.pop(core.blocks);
    return {.value = {.bytes = bytes, .length = head.length, .remote = head.remote}};
}

std::optional<IcmpCause> icmp_cause(const Core& core, Conversation which) {
    const DatagramConversation* conversation = core.datagrams.find(which);
    return conversation == nullptr ? std::nullopt : conversation->cause;
}

CallError close(Core& core, DatagramConversation& conversation) {
    if (conversation.detached) return CallError::closing;
    conversation.detached = true;  // what is queued still leaves
    conversation.received.clear(core.blocks);
    if (conversation.to_send.empty()) core.datagrams.end(conversation, core.blocks);
    return CallError::none;
}

Ready ready(const Core& core, const DatagramConversation& conversation) {
    const DatagramQueue& queue = conversation.to_send;
    return {.readable = !conversation.detached && !conversation.received.empty(),
            .writable = !conversation.detached &&
                        queue.has_room(core.blocks, 1, conversation.settings.send_buffer_bytes),
            .error = conversation.error != CallError::none};
}

Status status(const DatagramConversation& conversation, Conversation which) {
    Status status;
    status.datagrams = true;
    status.conversation = which;
    status.local = conversation.local;
    status.remote = conversation.remote.value_or(Endpoint{});
    status.active = conversation.remote.has_value();
    status.error = conversation.error;
    status.receive_queue_bytes = conversation.received.bytes();
    status.send_queue_bytes = conversation.to_send.bytes();
    return status;
}

}  // namespace calls
}  // namespace terminus
