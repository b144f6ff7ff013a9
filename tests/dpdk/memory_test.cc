/// Reservations, and what the machine has left.
#include "dpdk/memory.h"

#include "tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace terminus::testing {
namespace {

TEST(Reservation, IsZeroAlignedAndAsLongAsAsked) {
    const Reservation memory("the tests", 3'000'001);
    ASSERT_EQ(memory.bytes().size(), 3'000'001U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.bytes().data()) % 4096, 0U);
    EXPECT_TRUE(std::ranges::all_of(memory.bytes(), [](std::byte b) { return b == std::byte{0}; }));
    memory.bytes().back() = std::byte{1};
}

TEST(Reservation, SaysWhichPagesItGot) {
    EXPECT_EQ(Reservation("the tests", 5000, false).pages(), Pages::small);
    EXPECT_FALSE(name(Reservation("the tests", 5000).pages()).empty());
}

TEST(Reservation, Moves) {
    Reservation first("the tests", 5000, false);
    const Reservation second(std::move(first));
    second.bytes()[4999] = std::byte{1};
    EXPECT_EQ(first.bytes().data(), nullptr);  // NOLINT: that is what is tested
}

TEST(Reservation, RefusesMoreThanThereIsBeforeTouchingIt) {
    try {
        const Reservation memory("the flow tables", std::size_t{1} << 50);
        FAIL() << "a petabyte";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("the flow tables need 1073741824 MiB"),
                  std::string::npos)
            << error.what();
    }
}

TEST(Available, IsWhatTheMachineHasLeft) {
    const Tree tree;
    tree.memory(1000);
    EXPECT_EQ(available_bytes(tree.root()), 1'024'000U);
    EXPECT_NO_THROW(require_available("tables", 1'024'000, tree.root()));
    EXPECT_THROW(require_available("tables", 1'024'001, tree.root()), std::runtime_error);
}

TEST(Available, IsNotMoreThanTheControlGroupLeaves) {
    const Tree tree;
    tree.memory(1'000'000);
    tree.file("/proc/self/cgroup", "0::/a/b\n");
    tree.file("/sys/fs/cgroup/a/b/memory.max", "max\n");
    tree.file("/sys/fs/cgroup/a/memory.max", "300000\n");
    tree.file("/sys/fs/cgroup/a/memory.current", "100000\n");
    EXPECT_EQ(available_bytes(tree.root()), 200'000U);
}

TEST(Available, KnowsTheFirstVersionOfControlGroups) {
    const Tree tree;
    tree.memory(1'000'000);
    tree.file("/proc/self/cgroup", "5:cpu:/x\n4:memory:/box\n0::/\n");
    tree.file("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "50000\n");
    tree.file("/sys/fs/cgroup/memory/box/memory.usage_in_bytes", "60000\n");
    EXPECT_EQ(available_bytes(tree.root()), 0U);
}

TEST(HugePages, AreCountedInBothSizes) {
    const Tree tree;
    tree.huge_pages(3, 2);
    EXPECT_EQ(free_huge_pages(tree.root() + "/sys").bytes(), 3U * (1U << 21) + 2U * (1ULL << 30));
    EXPECT_EQ(free_huge_pages("/nowhere").bytes(), 0U);
}

}  // namespace
}  // namespace terminus::testing
