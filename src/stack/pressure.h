/// Memory has run out while peers keep their windows closed: what a walk over the busy records
/// remembers. The walk itself is relieve() in steps.h.
#pragma once

#include "terminus/base/time.h"
#include "terminus/flow/flow_id.h"

#include <array>
#include <cstdint>

namespace terminus {

struct Pressure {
    struct Candidate {
        FlowId flow = no_flow;
        Millis since;
    };

    bool is_felt = false;      ///< a busy record or a block was refused
    std::uint32_t cursor = 0;  ///< of the walk: busy records below are seen
    std::array<Candidate, 8> longest{};
    std::uint32_t found = 0;  ///< of `longest`
};

}  // namespace terminus
