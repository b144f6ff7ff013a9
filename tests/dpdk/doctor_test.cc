/// The doctor's findings on machines made of a few files.
#include "dpdk/doctor.h"

#include "tree.h"

#include <gtest/gtest.h>

namespace terminus::testing {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// A machine on which nothing is missing.
void make_healthy(const Tree& tree) {
    tree.huge_pages(512, 0);
    tree.memory(4 << 20);
    tree.file("/proc/self/status", "Name:\tterminus\nCapEff:\t000001ffffffffff\n");
    tree.file("/dev/net/tun", "");
    tree.file("/dev/vfio/vfio", "");
    tree.file("/sys/bus/pci/devices/0000:03:00.0/iommu_group/type", "DMA\n");
    tree.link("/sys/bus/pci/devices/0000:03:00.0/driver", "../../drivers/vfio-pci");
    tree.file("/sys/class/net/eth5/device/vendor", "0x8086\n");
}

CheckUp plan_for(const Tree& tree, std::vector<std::string> devices) {
    return {.root = tree.root(),
            .devices = std::move(devices),
            .frame_bytes = 100 * mib,
            .table_bytes = 200 * mib};
}

/// The only finding.
Finding only(const std::vector<Finding>& found) {
    EXPECT_EQ(found.size(), 1U);
    for (const Finding& finding : found)
        SCOPED_TRACE(finding.line);
    return found.empty() ? Finding{} : found[0];
}

void expect_finding(const CheckUp& what, Severity severity, const std::string& words) {
    const Finding finding = only(examine(what));
    EXPECT_EQ(finding.severity, severity) << finding.line;
    EXPECT_NE(finding.line.find(words), std::string::npos) << finding.line;
}

TEST(Doctor, FindsNothingOnAHealthyMachine) {
    const Tree tree;
    make_healthy(tree);
    EXPECT_TRUE(examine(plan_for(tree, {"0000:03:00.0", "03:00.0", "net_tap0,iface=t0",
                                        "net_af_packet0,iface=eth5", "net_null0"}))
                    .empty());
}

TEST(Doctor, GivesTheLineThatMakesHugePages) {
    const Tree tree;
    make_healthy(tree);
    tree.huge_pages(100, 0);
    const CheckUp what = plan_for(tree, {});
    expect_finding(what, Severity::hint,
                   "+ 50)) > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
}

TEST(Doctor, RequiresHugePagesWhenTold) {
    const Tree tree;
    make_healthy(tree);
    tree.huge_pages(10, 0);
    CheckUp what = plan_for(tree, {});
    what.huge_pages = HugePages::require;
    expect_finding(what, Severity::error, "20 MiB of huge pages are free");
    what.huge_pages = HugePages::never;
    EXPECT_TRUE(examine(what).empty());
}

TEST(Doctor, ComparesThePlanWithTheMemory) {
    const Tree tree;
    make_healthy(tree);
    tree.memory(1000);
    CheckUp what = plan_for(tree, {});
    what.huge_pages = HugePages::never;
    expect_finding(what, Severity::error, "the plan needs 300 MiB");
}

TEST(Doctor, WantsPciDevicesBoundToVfio) {
    const Tree tree;
    make_healthy(tree);
    expect_finding(plan_for(tree, {"0000:04:00.0"}), Severity::error, "no such PCI device");
    tree.link("/sys/bus/pci/devices/0000:04:00.0/driver", "../../drivers/ixgbe");
    expect_finding(plan_for(tree, {"0000:04:00.0"}), Severity::error,
                   "bound to ixgbe; run: dpdk-devbind.py --bind=vfio-pci 0000:04:00.0");
    tree.link("/sys/bus/pci/devices/0000:05:00.0/driver", "../../drivers/mlx5_core");
    EXPECT_TRUE(examine(plan_for(tree, {"0000:05:00.0"})).empty());
}

TEST(Doctor, WantsAnIommuForVfio) {
    const Tree tree;
    make_healthy(tree);
    tree.link("/sys/bus/pci/devices/0000:06:00.0/driver", "../../drivers/vfio-pci");
    expect_finding(plan_for(tree, {"06:00.0"}), Severity::error, "no IOMMU");
    tree.file("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
    EXPECT_TRUE(examine(plan_for(tree, {"06:00.0"})).empty());
}

TEST(Doctor, WantsPermissionsForKernelDevices) {
    const Tree tree;
    make_healthy(tree);
    tree.file("/proc/self/status", "CapEff:\t0000000000000000\n");
    expect_finding(plan_for(tree, {"net_tap0,iface=t0"}), Severity::error, "CAP_NET_ADMIN");
    expect_finding(plan_for(tree, {"net_af_packet0,iface=eth5"}), Severity::error, "CAP_NET_RAW");
}

TEST(Doctor, WantsTheKernelInterface) {
    const Tree tree;
    make_healthy(tree);
    expect_finding(plan_for(tree, {"net_af_xdp0,iface=eth9,start_queue=0"}), Severity::error,
                   "there is no interface eth9");
    tree.file("/sys/class/net/veth0/mtu", "1500\n");
    expect_finding(plan_for(tree, {"net_af_xdp0,iface=veth0"}), Severity::hint, "ethtool -K");
}

TEST(Doctor, SaysThatWorkersShareAQueue) {
    DeviceFacts facts;
    facts.name = "net_x";
    facts.lanes = 1;
    facts.checks_tcp = facts.finishes_tcp = true;
    EXPECT_TRUE(examine(facts, 1).empty());
    EXPECT_NE(only(examine(facts, 2)).line.find("one queue for 2 workers"), std::string::npos);
    facts.lanes = 2;
    EXPECT_NE(only(examine(facts, 2)).line.find("no RSS"), std::string::npos);
    facts.rss.types = 1;
    EXPECT_TRUE(examine(facts, 2).empty());
}

TEST(Doctor, KnowsPciAddresses) {
    EXPECT_TRUE(is_pci_address("0000:03:00.0"));
    EXPECT_TRUE(is_pci_address("03:00.1,some=argument"));
    EXPECT_FALSE(is_pci_address("net_tap0"));
    EXPECT_FALSE(is_pci_address("0000:03:00"));
}

}  // namespace
}  // namespace terminus::testing
