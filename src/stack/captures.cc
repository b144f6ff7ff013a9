#include "terminus/stack/captures.h"

#include "terminus/base/assert.h"

#include <algorithm>

namespace terminus {

Captures::Captures(const CaptureSettings& settings, const HashKey& key)
    : settings_{settings}, key_{key}, ring_(settings.ring), seen_(settings.remembered) {
    TERMINUS_ASSERT((settings.remembered & (settings.remembered - 1)) == 0 && settings.ring > 0);
}

bool Captures::is_new(std::uint64_t mark) {
    std::uint64_t& place = seen_[mark & (seen_.size() - 1)];
    if (place == mark) return false;
    place = mark;
    return true;
}

Kept Captures::offer(const Captured& about, std::span<const std::byte> text, std::uint32_t one_of) {
    const std::uint64_t mark =
        siphash(key_, std::as_bytes(std::span{about.remote.address.bytes})) | 1U;
    // The sample is of peers, not of texts: a peer is in it or not, however often it comes.
    if ((mark >> 32U) % std::max<std::uint32_t>(one_of, 1) != 0) return Kept::not_sampled;
    if (count_ == ring_.size()) return Kept::full;
    if (!is_new(mark)) return Kept::known;
    Captured& place = ring_[(first_ + count_++) % ring_.size()];
    place = about;
    place.length = static_cast<std::uint32_t>(text.size());
    place.kept = static_cast<std::uint16_t>(std::min(text.size(), Captured::most_bytes));
    std::ranges::copy(text.first(place.kept), place.bytes.begin());
    return Kept::kept;
}

void Captures::pop() {
    TERMINUS_ASSERT(count_ > 0);
    first_ = (first_ + 1) % ring_.size();
    --count_;
}

}  // namespace terminus
