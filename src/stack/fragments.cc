/// Fragments on their way in: a datagram that became whole goes through the stack like a packet, in
/// the reassembly's own buffer, here or at the worker that owns it (fragments come by addresses
/// only); one that did not is reported to its sender.
#include "terminus/stack/fragmenter.h"
#include "terminus/stack/reassembly.h"

#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

/// A frame over bytes that no lane owns: what is sent from it is copied into fresh frames.
Frame borrowed_frame(std::span<std::byte> bytes, std::uint8_t lane) {
    Frame frame;
    frame.data = bytes.data();
    frame.length = frame.capacity = static_cast<std::uint32_t>(bytes.size());
    frame.headroom = minimum_headroom;
    frame.lane = lane;
    return frame;
}

std::uint16_t owner_of(const Core& core, const Packet& whole) {
    if (core.settings.workers == 1) return core.settings.worker;
    Tuple tuple;
    (void)concern_of(whole.frame.bytes(), tuple);
    return (*core.settings.spreads)[whole.frame.lane].owner(tuple);
}

/// An empty frame for another worker; a null handle: there is none, or nothing more may leave.
Frame frame_to_hand(const Turn& turn, std::uint8_t lane) {
    Frame frame = turn.out.room_to_hand() > 0 ? turn.out.fresh() : Frame{};
    frame.lane = lane;
    return frame;
}

/// A copy; false: no frame.
bool hand_whole(const Turn& turn, const Packet& whole, std::uint16_t owner) {
    Frame frame = frame_to_hand(turn, whole.frame.lane);
    if (frame.handle == nullptr) return false;
    frame.length = whole.frame.length;
    std::ranges::copy(whole.frame.bytes(), frame.data);
    turn.out.hand(frame, owner);
    return true;
}

/// In fragments again, of our own cut: the owner rebuilds it. False: not all of them left.
bool hand_in_fragments(Core& core, const Turn& turn, const Packet& whole, std::uint16_t owner) {
    const auto link = whole.frame.bytes().first(whole.view.l3);
    Fragmenter pieces{whole.frame.bytes().subspan(whole.view.l3),
                      core.interface(whole.interface).mtu_bytes, core.next_ip_id++};
    for (std::size_t left = pieces.count(); left > 0; --left) {
        Frame frame = frame_to_hand(turn, whole.frame.lane);
        if (frame.handle == nullptr) return false;
        std::ranges::copy(link, frame.data);
        frame.length = static_cast<std::uint32_t>(
            link.size() + pieces.next({frame.data + link.size(), frame.capacity - link.size()}));
        turn.out.hand(frame, owner);
    }
    return true;
}

/// Deliberate: a datagram that fits no frame and has IPv4 options is given up, for our fragments
/// repeat none.
Drop hand_on(Core& core, const Turn& turn, const Packet& whole, std::uint16_t owner) {
    if (whole.frame.length <= core.interface(whole.interface).mtu_bytes)
        return hand_whole(turn, whole, owner) ? Drop::none : Drop::no_buffer;
    const std::byte first = whole.frame.data[whole.view.l3];
    if (whole.view.family == Family::ip4 && first != std::byte{0x45}) return Drop::fragment_limit;
    return hand_in_fragments(core, turn, whole, owner) ? Drop::none : Drop::no_buffer;
}

/// The whole datagram is parsed as if it had come so, checksums and all.
void receive_whole(Core& core, const Turn& turn, Packet& fragment, std::span<std::byte> bytes) {
    Packet whole;
    whole.frame = borrowed_frame(bytes, fragment.frame.lane);
    whole.interface = fragment.interface;
    whole.drop = parse(bytes, Checked::good, Checked::unknown, whole.view);
    const std::uint16_t owner =
        whole.drop == Drop::none ? owner_of(core, whole) : core.settings.worker;
    if (owner != core.settings.worker) {
        whole.drop = hand_on(core, turn, whole, owner);
    } else if (whole.drop == Drop::none) {
        identify(core, whole);
        act(core, turn, whole);
        if (whole.flow != no_flow && !whole.sent) speak(core, turn, whole);
    } else if (whole.view.problem.wanted) {
        answer_problem(core, turn, whole);
    }
    fragment.drop = whole.drop;
    fragment.held = whole.held;
}

/// RFC 792 and RFC 4443 section 3.3: time exceeded, quoting the first fragment.
class Expired final : public ReassemblySink {
public:
    Expired(Core& core, const Turn& turn) : core_{core}, turn_{turn} {}

    void expired(std::span<const std::byte> first, std::uint8_t interface, std::size_t) override {
        core_.counters.count(Drop::fragment_expired);
        if (first.empty() || turn_.out.room() == 0) return;
        Packet packet;
        packet.frame = turn_.out.fresh();
        if (packet.frame.handle == nullptr) return;
        packet.frame.lane = core_.interface(interface).lane;
        packet.frame.length =
            static_cast<std::uint32_t>(std::min<std::size_t>(first.size(), packet.frame.capacity));
        std::ranges::copy(first.first(packet.frame.length), packet.frame.data);
        packet.interface = interface;
        (void)parse(packet.frame.bytes(), Checked::good, Checked::good, packet.view);
        answer_time_exceeded(core_, turn_, packet);
        if (!packet.sent) turn_.out.release(packet.frame);
    }

private:
    Core& core_;
    const Turn& turn_;
};

}  // namespace

void receive_fragment(Core& core, const Turn& turn, Packet& packet) {
    const Reassembled result =
        core.reassembly.take(packet.view, packet.frame.bytes(), packet.interface, turn.now);
    packet.drop = result.drop;
    if (result.complete) return receive_whole(core, turn, packet, result.frame);
    packet.held = result.drop == Drop::none;
}

void expire_fragments(Core& core, const Turn& turn) {
    Expired sink{core, turn};
    core.reassembly.advance(turn.now, sink);
}

}  // namespace terminus
