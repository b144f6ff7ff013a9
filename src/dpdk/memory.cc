/// Asking the kernel for memory, the largest pages first.
#include "dpdk/memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <linux/mman.h>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <sys/mman.h>
#include <utility>

namespace terminus {

namespace {

constexpr std::size_t page_bytes_small = 4096, page_bytes_2mib = std::size_t{1} << 21,
                      page_bytes_1gib = std::size_t{1} << 30;

std::size_t read_number(const std::string& path, std::size_t otherwise) {
    std::ifstream file(path);
    std::size_t number = 0;
    return file >> number ? number : otherwise;
}

/// The value in bytes of a line such as "MemAvailable:  123 kB".
std::size_t meminfo_bytes(const std::string& root, std::string_view key) {
    std::ifstream file(root + "/proc/meminfo");
    std::string word;
    while (file >> word) {
        std::size_t kib = 0;
        if (word == key && file >> kib) return kib << 10;
    }
    return std::numeric_limits<std::size_t>::max();
}

/// The process's directory in one cgroup hierarchy: version 2 has the line "0::/path", version 1
/// "n:memory:/path". Nothing found: the hierarchy's root.
std::string cgroup_path(const std::string& root, bool version_2) {
    std::ifstream file(root + "/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        if (version_2 ? controllers.empty() : controllers == "memory")
            return line.substr(second + 1);
    }
    return "/";
}

/// What one directory's limit leaves; "max" and missing files are no limit.
std::size_t left_bytes(const std::string& limit_path, const std::string& used_path) {
    const std::size_t none = std::numeric_limits<std::size_t>::max();
    const std::size_t limit = read_number(limit_path, none);
    if (limit == none) return none;
    const std::size_t used = read_number(used_path, 0);
    return limit > used ? limit - used : 0;
}

/// The least that any level of the hierarchy leaves, from the process's group up to the root.
std::size_t cgroup_left_bytes(const std::string& base, std::string path, const char* limit,
                              const char* used) {
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (;;) {
        const std::string directory = base + path + "/";
        least = std::min(least, left_bytes(directory + limit, directory + used));
        const auto slash = path.rfind('/');
        if (path.empty() || slash == std::string::npos) return least;
        path.resize(slash);
    }
}

std::string mib(std::size_t bytes) {
    return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

bool transparent_allowed() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string modes;
    return std::getline(file, modes) && modes.find("[never]") == std::string::npos;
}

std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

std::string name(Pages pages) {
    switch (pages) {
        case Pages::huge_1gib: return "1 GiB huge pages";
        case Pages::huge_2mib: return "2 MiB huge pages";
        case Pages::transparent: return "transparent huge pages";
        case Pages::small: return "4 KiB pages";
    }
    return "";
}

FreeHugePages free_huge_pages(const std::string& sys) {
    const std::string base = sys + "/kernel/mm/hugepages/hugepages-";
    return {.of_2mib = read_number(base + "2048kB/free_hugepages", 0),
            .of_1gib = read_number(base + "1048576kB/free_hugepages", 0)};
}

std::string huge_pages_remedy(std::size_t bytes) {
    const std::string file = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
    const std::size_t pages = round_up(bytes, page_bytes_2mib) / page_bytes_2mib;
    return "echo $(($(cat " + file + ") + " + std::to_string(pages) + ")) > " + file;
}

std::size_t available_bytes(const std::string& root) {
    const std::size_t machine = meminfo_bytes(root, "MemAvailable:");
    const std::size_t version_2 = cgroup_left_bytes(
        root + "/sys/fs/cgroup", cgroup_path(root, true), "memory.max", "memory.current");
    const std::size_t version_1 =
        cgroup_left_bytes(root + "/sys/fs/cgroup/memory", cgroup_path(root, false),
                          "memory.limit_in_bytes", "memory.usage_in_bytes");
    return std::min({machine, version_1, version_2});
}

void require_available(const std::string& what, std::size_t bytes, const std::string& root) {
    const std::size_t available = available_bytes(root);
    if (bytes <= available) return;
    throw std::runtime_error(what + " need " + mib(bytes) + " of memory, " + mib(available) +
                             " are available: configure fewer flows, or give more memory");
}

Reservation::Reservation(const std::string& what, std::size_t bytes, bool huge) : size_(bytes) {
    const FreeHugePages free = huge ? free_huge_pages("/sys") : FreeHugePages{};
    const int huge_flags = MAP_HUGETLB | MAP_POPULATE;
    if (bytes >= page_bytes_1gib && round_up(bytes, page_bytes_1gib) <= free.of_1gib << 30 &&
        map(page_bytes_1gib, huge_flags | MAP_HUGE_1GB)) {
        pages_ = Pages::huge_1gib;
        return;
    }
    if (round_up(bytes, page_bytes_2mib) <= free.of_2mib << 21 &&
        map(page_bytes_2mib, huge_flags | MAP_HUGE_2MB)) {
        pages_ = Pages::huge_2mib;
        return;
    }
    require_available(what, bytes, "");
    if (!map(huge ? page_bytes_2mib : page_bytes_small, 0))
        throw std::runtime_error(what + ": cannot map " + mib(bytes) + ": " + std::strerror(errno));
    if (huge && transparent_allowed() && madvise(start_, mapped_, MADV_HUGEPAGE) == 0)
        pages_ = Pages::transparent;
    std::memset(start_, 0, mapped_);
}

Reservation::Reservation(Reservation&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)),
      pages_(other.pages_) {}

Reservation::~Reservation() {
    if (start_ != nullptr) munmap(start_, mapped_);
}

bool Reservation::map(std::size_t page_bytes, int flags) {
    const std::size_t mapped = round_up(std::max<std::size_t>(size_, 1), page_bytes);
    void* const start =
        mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (start == MAP_FAILED) return false;
    start_ = static_cast<std::byte*>(start);
    mapped_ = mapped;
    return true;
}

}  // namespace terminus
