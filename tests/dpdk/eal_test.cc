/// EAL's command line, and where threads go.
#include "dpdk/eal.h"

#include "harness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <sched.h>
#include <stdexcept>
#include <thread>

namespace terminus::testing {
namespace {

using Cpus = std::vector<unsigned>;

bool has(const std::vector<std::string>& arguments, const std::string& which) {
    return std::ranges::find(arguments, which) != arguments.end();
}

std::string after(const std::vector<std::string>& arguments, const std::string& which) {
    const auto at = std::ranges::find(arguments, which);
    return at == arguments.end() || at + 1 == arguments.end() ? "" : *(at + 1);
}

TEST(Eal, PlacesControlFirstAndWorkersOnTheOtherCpus) {
    EXPECT_EQ(place(1, {}, {0, 1}), (Cpus{0, 1}));
    EXPECT_EQ(place(3, {}, {2, 4, 6, 8}), (Cpus{2, 4, 6, 8}));
    EXPECT_EQ(place(3, {}, {0, 1, 2}), (Cpus{0, 1, 2, 1}));  // too few: they share
    EXPECT_EQ(place(2, {}, {5}), (Cpus{5, 5, 5}));
    EXPECT_EQ(place(1, {1, 1}, {0, 1}), (Cpus{1, 1}));
}

TEST(Eal, RefusesCpusThatCannotBe) {
    EXPECT_THROW((void)place(2, {0, 1}, {0, 1}), std::runtime_error);
    EXPECT_THROW((void)place(1, {0, 7}, {0, 1}), std::runtime_error);
}

TEST(Eal, MapsThreadsToCpus) {
    EXPECT_EQ(after(eal_arguments({}, {0, 1, 1}, false), "--lcores"), "0@0,1@1,2@1");
}

TEST(Eal, LeavesNothingBehindEitherWay) {
    EXPECT_TRUE(has(eal_arguments({}, {0, 1}, true), "--in-memory"));
    EXPECT_FALSE(has(eal_arguments({}, {0, 1}, true), "--no-huge"));
    EXPECT_TRUE(has(eal_arguments({}, {0, 1}, false), "--no-huge"));
    EXPECT_TRUE(has(eal_arguments({}, {0, 1}, false), "--no-shconf"));
}

TEST(Eal, HasAFilePrefixOfItsOwn) {
    EXPECT_EQ(after(eal_arguments({}, {0, 1}, false), "--file-prefix"),
              "terminus-" + std::to_string(getpid()));
}

TEST(Eal, TouchesNoPciDeviceButThoseConfigured) {
    EXPECT_TRUE(has(eal_arguments({}, {0, 1}, false), "--no-pci"));
    EalPlan plan;
    plan.pci_devices = {"0000:03:00.0"};
    EXPECT_FALSE(has(eal_arguments(plan, {0, 1}, false), "--no-pci"));
    EXPECT_EQ(after(eal_arguments(plan, {0, 1}, false), "-a"), "0000:03:00.0");
}

TEST(Eal, RunsALoopOnAWorkersThread) {
    std::atomic<bool> ran = false;
    eal().launch(0, [&] { ran = true; });
    eal().wait(0);
    EXPECT_TRUE(ran);
}

TEST(Eal, BuildsOnAWorkersThread) {
    std::thread::id there;
    eal().run(0, [&] { there = std::this_thread::get_id(); });
    EXPECT_NE(there, std::thread::id{});
    EXPECT_NE(there, std::this_thread::get_id());
    EXPECT_THROW(eal().run(0, [] { throw std::runtime_error("no room"); }), std::runtime_error);
}

TEST(Eal, TouchesMemoryFromItsCpu) {
    const unsigned cpu = place(EalPlan{}).back();
    unsigned on = ~0U;
    run_on(cpu, [&] { on = static_cast<unsigned>(sched_getcpu()); });
    EXPECT_EQ(on, cpu);
    EXPECT_THROW(run_on(cpu, [] { throw std::runtime_error("no room"); }), std::runtime_error);
}

}  // namespace
}  // namespace terminus::testing
