/// From a plan to a running DPDK: where threads go, which memory is used, where its log lines end.
#include "dpdk/eal.h"

#include "dpdk/memory.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sched.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

namespace terminus {

namespace {

/// Where DPDK's lines go. A process has one DPDK, and so one of these.
struct LogTarget {
    std::function<void(unsigned, std::string_view)> log;
    std::string last_error;
};
LogTarget& log_target() {
    static LogTarget target;
    return target;
}

ssize_t write_log(void*, const char* text, std::size_t size) {
    std::string_view line(text, size);
    while (!line.empty() && line.back() == '\n')
        line.remove_suffix(1);
    const auto level = static_cast<unsigned>(rte_log_cur_msg_loglevel());
    LogTarget& target = log_target();
    if (level <= RTE_LOG_ERR) target.last_error = line;
    if (target.log && !line.empty()) target.log(level, line);
    return static_cast<ssize_t>(size);
}

/// DPDK wants a FILE; unbuffered, so that each line arrives while its level is still known.
void redirect_log(const EalPlan& plan) {
    log_target() = {.log = plan.log, .last_error = {}};
    static FILE* const stream = [] {
        FILE* made = fopencookie(
            nullptr, "w", {.read = nullptr, .write = write_log, .seek = nullptr, .close = nullptr});
        if (made != nullptr) setvbuf(made, nullptr, _IOLBF, 0);
        return made;
    }();
    if (stream != nullptr) rte_openlog_stream(stream);
}

std::vector<unsigned> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    return cpus;
}

bool wants_huge_pages(const EalPlan& plan) {
    if (plan.huge_pages == HugePages::never) return false;
    const std::size_t free_mib = free_huge_pages("/sys").bytes() >> 20;
    if (free_mib >= plan.memory_mib) return true;
    if (plan.huge_pages == HugePages::automatic) return false;
    throw std::runtime_error("huge_pages = \"require\": " + std::to_string(plan.memory_mib) +
                             " MiB wanted, " + std::to_string(free_mib) + " MiB free; run: " +
                             huge_pages_remedy((plan.memory_mib - free_mib) << 20));
}

[[noreturn]] void throw_init_failure() {
    const std::string why = log_target().last_error.empty() ? std::string(rte_strerror(rte_errno))
                                                            : log_target().last_error;
    throw std::runtime_error("DPDK does not start: " + why +
                             (geteuid() == 0 ? "" : " (not root: run it as root)"));
}

/// net_tap sends this process a real-time signal for each burst of frames, and some thread must
/// take it. Not this one, nor those that control makes: they would see their system calls
/// interrupted.
void leave_signals_to_workers() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal)
        sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

std::exception_ptr thrown_by(const std::function<void()>& work) {
    try {
        work();
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

/// The worker's loop as DPDK launches it.
int run_loop(void* argument) {
    (*static_cast<std::function<void()>*>(argument))();
    return 0;
}

}  // namespace

std::vector<unsigned> place(std::uint16_t workers, const std::vector<unsigned>& cpus,
                            const std::vector<unsigned>& allowed) {
    if (!cpus.empty() && cpus.size() != workers + 1U)
        throw std::runtime_error("cpus: one for control and one per worker are needed, " +
                                 std::to_string(workers + 1) + " in all");
    for (const unsigned cpu : cpus)
        if (std::ranges::find(allowed, cpu) == allowed.end())
            throw std::runtime_error("cpus: CPU " + std::to_string(cpu) +
                                     " is not one that this process may use (see taskset -p)");
    if (!cpus.empty()) return cpus;
    if (allowed.empty()) throw std::runtime_error("no CPU is allowed for this process");
    std::vector<unsigned> placed{allowed[0]};
    const std::size_t others = allowed.size() - 1;
    for (std::size_t worker = 0; worker < workers; ++worker)
        placed.push_back(others == 0 ? allowed[0] : allowed[1 + worker % others]);
    return placed;
}

std::vector<unsigned> place(const EalPlan& plan) {
    return place(plan.workers, plan.cpus, allowed_cpus());
}

void run_on(unsigned cpu, const std::function<void()>& work) {
    std::exception_ptr thrown;
    std::thread{[&] {
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(cpu, &only);
        (void)sched_setaffinity(0, sizeof(only), &only);  // else anywhere: slower, not wrong
        thrown = thrown_by(work);
    }}.join();
    if (thrown) std::rethrow_exception(thrown);
}

std::vector<std::string> eal_arguments(const EalPlan& plan, const std::vector<unsigned>& placed,
                                       bool use_huge_pages) {
    std::string lcores, prefix = plan.file_prefix;
    for (std::size_t i = 0; i < placed.size(); ++i) {
        if (i != 0) lcores.append(",");
        lcores.append(std::to_string(i)).append("@").append(std::to_string(placed[i]));
    }
    if (prefix.empty()) prefix.append("terminus-").append(std::to_string(getpid()));
    std::vector<std::string> arguments{"terminus",    "--lcores",      lcores, "--main-lcore",
                                       "0",           "--file-prefix", prefix, "--no-telemetry",
                                       "--log-level", "*:info"};
    if (use_huge_pages)
        arguments.emplace_back("--in-memory");
    else
        arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
    arguments.insert(arguments.end(), {"-m", std::to_string(plan.memory_mib)});
    if (plan.needs_shared_segments) arguments.emplace_back("--single-file-segments");
    if (plan.pci_devices.empty()) arguments.insert(arguments.end(), {"--no-pci", "--iova-mode=va"});
    for (const std::string& device : plan.pci_devices)
        arguments.insert(arguments.end(), {"-a", device});
    return arguments;
}

Eal::Eal(const EalPlan& plan) : cpus_(place(plan)), loops_(plan.workers) {
    has_huge_pages_ = wants_huge_pages(plan);
    redirect_log(plan);
    std::vector<std::string> arguments = eal_arguments(plan, cpus_, has_huge_pages_);
    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    const int result = rte_eal_init(static_cast<int>(argv.size()), argv.data());
    rmdir(rte_eal_get_runtime_dir());  // empty and unused by now: so a kill leaves nothing behind
    if (result < 0) throw_init_failure();
    leave_signals_to_workers();
}

Eal::~Eal() {
    rte_eal_mp_wait_lcore();
    rte_eal_cleanup();
}

int Eal::socket_of(std::uint16_t worker) const {
    return static_cast<int>(rte_lcore_to_socket_id(worker + 1U));
}

void Eal::launch(std::uint16_t worker, std::function<void()> loop) {
    loops_.at(worker) = std::move(loop);
    if (rte_eal_remote_launch(run_loop, &loops_[worker], worker + 1U) != 0)
        throw std::runtime_error("worker " + std::to_string(worker) +
                                 " does not start: it is running");
}

void Eal::run(std::uint16_t worker, const std::function<void()>& work) {
    std::exception_ptr thrown;
    launch(worker, [&] { thrown = thrown_by(work); });
    wait(worker);
    if (thrown) std::rethrow_exception(thrown);
}

void Eal::wait(std::uint16_t worker) { rte_eal_wait_lcore(worker + 1U); }

}  // namespace terminus
