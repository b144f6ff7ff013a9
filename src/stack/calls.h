/// The user calls of RFC 9293 section 3.9.1 over the core; Stack's members call them one to one.
#pragma once

#include "core.h"

namespace terminus::calls {

[[nodiscard]] CallResult<ListenerId> listen(Core& core, const Listener& listener);
[[nodiscard]] CallResult<Conversation> accept(Core& core, ListenerId which);
[[nodiscard]] CallError close(Core& core, ListenerId which);
[[nodiscard]] CallResult<Conversation> open(Core& core, Endpoint local, Endpoint remote, Tick now);
[[nodiscard]] CallResult<std::size_t> send(Core& core, Conversation which,
                                           std::span<const std::byte> text);
[[nodiscard]] CallResult<std::size_t> receive(Core& core, Conversation which,
                                              std::span<std::byte> into);
[[nodiscard]] CallError shutdown(Core& core, Conversation which);
[[nodiscard]] CallError close(Core& core, Conversation which);
[[nodiscard]] CallError abort(Core& core, Conversation which);
[[nodiscard]] CallResult<Status> status(const Core& core, Conversation which);

}  // namespace terminus::calls
