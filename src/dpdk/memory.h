/// Big tables' memory, outside DPDK: mapped, zero and touched at start, in the largest pages that
/// there are; gone with the object and with the process. Throws std::runtime_error with a remedy
/// before it touches too much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace terminus {

/// What holds a reservation.
enum class Pages : std::uint8_t { huge_1gib, huge_2mib, transparent, small };
[[nodiscard]] std::string name(Pages pages);

/// Free huge pages, all NUMA nodes together.
struct FreeHugePages {
    std::size_t of_2mib = 0, of_1gib = 0;
    [[nodiscard]] std::size_t bytes() const { return (of_2mib << 21) + (of_1gib << 30); }
};
/// `sys` is "/sys", or a tree made by a test.
[[nodiscard]] FreeHugePages free_huge_pages(const std::string& sys);
/// The shell line that gives `bytes` more in 2 MiB pages.
[[nodiscard]] std::string huge_pages_remedy(std::size_t bytes);

/// Bytes that this process may still touch: MemAvailable of /proc/meminfo, or what the memory
/// control group leaves, whichever is less. `root` is "" or a tree made by a test.
[[nodiscard]] std::size_t available_bytes(const std::string& root);

/// Throws when `bytes` are more than there is, before anything is touched. `what` names them in the
/// message.
void require_available(const std::string& what, std::size_t bytes, const std::string& root);

class Reservation {
public:
    /// Maps and touches `bytes`; `huge` false: no huge pages at all, transparent ones neither.
    /// `what` names it in errors.
    Reservation(const std::string& what, std::size_t bytes, bool huge = true);
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation();

    /// As many bytes as asked for, zero, aligned to a page.
    [[nodiscard]] std::span<std::byte> bytes() const { return {start_, size_}; }
    [[nodiscard]] Pages pages() const { return pages_; }

private:
    bool map(std::size_t page_bytes, int flags);

    std::byte* start_ = nullptr;
    std::size_t size_ = 0;
    std::size_t mapped_ = 0;
    Pages pages_ = Pages::small;
};

}  // namespace terminus
