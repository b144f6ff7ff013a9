/// The window that we offer: RFC 9293 section 3.8.6.2.2, the receiver's side of silly window
/// avoidance.
#include "terminus/tcp/output.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

// RFC 9293 section 3.8.6.2.2: min(Fr * RCV.BUFF, Eff.snd.MSS), with Fr = 1/2.
std::uint32_t worthwhile_step(std::uint32_t bytes, const Settings& settings) {
    const std::uint32_t buffer =
        std::min(settings.receive_buffer_bytes, settings.receive_window_bytes);
    return std::max(std::min(bytes, buffer / 2), 1U);
}

}  // namespace

bool is_window_news(const Flow& flow, std::uint32_t room_bytes, const Settings& settings) {
    if (!may_receive_text(flow.state())) return false;
    const std::uint32_t offered = flow.rcv_wnd();
    const std::uint32_t segments = offered == 0 ? 1 : 2;
    return room_bytes >= offered + worthwhile_step(segments * flow.mss_bytes(), settings);
}

std::uint16_t offer_window(Flow& flow, std::uint32_t room_bytes, const Settings& settings) {
    const std::uint32_t scale = flow.window_scaling != 0 ? settings.window_scale : 0;
    const std::uint32_t unit = 1U << scale;
    const std::uint32_t offered = flow.rcv_wnd();
    const bool exact = settings.receive_window_bytes != Settings::none;
    const std::uint32_t step = exact ? 1 : worthwhile_step(flow.mss_bytes(), settings);
    std::uint32_t window = room_bytes >= offered + step ? room_bytes & ~(unit - 1) : offered;
    // What was offered is not taken back, even where the unit of the field cannot say it exactly.
    const std::uint32_t field =
        std::min<std::uint32_t>((std::max(window, offered) + unit - 1) >> scale, 65535);
    window = field << scale;
    if (window > offered) flow.rcv_adv = flow.rcv_nxt + window;
    return static_cast<std::uint16_t>(field);
}

}  // namespace terminus::tcp
