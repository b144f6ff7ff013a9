/// terminus_memif_client SOCKET: peers without memory who open whole connections over net_memif at
/// a given rate: SYN; the request with the ACK; FIN when the answer comes; ACK of the other's FIN.
/// The client closes first. bench/memif runs it against an appliance, and says what that cost.
#include "terminus/wire/ip4.h"
#include "terminus/wire/tcp.h"

#include "../stack/clock.h"
#include "../stack/frames.h"
#include "dpdk/device.h"
#include "dpdk/eal.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace {

using namespace terminus;
using namespace terminus::bench;

struct Options {
    std::string socket;
    std::uint16_t port = 80;
    double rate = 10'000, seconds = 5;
};

constexpr std::size_t burst = 32, l3 = 14, l4 = l3 + 20;

/// What came back.
struct Heard {
    std::uint32_t peer = 0, next = 0, acked = 0;  ///< `next`: what is to be acknowledged
    std::uint8_t flags = 0;
    bool has_text = false;
};

Heard read(const Frame& frame) {
    const auto ip = load<Ip4Header>(frame.data + l3);
    const auto tcp = load<TcpHeader>(frame.data + l4);
    const unsigned text = ip.total_length.host() - 20U - tcp.header_bytes();
    const bool counts = (tcp.flags & (tcp_flag::syn | tcp_flag::fin)) != 0;
    const auto port = static_cast<std::uint32_t>(tcp.destination_port.host() - 1024U);
    return {.peer = (ip.destination.host() & 0xffffffU) | port << 24,
            .next = tcp.seq.host() + text + (counts ? 1U : 0U),
            .acked = tcp.ack.host(),
            .flags = tcp.flags,
            .has_text = text != 0};
}

class Client {
public:
    Client(const Options& options, Lane& lane)
        : options_{options},
          lane_{lane},
          syn_{tcp_to_us({}, options.port, "S")},
          request_{tcp_to_us({}, options.port, "P.").text("GET / HTTP/1.1\r\nHost: a\r\n\r\n")},
          ack_{tcp_to_us({}, options.port, ".")},
          fin_{tcp_to_us({}, options.port, "F.")} {}

    void run() {
        const std::uint64_t begin = tsc();
        const double hz = tsc_hz();
        const auto end = static_cast<std::uint64_t>((options_.seconds + 0.5) * hz);
        for (std::uint64_t now = 0; now < end; now = tsc() - begin) {
            const double elapsed = std::min(static_cast<double>(now) / hz, options_.seconds);
            open(static_cast<std::uint64_t>(elapsed * options_.rate));
            if (!hear()) std::this_thread::yield();
        }
    }
    void tell() const {
        std::printf("{\"opened\": %lu, \"completed\": %lu, \"reset\": %lu, \"unsent\": %lu}\n",
                    opened_, completed_, reset_, unsent_);
    }

private:
    /// At most a burst at once: what is late comes later.
    void open(std::uint64_t by_now) {
        for (std::size_t i = 0; i < burst && opened_ < by_now; ++i, ++opened_) {
            const auto peer = static_cast<std::uint32_t>(opened_);
            say(syn_, {.peer = peer, .acked = Peers::iss(peer)});
        }
        flush();
    }
    bool hear() {
        std::array<Frame, burst> frames;
        const std::size_t count = lane_.receive(frames);
        for (const Frame& frame : std::span{frames}.first(count))
            if (load<be16>(frame.data + 12) == be16{0x0800}) answer(read(frame));
        lane_.release(std::span{frames}.first(count));
        flush();
        return count != 0;
    }
    void answer(const Heard& heard) {
        if ((heard.flags & tcp_flag::rst) != 0) {
            ++reset_;
        } else if ((heard.flags & tcp_flag::syn) != 0) {
            say(request_, heard);
        } else if ((heard.flags & tcp_flag::fin) != 0) {
            say(ack_, heard);
            ++completed_;
        } else if (heard.has_text) {
            say(fin_, heard);
        }
    }
    void say(const Template& what, const Heard& heard) {
        if (waiting_ == out_.size() || lane_.fresh({&out_[waiting_], 1}) != 1) {
            ++unsent_;
            return;
        }
        Frame& frame = out_[waiting_++];
        frame.length = static_cast<std::uint32_t>(what.size());
        what.write(frame.bytes(), heard.peer, {.seq = heard.acked, .ack = heard.next});
    }
    void flush() {
        const auto all = std::span{out_}.first(waiting_);
        const std::size_t sent = lane_.transmit(all);
        lane_.release(all.subspan(sent));
        unsent_ += waiting_ - sent;
        waiting_ = 0;
    }

    const Options& options_;
    Lane& lane_;
    Template syn_, request_, ack_, fin_;
    std::array<Frame, 2 * burst> out_;
    std::size_t waiting_ = 0;
    std::uint64_t opened_ = 0, completed_ = 0, reset_ = 0, unsent_ = 0;
};

void run(const Options& options) {
    EalPlan plan;
    plan.huge_pages = HugePages::never;
    plan.memory_mib = 64;
    const Eal eal{plan};
    Pool pool({.name = "pool", .frames = 8192});
    Device device({.device = "net_memif0,role=client,id=0,socket-abstract=no,rsize=11,socket=" +
                             options.socket,
                   .mac = {},
                   .groups = {}},
                  {&pool});
    device.start();
    for (int i = 0; i < 5000 && !device.link().is_up; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!device.link().is_up) throw std::runtime_error("no appliance at " + options.socket);
    const auto lane = device.lane(0);
    Client client{options, *lane};
    client.run();
    client.tell();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Whole connections over net_memif, at a rate"};
    Options options;
    app.add_option("socket", options.socket, "the appliance's")->required();
    app.add_option("--port", options.port, "of the service");
    app.add_option("--rate", options.rate, "connections a second");
    app.add_option("--seconds", options.seconds, "how long they open");
    try {
        app.parse(argc, argv);
        run(options);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong);
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "terminus_memif_client: %s\n", wrong.what());
        return 1;
    }
    return 0;
}
