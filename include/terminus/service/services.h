/// The built-in services: echo, discard and chargen (RFC 862, 863, 864), http, and ping.
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

}  // namespace terminus
