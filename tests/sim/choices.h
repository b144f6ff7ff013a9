/// What a seed chooses: settings of our side, the weather, and how a foreign TCP behaves.
#pragma once

#include "dice.h"
#include "harness.h"
#include "wire.h"

namespace terminus::test {

/// Everything that tcp::Settings offers, at random, with timers short enough for a simulation.
[[nodiscard]] tcp::Settings settings_of(const Dice& dice);
[[nodiscard]] Weather weather_of(const Dice& dice);
/// Now and then a route that becomes narrow, never below the least MTU of its family; `start` is
/// the simulation's beginning.
[[nodiscard]] Bottleneck bottleneck_of(const Dice& dice, Family family, Tick start);
/// A length of text: mostly short, now and then long; 0 too.
[[nodiscard]] std::uint32_t length_of(Rng& rng);

/// How a foreign TCP behaves.
struct Manners {
    std::uint16_t mss_bytes = 1460;  ///< 0: its SYN does not say
    bool window_scaling = false;
    std::uint8_t window_scale = 0;
    bool timestamps = false;
    std::uint32_t clock_start = 0;  ///< of its timestamps
    bool sack = false;
    bool reports_duplicates = false;  ///< RFC 2883
    std::uint32_t ack_every = 1;      ///< segments; 0: by the timer alone
    std::uint32_t ack_delay_us = 0;
    std::uint32_t buffer_bytes = 65535;
    std::uint32_t read_bytes = 65535;  ///< at most, each time it reads
    std::uint32_t read_every_us = 1000;
    bool silly_windows = false;  ///< offers any small window
    bool one_by_one = false;     ///< after a loss: resends what lacks, not all (go-back-N)
    bool fast = false;           ///< resends on three duplicate ACKs
    bool fin_with_text = true;
    bool urgent = false;         ///< marks text as urgent now and then
    bool probes_idle = false;    ///< keepalive with a byte of garbage
    bool waits_for_end = false;  ///< half-close: it sends only when our FIN is in
    std::uint32_t flight_bytes = 20'000;
    std::uint32_t rto_us = 300'000;
};
[[nodiscard]] Manners manners_of(const Dice& dice, bool is_ip6);

}  // namespace terminus::test
