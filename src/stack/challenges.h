/// The limit of challenge ACKs and of ACKs for unacceptable segments: RFC 5961 sections 7 and 10.
/// Each flow has its own: a limit that flows share would tell a stranger what another flow does
/// (CVE-2016-5696).
///
/// A bounded cache, one for each worker, keyed by the flow's keyed hash. A flow that takes another
/// one's place begins to count anew: a flow may so get more ACKs than its limit, but never fewer,
/// and nobody outside knows which flows share a place. One thread.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/settings.h"

#include <array>
#include <cstdint>

namespace terminus {

class Challenges {
public:
    /// Whether the flow with this hash may send one more now. True counts it.
    [[nodiscard]] bool allow(std::uint64_t hash, const tcp::Settings& settings, Millis now);
    /// All begin to count anew.
    void forget() { entries_ = {}; }

private:
    struct Entry {
        std::uint32_t tag = 0;
        Millis began, last;       ///< the second that is counted; the last ACK
        std::uint32_t count = 0;  ///< ACKs since `began`; 0: the place is free
    };

    std::array<Entry, 1024> entries_{};
};

}  // namespace terminus
