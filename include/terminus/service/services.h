/// The built-in services: echo, discard and chargen (RFC 862, 863, 864), http, ping, and those that
/// testers of other machines need: tarpit, capture, idle, close, abort and send.
#pragma once

#include "terminus/stack/service.h"

#include <cstdint>
#include <memory>

namespace terminus {

/// Sends back what it gets, over TCP and UDP.
[[nodiscard]] std::unique_ptr<Service> make_echo();
/// Takes everything, says nothing.
[[nodiscard]] std::unique_ptr<Service> make_discard();
/// TCP: the rotating ring of 95 printable characters in lines of 72, without end. UDP: one datagram
/// of 0 to 512 characters for each.
[[nodiscard]] std::unique_ptr<Service> make_chargen();
/// HTTP/1.1 (RFC 9112): GET and HEAD of `/` give a static body of `body_bytes`; keep-alive and
/// pipelining; 404, 405 and 400 for the rest. A request head of more than 8 KiB is a 400.
[[nodiscard]] std::unique_ptr<Service> make_http(std::uint32_t body_bytes);
/// Answers echo requests; the stack knows it by its kind.
[[nodiscard]] std::unique_ptr<Service> make_ping();

/// Accepts and offers no window: the peer's text waits, and its probes are answered for ever.
[[nodiscard]] std::unique_ptr<Service> make_tarpit();
/// Takes everything and says nothing; the first text or datagram of each peer is kept for the
/// operator, or those of one of `one_of` peers.
[[nodiscard]] std::unique_ptr<Service> make_capture(std::uint32_t one_of);
/// Never reads: the window closes when the peer has filled it.
[[nodiscard]] std::unique_ptr<Service> make_idle();
/// Reads, says nothing, and closes `after_ms` after the connection was established.
[[nodiscard]] std::unique_ptr<Service> make_close(std::uint32_t after_ms);
/// The same, with an RST at the end.
[[nodiscard]] std::unique_ptr<Service> make_abort(std::uint32_t after_ms);
/// Sends `bytes` bytes as soon as the connection is established, then closes. What it reads is
/// thrown away.
[[nodiscard]] std::unique_ptr<Service> make_send(std::uint32_t bytes);

}  // namespace terminus
