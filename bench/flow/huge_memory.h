/// Memory for benches as the appliance reserves it where there is no hugetlbfs: mmap with
/// transparent huge pages, zeroed, touched beforehand. Or on small pages, to see what those cost.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <sys/mman.h>

namespace terminus::bench {

enum class Pages { huge, small };

class HugeMemory {
public:
    explicit HugeMemory(std::size_t bytes, Pages pages = Pages::huge)
        : bytes_{(bytes + huge_page - 1) & ~(huge_page - 1)} {
        at_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at_ == MAP_FAILED) throw std::bad_alloc{};
        madvise(at_, bytes_, pages == Pages::huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        madvise(at_, bytes_, MADV_POPULATE_WRITE);
    }
    HugeMemory(const HugeMemory&) = delete;
    HugeMemory& operator=(const HugeMemory&) = delete;
    ~HugeMemory() { munmap(at_, bytes_); }

    [[nodiscard]] std::span<std::byte> span() const {
        return {static_cast<std::byte*>(at_), bytes_};
    }

private:
    static constexpr std::size_t huge_page = std::size_t{2} << 20;

    std::size_t bytes_;
    void* at_;
};

}  // namespace terminus::bench
