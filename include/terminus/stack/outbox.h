/// The outbox: where a stack puts what leaves it in one turn, and the stock of fresh frames it may
/// write into. The worker fills the stock before a turn and empties the rest after it.
#pragma once

#include "terminus/stack/frame.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terminus {

class Outbox {
public:
    /// Allocates; `capacity` bounds each of the lists, in frames. With less than 256 a stack that
    /// keeps room for the answers of a burst never sends of its own accord.
    explicit Outbox(std::size_t capacity);

    // For the stack.
    /// Sends on `lane`. There must be room().
    void send(const Frame& frame, std::uint8_t lane) {
        Frame& out = to_send_[sends_++];
        out = frame;
        out.lane = lane;
    }
    /// Gives a frame back to its lane unsent. Every received frame is sent, released, handed or
    /// held.
    void release(const Frame& frame) { to_release_[releases_++] = frame; }
    /// Passes a frame to another worker, as "yours to receive". There must be room_to_hand().
    void hand(const Frame& frame, std::uint16_t worker) { to_hand_[hands_++] = {frame, worker}; }
    /// Frames that may still be sent this turn.
    [[nodiscard]] std::size_t room() const { return to_send_.size() - sends_; }
    [[nodiscard]] std::size_t room_to_hand() const { return to_hand_.size() - hands_; }
    /// An empty frame, or one with a null handle when the stock is used up. Its checksum marks are
    /// clear.
    [[nodiscard]] Frame fresh();

    /// Frames that fresh() can still give.
    [[nodiscard]] std::size_t stocked() const { return stocked_; }

    // For the worker.
    struct Handed {
        Frame frame;
        std::uint16_t worker = 0;
    };
    [[nodiscard]] std::span<const Frame> sent() const { return {to_send_.data(), sends_}; }
    [[nodiscard]] std::span<const Frame> released() const {
        return {to_release_.data(), releases_};
    }
    [[nodiscard]] std::span<const Handed> handed() const { return {to_hand_.data(), hands_}; }
    /// Forgets the three lists; the worker has dealt with them.
    void clear() { sends_ = releases_ = hands_ = 0; }
    /// Room for this many more fresh frames.
    [[nodiscard]] std::size_t stock_wanted() const { return stock_.size() - stocked_; }
    /// Adds fresh frames; at most stock_wanted() of them.
    void restock(std::span<const Frame> frames);
    /// The same in place: where the stock has room, and how many frames a prefix now has.
    [[nodiscard]] std::span<Frame> stock_room() { return std::span{stock_}.subspan(stocked_); }
    void restock(std::size_t count) { stocked_ += count; }
    /// Takes the stock back, at the end. The caller releases the frames.
    [[nodiscard]] std::span<const Frame> unstock();

private:
    std::vector<Frame> to_send_, to_release_, stock_;
    std::vector<Handed> to_hand_;
    std::size_t sends_ = 0, releases_ = 0, hands_ = 0, stocked_ = 0;
};

}  // namespace terminus
