/// The fields in the order in which CALLS.md tells them.
#include "control/admin_status.h"

#include "control/admin_text.h"

#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace terminus::control {

namespace {

constexpr std::uint32_t no_ssthresh = 0x7fffffff;

/// As RFC 9293 section 3.3.2 writes it: "FIN-WAIT-1".
std::string rfc_name(tcp::State state) {
    std::string text{name(state)};
    for (char& c : text)
        c = c == '_' ? '-' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

std::string_view name(tcp::Recovery recovery) {
    static constexpr std::array<std::string_view, 5> names{"open", "disorder", "reduced",
                                                           "recovery", "loss"};
    return names[static_cast<std::size_t>(recovery)];
}

Json word_or_null(CallError error) {
    return error == CallError::none ? Json(nullptr) : Json(terminus::name(error));
}

Json or_null(std::uint32_t value, std::uint32_t none) {
    return value == none ? Json(nullptr) : Json(value);
}

void add_identity(Json& json, const Status& it) {
    json["state"] = rfc_name(it.state);
    json["local"] = to_string(it.local);
    json["remote"] = to_string(it.remote);
    json["opened"] = it.active ? "active" : "passive";
    json["error"] = word_or_null(it.error);
    json["soft_error"] = word_or_null(it.soft_error);
}

/// RFC 9293 section 3.3.1.
void add_sequence(Json& json, const Status& it) {
    const std::pair<const char*, tcp::Seq> all[] = {{"iss", it.iss},
                                                    {"irs", it.irs},
                                                    {"snd_una", it.snd_una},
                                                    {"snd_nxt", it.snd_nxt},
                                                    {"snd_wl1", it.snd_wl1},
                                                    {"snd_wl2", it.snd_wl2},
                                                    {"snd_up", it.snd_up},
                                                    {"rcv_nxt", it.rcv_nxt},
                                                    {"rcv_up", it.rcv_up},
                                                    {"rcv_adv", it.rcv_adv},
                                                    {"recover_point", it.recover_point}};
    for (const auto& [field, seq] : all)
        json[field] = seq.value;
}

void add_numbers(Json& json, const Status& it) {
    const std::pair<const char*, std::uint64_t> all[] = {
        {"snd_wnd", it.snd_wnd},
        {"rcv_wnd", it.rcv_wnd},
        {"mss_bytes", it.mss_bytes},
        {"peer_mss_bytes", it.peer_mss_bytes},
        {"advertised_mss_bytes", it.advertised_mss_bytes},
        {"path_mtu_bytes", it.path_mtu_bytes},
        {"send_scale", it.send_scale},
        {"receive_scale", it.receive_scale},
        {"ts_recent", it.ts_recent},
        {"srtt_us", it.srtt_us},
        {"rttvar_us", it.rttvar_us},
        {"minimum_rtt_us", it.minimum_rtt_us},
        {"rto_ms", it.rto_ms},
        {"backoff", it.backoff},
        {"probes", it.probes},
        {"retransmissions_in_a_row", it.retransmissions_in_a_row},
        {"cwnd_bytes", it.cwnd_bytes},
        {"segments_out", it.segments_out},
        {"segments_sacked", it.segments_sacked},
        {"segments_lost", it.segments_lost},
        {"segments_retransmitted", it.segments_retransmitted},
        {"reordering_segments", it.reordering_segments},
        {"total_retransmissions", it.total_retransmissions},
        {"delivered_segments", it.delivered_segments},
        {"duplicate_sacks", it.duplicate_sacks},
        {"receive_queue_bytes", it.receive_queue_bytes},
        {"unaccepted_reassembly_bytes", it.unaccepted_reassembly_bytes},
        {"reassembly_pieces", it.reassembly_pieces},
        {"send_queue_bytes", it.send_queue_bytes},
        {"unsent_bytes", it.unsent_bytes},
        {"last_data_received_ms", it.last_data_received_ms},
        {"last_data_sent_ms", it.last_data_sent_ms},
        {"last_ack_received_ms", it.last_ack_received_ms},
        {"busy_us", it.busy_us},
        {"window_limited_us", it.window_limited_us},
        {"buffer_limited_us", it.buffer_limited_us},
        {"timer_in_ms", it.timer_in_ms},
        {"challenge_acks_sent", it.challenge_acks_sent}};
    for (const auto& [field, number] : all)
        json[field] = number;
}

void add_choices(Json& json, const Status& it) {
    json["timestamps"] = it.timestamps;
    json["sack"] = it.sack;
    json["window_scaling"] = it.window_scaling;
    json["ecn"] = it.ecn;
    json["ecn_seen"] = it.ecn_seen;
    json["ssthresh_bytes"] = or_null(it.ssthresh_bytes, no_ssthresh);
    json["recovery"] = name(it.recovery);
    json["timer"] = name(it.timer);
}

}  // namespace

Json json_of(const Status& status) {
    Json json = Json::object();
    add_identity(json, status);
    add_sequence(json, status);
    add_numbers(json, status);
    add_choices(json, status);
    return json;
}

}  // namespace terminus::control
