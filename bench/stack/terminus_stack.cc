/// terminus_stack: what a packet costs from Stack::receive to the outbox, next to a reference loop
/// in the same run that touches the header line, swaps MACs, addresses and ports, and rewrites both
/// checksums in full.
///
/// Prediction (this machine, 1 M flows): reference 10 ns, syn_reset 45 ns (parse 12, hash and two
/// misses 12, judge 8, write 10), udp_unreachable 60 ns, ping 40 ns, a packet of a handshake 120 ns
/// (record, index, wheel and ISN). Of a flow that lives: a pure ACK 50 ns, text to discard 70 ns,
/// text and its echo 110 ns, the ACK of an echo 60 ns.
#include "terminus/base/rng.h"
#include "terminus/wire/tcp.h"

#include "live.h"
#include "rig.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace {

using namespace terminus;
using namespace terminus::bench;

const char* const us = "198.18.0.2";
const char* const them = "10.0.0.1";

struct Options {
    std::uint32_t flows = 1'000'000;
    std::uint32_t packets = 4'000'000;
    std::string work;
    bool json = false;
};

/// Peers in an order that no cache foresees: an odd multiplier permutes the numbers.
std::uint32_t scattered(std::uint32_t i, std::uint32_t flows) {
    return static_cast<std::uint32_t>((std::uint64_t{i} * 2654435761U) % flows);
}

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

/// One kind of packet, answered without a flow.
template <typename Run>
Measured measure(const char* work, const Template& from, const Options& options, Rig& rig,
                 Run&& run) {
    Measured result{.work = work};
    for (std::uint32_t done = 0; done < options.packets; done += burst_packets) {
        for (std::uint32_t i = 0; i < burst_packets; ++i)
            from.write(rig.buffer(i, from.size()), scattered(done + i, options.flows), 1, 1);
        result.cycles += run(rig);
        rig.clear();
        rig.pass_us(1);
    }
    result.packets = options.packets;
    return result;
}

/// SYN, ACK, and an RST that is not counted: a handshake's two packets each.
Measured measure_handshakes(const Options& options, Rig& rig) {
    using test::Packet;
    const Template syn{Packet::tcp(them, 1, us, 7).flags("S")};
    const Template ack{Packet::tcp(them, 1, us, 7).flags(".")};
    const Template rst{Packet::tcp(them, 1, us, 7).flags("R")};
    Measured result{.work = "handshake"};
    for (std::uint32_t done = 0; done < options.packets / 2; done += burst_packets) {
        std::array<std::uint32_t, burst_packets> iss{};
        for (std::uint32_t i = 0; i < burst_packets; ++i)
            syn.write(rig.buffer(i, syn.size()), scattered(done + i, options.flows), 99);
        result.cycles += rig.run();
        for (std::uint32_t i = 0; i < burst_packets; ++i)
            iss[i] = reinterpret_cast<const TcpHeader*>(rig.sent()[i].data + 34)->seq.host();
        rig.clear();
        for (std::uint32_t i = 0; i < burst_packets; ++i)
            ack.write(rig.buffer(i, ack.size()), scattered(done + i, options.flows), 100,
                      iss[i] + 1);
        result.cycles += rig.run();
        rig.clear();
        for (std::uint32_t i = 0; i < burst_packets; ++i)
            rst.write(rig.buffer(i, rst.size()), scattered(done + i, options.flows), 100);
        (void)rig.run();
        rig.clear();
        rig.pass_us(1);
        if (done % 1024 == 0) {  // stale timer entries of the flows that are gone leave the wheel
            rig.pass_us(1000);
            (void)rig.advance();
        }
    }
    result.packets = options.packets / 2 * 2;
    return result;
}

void finish(std::vector<Measured>& results) {
    const double hz = tsc_hz();
    for (Measured& result : results) {
        result.cycles_per_packet =
            static_cast<double>(result.cycles) / static_cast<double>(result.packets);
        result.ns_per_packet = result.cycles_per_packet / hz * 1e9;
        result.mpps = 1e3 / result.ns_per_packet;
    }
}

void print_json(const Options& options, const std::vector<Measured>& results) {
    nlohmann::json all{
        {"bench", "stack"}, {"flows", options.flows}, {"results", nlohmann::json::array()}};
    for (const Measured& result : results)
        all["results"].push_back(
            {{"work", result.work},
             {"ns_per_packet", result.ns_per_packet},
             {"cycles_per_packet", result.cycles_per_packet},
             {"mpps", result.mpps},
             {"ratio_to_reference", result.ns_per_packet / results[0].ns_per_packet},
             {"connections_per_second", nullptr},
             {"gbps", nullptr}});
    std::puts(all.dump(2).c_str());
}

void print_table(const Options& options, const std::vector<Measured>& results) {
    std::printf("%u flows at most, bursts of %zu, software checksums\n\n", options.flows,
                burst_packets);
    std::printf("%-18s %10s %14s %8s %10s\n", "work", "ns/packet", "cycles/packet", "Mpps",
                "reference");
    for (const Measured& r : results)
        std::printf("%-18s %10.1f %14.1f %8.2f %9.2fx\n", r.work.c_str(), r.ns_per_packet,
                    r.cycles_per_packet, r.mpps, r.ns_per_packet / results[0].ns_per_packet);
}

/// Work on flows that live, each kind with a table of its own.
void run_live(const Options& options, std::vector<Measured>& results,
              const std::function<bool(const char*)>& wanted) {
    struct Work {
        const char* name;
        Saying saying;
        std::uint16_t port;
    };
    for (const Work& work :
         {Work{"pure_ack", Saying::pure_ack, 7}, Work{"ack_of_data", Saying::ack_of_data, 7},
          Work{"data", Saying::data, 9}, Work{"echo", Saying::echo, 7}}) {
        if (!wanted(work.name)) continue;
        Rig rig{options.flows};
        Live live{rig, options.flows, work.port};
        results.push_back(live.measure(work.name, work.saying, options.packets));
    }
}

std::vector<Measured> run_all(const Options& options) {
    using test::Packet;
    Rig rig{options.flows};
    const auto stack = [](Rig& r) { return r.run(); };
    const Template syn{Packet::tcp(them, 1, us, 81).flags("S")};
    const Template udp{Packet::udp(them, 1, us, 5000)};
    const Template ping{Packet::echo_request(them, us, 1, 1)};
    std::vector<Measured> results{
        measure("reference", syn, options, rig, [](Rig& r) { return r.run(swap_and_sum); })};
    const auto wanted = [&](const char* work) {
        return options.work.empty() || options.work == work;
    };
    if (wanted("syn_reset")) results.push_back(measure("syn_reset", syn, options, rig, stack));
    if (wanted("udp_unreachable"))
        results.push_back(measure("udp_unreachable", udp, options, rig, stack));
    if (wanted("ping")) results.push_back(measure("ping", ping, options, rig, stack));
    if (wanted("handshake")) results.push_back(measure_handshakes(options, rig));
    run_live(options, results, wanted);
    return results;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"What a packet costs, from Stack::receive to the outbox"};
    app.add_option("--flows", options.flows, "room for this many flows, and so many peers");
    app.add_option("--packets", options.packets, "packets of each kind of work");
    app.add_option("--work", options.work, "this kind of work only, beside the reference");
    app.add_flag("--json", options.json, "JSON on standard output");
    CLI11_PARSE(app, argc, argv);
    std::vector<Measured> results = run_all(options);
    finish(results);
    options.json ? print_json(options, results) : print_table(options, results);
}
