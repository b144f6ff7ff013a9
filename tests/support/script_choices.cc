#include "script_choices.h"

#include "script_line.h"

#include <algorithm>
#include <array>
#include <utility>

namespace terminus::test {
namespace {

using std::string;
using std::string_view;
using tcp::Settings;

constexpr std::array<std::pair<string_view, std::uint32_t Settings::*>, 21> limits{{
    {"keepalive_idle_ms", &Settings::keepalive_idle_ms},
    {"keepalive_interval_ms", &Settings::keepalive_interval_ms},
    {"keepalive_count", &Settings::keepalive_count},
    {"user_timeout_ms", &Settings::user_timeout_ms},
    {"linger_ms", &Settings::linger_ms},
    {"mss_bytes", &Settings::mss_bytes},
    {"receive_buffer_bytes", &Settings::receive_buffer_bytes},
    {"receive_window_bytes", &Settings::receive_window_bytes},
    {"send_buffer_bytes", &Settings::send_buffer_bytes},
    {"time_wait_ms", &Settings::time_wait_ms},
    {"fin_wait_2_ms", &Settings::fin_wait_2_ms},
    {"syn_retries", &Settings::syn_retries},
    {"syn_ack_retries", &Settings::syn_ack_retries},
    {"retries", &Settings::retries},
    {"deferred_accept_ms", &Settings::deferred_accept_ms},
    {"delayed_ack_ms", &Settings::delayed_ack_ms},
    {"unsent_low_water_bytes", &Settings::unsent_low_water_bytes},
    {"initial_window_segments", &Settings::initial_window_segments},
    {"initial_rto_ms", &Settings::rto_initial_ms},
    {"minimum_rto_ms", &Settings::rto_min_ms},
    {"quiet_time_ms", &Settings::quiet_time_ms},
}};
constexpr std::array<std::pair<string_view, bool Settings::*>, 7> switches{{
    {"nagle", &Settings::nagle},
    {"keepalive", &Settings::keepalive},
    {"delayed_ack", &Settings::delayed_ack},
    {"delayed_ack_from_start", &Settings::delayed_ack_from_start},
    {"path_mtu_discovery", &Settings::path_mtu_discovery},
    {"path_mtu_probing", &Settings::path_mtu_probing},
    {"report_errors", &Settings::report_errors},
}};

constexpr std::array<std::pair<string_view, std::uint32_t Status::*>, 32> numbers{{
    {"snd_wnd", &Status::snd_wnd},
    {"rcv_wnd", &Status::rcv_wnd},
    {"mss_bytes", &Status::mss_bytes},
    {"peer_mss_bytes", &Status::peer_mss_bytes},
    {"advertised_mss_bytes", &Status::advertised_mss_bytes},
    {"path_mtu_bytes", &Status::path_mtu_bytes},
    {"ts_recent", &Status::ts_recent},
    {"srtt_us", &Status::srtt_us},
    {"rttvar_us", &Status::rttvar_us},
    {"minimum_rtt_us", &Status::minimum_rtt_us},
    {"rto_ms", &Status::rto_ms},
    {"backoff", &Status::backoff},
    {"probes", &Status::probes},
    {"retransmissions_in_a_row", &Status::retransmissions_in_a_row},
    {"cwnd_bytes", &Status::cwnd_bytes},
    {"ssthresh_bytes", &Status::ssthresh_bytes},
    {"segments_out", &Status::segments_out},
    {"segments_sacked", &Status::segments_sacked},
    {"segments_lost", &Status::segments_lost},
    {"segments_retransmitted", &Status::segments_retransmitted},
    {"reordering_segments", &Status::reordering_segments},
    {"total_retransmissions", &Status::total_retransmissions},
    {"delivered_segments", &Status::delivered_segments},
    {"receive_queue_bytes", &Status::receive_queue_bytes},
    {"unaccepted_reassembly_bytes", &Status::unaccepted_reassembly_bytes},
    {"reassembly_pieces", &Status::reassembly_pieces},
    {"send_queue_bytes", &Status::send_queue_bytes},
    {"unsent_bytes", &Status::unsent_bytes},
    {"last_data_received_ms", &Status::last_data_received_ms},
    {"last_data_sent_ms", &Status::last_data_sent_ms},
    {"last_ack_received_ms", &Status::last_ack_received_ms},
    {"timer_in_ms", &Status::timer_in_ms},
}};
constexpr std::array<std::pair<string_view, std::uint64_t Status::*>, 3> times{{
    {"busy_us", &Status::busy_us},
    {"window_limited_us", &Status::window_limited_us},
    {"buffer_limited_us", &Status::buffer_limited_us},
}};
constexpr std::array<std::pair<string_view, bool Status::*>, 8> flags{{
    {"active", &Status::active},
    {"timestamps", &Status::timestamps},
    {"sack", &Status::sack},
    {"window_scaling", &Status::window_scaling},
    {"ecn", &Status::ecn},
    {"ecn_seen", &Status::ecn_seen},
    {"end", &Status::end},
    {"datagrams", &Status::datagrams},
}};
constexpr std::array<std::pair<string_view, tcp::Seq Status::*>, 6> our_numbers{{
    {"iss", &Status::iss},
    {"snd_una", &Status::snd_una},
    {"snd_nxt", &Status::snd_nxt},
    {"snd_wl2", &Status::snd_wl2},
    {"snd_up", &Status::snd_up},
    {"recover_point", &Status::recover_point},
}};
constexpr std::array<std::pair<string_view, tcp::Seq Status::*>, 5> their_numbers{{
    {"irs", &Status::irs},
    {"snd_wl1", &Status::snd_wl1},
    {"rcv_nxt", &Status::rcv_nxt},
    {"rcv_up", &Status::rcv_up},
    {"rcv_adv", &Status::rcv_adv},
}};

/// The member of that name, or null.
template <typename Table>
auto member(const Table& table, string_view name) -> decltype(table.front().second) {
    for (const auto& [key, value] : table)
        if (key == name) return value;
    return nullptr;
}

string word_of(const Status& status, string_view name) {
    if (name == "state") return string{tcp::name(status.state)};
    if (name == "error") return string{terminus::name(status.error)};
    if (name == "soft_error") return string{terminus::name(status.soft_error)};
    if (name == "timer") return string{terminus::name(status.timer)};
    if (name == "local_port") return std::to_string(status.local.port);
    if (name == "remote_port") return std::to_string(status.remote.port);
    if (name == "send_scale") return std::to_string(status.send_scale);
    if (name == "receive_scale") return std::to_string(status.receive_scale);
    return {};
}

}  // namespace

bool choose(Settings& settings, string_view name, string_view value) {
    const std::uint32_t number = value == "none" ? Settings::none : parse_number(value);
    if (const auto limit = member(limits, name); limit != nullptr)
        settings.*limit = number;
    else if (const auto flag = member(switches, name); flag != nullptr)
        settings.*flag = number != 0;
    else
        return false;
    return true;
}

string field_of(const Status& status, string_view name, const Origins& origins) {
    if (const auto field = member(numbers, name)) return std::to_string(status.*field);
    if (const auto field = member(times, name)) return std::to_string(status.*field);
    if (const auto field = member(flags, name)) return status.*field ? "1" : "0";
    if (const auto field = member(our_numbers, name))
        return std::to_string((status.*field).value - origins.ours);
    if (const auto field = member(their_numbers, name))
        return std::to_string((status.*field).value - origins.theirs);
    return word_of(status, name);
}

}  // namespace terminus::test
