/// Reassembly: fragments kept in fixed blocks, by offset, until their text is whole.
#include "terminus/stack/reassembly.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"
#include "terminus/stack/frame.h"
#include "terminus/wire/checksum.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace terminus {
namespace {

constexpr std::uint32_t largest_datagram = 65535;
constexpr std::size_t share_count = 1024;
constexpr Tick never{~std::uint64_t{0}};

constexpr unsigned ecn_mask = 3;
constexpr unsigned not_ect = 0, congestion_experienced = 3;  // RFC 3168 section 5

unsigned ecn_of(const View& view, std::span<const std::byte> frame) {
    const std::byte* at = frame.data() + view.l3;
    const unsigned traffic_class = view.family == Family::ip4 ? load<Ip4Header>(at).traffic_class
                                                              : load<Ip6Header>(at).traffic_class();
    return traffic_class & ecn_mask;
}

/// RFC 3168 section 5.3: a mark beside a fragment whose sender does not understand marks makes no
/// sense.
bool is_ecn_contradiction(unsigned seen) {
    return (seen & 1U << congestion_experienced) != 0 && (seen & 1U << not_ect) != 0;
}

void fix_header4(std::byte* at, std::size_t total, bool is_marked) {
    auto ip = load<Ip4Header>(at);
    ip.total_length = be16{static_cast<std::uint16_t>(total)};
    ip.fragment = be16{0};
    if (is_marked) ip.traffic_class |= congestion_experienced;
    store(at, ip);
    // Over the header where it lies, options included.
    ip.checksum = ip4_header_checksum(*reinterpret_cast<const Ip4Header*>(at));
    store(at, ip);
}

void fix_header6(std::byte* at, std::size_t payload, bool is_marked) {
    auto ip = load<Ip6Header>(at);
    ip.payload_length = be16{static_cast<std::uint16_t>(payload)};
    if (is_marked)
        ip.version_class_flow = be32{ip.version_class_flow.host() | congestion_experienced << 20};
    store(at, ip);
}

}  // namespace

Reassembly::Reassembly(const ReassemblyLimits& limits, const HashKey& key)
    : limits_{limits},
      key_{key},
      datagrams_(limits.datagrams),
      chains_(std::bit_ceil(limits.datagrams * 2), none),
      shares_(share_count, 0),
      fragments_(limits.fragments),
      blocks_(limits.fragments * limits.fragment_bytes),
      whole_(minimum_headroom + limits.fragment_bytes + largest_datagram) {
    TERMINUS_ASSERT(limits.datagrams < none && limits.fragments < none);
    for (std::size_t i = 0; i < datagrams_.size(); ++i)
        datagrams_[i].next = static_cast<std::uint16_t>(i + 1 < datagrams_.size() ? i + 1 : none);
    for (std::size_t i = 0; i < fragments_.size(); ++i)
        fragments_[i].next = static_cast<std::uint16_t>(i + 1 < fragments_.size() ? i + 1 : none);
    free_datagram_ = datagrams_.empty() ? none : 0;
    free_fragment_ = fragments_.empty() ? none : 0;
}

Reassembled Reassembly::take(const View& view, std::span<const std::byte> frame,
                             std::uint8_t interface, Tick now) {
    TERMINUS_ASSERT(view.is_fragment && view.end <= frame.size());
    const Piece piece{view, frame};
    if (view.end > limits_.fragment_bytes) return {.drop = Drop::fragment_limit};
    Datagram* datagram = find_or_create(key_of(piece, interface), now);
    return datagram == nullptr ? Reassembled{.drop = Drop::fragment_limit} : add(*datagram, piece);
}

Reassembly::Key Reassembly::key_of(const Piece& piece, std::uint8_t interface) {
    const std::byte* at = piece.frame.data() + piece.view.l3;
    Key key{.id = piece.view.fragment_id, .interface = interface};
    if (piece.view.family == Family::ip6) {
        const auto ip = load<Ip6Header>(at);
        key.source = Address::ip6(ip.source.data());
        key.destination = Address::ip6(ip.destination.data());
        return key;
    }
    const auto ip = load<Ip4Header>(at);
    key.source = Address::ip4(ip.source);
    key.destination = Address::ip4(ip.destination);
    key.protocol = ip.protocol;
    return key;
}

std::uint16_t& Reassembly::chain_of(const Key& key) {
    const auto half = [](const Address& address, std::size_t at) {
        return load<std::uint64_t>(&address.bytes[at]);
    };
    const std::array<std::uint64_t, 5> words{half(key.source, 0), half(key.source, 8),
                                             half(key.destination, 0), half(key.destination, 8),
                                             std::uint64_t{key.id} << 16 |
                                                 static_cast<std::uint64_t>(key.protocol) << 8 |
                                                 key.interface};
    return chains_[keyed_hash(key_, words) & (chains_.size() - 1)];
}

