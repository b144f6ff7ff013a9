/// What a flow waits for, and what happens when it waited in vain. A flow has one deadline; the
/// wheel is the stack's, which files the flow whenever its deadline has come earlier.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/settings.h"

#include <cstdint>

namespace terminus::tcp {

/// Starts or restarts the retransmission timer: RFC 6298 sections 5.1 and 5.3.
void await_answer(Flow& flow, const Settings& settings, Tick now, const Effort* effort = nullptr);
/// The same after new text left or was acknowledged, for the flow's tail: a probe leaves before the
/// timeout, where RFC 8985 section 7.2 allows one.
void await_delivery(Flow& flow, const Effort* effort, const Settings& settings, Tick now);
/// More text left while some was in flight: the probe is due after the last of it, the timeout
/// stands.
void await_more(Flow& flow, const Effort* effort, const Settings& settings, Tick now);
/// Back to the retransmission timer, which has been running since the oldest segment left.
void await_rest(Flow& flow, const Effort& effort, const Settings& settings, Tick now);
/// Starts the reordering timer: RFC 8985 section 6.2, step 5.
void await_reordering(Flow& flow, std::uint32_t after_us, Tick now);
/// When the timer of what is in flight was started, within a millisecond: about when it left.
[[nodiscard]] std::uint32_t timed_since_us(const Flow& flow, const Settings& settings);
/// Starts the persist timer: RFC 9293 section 3.8.6.1, MUST-36; the first time is the timeout
/// (SHLD-29).
void await_window(Flow& flow, const Settings& settings, Tick now);
/// TIME-WAIT begins, for 2 MSL: RFC 9293 section 3.6.1, MUST-13.
void await_old_segments(Flow& flow, const Settings& settings, Tick now);
/// Nothing is in flight and nothing waits: only silence can end this flow. The deadline stays as it
/// is: the wheel looks at the flow then and finds that nothing is due.
inline void go_silent(Flow& flow) {
    flow.backoff = 0;
    flow.retransmitted = 0;
    flow.stop_timing();
    flow.wait_for(flow.state() == State::fin_wait_2 ? Waits::fin_wait_2 : Waits::silence);
}

/// After go_silent(), where keepalive is on: brings the deadline forward to the first probe.
void hasten_keepalive(Flow& flow, const Settings& settings);
/// The flow's settings have changed: a deadline that is due sooner by them is brought forward.
void heed(Flow& flow, const Settings& settings, Tick now);

/// What a look at a flow found.
enum class Due : std::uint8_t {
    nothing,     ///< look again at `again`
    retransmit,  ///< RFC 6298 section 5.4: send the oldest segment again; the flow is prepared for
                 ///< it
    send,        ///< output() has something to send: what RFC 8985 found lost, or its probe
    probe,       ///< RFC 9293 section 3.8.6.1: probe the window
    keepalive,   ///< RFC 9293 section 3.8.4: ask whether the peer is still there
    give_up,     ///< R2 is over: RFC 9293 section 3.8.3, MUST-20
    vanish,      ///< ends without a word: FIN-WAIT-2 was silent for too long
};
/// In one word: what is returned in small pieces and read in large ones has to wait for them.
class Look {
public:
    constexpr Look(Due due, Millis again, bool recovers = false)
        : bits_{again.ms | static_cast<std::uint64_t>(due) << 32 | std::uint64_t{recovers} << 40} {}

    [[nodiscard]] constexpr Due due() const { return static_cast<Due>(bits_ >> 32 & 0xff); }
    /// When to look again; nothing with give_up and vanish.
    [[nodiscard]] constexpr Millis again() const { return {static_cast<std::uint32_t>(bits_)}; }
    /// With Due::send: fast recovery begins.
    [[nodiscard]] constexpr bool recovers() const { return bits_ >> 40 != 0; }

private:
    std::uint64_t bits_;
};
/// Judges a flow whose deadline may have come. With Due::retransmit and Due::probe the back-off is
/// raised, the window collapsed (RFC 5681 section 3.1) and the next deadline set. With `far`, a
/// silent flow without an effort is looked at again in a minute or later, but where something may
/// be due before.
[[nodiscard]] Look look(Flow& flow, Effort* effort, const Settings& settings, Tick now,
                        bool far = false);

}  // namespace terminus::tcp
