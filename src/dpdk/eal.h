/// DPDK's environment, started for one process from plain values. Exactly one Eal may live in a
/// process. Control makes it first and destroys it last. Throws std::runtime_error with one line
/// that says what to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace terminus {

enum class HugePages : std::uint8_t { automatic, require, never };

struct EalPlan {
    std::uint16_t workers = 1;
    std::vector<unsigned>
        cpus;  ///< control's, then one per worker; empty: chosen from those allowed
    HugePages huge_pages = HugePages::automatic;
    std::size_t memory_mib = 128;          ///< for frames and device rings: see frame_memory_mib()
    std::vector<std::string> pci_devices;  ///< those configured; DPDK touches no other
    bool needs_shared_segments = false;    ///< net_memif with zero-copy=yes asks for it
    std::string file_prefix;               ///< empty: terminus-PID
    /// Gets each line that DPDK logs, with its level (1 emergency to 8 debug); empty: lines are
    /// lost. Any thread.
    std::function<void(unsigned level, std::string_view line)> log;
};

/// The CPU of control, then of each worker: `cpus` when given, else spread over `allowed`, sharing
/// when short.
[[nodiscard]] std::vector<unsigned> place(std::uint16_t workers, const std::vector<unsigned>& cpus,
                                          const std::vector<unsigned>& allowed);

/// The same for a plan, out of the CPUs that this process may use.
[[nodiscard]] std::vector<unsigned> place(const EalPlan& plan);

/// Runs `work` in a thread on that CPU and waits; what it throws is thrown here. Memory that it
/// touches first comes from the CPU's NUMA node, and from another when that has none left.
void run_on(unsigned cpu, const std::function<void()>& work);

/// DPDK's command line for the plan; `placed` comes from place().
[[nodiscard]] std::vector<std::string> eal_arguments(const EalPlan& plan,
                                                     const std::vector<unsigned>& placed,
                                                     bool use_huge_pages);

class Eal {
public:
    /// Blocks the real-time signals in the calling thread, control's: drivers send them to wake
    /// workers.
    explicit Eal(const EalPlan& plan);
    Eal(const Eal&) = delete;
    Eal& operator=(const Eal&) = delete;
    /// Every device and pool is gone by now, and no worker runs.
    ~Eal();

    [[nodiscard]] bool has_huge_pages() const { return has_huge_pages_; }
    /// The CPUs taken: control's, then the workers'.
    [[nodiscard]] const std::vector<unsigned>& cpus() const { return cpus_; }
    /// The NUMA node of a worker's CPU.
    [[nodiscard]] int socket_of(std::uint16_t worker) const;
    /// Runs `loop` on the worker's own thread. It must not throw.
    void launch(std::uint16_t worker, std::function<void()> loop);
    /// Runs `work` there and waits; what it throws is thrown here. So what it allocates is from the
    /// thread's own part of the heap, apart from other workers', and from its NUMA node.
    void run(std::uint16_t worker, const std::function<void()>& work);
    /// Waits until the worker's loop has returned.
    void wait(std::uint16_t worker);

private:
    std::vector<unsigned> cpus_;
    std::vector<std::function<void()>> loops_;
    bool has_huge_pages_ = false;
};

}  // namespace terminus
