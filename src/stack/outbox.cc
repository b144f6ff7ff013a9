#include "terminus/stack/outbox.h"

#include "terminus/base/assert.h"

#include <algorithm>

namespace terminus {

Outbox::Outbox(std::size_t capacity)
    : to_send_(capacity), to_release_(capacity), stock_(capacity / 2), to_hand_(capacity) {}

Frame Outbox::fresh() {
    if (stocked_ == 0) return {};
    return stock_[--stocked_];
}

void Outbox::restock(std::span<const Frame> frames) {
    TERMINUS_ASSERT(frames.size() <= stock_wanted());
    std::ranges::copy(frames, stock_.begin() + static_cast<std::ptrdiff_t>(stocked_));
    stocked_ += frames.size();
}

std::span<const Frame> Outbox::unstock() {
    const std::span<const Frame> all{stock_.data(), stocked_};
    stocked_ = 0;
    return all;
}

}  // namespace terminus
