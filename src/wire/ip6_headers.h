/// IPv6 extension headers, RFC 8200 section 4.
#pragma once

#include "terminus/wire/view.h"

#include <cstddef>

namespace terminus {

/// Bounds on the chain, far above what honest senders use (RFC 8504 section 5.3 lets a host set
/// such).
inline constexpr unsigned ip6_headers_max = 8;
inline constexpr unsigned ip6_headers_bytes_max = 1024;
inline constexpr unsigned ip6_options_max = 32;  ///< in one header, padding included

/// True for a header that walk_ip6_headers() deals with.
[[nodiscard]] bool is_ip6_extension(std::uint8_t next_header);

/// Walks from view.l4, where the header named by view.protocol begins, up to the transport header
/// or a fragment's bytes, and moves l4, protocol and next_header_at along. Reads within [l4, end).
/// With a drop that RFC 8200 wants reported, view.problem says how.
[[nodiscard]] Drop walk_ip6_headers(const std::byte* frame, View& view);

}  // namespace terminus
