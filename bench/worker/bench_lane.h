/// A lane of the bench: frames that the generator wrote beforehand, in buffers that lie on lines of
/// their own. A turn only finds them, as a driver finds its descriptors.
#pragma once

#include "terminus/stack/lane.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace terminus::bench {

class BenchLane final : public Lane {
public:
    /// Room for the burst, the stock of fresh frames, and what other workers still have.
    static constexpr std::size_t buffers = 2048, buffer_bytes = 2048;

    BenchLane() : memory_(buffers) {
        for (std::size_t i = 0; i < buffers; ++i)
            free_[used_++] = &memory_[i];
        for (Buffer& buffer : memory_)
            buffer.home = this;
    }

    /// The next frame to be received; `length` bytes are to be written.
    [[nodiscard]] std::span<std::byte> next(std::size_t length) {
        Frame& frame = waiting_[waits_++] = take();
        frame.length = static_cast<std::uint32_t>(length);
        return frame.bytes();
    }
    /// What was sent since clear(), at most a burst.
    [[nodiscard]] std::span<const Frame> sent() const { return {sent_.data(), sends_}; }
    void clear() { release(std::span{sent_}.first(std::exchange(sends_, 0))); }

    std::size_t receive(std::span<Frame> frames) override {
        const std::size_t count = waits_;
        std::copy_n(waiting_.begin(), count, frames.begin());
        waits_ = 0;
        return count;
    }
    std::size_t transmit(std::span<const Frame> frames) override {
        if (sends_ + frames.size() > sent_.size()) clear();
        std::ranges::copy(frames, sent_.begin() + static_cast<std::ptrdiff_t>(sends_));
        sends_ += frames.size();
        return frames.size();
    }
    std::size_t fresh(std::span<Frame> frames) override {
        for (Frame& frame : frames)
            frame = take();
        return frames.size();
    }
    /// To where they came from, whoever had them last.
    void release(std::span<const Frame> frames) override {
        for (const Frame& frame : frames) {
            auto* buffer = static_cast<Buffer*>(frame.handle);
            BenchLane& home = *buffer->home;
            home.free_[home.used_++] = buffer;
        }
    }
    /// Where frames lie: written by whoever has one.
    [[nodiscard]] std::span<const std::byte> memory() const {
        return std::as_bytes(std::span{memory_});
    }

private:
    struct alignas(64) Buffer {
        std::array<std::byte, buffer_bytes> bytes;
        alignas(64) BenchLane* home = nullptr;
    };
    [[nodiscard]] Frame take() {
        Buffer& buffer = *free_[--used_];
        return {.data = buffer.bytes.data() + minimum_headroom,
                .handle = &buffer,
                .capacity = buffer_bytes - minimum_headroom,
                .headroom = minimum_headroom};
    }

    std::vector<Buffer> memory_;
    std::array<Buffer*, buffers> free_{};
    std::size_t used_ = 0, waits_ = 0, sends_ = 0;
    std::array<Frame, 32> waiting_{};
    std::array<Frame, 1024> sent_{};
};

}  // namespace terminus::bench
