/// terminus_shards: what a packet costs a worker when there are several, and which cache lines two
/// of them write. Workers over lanes in memory take turns, each on a thread of its own, which also
/// built what it has; so counts and cycles are each worker's, however many cores there are.
///
/// Prediction: with RSS right each packet costs 20 instructions more than with one worker (its
/// type, the verdict), of 650 to 1300: 2 to 3 %. Without RSS: 150 for the hash and its reading, and
/// 100 more for each frame that is handed over. Lines that two workers write: none with RSS
/// right; without, none but those of frames and of the pools that they go home to.
#include "terminus/service/services.h"
#include "terminus/stack/policy.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/tcp.h"

#include "../stack/clock.h"
#include "../stack/frames.h"
#include "bench_lane.h"
#include "worker/worker.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace {

using namespace terminus;
using namespace terminus::bench;

struct Options {
    std::uint16_t workers = 1;
    bool no_rss = false, audit = false;
    std::string work = "pure_ack";
    std::uint32_t flows = 1024, packets = 4096;  // of each worker
};

/// Moved by hand.
class TurnsClock final : public Clock {
public:
    Reading read() override {
        now_ = now_.after_us(4);
        return {now_, now_.us * 1000};
    }
    [[nodiscard]] double cycles_per_us() const override { return 1000; }
    void pass_ms(std::uint64_t ms) { now_ = now_.after_ms(ms); }

private:
    Tick now_{1'000'000};
};

/// A thread that does what it is told, while who tells it waits.
class Core {
public:
    Core() : thread_{[this] { obey(); }} {}
    ~Core() {
        tell({});
        thread_.join();
    }
    void run(const std::function<void()>& work) {
        tell(work);
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return !told_; });
    }

