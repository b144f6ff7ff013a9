/// Fragments on their way in: a datagram that became whole goes through the stack like a packet, in
/// the reassembly's own buffer; one that did not is reported to its sender.
#include "terminus/stack/reassembly.h"

#include "steps.h"
#include "write.h"

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

/// The whole datagram is parsed as if it had come so, checksums and all.
void receive_whole(Core& core, const Turn& turn, Packet& fragment, std::span<std::byte> bytes) {
    Packet whole;
    whole.frame = borrowed_frame(bytes, fragment.frame.lane);
    whole.interface = fragment.interface;
    whole.drop = parse(bytes, Checked::good, Checked::unknown, whole.view);
    if (whole.drop == Drop::none) {
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
