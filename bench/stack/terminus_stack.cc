/// terminus_stack: what a packet costs from Stack::receive to the outbox, with N flows in the
/// table, next to a reference loop in the same run that touches the header line, swaps MACs,
/// addresses and ports, and rewrites both checksums in full.
///
/// Prediction (the EPYC guest of 2.45 GHz, 10 M flows): reference 10 ns; syn_reset 45 ns (parse 12,
/// hash and two misses 12, judge 8, write 10), udp_unreachable 60 ns, ping 40 ns; a packet of a
/// handshake 120 ns (record, index, wheel and ISN). Of a flow that lives: a pure ACK 60 ns, text to
/// discard 80 ns, text and its echo 125 ns (echo, block, RTO armed), the ACK of an echo 70 ns. A
/// whole connection of six packets 700 ns, 1.4 M/s. A frame of a bulk send 170 ns: 50 to fill 1460
/// bytes, 45 to sum them, 40 for half an ACK, the rest to plan and write: 68 Gb/s.
#include "terminus/wire/checksum.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/tcp.h"

#include "bulk.h"
#include "connections.h"
#include "crowd.h"
#include "measured.h"
#include "resident.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>
#include <stdexcept>

namespace {

using namespace terminus;
using namespace terminus::bench;

struct Options {
    std::uint32_t flows = 1'000'000;
    std::uint32_t packets = 200'000;
    std::uint32_t rounds = 8;
    std::vector<std::string> works;
    bool more = false, json = false, small_pages = false, ip6 = false, no_delayed_ack = false;
    PeerOptions peers;

    [[nodiscard]] bool names(const char* work) const {
        return std::ranges::find(works, work) != works.end();
    }
    [[nodiscard]] bool wants(const char* work, bool usually = true) const {
        return works.empty() ? usually || more : names(work);
    }
    /// None of those works is wanted whose names these are.
    [[nodiscard]] bool wants_any(std::initializer_list<const char*> names, bool usually) const {
        return std::ranges::any_of(names, [&](const char* n) { return wants(n, usually); });
    }
};

void swap_and_sum(std::span<Frame> frames) {
    for (Frame& frame : frames) {
        auto& link = *reinterpret_cast<EthernetHeader*>(frame.data);
        std::swap(link.source, link.destination);
        auto& ip = *reinterpret_cast<Ip4Header*>(frame.data + 14);
        std::swap(ip.source, ip.destination);
        auto& tcp = *reinterpret_cast<TcpHeader*>(frame.data + 34);
        std::swap(tcp.source_port, tcp.destination_port);
        ip.checksum = be16{0};
        ip.checksum = ip4_header_checksum(ip);
        tcp.checksum = be16{0};
        const std::span<const std::byte> message{frame.data + 34, 20};
        tcp.checksum = checksum_finish(checksum_add(pseudo_sum(ip, 6, 20), message));
    }
}

RigSettings rig_settings(const Options& options) {
    RigSettings settings;
    // Room for connections that come and go beside the flows that stay.
    settings.flows = options.flows + options.flows / 16 + 65'536;
    settings.ip6_flows = options.ip6 ? settings.flows : 1;
    settings.pages = options.small_pages ? Pages::small : Pages::huge;
    settings.tcp.keepalive = true;
    settings.tcp.delayed_ack = !options.no_delayed_ack;
    return settings;
}

/// One table, and all works on it.
class Bench {
public:
    explicit Bench(const Options& options)
        : options_{options},
          rig_{rig_settings(options)},
          order_{options.flows},
          connections_{rig_, options.peers, options.flows} {
        PeerOptions ip4;
        reference_.emplace(tcp_to_us(ip4, port::closed, "S"));
        syn_.emplace(tcp_to_us(options.peers, port::closed, "S"));
        udp_.emplace(udp_to_us(options.peers, 5000));
        ping_.emplace(ping_to_us(options.peers));
        crowd_.emplace(rig_, options.peers, options.names("data") ? port::discard : port::echo,
                       options.flows);
    }

    /// The crowd fills the table; that is the handshakes' own figure too.
    Measured fill() { return crowd_->open(); }

