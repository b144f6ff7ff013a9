/// A parcel for each target.
#include "worker/handover.h"

#include <utility>

namespace terminus {

HandOver::HandOver(Exchange& exchange, std::uint16_t worker, Counters& counters)
    : exchange_(exchange), worker_(worker), counters_(counters), parcels_(exchange.workers()) {
    dropped_.reserve(Exchange::ring_entries);
}

void HandOver::add(std::uint16_t to, const Frame& frame, Errand errand) {
    if (std::exchange(is_empty_, false)) dropped_.clear();
    Parcel& parcel = parcels_[to];
    Passed& passed = parcel.frames[parcel.count++];
    passed.frame = frame;
    passed.errand = errand;
    if (parcel.count == most_collected) push(to);
}

std::span<const Frame> HandOver::push() {
    if (std::exchange(is_empty_, true)) return {};
    for (std::uint16_t to = 0; to < parcels_.size(); ++to)
        if (parcels_[to].count != 0) push(to);
    return dropped_;
}

void HandOver::push(std::uint16_t to) {
    Parcel& parcel = parcels_[to];
    const std::span burst = std::span(parcel.frames).first(std::exchange(parcel.count, 0));
    const std::size_t pushed = exchange_.pass(worker_, to, burst);
    for (const Passed& passed : burst.first(pushed))
        ++counters_[static_cast<std::size_t>(passed.errand)].out;
    for (const Passed& passed : burst.subspan(pushed)) {
        ++counters_[static_cast<std::size_t>(passed.errand)].lost;
        dropped_.push_back(passed.frame);
    }
}

}  // namespace terminus
