#include "terminus/tcp/rtt.h"

#include <algorithm>

namespace terminus::tcp {

void sample_rtt(Flow& flow, std::uint32_t rtt_us, std::uint32_t expected) {
    const std::uint64_t sample = std::max<std::uint32_t>(rtt_us, 1);
    if (flow.srtt.is_zero()) {  // RFC 6298 section 2.2
        flow.srtt = ShortMicros{sample};
        flow.rttvar = ShortMicros{sample / 2};
        return;
    }
    const std::uint64_t srtt = flow.srtt.us();
    const std::uint64_t error = srtt > sample ? srtt - sample : sample - srtt;
    // RFC 6298 section 2.3: beta is 1/4 and alpha 1/8, both divided by the measurements expected.
    if (expected == 1) [[likely]] {
        flow.rttvar = ShortMicros{(3 * flow.rttvar.us() + error) / 4};
        flow.srtt = ShortMicros{(7 * srtt + sample) / 8};
        return;
    }
    const std::uint64_t beta = 4ULL * expected, alpha = 8ULL * expected;
    flow.rttvar = ShortMicros{((beta - 1) * flow.rttvar.us() + error) / beta};
    flow.srtt = ShortMicros{((alpha - 1) * srtt + sample) / alpha};
}

std::uint32_t base_rto_ms(const Flow& flow, const Settings& settings) {
    if (flow.srtt.is_zero()) return settings.rto_initial_ms;
    // RFC 6298 section 2.3: the clock's granularity G is one millisecond.
    const std::uint64_t us = flow.srtt.us() + std::max<std::uint64_t>(1000, 4 * flow.rttvar.us());
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>((us + 999) / 1000, settings.rto_min_ms, settings.rto_max_ms));
}

std::uint32_t rto_ms(const Flow& flow, const Settings& settings, std::uint32_t kept) {
    const std::uint64_t doubled = static_cast<std::uint64_t>(base_rto_ms(flow, settings))
                                  << (flow.backoff + kept);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(doubled, settings.rto_max_ms));
}

std::uint32_t backed_off_ms(const Flow& flow, const Settings& settings, std::uint32_t kept) {
    std::uint64_t total = 0;
    const std::uint64_t base = std::uint64_t{base_rto_ms(flow, settings)} << kept;
    for (unsigned i = 0; i <= flow.backoff; ++i)
        total += std::min<std::uint64_t>(base << i, settings.rto_max_ms);
    return static_cast<std::uint32_t>(total);
}

}  // namespace terminus::tcp
