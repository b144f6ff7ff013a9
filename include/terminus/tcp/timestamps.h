/// The clock behind the timestamps option, RFC 7323 sections 3 to 5. What segments do with it is in
/// src/tcp/timestamps.cc: PAWS, TS.Recent and the measurement of round trips.
#pragma once

#include "terminus/base/hash.h"
#include "terminus/base/time.h"
#include "terminus/tcp/flow.h"
#include "terminus/wire/tcp_options.h"

#include <cstdint>

namespace terminus::tcp {

/// TSval counts milliseconds (RFC 7323 section 5.4: between 1 ms and 1 s a tick), from an offset
/// that each tuple has for itself, so that no peer learns our uptime or tells our flows apart. The
/// same tuple has the same offset as long as the program runs, so that TSval never goes back
/// between two connections of it (RFC 6191). `tuple_hash` is the table's, itself a secret.
[[nodiscard]] inline std::uint32_t ts_clock(const HashKey& key, std::uint64_t tuple_hash,
                                            Tick now) {
    return now.ms().ms + static_cast<std::uint32_t>(keyed_hash(key, tuple_hash, 0));
}

/// The clock's key out of another secret, which cannot be computed back from it.
[[nodiscard]] HashKey ts_key(const HashKey& secret);

/// RFC 7323 section 5.2: timestamps are compared modulo 2^32.
[[nodiscard]] constexpr bool is_ts_before(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) < 0;
}

/// RFC 7323 section 3.2: every segment has the timestamps that were agreed on; a SYN, which agrees
/// on them, has its own (open.h).
[[nodiscard]] inline bool is_stamped(const Flow& flow) {
    return flow.timestamps != 0 && flow.state() != State::syn_sent;
}
/// `ts_now` is TSval's clock.
inline void stamp(const Flow& flow, std::uint32_t ts_now, TcpOptions& options) {
    options.timestamps = true;
    options.ts_value = ts_now;
    options.ts_echo = flow.ts_recent();
}

}  // namespace terminus::tcp
