/// A wire, in virtual time: it loses frames singly and in bursts, duplicates, reorders, delays and
/// corrupts them, as its seed says; it may have a router in it whose next link takes less, and it
/// may be cut.
#pragma once

#include "terminus/base/rng.h"

#include "harness.h"

#include <optional>
#include <queue>
#include <tuple>
#include <vector>

namespace terminus::test {

/// Probabilities per frame, and delays in microseconds.
struct Weather {
    double loss = 0, duplication = 0, reordering = 0, corruption = 0;
    double burst = 0;  ///< that a burst of losses begins
    std::uint32_t burst_frames = 8;
    std::uint32_t delay_us = 1000, jitter_us = 0;
};

/// A router on the way whose next link takes less from some moment on: a route that changed.
struct Bottleneck {
    std::uint16_t mtu_bytes = 0;  ///< 0: there is none
    bool says_too_big = true;     ///< the router sends the ICMP error of RFC 1191 and RFC 4443;
                                  ///< else it is a black hole (RFC 2923 section 2.1)
    Tick from;
};

/// One direction.
class Wire {
public:
    Wire(std::uint64_t seed, const Weather& weather, const Bottleneck& bottleneck)
        : rng_{seed}, weather_{weather}, bottleneck_{bottleneck} {}

    void send(Bytes frame, Tick now);
    /// The frames that have arrived by `now`, in their order of arrival.
    [[nodiscard]] std::vector<Bytes> arrived(Tick now);
    /// What the router says to the sender, since the last call.
    [[nodiscard]] std::vector<Bytes> take_errors();
    /// From now on the weather is fair; the router and its next link stay.
    void heal();
    /// From now on nothing passes.
    void cut() { is_cut_ = true; }
    /// When the next frame arrives; nothing: none flies.
    [[nodiscard]] std::optional<Tick> next() const;

private:
    struct Flying {
        Tick due;
        std::uint64_t order = 0;
        Bytes frame;
        friend bool operator<(const Flying& a, const Flying& b) {  // the earliest on top
            return std::tie(b.due, b.order) < std::tie(a.due, a.order);
        }
    };
    [[nodiscard]] bool is_lost(Tick now);
    [[nodiscard]] bool fits(const Bytes& frame, Tick now);
    void corrupt(Bytes& frame);
    void launch(Bytes frame, Tick now);

    Rng rng_;
    Weather weather_;
    Bottleneck bottleneck_;
    bool is_cut_ = false;
    std::uint32_t burst_left_ = 0;
    Tick burst_end_;
    std::uint64_t order_ = 0;
    std::priority_queue<Flying> flying_;
    std::vector<Bytes> errors_;
};

/// The ICMP error that a router sends about `frame`, whose next link takes `mtu_bytes`: RFC 1191
/// section 4, RFC 4443 section 3.2.
[[nodiscard]] Bytes too_big(const Bytes& frame, std::uint16_t mtu_bytes);

}  // namespace terminus::test
