/// SYN cookies, RFC 4987 section 3.6: what a listener must remember of a SYN, packed into the ISN
/// of its SYN-ACK and into the low bits of its timestamp. Nothing is kept; the ACK brings it all
/// back.
///
///     cookie = F(tuple) + (bucket << 24 | (MAC + peer's ISN, 21 bits) << 3 | MSS class)
///
/// F is initial_seq()'s, and a bucket is 2^24 steps of its clock of 4 microseconds (67 s). So
/// cookies grow from bucket to bucket as other ISNs do (RFC 6528 section 3), among which they may
/// stand: only inside a bucket their order is random. MAC is SipHash-2-4 of the tuple, the bucket
/// and the class, under the key that is fresh at each start. The peer's ISN itself is in it, less
/// than 2^21 being certain: so a later segment of a peer whose first ones were lost is never taken
/// for the first, and is told from nearly all forgeries.
#pragma once

#include "terminus/base/hash.h"
#include "terminus/base/time.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/segment.h"
#include "terminus/tcp/seq.h"

#include <cstdint>
#include <span>

namespace terminus::tcp {

/// The connection that a SYN asks for: `tuple` names it as for initial_seq().
struct CookieTuple {
    const HashKey& key;
    std::span<const std::uint64_t, 6> tuple;
    Seq peer_isn;
};

/// A cookie is good in its own bucket and so many later ones: 67 to 134 seconds.
inline constexpr std::uint64_t cookie_buckets = 1;
/// After this time no cookie is good any more, whenever in its bucket it was made.
inline constexpr std::uint64_t cookie_lifetime_us = (cookie_buckets + 1) << 26;

/// The ISN of the SYN-ACK. Of `mss_bytes` the largest class not above it is kept (at least 64).
[[nodiscard]] Seq make_cookie(const CookieTuple& from, std::uint32_t mss_bytes, Tick now);
/// What came back.
struct OpenedCookie {
    bool is_ours = false;         ///< made for this connection, and not too long ago
    std::uint16_t mss_bytes = 0;  ///< the class of the MSS, where the peer's ISN is right; else 0
};
/// Looks into what may be a cookie that is at most `most_buckets` old.
[[nodiscard]] OpenedCookie open_cookie(const CookieTuple& from, Seq cookie, Tick now,
                                       std::uint64_t most_buckets = cookie_buckets);

/// `value` with what the flow has negotiated (window scale, SACK, ECN) in its six low bits: not
/// later than `value`, and less than 64 before it.
[[nodiscard]] std::uint32_t stamp_options(std::uint32_t value, const Flow& negotiated);
/// The peer's SYN as far as an ACK tells it: its ISN, MSS, and, where the ACK echoes a stamped
/// timestamp, its options.
[[nodiscard]] Segment syn_behind(const Segment& ack, std::uint16_t mss_bytes);

}  // namespace terminus::tcp
