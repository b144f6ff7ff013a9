/// Where the neighbour cache puts what leaves it: solicitations, frames that have waited, frames
/// given up.
#pragma once

#include "core.h"

namespace terminus {

class NeighbourLink final : public NeighbourSink {
public:
    NeighbourLink(Core& core, const Turn& turn) : core_{core}, turn_{turn} {}

    void solicit(const NeighbourKey& key, const Mac* to) override;
    void resolved(const Frame& frame, const Mac& mac) override;
    void abandoned(const Frame& frame, Drop reason) override;

private:
    Core& core_;
    const Turn& turn_;
};

}  // namespace terminus