std::uint16_t& Reassembly::share_of(const Address& source) {
    const auto low = load<std::uint64_t>(source.bytes.data());
    const auto high = load<std::uint64_t>(source.bytes.data() + 8);
    return shares_[keyed_hash(key_, low, high) % share_count];
}

Reassembly::Datagram* Reassembly::find_or_create(const Key& key, Tick now) {
    std::uint16_t& chain = chain_of(key);
    for (std::uint16_t at = chain; at != none; at = datagrams_[at].next)
        if (datagrams_[at].key == key) return &datagrams_[at];
    return create(key, chain, now);
}

/// Null when all are in use or the source has its share.
Reassembly::Datagram* Reassembly::create(const Key& key, std::uint16_t& chain, Tick now) {
    std::uint16_t& share = share_of(key.source);
    if (free_datagram_ == none || share >= limits_.datagrams_per_source) return nullptr;
    const std::uint16_t at = free_datagram_;
    Datagram& datagram = datagrams_[at];
    free_datagram_ = datagram.next;
    datagram = {.key = key, .next = chain};
    datagram.in_use = true;
    const bool is_ip4 = key.source.family() == Family::ip4;
    datagram.deadline = now.after_ms(is_ip4 ? limits_.ip4_ms : limits_.ip6_ms);
    next_due_ = std::min(next_due_, datagram.deadline);
    chain = at;
    ++share;
    ++used_;
    return &datagram;
}

Reassembled Reassembly::add(Datagram& datagram, const Piece& piece) {
    if (datagram.discarded != Drop::none) return {.drop = datagram.discarded};
    datagram.ecn_seen |= static_cast<std::uint8_t>(1U << ecn_of(piece.view, piece.frame));
    if (is_ecn_contradiction(datagram.ecn_seen)) return discard(datagram, Drop::fragment_malformed);
    const Drop refusal = place(datagram, piece);
    if (refusal != Drop::none) return discard(datagram, refusal);
    return datagram.held == datagram.total ? finish(datagram) : Reassembled{};
}

/// The text's end is told once, and nothing lies beyond it.
bool Reassembly::contradicts_end(const Datagram& datagram, const Piece& piece) const {
    if (datagram.total != 0)
        return piece.past() > datagram.total ||
               (!piece.view.more_fragments && piece.past() != datagram.total);
    if (piece.view.more_fragments || datagram.last == none) return false;
    const Fragment& last = fragments_[datagram.last];
    return std::uint32_t{last.offset} + last.length > piece.past();
}

bool Reassembly::is_duplicate(const Fragment& kept, const Piece& piece) const {
    const auto at = static_cast<std::uint16_t>(&kept - fragments_.data());
    return kept.offset == piece.offset() && kept.length == piece.length() &&
           kept.more == piece.view.more_fragments &&
           std::memcmp(text(at), piece.text(), piece.length()) == 0;
}

/// Keeps the piece at its place in the list, if it overlaps nothing and there is room.
Drop Reassembly::place(Datagram& datagram, const Piece& piece) {
    std::uint16_t before = none;  // the last fragment that begins before the piece
    std::uint16_t after = datagram.first;
    if (datagram.last != none && fragments_[datagram.last].offset < piece.offset()) {
        before = datagram.last;  // in order, as most come
        after = none;
    }
    while (after != none && fragments_[after].offset < piece.offset()) {
        before = after;
        after = fragments_[after].next;
    }
    if (after != none && is_duplicate(fragments_[after], piece)) return Drop::none;
    if (contradicts_end(datagram, piece)) return Drop::fragment_overlap;
    if (before != none) {
        const Fragment& left = fragments_[before];
        if (std::uint32_t{left.offset} + left.length > piece.offset())
            return Drop::fragment_overlap;
    }
    if (after != none && piece.past() > fragments_[after].offset) return Drop::fragment_overlap;
    if (free_fragment_ == none || datagram.fragments == limits_.fragments_per_datagram)
        return Drop::fragment_limit;
    keep(datagram, piece, before);
    return Drop::none;
}

/// Copies the piece into a block, with its headers if it is the first, and links it after `before`.
void Reassembly::keep(Datagram& datagram, const Piece& piece, std::uint16_t before) {
    const std::uint16_t at = free_fragment_;
    Fragment& fragment = fragments_[at];
    free_fragment_ = fragment.next;
    std::uint16_t& link = before == none ? datagram.first : fragments_[before].next;
    const View& view = piece.view;
    const std::uint16_t skipped = view.fragment_offset == 0 ? 0 : view.l4;
    fragment = {.next = link,
                .offset = view.fragment_offset,
                .length = static_cast<std::uint16_t>(piece.length()),
                .text_at = static_cast<std::uint16_t>(view.l4 - skipped),
                .l3 = view.l3,
                .next_header_at = view.next_header_at,
                .more = view.more_fragments};
    std::memcpy(block(at), piece.frame.data() + skipped, std::size_t{view.end} - skipped);
    link = at;
    if (fragment.next == none) datagram.last = at;
    datagram.held += piece.length();
    if (!fragment.more) datagram.total = piece.past();
    ++datagram.fragments;
    ++fragments_held_;
}

