/// Why a frame was dropped, and how a received frame ends. The reason is the metric's label.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace terminus {

/// Each reason with what it means; the list is the enum, the metric label and the documentation at
/// once.
#define TERMINUS_DROPS(X)                                                                \
    X(none, "not dropped")                                                               \
    X(frame_truncated, "shorter than its link header")                                   \
    X(not_for_us_link, "unicast to another MAC address")                                 \
    X(link_source_invalid, "the source MAC address is a group's")                        \
    X(vlan_unknown, "an 802.1Q tag that no interface has")                               \
    X(ethertype_unknown, "neither IPv4, IPv6 nor ARP")                                   \
    X(ip_malformed, "IP version, header length or total length is impossible")           \
    X(ip_cut_short, "the frame is shorter than its IP length")                           \
    X(ip_checksum, "bad IPv4 header checksum")                                           \
    X(ip_source_invalid, "the source is not a single host's address, or is our own")     \
    X(ip_destination_not_ours, "an address that we do not answer for")                   \
    X(ip_source_route, "an IPv4 source route that does not end here")                    \
    X(ip6_header_order, "an extension header where it must not be, or too many of them") \
    X(ip6_option, "an unknown IPv6 option that demands the discard")                     \
    X(ip6_routing, "an unknown IPv6 routing type with segments left")                    \
    X(ip6_no_next_header, "IPv6 no-next-header: nothing to do")                          \
    X(fragment_malformed, "impossible fragment offset or length")                        \
    X(fragment_overlap, "overlapping fragments: the datagram is discarded (RFC 5722)")   \
    X(fragment_limit, "too many datagrams, bytes or fragments in reassembly")            \
    X(fragment_expired, "the rest of the datagram did not come in time")                 \
    X(l4_truncated, "shorter than its transport header")                                 \
    X(tcp_checksum, "bad TCP checksum")                                                  \
    X(udp_checksum, "bad or forbidden UDP checksum")                                     \
    X(icmp_checksum, "bad ICMP or ICMPv6 checksum")                                      \
    X(tcp_malformed, "impossible TCP data offset or port")                               \
    X(udp_malformed, "impossible UDP length or port")                                    \
    X(icmp_malformed, "impossible ICMP or ICMPv6 message")                               \
    X(arp_malformed, "impossible ARP packet")                                            \
    X(nd_malformed, "a neighbour discovery message that RFC 4861 forbids")               \
    X(address_conflict, "another host claims an address of our own")                     \
    X(policy, "a rule says drop")                                                        \
    X(no_rule, "no rule matched")                                                        \
    X(multicast_destination, "broadcast or multicast, where no answer is allowed")       \
    X(reset_without_flow, "an RST that belongs to no flow")                              \
    X(icmp_error_unmatched, "an ICMP error that quotes no flow of ours")                 \
    X(icmp_type_ignored, "an ICMP type that a host does not answer")                     \
    X(icmp_silence, "an answer that RFC 1122 or RFC 4443 forbids")                       \
    X(icmp_rate_limited, "an ICMP error that the token buckets suppressed")              \
    X(overload, "belongs to no flow, while more comes than can be served")               \
    X(table_full, "no room for a new flow")                                              \
    X(half_open_full, "too many flows in SYN-RECEIVED")                                  \
    X(quiet_time, "the quiet time after the start is not over (RFC 9293 section 3.4.3)") \
    X(listener_full, "the listener's backlog is full")                                   \
    X(memory_full, "no block, key or timer free")                                        \
    X(tcp_out_of_window, "outside the receive window")                                   \
    X(tcp_unacceptable, "a segment that the state forbids and that gets no answer")      \
    X(tcp_old_timestamp, "a timestamp from before the last one: PAWS (RFC 7323)")        \
    X(tcp_no_timestamp, "without the timestamp that was agreed on (RFC 7323)")           \
    X(udp_reflection, "a source port that could make a loop (CVE-2024-2169)")            \
    X(neighbour_unreachable, "the neighbour did not answer ARP or ND")                   \
    X(neighbour_queue_full, "too many frames wait for a neighbour")                      \
    X(no_route, "neither on-link nor a gateway")                                         \
    X(no_buffer, "no frame free to write into")                                          \
    X(outbox_full, "more to send than a turn may carry")                                 \
    X(ring_full, "the ring to another worker is full")

enum class Drop : std::uint8_t {
#define TERMINUS_DROP_NAME(name, meaning) name,
    TERMINUS_DROPS(TERMINUS_DROP_NAME)
#undef TERMINUS_DROP_NAME
};

/// The number of reasons, `none` included.
inline constexpr std::size_t drop_count = 0
#define TERMINUS_DROP_ONE(name, meaning) +1
    TERMINUS_DROPS(TERMINUS_DROP_ONE)
#undef TERMINUS_DROP_ONE
    ;

/// The reason's name as the enum spells it: the metric's label.
[[nodiscard]] std::string_view name(Drop reason);
/// One line that tells an operator what the reason means.
[[nodiscard]] std::string_view meaning(Drop reason);

/// How a received frame ends: exactly once, by name.
enum class End : std::uint8_t {
    answered,  ///< the frame itself left again as the answer
    consumed,  ///< it did its work and was released
    handed,    ///< another worker has it
    held,      ///< its text or the frame itself waits
    dropped,   ///< see Drop
};
inline constexpr std::size_t end_count = 5;
[[nodiscard]] std::string_view name(End end);

}  // namespace terminus