    void round(Results& results) {
        results.add(stateless("reference", *reference_, [&] { return rig_.run(swap_and_sum); }));
        const auto turn = [&] { return rig_.turn(); };
        if (options_.wants("syn_reset")) results.add(stateless("syn_reset", *syn_, turn));
        if (options_.wants("udp_unreachable"))
            results.add(stateless("udp_unreachable", *udp_, turn));
        if (options_.wants("ping", false)) results.add(stateless("ping", *ping_, turn));
        if (options_.wants("pure_ack")) results.add(crowd_->touch(options_.packets));
        talk(results);
        connect(results);
        if (options_.wants("bulk_send") && !options_.ip6) bulk(results);
    }

private:
    /// One kind of packet, answered without a flow.
    template <typename Run>
    Measured stateless(const char* work, const Template& from, Run&& run) {
        Measured cost{.work = work};
        while (cost.packets < options_.packets) {
            for (std::uint32_t i = 0; i < burst_packets; ++i, ++asked_)
                from.write(rig_.buffer(i, from.size()), order_(asked_ % options_.flows),
                           {.seq = 1, .ack = 1});
            cost.add(run(), burst_packets);
            rig_.clear();
        }
        return cost;
    }

    void talk(Results& results) {
        if (options_.names("data")) return results.add(crowd_->say(options_.packets));
        if (!options_.wants_any({"echo", "ack_of_data"}, true)) return;
        const Crowd::Talk talk = crowd_->echo(options_.packets);
        if (options_.wants("echo")) results.add(talk.text);
        if (options_.wants("ack_of_data", false)) results.add(talk.acks);
    }

    void connect(Results& results) {
        if (options_.wants("connection"))
            results.add(connections_.client_closes(options_.packets / 6));
        if (options_.wants("connection_server_closes", false))
            results.add(connections_.server_closes(options_.packets / 3));
    }

    void bulk(Results& results) {
        Bulk bulk{rig_, options_.peers};
        results.add(bulk.send(options_.packets));
    }

    const Options& options_;
    Rig rig_;
    Permutation order_;
    std::uint32_t asked_ = 0;
    std::optional<Template> reference_, syn_, udp_, ping_;
    std::optional<Crowd> crowd_;
    Connections connections_;
};

Options parse(int argc, char** argv, CLI::App& app) {
    Options options;
    app.add_option("--flows", options.flows, "live flows in the table, and so many peers")
        ->check(CLI::Range(64U, 120'000'000U));
    app.add_option("--packets", options.packets, "packets of each kind of work and round");
    app.add_option("--rounds", options.rounds, "the best of so many rounds is told");
    app.add_option(
        "--work", options.works,
        "these works only, beside the reference: syn_reset udp_unreachable ping pure_ack "
        "echo ack_of_data connection connection_server_closes bulk_send handshake; "
        "data excludes the echoes");
    app.add_flag("--more", options.more, "also ping, handshake, ack_of_data, server closes");
    app.add_flag("--json", options.json, "JSON on standard output");
    app.add_flag("--small-pages", options.small_pages, "the table on pages of 4 KB");
    app.add_flag("--ip6", options.ip6, "IPv6, without bulk_send");
    app.add_flag("--timestamps", options.peers.timestamps, "the peers offer timestamps");
    app.add_flag("--sack", options.peers.sack, "the peers permit SACK");
    app.add_flag("--ecn", options.peers.ecn, "the peers offer ECN, and their text is ECT");
    app.add_flag("--no-delayed-ack", options.no_delayed_ack, "each text is acknowledged at once");
    app.parse(argc, argv);
    if (options.ip6) options.peers.family = Family::ip6;
    return options;
}

void run(const Options& options) {
    Results results{tsc_hz()};
    Bench bench{options};
    const Measured handshakes = bench.fill();
    for (std::uint32_t round = 0; round < options.rounds; ++round)
        bench.round(results);
    if (options.wants("handshake", false)) results.add(handshakes);
    if (options.json) {
        std::puts(results.json(options.flows).c_str());
        return;
    }
    const Resident resident = resident_now();
    std::printf(
        "%u live flows, bursts of %zu every %lu us, software checksums; best of %u rounds\n"
        "memory: %.0f MB resident, %.0f %% of it on huge pages\n\n%s",
        options.flows, burst_packets, static_cast<unsigned long>(Rig::turn_us), options.rounds,
        static_cast<double>(resident.bytes) / 1e6, resident.huge_percent(),
        results.table().c_str());
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"What a packet costs, from Stack::receive to the outbox"};
    try {
        run(parse(argc, argv, app));
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong);
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "terminus_stack: %s\n", wrong.what());
        return 1;
    }
    return 0;
}
