/// The checks, one function each; a check adds what it finds.
#include "dpdk/doctor.h"

#include "dpdk/memory.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

namespace terminus {

namespace {

using Findings = std::vector<Finding>;
namespace files = std::filesystem;

constexpr unsigned cap_net_admin = 12, cap_net_raw = 13;  // linux/capability.h

std::string mib(std::size_t bytes) { return std::to_string((bytes + 1048575) >> 20) + " MiB"; }

bool exists(const std::string& path) {
    std::error_code ignored;
    return files::exists(path, ignored);
}

/// The effective capabilities' bits; none when they cannot be read.
std::uint64_t capabilities(const std::string& root) {
    std::ifstream status(root + "/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("CapEff:")) return std::stoull(line.substr(7), nullptr, 16);
    return 0;
}

bool may(const std::string& root, unsigned capability) {
    return (capabilities(root) >> capability & 1) != 0;
}

/// The value of `key=` among a virtual device's arguments.
std::string argument(const std::string& device, const std::string& key) {
    const auto at = device.find("," + key + "=");
    if (at == std::string::npos) return {};
    const auto start = at + key.size() + 2;
    return device.substr(start, device.find(',', start) - start);
}

std::string full_pci_address(const std::string& device) {
    const std::string address = device.substr(0, device.find(','));
    return address.size() == 7 ? "0000:" + address : address;
}

void check_huge_pages(const CheckUp& what, Findings& found) {
    if (what.huge_pages == HugePages::never) return;
    const std::size_t free = free_huge_pages(what.root + "/sys").bytes();
    const std::size_t wanted = what.frame_bytes + what.table_bytes;
    if (free >= wanted) return;
    const bool required = what.huge_pages == HugePages::require && free < what.frame_bytes;
    found.push_back({required ? Severity::error : Severity::hint,
                     mib(free) + " of huge pages are free and " + mib(wanted) +
                         " would be used; run: " + huge_pages_remedy(wanted - free)});
}

void check_memory(const CheckUp& what, Findings& found) {
    const std::size_t wanted = what.frame_bytes + what.table_bytes;
    const bool use_huge = what.huge_pages != HugePages::never;
    const std::size_t huge = use_huge ? free_huge_pages(what.root + "/sys").bytes() : 0;
    const std::size_t available = available_bytes(what.root);
    if (wanted <= huge || wanted - huge <= available) return;
    found.push_back({Severity::error, "the plan needs " + mib(wanted) + " of memory, " +
                                          mib(available + huge) +
                                          " are available: configure fewer flows, or give more"});
}

void check_vfio(const CheckUp& what, const std::string& address, Findings& found) {
    const std::string device = what.root + "/sys/bus/pci/devices/" + address;
    const std::string unsafe = what.root + "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode";
    if (!exists(what.root + "/dev/vfio/vfio"))
        found.push_back(
            {Severity::error, address + ": /dev/vfio/vfio is missing; run: modprobe vfio-pci"});
    std::string mode;
    std::ifstream(unsafe) >> mode;
    if (!exists(device + "/iommu_group") && mode != "Y")
        found.push_back(
            {Severity::error, address + ": no IOMMU; boot with intel_iommu=on or amd_iommu=on (or, "
                                        "unprotected, run: echo Y > /sys/module/vfio/parameters/"
                                        "enable_unsafe_noiommu_mode)"});
}

/// Drivers of the kernel that DPDK works beside, on the same device.
bool is_shared_driver(const std::string& driver) {
    return driver.starts_with("mlx") || driver == "mana" || driver.starts_with("nfp");
}

void check_pci(const CheckUp& what, const std::string& configured, Findings& found) {
    const std::string address = full_pci_address(configured);
    const std::string device = what.root + "/sys/bus/pci/devices/" + address;
    if (!exists(device)) {
        found.push_back({Severity::error, address + ": no such PCI device (see lspci -D)"});
        return;
    }
    std::error_code ignored;
    const std::string driver = files::read_symlink(device + "/driver", ignored).filename();
    if (is_shared_driver(driver)) return;
    if (driver == "vfio-pci") return check_vfio(what, address, found);
    if (driver.starts_with("uio") || driver == "igb_uio") return;
    found.push_back({Severity::error, address + " is bound to " +
                                          (driver.empty() ? "no driver" : driver) +
                                          "; run: dpdk-devbind.py --bind=vfio-pci " + address});
}

void check_tap(const CheckUp& what, const std::string& name, Findings& found) {
    if (!exists(what.root + "/dev/net/tun"))
        found.push_back({Severity::error, name + ": /dev/net/tun is missing; run: modprobe tun"});
    if (!may(what.root, cap_net_admin))
        found.push_back(
            {Severity::error, name + ": making a tap needs CAP_NET_ADMIN: run as root"});
}

void check_kernel_interface(const CheckUp& what, const std::string& name,
                            const std::string& interface, Findings& found) {
    if (!may(what.root, cap_net_raw))
        found.push_back({Severity::error, name + ": needs CAP_NET_RAW: run as root"});
    const std::string directory = what.root + "/sys/class/net/" + interface;
    if (!exists(directory))
        found.push_back({Severity::error, name + ": there is no interface " + interface});
    else if (!exists(directory + "/device"))
        found.push_back({Severity::hint,
                         name + ": " + interface +
                             " is virtual; if it is a veth, its other end must write checksums: "
                             "ethtool -K OTHER-END tx off"});
}

void check_device(const CheckUp& what, const std::string& device, Findings& found) {
    const std::string name = device.substr(0, device.find(','));
    if (is_pci_address(name)) return check_pci(what, device, found);
    if (name.starts_with("net_tap")) return check_tap(what, name, found);
    if (name.starts_with("net_af_"))
        check_kernel_interface(what, name, argument(device, "iface"), found);
}

}  // namespace

bool is_pci_address(const std::string& device) {
    std::string address = device.substr(0, device.find(','));
    if (address.size() == 7) address.insert(0, "0000:");
    constexpr std::string_view shape = "xxxx:xx:xx.x";
    return std::ranges::equal(address, shape, [](unsigned char have, char want) {
        return want == 'x' ? std::isxdigit(have) != 0 : have == static_cast<unsigned char>(want);
    });
}

std::vector<Finding> examine(const CheckUp& check_up) {
    Findings found;
    check_memory(check_up, found);
    check_huge_pages(check_up, found);
    for (const std::string& device : check_up.devices)
        check_device(check_up, device, found);
    std::ranges::stable_sort(found, std::ranges::greater{}, &Finding::severity);
    return found;
}

std::vector<Finding> examine(const DeviceFacts& facts, std::uint16_t workers) {
    Findings found;
    const std::string start = "device " + facts.name + ": ";
    if (workers > 1 && facts.lanes == 1)
        found.push_back(
            {Severity::warning, start + "one queue for " + std::to_string(workers) +
                                    " workers: worker 0 receives for all; use one worker, or a "
                                    "device with more queues"});
    else if (workers > 1 && facts.rss.types == 0)
        found.push_back(
            {Severity::warning, start + "no RSS: frames may come to the wrong worker, and go "
                                        "through rings"});
    if (!facts.checks_tcp || !facts.finishes_tcp)
        found.push_back({Severity::hint, start + "TCP checksums are computed in software"});
    return found;
}

}  // namespace terminus
