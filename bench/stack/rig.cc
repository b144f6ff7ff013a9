#include "rig.h"

#include "terminus/service/services.h"
#include "terminus/stack/policy.h"
#include "terminus/wire/ethernet.h"

#include <cstring>

namespace terminus::bench {
namespace {

constexpr HashKey secret_isn_key{{0x1111111111111111U, 0x2222222222222222U}};

StackSettings stack_settings(const RigSettings& rig) {
    StackSettings settings;
    settings.flows = rig.flows;
    settings.ip6_flows = rig.ip6_flows;
    settings.half_open_flows = rig.flows;
    settings.tcp = rig.tcp;
    settings.icmp = {.errors_per_second = 0, .burst = 1, .per_destination_per_second = 0};
    settings.table_key = {{0x0123456789abcdefU, 0xfedcba9876543210U}};
    settings.isn_key = secret_isn_key;
    Interface interface;
    interface.mac = test::our_mac;
    interface.addresses = {{*parse_address(our_address(Family::ip4)), 15},
                           {*parse_address(our_address(Family::ip6)), 64}};
    interface.gateways = {*parse_address(gateway)};
    settings.interfaces = {interface};
    return settings;
}

Rule serve(const char* name, std::uint16_t port, std::uint16_t service) {
    return {.name = name,
            .protocol = RuleProtocol::tcp,
            .ports = {{port, port}},
            .action = Action::serve,
            .service = service};
}

std::vector<Rule> rules() {
    return {serve("echo", port::echo, 0),
            serve("discard", port::discard, 1),
            serve("chargen", port::chargen, 2),
            serve("brief echo", port::brief_echo, 0),
            serve("send and close", port::send_and_close, 3),
            {.name = "closed", .protocol = RuleProtocol::tcp, .action = Action::reset},
            {.name = "nobody", .protocol = RuleProtocol::udp, .action = Action::unreachable}};
}

std::shared_ptr<const Services> services() {
    return std::make_shared<const Services>(
        Services{make_echo(), make_discard(), make_chargen(), make_send(Peers::text_bytes)});
}

}  // namespace

const HashKey& Rig::isn_key() { return secret_isn_key; }

Rig::Rig(const RigSettings& settings)
    : table_bytes_{Stack::bytes_needed(stack_settings(settings))},
      memory_{table_bytes_, settings.pages},
      buffers_((burst_packets + stock_frames) * buffer_bytes),
      stack_{std::make_unique<Stack>(stack_settings(settings), memory_.span(), now_)} {
    stack_->adopt(std::make_shared<const Policy>(Policy::compile(rules())), services());
    for (std::size_t i = 0; i < stock_frames; ++i) {
        const Frame frame = frame_at(buffers_.data() + (burst_packets + i) * buffer_bytes);
        out_.restock({&frame, 1});
    }
    say_where_the_gateway_is();
}

Frame Rig::frame_at(std::byte* buffer) const {
    Frame frame;
    frame.data = buffer + minimum_headroom;
    frame.handle = buffer;
    frame.capacity = buffer_bytes - minimum_headroom;
    frame.headroom = minimum_headroom;
    return frame;
}

std::span<std::byte> Rig::buffer(std::size_t i, std::size_t length) {
    frames_[i] = frame_at(buffers_.data() + i * buffer_bytes);
    frames_[i].length = static_cast<std::uint32_t>(length);
    return {frames_[i].data, length};
}

TurnTime Rig::turn(std::size_t packets, std::uint64_t us) {
    clock_.begin();
    stack_->receive(std::span{frames_}.first(packets), now_, out_);
    const bool worked = stack_->advance(now_, out_);
    TurnTime turn = clock_.end();
    turn.worked = worked;
    now_ = now_.after_us(us);
    return turn;
}

TurnTime Rig::run(const std::function<void(std::span<Frame>)>& work) {
    others_clock_.begin();
    work(frames_);
    return others_clock_.end();
}

void Rig::clear() {
    bool asks_for_gateway = false;
    for (const Frame& frame : out_.sent()) {
        const auto& link = *reinterpret_cast<const EthernetHeader*>(frame.data);
        asks_for_gateway |= link.type.host() == ether_type::arp;
    }
    restock(out_.sent());
    restock(out_.released());
    out_.clear();
    if (asks_for_gateway) say_where_the_gateway_is();
}

/// Frames of the stock go back to it; those of the burst are written anew anyway.
void Rig::restock(std::span<const Frame> frames) {
    const std::byte* stock = buffers_.data() + burst_packets * buffer_bytes;
    for (const Frame& frame : frames) {
        auto* buffer = static_cast<std::byte*>(frame.handle);
        if (buffer < stock) continue;
        const Frame fresh = frame_at(buffer);
        out_.restock({&fresh, 1});
    }
}

/// An ARP request, which creates an entry, and a reply, which confirms it.
void Rig::say_where_the_gateway_is() {
    for (const std::uint16_t operation : {std::uint16_t{1}, std::uint16_t{2}}) {
        const test::Bytes arp =
            test::Packet::arp(operation, gateway, our_address(Family::ip4)).bytes();
        std::memcpy(buffer(0, arp.size()).data(), arp.data(), arp.size());
        stack_->receive(std::span{frames_}.first(1), now_, out_);
        restock(out_.sent());
        restock(out_.released());
        out_.clear();
    }
}

}  // namespace terminus::bench
