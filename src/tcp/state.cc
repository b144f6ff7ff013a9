#include "terminus/tcp/state.h"

#include <array>

namespace terminus::tcp {

std::string_view name(State state) {
    static constexpr std::array<std::string_view, state_count> names{
        "closed",     "listen",     "syn_sent", "syn_received", "established", "fin_wait_1",
        "fin_wait_2", "close_wait", "closing",  "last_ack",     "time_wait"};
    return names[static_cast<std::size_t>(state)];
}

}  // namespace terminus::tcp
