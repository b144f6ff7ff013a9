/// flows: fills a table with N real handshakes, holds them with keepalive armed, touches them at
/// random, closes them all. The peers are computed, not kept, so the process is the table and
/// little else, and the kernel's count of its memory is the flows'.
///
/// Prediction (the EPYC guest of 2.45 GHz, transparent huge pages): 80 bytes a flow and 15 MB of
/// everything else, so 8.0 GB for 100 M IPv4 flows, and 108 bytes, 1.10 GB, for 10 M of IPv6. A
/// handshake 350 ns at 100 M (2.9 M/s), a touch 70 ns (two misses in a burst, behind the TLB), a
/// close 350 ns. The longest turn below 100 us, all timers due at once or not: 128 looks of 400 ns
/// each and a burst.
#include "crowd.h"
#include "resident.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace {

using namespace terminus;
using namespace terminus::bench;

struct Options {
    std::uint32_t flows = 1'000'000;
    int family = 4;
    std::uint32_t touches = 10'000'000;
    bool storm = false, small_pages = false, json = false;

    [[nodiscard]] PeerOptions peers() const {
        return {.family = family == 6 ? Family::ip6 : Family::ip4};
    }
};

struct Report {
    Resident resident;
    Measured opened, touched, closed;
    std::uint64_t empty_turn_cycles = 0;
    TurnClock usual, storm, machine;
    std::size_t table_bytes = 0;
    std::size_t left_over = 0;
    double hz = tsc_hz();

    [[nodiscard]] double per_second(const Measured& of) const {
        return static_cast<double>(of.connections) / of.seconds(hz);
    }
    [[nodiscard]] double us(std::uint64_t cycles) const {
        return static_cast<double>(cycles) / hz * 1e6;
    }
};

RigSettings rig_settings(const Options& options) {
    RigSettings settings;
    settings.flows = options.flows;
    settings.ip6_flows = options.family == 6 ? options.flows : 1;
    settings.pages = options.small_pages ? Pages::small : Pages::huge;
    settings.tcp.keepalive = true;
    return settings;
}

void expect(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
}

/// Two seconds without a packet and longer, until every timer of the handshakes has been looked at.
/// Then a second in which nothing is due: what its shortest turn took.
std::uint64_t hold(Rig& rig) {
    std::uint64_t shortest = ~std::uint64_t{0};
    for (std::uint32_t ms = 0, quiet = 0; ms < 2000 || quiet < 1000; ++ms) {
        const TurnTime turn = rig.turn(0, 1000);
        rig.clear();
        quiet = turn.worked ? 0 : quiet + 1;
        shortest = turn.worked ? ~std::uint64_t{0} : std::min(shortest, turn.cycles);
    }
    return shortest;
}

/// Two hours pass at once: each flow's keepalive is due in this very turn, and packets keep coming.
void storm(Rig& rig, Crowd& crowd, Report& report) {
    report.usual = rig.clock();
    rig.clock() = {};
    rig.pass_ms(rig.stack().defaults().keepalive_idle_ms + 1000);
    const auto probes = [&] {
        return rig.stack().counters().tcp[static_cast<std::size_t>(TcpEvent::keepalive_probes)];
    };
    std::uint32_t quiet = 0;
    for (std::uint64_t last = probes(); quiet < 100; last = probes()) {
        (void)crowd.touch(burst_packets);
        quiet = probes() == last ? quiet + 1 : 0;
    }
    report.storm = rig.clock();
    rig.clock() = report.usual;
}

