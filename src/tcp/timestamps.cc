/// What the timestamps of RFC 7323 are for: old duplicates are told from new segments, and each ACK
/// measures a round trip.
#include "terminus/tcp/timestamps.h"

#include "terminus/tcp/rtt.h"

#include "judgement.h"

#include <array>
#include <span>

namespace terminus::tcp {
namespace {

using namespace tcp_flag;

// RFC 7323 section 5.5: half of what 32 bits of the fastest clock count, less a margin.
constexpr std::uint32_t outdated_ms = 24U * 24 * 60 * 60 * 1000;
// No round trip takes so long: the echo is of something that we never said.
constexpr std::uint32_t longest_round_trip_ms = 10 * 60 * 1000;

bool is_outdated(const Flow& flow, Tick now) {
    return now.ms().ms - flow.last_heard.ms > outdated_ms;
}

// Last.ACK.sent of RFC 7323 section 4.3 has no field: without an ACK pending it is RCV.NXT; with
// one it lies before, where the text that is owed the ACK begins.
bool is_before_last_ack(const Flow& flow, Seq seq) {
    const bool pending = (flow.ack_pending | flow.ack_now) != 0;
    return pending ? seq < flow.rcv_nxt : seq <= flow.rcv_nxt;
}

// RFC 7323 section 4.2 and appendix G: with many ACKs in a round trip each counts for less.
std::uint32_t expected_samples(const Flow& flow) {
    const std::uint32_t two_segments = 2 * flow.mss_bytes();
    return std::max(1U, (flow.in_flight() + two_segments - 1) / two_segments);
}

// 0: what is echoed comes from the future, or from nowhere.
std::uint32_t round_trip_us(std::uint32_t age_ms) {
    if (age_ms > longest_round_trip_ms) return 0;
    constexpr std::uint32_t us_per_ms = 1000;
    return std::max(1U, age_ms) * us_per_ms;
}

void sample_echoed(Flow& flow, std::uint32_t rtt_us) {
    if (rtt_us != 0) sample_rtt(flow, rtt_us, expected_samples(flow));
}

}  // namespace

HashKey ts_key(const HashKey& secret) {
    constexpr std::array names{std::byte{'t'}, std::byte{'s'}};
    const std::span all{names};
    return {{siphash(secret, all.first(1)), siphash(secret, all.last(1))}};
}

bool check_timestamps(Judgement& j) {
    const Segment& s = j.segment;
    if (s.has(rst)) return true;  // RFC 7323 section 5.2: an RST is exempt
    // Section 3.2: dropped without a word. A SYN is another connection's: it gets its challenge.
    if (!s.options.timestamps) return s.has(syn) || j.settle(Drop::tcp_no_timestamp);
    if (!is_ts_before(s.options.ts_value, j.flow.ts_recent())) return true;
    j.ts_outdated = is_outdated(j.flow, j.context.now);
    return j.ts_outdated || j.answer_with_ack(Drop::tcp_old_timestamp);  // section 5.3, R1
}

void keep_timestamp(Judgement& j) {
    const TcpOptions& options = j.segment.options;
    if (!options.timestamps || !is_before_last_ack(j.flow, j.segment.seq)) return;
    if (is_ts_before(options.ts_value, j.flow.ts_recent()) && !j.ts_outdated) return;
    j.flow.keep_ts_recent(options.ts_value);
}

std::uint32_t echoed_rtt_us(const Judgement& j) {
    const Segment& s = j.segment;
    if (!s.options.timestamps || s.has(syn)) return 0;  // a SYN's round trip has its own clock
    return round_trip_us(j.context.ts_now - s.options.ts_echo);
}

void measure_by_echo(Judgement& j) { sample_echoed(j.flow, echoed_rtt_us(j)); }

bool take_expected_timestamp(Flow& flow, const TcpHeader& header, std::uint32_t ts_now) {
    const auto* options = reinterpret_cast<const std::byte*>(&header + 1);
    if (header.header_bytes() != sizeof header + timestamps_only_bytes) return false;
    if (!is_timestamps_only({options, timestamps_only_bytes})) return false;
    const std::uint32_t ts_value = load<be32>(options + 4).host();
    if (is_ts_before(ts_value, flow.ts_recent())) return false;
    if (header.ack.host() != flow.snd_una.value)
        sample_echoed(flow, round_trip_us(ts_now - load<be32>(options + 8).host()));
    if (is_before_last_ack(flow, flow.rcv_nxt)) flow.keep_ts_recent(ts_value);
    return true;
}

}  // namespace terminus::tcp
