#include "memory_lane.h"

#include <algorithm>
#include <utility>

namespace terminus::test {
namespace {

constexpr std::byte poison{0xdb};
constexpr std::size_t guard_bytes = 16;  // beyond the capacity: nobody may write there

void put_sum(std::byte* at, std::uint16_t sum) {
    at[0] = static_cast<std::byte>(sum >> 8);
    at[1] = static_cast<std::byte>(sum & 0xff);
}

std::string_view text_of(const std::byte* from, std::size_t length) {
    return {reinterpret_cast<const char*>(from), length};
}

/// What a device does with Frame::finish_ip and finish_l4.
void finish_checksums(const Frame& frame) {
    std::byte* l3 = frame.data + frame.l2_length;
    std::byte* l4 = l3 + frame.l3_length;
    if (frame.finish_ip) {
        put_sum(l3 + 10, 0);
        put_sum(l3 + 10, internet_checksum(text_of(l3, frame.l3_length)));
    }
    if (frame.finish_l4) {
        const std::size_t length = frame.length - std::size_t{frame.l2_length} - frame.l3_length;
        put_sum(l4 + (frame.is_tcp ? 16 : 6), internet_checksum(text_of(l4, length)));
    }
}

}  // namespace

MemoryLane::MemoryLane(Shape shape) : shape_{shape} {
    const std::size_t size = std::size_t{shape.headroom} + shape.capacity + guard_bytes;
    for (std::size_t i = 0; i < shape.buffers; ++i) {
        buffers_.push_back(std::make_unique<Buffer>(Buffer{{}, false}));
        buffers_.back()->bytes.assign(size, poison);
        free_.push_back(buffers_.back().get());
    }
}

void MemoryLane::arrive(std::span<const std::byte> bytes) {
    arriving_.emplace_back(bytes.begin(), bytes.end());
}

std::vector<Bytes> MemoryLane::departed() { return std::exchange(departed_, {}); }

Frame MemoryLane::lend(Buffer& buffer) {
    buffer.lent = true;
    ++on_loan_;
    return Frame{.data = buffer.bytes.data() + shape_.headroom,
                 .handle = &buffer,
                 .capacity = shape_.capacity,
                 .headroom = shape_.headroom,
                 .lane = shape_.index};
}

std::size_t MemoryLane::fresh(std::span<Frame> frames) {
    return shape_.lends_fresh ? lend_free(frames) : 0;
}

std::size_t MemoryLane::lend_free(std::span<Frame> frames) {
    std::size_t count = 0;
    while (count < frames.size() && !free_.empty()) {
        frames[count++] = lend(*free_.back());
        free_.pop_back();
    }
    return count;
}

std::size_t MemoryLane::receive(std::span<Frame> frames) {
    std::size_t count = 0;
    while (count < frames.size() && !arriving_.empty() &&
           lend_free(frames.subspan(count, 1)) == 1) {
        Frame& frame = frames[count++];
        const Bytes& bytes = arriving_.front();
        frame.length =
            static_cast<std::uint16_t>(std::min<std::size_t>(bytes.size(), frame.capacity));
        std::copy_n(bytes.begin(), frame.length, frame.data);
        arriving_.pop_front();
    }
    return count;
}

void MemoryLane::check(const Frame& frame) {
    const auto& buffer = *static_cast<const Buffer*>(frame.handle);
    const std::byte* begin = buffer.bytes.data();
    const std::byte* end = begin + buffer.bytes.size() - guard_bytes;
    if (!buffer.lent) fault_ += "a frame came back twice; ";
    if (frame.data < begin || frame.data + frame.length > end)
        fault_ += "a frame left its buffer; ";
    if (!std::all_of(end, end + guard_bytes, [](std::byte b) { return b == poison; })) {
        fault_ += "written beyond the capacity; ";
    }
}

void MemoryLane::take_back(const Frame& frame) {
    auto& buffer = *static_cast<Buffer*>(frame.handle);
    check(frame);
    if (!buffer.lent) return;
    buffer.lent = false;
    std::ranges::fill(buffer.bytes, poison);
    free_.push_back(&buffer);
    --on_loan_;
}

std::size_t MemoryLane::transmit(std::span<const Frame> frames) {
    for (const Frame& frame : frames) {
        if (frame.finish_ip || frame.finish_l4) finish_checksums(frame);
        departed_.emplace_back(frame.data, frame.data + frame.length);
        take_back(frame);
    }
    return frames.size();
}

void MemoryLane::release(std::span<const Frame> frames) {
    for (const Frame& frame : frames)
        take_back(frame);
}

}  // namespace terminus::test
