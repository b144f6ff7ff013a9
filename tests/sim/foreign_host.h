/// The host of the foreign TCP, at the peer's addresses: it has connections, listens for those it
/// expects, resets what it does not know, and may vanish or reboot.
#pragma once

#include "foreign_tcp.h"

#include <map>
#include <vector>

namespace terminus::test {

class ForeignHost {
public:
    ForeignHost(const Ends& ends, const Manners& manners, Rng rng)
        : ends_{ends}, manners_{manners}, rng_{rng} {}

    /// Opens a connection from its port to ours.
    void open(ForeignTcp::Ports ports, ForeignTcp::Talk talk, std::uint64_t now_us);
    /// Will accept one connection at its port.
    void expect(std::uint16_t port, ForeignTcp::Talk talk) { expected_[port] = std::move(talk); }

    void receive(const Bytes& frame, std::uint64_t now_us);
    void advance(std::uint64_t now_us);
    [[nodiscard]] std::vector<Bytes> take();

    /// From now on it is silent for ever.
    void vanish() { is_gone_ = true; }
    /// All its connections are forgotten: it resets what comes for them (RFC 9293 section 3.5.1).
    void reboot();

    /// Every connection it expected came, and all are through.
    [[nodiscard]] bool done() const;
    [[nodiscard]] std::string fault() const;
    [[nodiscard]] std::string progress() const;

private:
    void collect(ForeignTcp& connection);
    void refuse(const Datagram& d);

    Ends ends_;
    Manners manners_;
    Rng rng_;
    std::vector<ForeignTcp> connections_;
    std::map<std::uint16_t, ForeignTcp::Talk> expected_;
    std::vector<Bytes> outgoing_;
    bool is_gone_ = false;
    std::string fault_;
};

}  // namespace terminus::test
