/// UDP conversations: RFC 768 behind the calls of RFC 9293.
#include "calls.h"

namespace terminus::calls {

CallResult<Conversation> open_datagrams(Core&, Endpoint, const std::optional<Endpoint>&,
                                        const tcp::Settings&) {
    return {.error = CallError::no_memory};
}

CallError send_datagram(Core&, Conversation, std::span<const std::byte>,
                        const std::optional<Endpoint>&) {
    return CallError::no_such_conversation;
}

CallResult<DatagramTaken> receive_datagram(Core&, Conversation, std::span<std::byte>, bool) {
    return {.error = CallError::no_such_conversation};
}

std::optional<IcmpCause> icmp_cause(const Core&, Conversation) { return std::nullopt; }

}  // namespace terminus::calls
