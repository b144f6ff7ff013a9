/// A lane in memory: a bounded pool of buffers that knows where each of them is, finishes checksums
/// that it was asked to finish, and poisons what comes back, so that a frame that leaks, returns
/// twice or is used too late shows itself.
#pragma once

#include "terminus/stack/lane.h"

#include "datagram.h"

#include <deque>
#include <memory>
#include <vector>

namespace terminus::test {

class MemoryLane final : public Lane {
public:
    struct Shape {
        std::size_t buffers = 512;
        std::uint16_t headroom = minimum_headroom;
        std::uint16_t capacity = 1600;
        std::uint8_t index = 0;
        bool lends_fresh = true;  ///< false: answers leave in the frames that asked, or not at all
    };
    explicit MemoryLane(Shape shape);

    /// Copies a frame into a buffer of the pool, to be received next.
    void arrive(std::span<const std::byte> bytes);
    /// The frames transmitted since the last call.
    [[nodiscard]] std::vector<Bytes> departed();
    /// Buffers that are neither free nor waiting to be received.
    [[nodiscard]] std::size_t on_loan() const { return on_loan_; }
    /// What went wrong, in words; empty when nothing did.
    [[nodiscard]] const std::string& fault() const { return fault_; }

    std::size_t receive(std::span<Frame> frames) override;
    std::size_t transmit(std::span<const Frame> frames) override;
    std::size_t fresh(std::span<Frame> frames) override;
    void release(std::span<const Frame> frames) override;

private:
    struct Buffer {
        std::vector<std::byte> bytes;
        bool lent = false;
    };

    [[nodiscard]] Frame lend(Buffer& buffer);
    std::size_t lend_free(std::span<Frame> frames);
    void take_back(const Frame& frame);
    void check(const Frame& frame);

    Shape shape_;
    std::vector<std::unique_ptr<Buffer>> buffers_;
    std::vector<Buffer*> free_;
    std::deque<Bytes> arriving_;
    std::vector<Bytes> departed_;
    std::size_t on_loan_ = 0;
    std::string fault_;
};

}  // namespace terminus::test
