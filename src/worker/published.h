/// Published values: one thread writes, any number of threads read whole copies, nobody waits for a
/// lock. A sequence lock over 64-bit words (Hans Boehm, "Can seqlocks get along with programming
/// language memory models?", MSPC 2012): readers try again while a write goes on.
#pragma once

#include "terminus/base/assert.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace terminus {

/// A list of at most `capacity` words.
class PublishedWords {
public:
    explicit PublishedWords(std::size_t capacity)
        : words_(std::make_unique<std::atomic<std::uint64_t>[]>(capacity)), capacity_(capacity) {}

    /// Replaces the list. Only the one writing thread; at most `capacity` words.
    void write(std::span<const std::uint64_t> words) {
        TERMINUS_ASSERT(words.size() <= capacity_);
        const std::uint64_t version = version_.load(std::memory_order_relaxed);
        version_.store(version + 1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);
        size_.store(words.size(), std::memory_order_relaxed);
        for (std::size_t i = 0; i < words.size(); ++i)
            words_[i].store(words[i], std::memory_order_relaxed);
        version_.store(version + 2, std::memory_order_release);
    }

    /// A whole list as it was written, empty before the first write. Any thread.
    [[nodiscard]] std::vector<std::uint64_t> read() const {
        std::vector<std::uint64_t> copy;
        while (!try_read(copy)) {
        }
        return copy;
    }

private:
    bool try_read(std::vector<std::uint64_t>& copy) const {
        const std::uint64_t version = version_.load(std::memory_order_acquire);
        if (version % 2 != 0) return false;
        copy.resize(size_.load(std::memory_order_relaxed));
        for (std::size_t i = 0; i < copy.size(); ++i)
            copy[i] = words_[i].load(std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_acquire);
        return version_.load(std::memory_order_relaxed) == version;
    }

    std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
    std::size_t capacity_;
    std::atomic<std::uint64_t> size_{0};
    std::atomic<std::uint64_t> version_{0};  ///< odd while a write goes on
};

/// One value of a plain type. Reading before the first write gives a default value.
template <typename T>
class Published {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    /// Only the one writing thread.
    void write(const T& value) {
        std::memcpy(scratch_.data(), &value, sizeof(T));
        words_.write(scratch_);
    }
    /// Any thread.
    [[nodiscard]] T read() const {
        T value{};
        const std::vector<std::uint64_t> copy = words_.read();
        if (!copy.empty()) std::memcpy(static_cast<void*>(&value), copy.data(), sizeof(T));
        return value;
    }

private:
    static constexpr std::size_t word_count = (sizeof(T) + 7) / 8;
    std::vector<std::uint64_t> scratch_ = std::vector<std::uint64_t>(word_count);
    PublishedWords words_{word_count};
};

}  // namespace terminus
