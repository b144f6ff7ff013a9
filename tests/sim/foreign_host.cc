#include "foreign_host.h"

#include "terminus/wire/tcp.h"

#include <algorithm>
#include <utility>

namespace terminus::test {

using namespace tcp_flag;

void ForeignHost::open(ForeignTcp::Ports ports, ForeignTcp::Talk talk, std::uint64_t now_us) {
    connections_.emplace_back(manners_, ends_, ports, std::move(talk), Rng{rng_.next()});
    connections_.back().open(now_us);
}

/// RFC 9293 section 3.10.7.1.
void ForeignHost::refuse(const Datagram& d) {
    if (d.has(rst)) return;
    Datagram reply;
    reply.source_mac = ends_.their_mac;
    reply.destination_mac = ends_.our_mac;
    reply.source = d.destination;
    reply.destination = d.source;
    reply.source_port = d.destination_port;
    reply.destination_port = d.source_port;
    reply.flags = rst;
    if (d.has(ack)) {
        reply.seq = d.ack;
    } else {
        reply.flags |= ack;
        reply.ack = d.seq + static_cast<std::uint32_t>(d.payload.size()) + (d.has(syn) ? 1 : 0) +
                    (d.has(fin) ? 1 : 0);
    }
    outgoing_.push_back(encode(reply));
}

void ForeignHost::receive(const Bytes& frame, std::uint64_t now_us) {
    const Datagram d = decode(frame);
    if (is_gone_ || !d.fault.empty() || d.protocol != protocol_tcp || d.fragment) return;
    if (d.destination != ends_.theirs || d.source != ends_.ours) return;
    for (ForeignTcp& connection : connections_) {
        const ForeignTcp::Ports ports = connection.ports();
        if (ports.theirs == d.destination_port && ports.ours == d.source_port)
            return connection.receive(d, now_us);
    }
    const auto expected = expected_.find(d.destination_port);
    if (expected == expected_.end() || !d.has(syn) || d.has(ack)) return refuse(d);
    connections_.emplace_back(manners_, ends_, ForeignTcp::Ports{d.destination_port, d.source_port},
                              std::move(expected->second), Rng{rng_.next()});
    expected_.erase(expected);
    connections_.back().receive(d, now_us);
}

void ForeignHost::advance(std::uint64_t now_us) {
    if (is_gone_) return;
    for (ForeignTcp& connection : connections_) {
        connection.advance(now_us);
        collect(connection);
    }
}

void ForeignHost::collect(ForeignTcp& connection) {
    for (const Datagram& d : connection.take())
        outgoing_.push_back(encode(d));
}

std::vector<Bytes> ForeignHost::take() { return std::exchange(outgoing_, {}); }

void ForeignHost::reboot() {
    fault_ = fault();
    connections_.clear();
    expected_.clear();
}

bool ForeignHost::done() const {
    const bool all = std::ranges::all_of(
        connections_, [](const ForeignTcp& c) { return c.done() || c.was_reset(); });
    return is_gone_ || (expected_.empty() && all);
}

std::string ForeignHost::fault() const {
    std::string text = fault_;
    for (const ForeignTcp& connection : connections_)
        text += connection.fault();
    return text;
}

std::string ForeignHost::progress() const {
    std::string text;
    for (const ForeignTcp& connection : connections_)
        text += "\n    " + connection.progress();
    return text;
}

}  // namespace terminus::test