/// Turns that only count, for half a second: the long ones are the machine's own.
TurnClock count_only() {
    TurnClock clock;
    for (std::uint32_t turn = 0; turn < 100'000; ++turn) {
        clock.begin();
        for (std::uint32_t i = 0; i < 10'000; ++i)
            std::atomic_signal_fence(std::memory_order_seq_cst);  // the loop must stay
        (void)clock.end();
    }
    return clock;
}

Report run(const Options& options) {
    Report report;
    Rig rig{rig_settings(options)};
    Crowd crowd{rig, options.peers(), port::echo, options.flows};
    report.opened = crowd.open();
    expect(rig.stack().flows() == options.flows, "not every handshake made a flow");
    report.resident = resident_now();
    report.empty_turn_cycles = hold(rig);
    report.touched = crowd.touch(options.touches);
    if (options.storm) storm(rig, crowd, report);
    expect(rig.stack().flows() == options.flows, "a flow ended by itself");
    report.closed = crowd.close();
    report.left_over = rig.stack().flows();
    report.usual = rig.clock();
    report.table_bytes = rig.table_bytes();
    report.machine = count_only();
    return report;
}

double touch_ns(const Report& report) {
    return report.touched.cycles_per_packet() / report.hz * 1e9;
}

void print_json(const Options& options, const Report& report) {
    const nlohmann::json all{
        {"bench", "flows"},
        {"flows", options.flows},
        {"family", options.family},
        {"resident_bytes", report.resident.bytes},
        {"bytes_per_flow", static_cast<double>(report.resident.bytes) / options.flows},
        {"open_per_second", report.per_second(report.opened)},
        {"touch_ns", touch_ns(report)},
        {"longest_turn_us", report.us(report.usual.longest_cycles())},
        {"close_per_second", report.per_second(report.closed)},
        {"left_over", report.left_over}};
    std::puts(all.dump(2).c_str());
}

void print_turns(const char* name, const Report& report, const TurnClock& clock) {
    std::printf(
        "%-13s %10.1f us the longest, 1 in 1000 over %.1f, 1 in 100000 over %.1f; "
        "of %lu, and %lu interrupted\n",
        name, report.us(clock.longest_cycles()), report.us(clock.cycles_of_all_but(1e-3)),
        report.us(clock.cycles_of_all_but(1e-5)),
        static_cast<unsigned long>(clock.turns() - clock.interrupted()),
        static_cast<unsigned long>(clock.interrupted()));
}

void print_table(const Options& options, const Report& report) {
    const auto mega = [](double value) { return value / 1e6; };
    const auto each = [](const Measured& of) { return 2 * of.cycles_per_packet(); };
    std::printf("%u flows of IPv%d, handshakes through the stack, keepalive armed\n\n",
                options.flows, options.family);
    std::printf("memory        %10.1f MB resident, %.2f bytes a flow, %.0f %% on huge pages\n",
                mega(static_cast<double>(report.resident.bytes)),
                static_cast<double>(report.resident.bytes) / options.flows,
                report.resident.huge_percent());
    std::printf("the tables'   %10.1f MB, as Stack::bytes_needed() says\n",
                mega(static_cast<double>(report.table_bytes)));
    std::printf("open          %10.2f M/s, %.0f cycles each\n",
                mega(report.per_second(report.opened)), each(report.opened));
    std::printf("empty turn    %10.3f us\n", report.us(report.empty_turn_cycles));
    std::printf("touch         %10.1f ns, %.0f cycles\n", touch_ns(report),
                report.touched.cycles_per_packet());
    std::printf("close         %10.2f M/s, %.0f cycles each\n",
                mega(report.per_second(report.closed)), each(report.closed));
    print_turns("turns", report, report.usual);
    if (options.storm) print_turns("all due", report, report.storm);
    print_turns("counting only", report, report.machine);
    std::printf("left over     %10zu\n", report.left_over);
}

void parse(int argc, char** argv, CLI::App& app, Options& options) {
    app.add_option("--flows", options.flows, "how many")->check(CLI::Range(32U, 134'217'728U));
    app.add_option("--family", options.family, "4 or 6")->check(CLI::IsMember({4, 6}));
    app.add_option("--touches", options.touches, "packets to flows at random");
    app.add_flag("--storm", options.storm, "then all timers are due at once");
    app.add_flag("--small-pages", options.small_pages, "on pages of 4 KB, to see what they cost");
    app.add_flag("--json", options.json, "JSON on standard output");
    app.parse(argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Tens of millions of flows: opened, held, touched, closed"};
    Options options;
    try {
        parse(argc, argv, app, options);
        const Report report = run(options);
        options.json ? print_json(options, report) : print_table(options, report);
        return report.left_over == 0 ? 0 : 1;
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong);
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "flows: %s\n", wrong.what());
        return 1;
    }
}