/// Frees the text at once; the datagram stays, to know what still comes of it.
Reassembled Reassembly::discard(Datagram& datagram, Drop reason) {
    release_fragments(datagram);
    datagram.discarded = reason;
    return {.drop = reason};
}

bool Reassembly::Headers::is_ip4() const { return std::to_integer<unsigned>(frame[l3]) >> 4 == 4; }

/// Where what the finished datagram keeps of the headers ends.
std::size_t Reassembly::Headers::end() const {
    return is_ip4() ? text_at : text_at - sizeof(Ip6Fragment);
}

/// The other fragments' headers may have been shorter than the first one's, which count.
bool Reassembly::Headers::fits(std::uint32_t text_bytes) const {
    const std::size_t counted_from = is_ip4() ? l3 : l3 + sizeof(Ip6Header);
    return end() - counted_from + text_bytes <= largest_datagram;
}

/// Writes the headers for a datagram with this much text; returns the frame, whose text is to come.
std::span<std::byte> Reassembly::write_headers(const Headers& headers, std::uint32_t text_bytes) {
    std::byte* frame = whole_.data() + minimum_headroom;
    const std::size_t end = headers.end();
    const std::size_t total = end - headers.l3 + text_bytes;
    const bool is_marked = (headers.ecn_seen & 1U << congestion_experienced) != 0;
    std::memcpy(frame, headers.frame, end);
    if (headers.is_ip4()) {
        fix_header4(frame + headers.l3, total, is_marked);
    } else {
        frame[headers.next_header_at] = headers.frame[end];  // what the fragment header named
        fix_header6(frame + headers.l3, total - sizeof(Ip6Header), is_marked);
    }
    return {frame, end + text_bytes};
}

Reassembled Reassembly::finish(Datagram& datagram) {
    const Fragment& first = fragments_[datagram.first];
    const Headers headers{.frame = block(datagram.first),
                          .l3 = first.l3,
                          .next_header_at = first.next_header_at,
                          .text_at = first.text_at,
                          .ecn_seen = datagram.ecn_seen};
    if (!headers.fits(datagram.total)) return discard(datagram, Drop::fragment_malformed);
    const auto frame = write_headers(headers, datagram.total);
    std::byte* to = frame.data() + headers.end();
    for (std::uint16_t at = datagram.first; at != none; at = fragments_[at].next)
        std::memcpy(to + fragments_[at].offset, text(at), fragments_[at].length);
    const std::uint16_t l3 = first.l3;
    release(datagram);
    return {.complete = true, .frame = frame, .l3 = l3};
}

void Reassembly::release_fragments(Datagram& datagram) {
    for (std::uint16_t at = datagram.first; at != none;) {
        const std::uint16_t next = fragments_[at].next;
        fragments_[at].next = free_fragment_;
        free_fragment_ = at;
        at = next;
    }
    fragments_held_ -= datagram.fragments;
    datagram.first = datagram.last = none;
    datagram.fragments = 0;
}

void Reassembly::release(Datagram& datagram) {
    release_fragments(datagram);
    const auto at = static_cast<std::uint16_t>(&datagram - datagrams_.data());
    std::uint16_t* link = &chain_of(datagram.key);
    while (*link != at)
        link = &datagrams_[*link].next;
    *link = datagram.next;
    --share_of(datagram.key.source);
    datagram.in_use = false;
    datagram.next = free_datagram_;
    free_datagram_ = at;
    --used_;
}

void Reassembly::expire(Datagram& datagram, ReassemblySink& sink) {
    std::span<const std::byte> first;
    if (datagram.first != none && fragments_[datagram.first].offset == 0) {
        const Fragment& kept = fragments_[datagram.first];
        first = {block(datagram.first), std::size_t{kept.text_at} + kept.length};
    }
    if (datagram.discarded == Drop::none)
        sink.expired(first, datagram.key.interface, datagram.fragments);
    release(datagram);
}

void Reassembly::advance(Tick now, ReassemblySink& sink) {
    if (now < next_due_) return;
    next_due_ = never;
    for (Datagram& datagram : datagrams_) {
        if (!datagram.in_use) continue;
        if (datagram.deadline > now) {
            next_due_ = std::min(next_due_, datagram.deadline);
            continue;
        }
        expire(datagram, sink);
    }
}

}  // namespace terminus
