/// Initial sequence numbers, RFC 9293 section 3.4.1 (once RFC 6528).
#pragma once

#include "terminus/base/hash.h"
#include "terminus/base/time.h"
#include "terminus/tcp/seq.h"

#include <cstdint>
#include <span>

namespace terminus::tcp {

/// ISN = M + F(tuple, secret): M is a clock of 4 microseconds (MUST-8), F is SipHash-2-4 (SHLD-1)
/// with a secret key (MUST-9). `tuple` holds the bytes that name the connection.
[[nodiscard]] Seq initial_seq(const HashKey& key, std::span<const std::byte> tuple, Tick now);

}  // namespace terminus::tcp
