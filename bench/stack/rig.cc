#include "rig.h"

#include "terminus/service/services.h"
#include "terminus/stack/policy.h"
#include "terminus/wire/checksum.h"
#include "terminus/wire/tcp.h"
#include "terminus/wire/udp.h"

#include <chrono>
#include <cstring>
#include <thread>
#include <x86intrin.h>

namespace terminus::bench {
namespace {

constexpr std::size_t l3 = sizeof(EthernetHeader), l4 = l3 + sizeof(Ip4Header);

StackSettings settings_for(std::uint32_t flows) {
    StackSettings settings;
    settings.flows = flows;
    settings.ip6_flows = 1;
    settings.half_open_flows = flows;
    settings.icmp = {.errors_per_second = 0, .burst = 1, .per_destination_per_second = 0};
    settings.table_key = {{0x0123456789abcdefU, 0xfedcba9876543210U}};
    settings.isn_key = {{0x1111111111111111U, 0x2222222222222222U}};
    Interface interface;
    interface.mac = test::our_mac;
    interface.addresses = {{*parse_address("198.18.0.2"), 15}};
    settings.interfaces = {interface};
    return settings;
}

std::vector<Rule> rules() {
    return {{.name = "echo",
             .protocol = RuleProtocol::tcp,
             .ports = {{7, 7}},
             .action = Action::serve,
             .service = 0},
            {.name = "discard",
             .protocol = RuleProtocol::tcp,
             .ports = {{9, 9}},
             .action = Action::serve,
             .service = 1},
            {.name = "closed", .protocol = RuleProtocol::tcp, .action = Action::reset},
            {.name = "nobody", .protocol = RuleProtocol::udp, .action = Action::unreachable}};
}

Services services() {
    return {std::shared_ptr<const Service>{make_echo()},
            std::shared_ptr<const Service>{make_discard()}};
}

/// The transport checksum of the frame, computed anew.
void finish(std::span<std::byte> frame) {
    auto& ip = *reinterpret_cast<Ip4Header*>(frame.data() + l3);
    ip.checksum = be16{0};
    ip.checksum = ip4_header_checksum(ip);
    const auto message =
        frame.subspan(l4, static_cast<std::size_t>(ip.total_length.host()) - sizeof ip);
    std::size_t at = ip.protocol == ip_protocol::tcp ? 16 : 6;
    PartialSum sum = pseudo_sum(ip, ip.protocol, static_cast<std::uint32_t>(message.size()));
    if (ip.protocol == ip_protocol::icmp4) {
        at = 2;
        sum = 0;
    }
    store(message.data() + at, be16{0});
    store(message.data() + at, checksum_finish(checksum_add(sum, message)));
}

}  // namespace

Template::Template(const test::Packet& packet) : bytes_{packet.bytes()} {}

void Template::write(std::span<std::byte> into, std::uint32_t number, std::uint32_t seq,
                     std::uint32_t ack) const {
    std::memcpy(into.data(), bytes_.data(), bytes_.size());
    auto& ip = *reinterpret_cast<Ip4Header*>(into.data() + l3);
    ip.source = be32{0x0a000000U + number % (1U << 24)};  // 10.0.0.0/8 by number, then the port
    const bool has_ports = ip.protocol != ip_protocol::icmp4;
    if (has_ports) store(into.data() + l4, be16{static_cast<std::uint16_t>(1024 + (number >> 24))});
    if (ip.protocol == ip_protocol::tcp) {
        auto& tcp = *reinterpret_cast<TcpHeader*>(into.data() + l4);
        tcp.seq = be32{seq};
        tcp.ack = be32{ack};
    }
    finish(into);
}

Rig::Rig(std::uint32_t flows)
    : memory_{Stack::bytes_needed(settings_for(flows))},
      buffers_(burst_packets * buffer_bytes),
      stack_{std::make_unique<Stack>(settings_for(flows), memory_.span(), now_)} {
    stack_->adopt(std::make_shared<const Policy>(Policy::compile(rules())),
                  std::make_shared<const Services>(services()));
}

std::span<std::byte> Rig::buffer(std::size_t i, std::size_t length) {
    std::byte* data = buffers_.data() + i * buffer_bytes + minimum_headroom;
    frames_[i] = Frame{};
    frames_[i].data = data;
    frames_[i].handle = data;
    frames_[i].length = static_cast<std::uint16_t>(length);
    frames_[i].capacity = buffer_bytes - minimum_headroom;
    frames_[i].headroom = minimum_headroom;
    return {data, length};
}

std::uint64_t Rig::run() {
    const std::uint64_t begin = tsc();
    stack_->receive(frames_, now_, out_);
    return tsc() - begin;
}

std::uint64_t Rig::run(const std::function<void(std::span<Frame>)>& work) {
    const std::uint64_t begin = tsc();
    work(frames_);
    return tsc() - begin;
}

bool Rig::advance() {
    const bool worked = stack_->advance(now_, out_);
    out_.clear();
    return worked;
}

std::uint64_t tsc() {
    _mm_lfence();
    const std::uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
}

double tsc_hz() {
    using Clock = std::chrono::steady_clock;
    const auto began = Clock::now();
    const std::uint64_t from = tsc();
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    const std::uint64_t to = tsc();
    return static_cast<double>(to - from) /
           std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace terminus::bench