private:
    void tell(const std::function<void()>& work) {
        const std::lock_guard lock{mutex_};
        work_ = work;
        told_ = true;
        changed_.notify_all();
    }
    void obey() {
        for (std::unique_lock lock{mutex_};;) {
            changed_.wait(lock, [this] { return told_; });
            if (work_) work_();
            told_ = false;
            changed_.notify_all();
            if (!work_) return;
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> work_;
    bool told_ = false;
    std::thread thread_;
};

Interface our_interface() {
    Interface interface;
    interface.mac = test::our_mac;
    interface.addresses = {{*parse_address(our_address(Family::ip4)), 15}};
    interface.gateways = {*parse_address(gateway)};
    return interface;
}

std::vector<Rule> rules() {
    return {{.name = "discard",
             .protocol = RuleProtocol::tcp,
             .ports = {{9, 9}},
             .action = Action::serve,
             .service = 0},
            {.name = "closed", .protocol = RuleProtocol::tcp, .action = Action::reset}};
}

/// What one worker has; all of it is made by its own thread.
struct Seat {
    struct alignas(64) Line : std::array<std::byte, 64> {};

    Seat(Exchange& exchange, const std::shared_ptr<const Spreads>& spreads, Proof& proof,
         std::uint16_t index, std::uint32_t flows) {
        StackSettings settings;
        settings.flows = settings.half_open_flows = 2 * flows;
        settings.ip6_flows = 1;
        settings.interfaces = {our_interface()};
        settings.worker = index;
        settings.workers = exchange.workers();
        settings.spreads = spreads;
        memory.resize(Stack::bytes_needed(settings) / sizeof(Line) + 1);
        stack = std::make_unique<Stack>(settings, std::as_writable_bytes(std::span{memory}),
                                        clock.read().now);
        stack->adopt(std::make_shared<const Policy>(Policy::compile(rules())),
                     std::make_shared<const Services>(Services{make_discard()}));
        WorkerSettings wish;
        wish.worker = index;
        wish.max_rules = 16;
        wish.spreads = spreads;
        wish.interfaces = settings.interfaces;
        wish.lanes = {{.lane = &lane, .proof = &proof}};
        worker = std::make_unique<Worker>(wish, *stack, clock, rings, exchange);
    }

    std::vector<Line> memory;
    TurnsClock clock;
    CommandRings rings;
    BenchLane lane;
    std::unique_ptr<Stack> stack;
    std::unique_ptr<Worker> worker;
    std::vector<std::uint32_t> own;  ///< peers whose frames are this worker's
    std::uint64_t cycles = 0;        ///< of measured turns
};

/// Stores that the audit finds in the trace: worker i's turn begins and ends.
struct alignas(64) Mark {
    volatile std::uint64_t store = 0;
};
Mark begins[64], ends[64];

class Bench {
public:
    explicit Bench(const Options& options)
        : options_{options}, exchange_{options.workers}, proof_{options.workers, claims()} {
        for (std::uint16_t i = 0; i < options.workers; ++i) {
            cores_.push_back(std::make_unique<Core>());
            cores_[i]->run([&] {
                seats_.push_back(
                    std::make_unique<Seat>(exchange_, spreads_, proof_, i, options.flows));
            });
        }
        share_out();
        for (std::uint16_t i = 0; i < options.workers; ++i)
            open(i);
    }
    ~Bench() {
        for (std::size_t i = 0; i < seats_.size(); ++i)
            cores_[i]->run([&] { seats_[i].reset(); });
    }

    /// Frames of the work for all, a burst for each worker at a time.
    void run() {
        for (std::uint32_t done = 0; done < options_.packets; done += burst_frames) {
            for (std::uint16_t i = 0; i < options_.workers; ++i)
                write_burst(i, done);
            for (std::uint16_t i = 0; i < options_.workers; ++i)
                turn(i, true);
        }
    }
    void tell() {
        for (std::uint16_t i = 0; i < options_.workers; ++i) {
            seats_[i]->clock.pass_ms(1000);  // so that the counters are published
            turn(i, false);
        }
        for (const auto& seat : seats_) {
            const WorkerCounters loop = seat->worker->counters();
            const auto of = [&](Errand errand) {
                return static_cast<unsigned long>(
                    loop.handed[static_cast<std::size_t>(errand)].out);
            };
            std::printf("%-10s %u workers: %5.0f cycles a packet, %lu handed over of %lu\n",
                        options_.work.c_str(), options_.workers,
                        static_cast<double>(seat->cycles) / options_.packets, of(Errand::steer),
                        static_cast<unsigned long>(loop.lanes[0].frames_received));
        }
    }
    /// What a reader of the trace must know: {marks} and {memory of frames}.
    void tell_audit() const {
        for (std::uint16_t i = 0; i < options_.workers; ++i)
            std::printf("worker %p %p\nframes %p %zu\nlane %p %zu\n",
                        static_cast<const void*>(&begins[i]), static_cast<const void*>(&ends[i]),
                        static_cast<const void*>(seats_[i]->lane.memory().data()),
                        seats_[i]->lane.memory().size(), static_cast<const void*>(&seats_[i]->lane),
                        sizeof(BenchLane));
        std::fflush(stdout);
    }

private:
    [[nodiscard]] Proof::Claims claims() const {
        return {!options_.no_rss, !options_.no_rss, false, false};
    }
    static std::vector<std::byte> key() {
        std::vector<std::byte> bytes(Toeplitz::key_bytes);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::byte>(i * 89 + 7);
        return bytes;
    }

    /// As a NIC would.
    void share_out() {
        test::Bytes frame(peers_.syn.size());
        const auto is_full = [&](const auto& seat) { return seat->own.size() == options_.flows; };
        for (std::uint32_t peer = 0; !std::ranges::all_of(seats_, is_full); ++peer) {
            peers_.syn.write(frame, peer);
            Tuple tuple;
            (void)concern_of(frame, tuple);
            Seat& seat = *seats_[(*spreads_)[0].owner(tuple)];
            if (seat.own.size() < options_.flows) seat.own.push_back(peer);
        }
        server_iss_.resize(options_.workers, std::vector<std::uint32_t>(options_.flows));
    }

    /// Handshakes; the SYN-ACKs come in the order of the SYNs.
    void open(std::uint16_t index) {
        Seat& seat = *seats_[index];
        for (std::uint32_t first = 0; first < options_.flows; first += burst_frames) {
            for (std::uint32_t i = first; i < first + burst_frames; ++i)
                write(seat.lane, peers_.syn, seat.own[i], {.seq = Peers::iss(seat.own[i])});
            seat.lane.clear();
            turn(index, false);
            std::uint32_t at = first;
            for (const Frame& frame : seat.lane.sent())
                if (is_syn_ack(frame)) server_iss_[index][at++] = seq_of(frame);
            if (at != first + burst_frames) throw std::runtime_error("a SYN without an answer");
            for (std::uint32_t i = first; i < first + burst_frames; ++i)
                write(seat.lane, peers_.ack, seat.own[i], says(index, i));
            turn(index, false);
        }
    }

    static bool is_syn_ack(const Frame& frame) {
        const auto& ip = *reinterpret_cast<const Ip4Header*>(frame.data + 14);
        return frame.length >= 54 && ip.protocol == ip_protocol::tcp &&
               frame.data[14 + 20 + 13] == std::byte{0x12};
    }
    static std::uint32_t seq_of(const Frame& frame) {
        return load<be32>(frame.data + 14 + 20 + 4).host();
    }

    [[nodiscard]] Says says(std::uint16_t owner, std::uint32_t i) const {
        return {.seq = Peers::iss(seats_[owner]->own[i]) + 1, .ack = server_iss_[owner][i] + 1};
    }
    static void write(BenchLane& lane, const Template& from, std::uint32_t peer, const Says& said) {
        from.write(lane.next(from.size()), peer, said);
    }

    /// To the worker's own lane its own frames; without RSS those of all in turn.
    void write_burst(std::uint16_t index, std::uint32_t first) {
        for (std::uint32_t i = first; i < first + burst_frames; ++i) {
            const auto owner = static_cast<std::uint16_t>(
                options_.no_rss ? (index + i) % options_.workers : index);
            const std::uint32_t at = i % options_.flows;
            const std::uint32_t peer = seats_[owner]->own[at];
            if (options_.work == "pure_ack")
                write(seats_[index]->lane, peers_.ack, peer, says(owner, at));
            else
                write(seats_[index]->lane, closed_, peer, {.seq = 1});
        }
    }

    void turn(std::uint16_t index, bool measured) {
        Seat& seat = *seats_[index];
        cores_[index]->run([&] {
            if (measured) begins[index].store = 1;
            const std::uint64_t before = tsc();
            seat.worker->turn();
            const std::uint64_t after = tsc();
            if (measured) ends[index].store = 1;
            if (measured) seat.cycles += after - before;
        });
    }

    const Options& options_;
    Exchange exchange_;
    std::shared_ptr<const Spreads> spreads_ =
        std::make_shared<const Spreads>(Spreads{Spread::even(key(), exchange_.workers())});
    Proof proof_;
    std::vector<std::unique_ptr<Core>> cores_;
    std::vector<std::unique_ptr<Seat>> seats_;
    Peers peers_{{}, 9};
    Template closed_{tcp_to_us({}, 81, "S")};
    std::vector<std::vector<std::uint32_t>> server_iss_;  ///< by worker and flow
};

Options parse(int argc, char** argv, CLI::App& app) {
    Options options;
    app.add_option("--workers", options.workers, "how many")->check(CLI::Range(1, 64));
    app.add_option("--packets", options.packets, "of each worker");
    app.add_option("--flows", options.flows, "of each worker");
    app.add_option("--work", options.work, "pure_ack or syn_reset")
        ->check(CLI::IsMember({"pure_ack", "syn_reset"}));
    app.add_flag("--no-rss", options.no_rss, "the device steers nothing: frames come anywhere");
    app.add_flag("--audit", options.audit, "say where the marks of the trace lie");
    app.parse(argc, argv);
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"What a packet costs each of several workers"};
    try {
        const Options options = parse(argc, argv, app);
        Bench bench{options};
        if (options.audit) bench.tell_audit();
        bench.run();
        if (!options.audit) bench.tell();
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong);
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "terminus_shards: %s\n", wrong.what());
        return 1;
    }
    return 0;
}
