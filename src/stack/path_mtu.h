/// The path MTU of a flow (RFC 9293 section 3.7.2, SHLD-6): whom to believe that segments are too
/// big (RFC 1191, RFC 8201, with the plausibility tests of RFC 5927 section 7), and how black holes
/// show (RFC 4821).
#pragma once

#include "terminus/icmp/quote.h"

#include "core.h"

#include <cstdint>

namespace terminus {

/// A router says that a segment in flight was too big: `mtu_bytes` would have passed; 0: it does
/// not say (RFC 1191 section 5).
void receive_too_big(Core& core, const Turn& turn, FlowId id, const QuotedPacket& quote,
                     std::uint32_t mtu_bytes);
/// The MSS of a flow follows what is known of its path by now. Called where text is to be sent.
void follow_path(Core& core, FlowId id, Tick now);
/// RFC 4821 section 7: how much text the next segment may carry to try whether the path carries it
/// by now; 0: it is not to try. Called where text is to be sent, after follow_path().
[[nodiscard]] std::uint32_t path_probe_bytes(const Core& core, FlowId id, Tick now);
/// Such a segment has left.
void begin_path_probe(Core& core, FlowId id, Tick now);
/// The peer acknowledged so much: whatever was doubted on the way there arrives.
void note_progress(Core& core, FlowId id, std::uint32_t acked_bytes, Tick now);
/// The oldest segment timed out, and is about to be sent again: perhaps for its size.
void doubt_path(Core& core, FlowId id, Tick now);

/// What the flow takes its path to carry, bytes of IP packet.
[[nodiscard]] std::uint32_t path_mtu_bytes(const Core& core, FlowId id, Tick now);
/// RFC 1191 section 3: our segments are not to be cut on their way.
[[nodiscard]] bool forbids_fragments(const Core& core, FlowId id, Tick now);

/// What a datagram to `remote` may measure, bytes of IP packet, so that nobody has to cut it.
[[nodiscard]] std::uint32_t datagram_mtu_bytes(const Core& core, const NeighbourKey& remote,
                                               const tcp::Settings& settings, Tick now);
/// Whether routers may cut one that is no larger.
[[nodiscard]] bool forbids_fragments(const Core& core, const NeighbourKey& remote,
                                     const tcp::Settings& settings, Tick now);
/// A router says that a datagram of a UDP conversation was too big. Deliberate: segments of TCP do
/// not follow, for a datagram has no sequence number that a forger would have to know (RFC 5927
/// section 4.1); datagrams do follow what TCP was told.
void receive_too_big_datagram(Core& core, const QuotedPacket& quote, std::uint8_t interface,
                              std::uint32_t mtu_bytes, Tick now);

}  // namespace terminus
