/// Reassembly of IPv4 and IPv6 fragments: RFC 791 section 3.2, RFC 1122 section 3.3.2, RFC 8200
/// section 4.5. One thread. The constructor allocates all memory there will ever be; every limit is
/// a number below.
#pragma once

#include "terminus/base/drop.h"
#include "terminus/base/hash.h"
#include "terminus/base/time.h"
#include "terminus/wire/address.h"
#include "terminus/wire/view.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terminus {

struct ReassemblyLimits {
    std::size_t datagrams = 256;   ///< at once, at most 65,534
    std::size_t fragments = 1024;  ///< of all of them, at most 65,534
    std::uint32_t fragment_bytes =
        2048;  ///< of one frame with its link header: at least the MTU plus 18
    std::uint32_t fragments_per_datagram = 128;
    std::uint32_t datagrams_per_source = 16;  ///< sources that collide in a keyed hash share it
    /// Deliberate: half of what RFC 1122 section 3.3.2 advises; who is slower than this sends
    /// again.
    std::uint32_t ip4_ms = 30'000;
    std::uint32_t ip6_ms = 60'000;  ///< RFC 8200 section 4.5
};

/// What became of a fragment. Drop::none and not complete: it is held.
struct Reassembled {
    Drop drop = Drop::none;
    bool complete = false;
    /// With complete: a frame as if the datagram had come whole: the first fragment's link and
    /// network header, lengths and IPv4 header checksum set anew, then the text. Up to 65,535 bytes
    /// and the link header; valid and writable until the next take(), with minimum_headroom bytes
    /// before it.
    std::span<std::byte> frame{};
    std::uint16_t l3 = 0;  ///< where its IP header begins
};

/// Hears of datagrams that were given up.
class ReassemblySink {
public:
    ReassemblySink() = default;
    ReassemblySink(const ReassemblySink&) = delete;
    ReassemblySink& operator=(const ReassemblySink&) = delete;
    virtual ~ReassemblySink() = default;

    /// Time ran out. `first` is the first fragment's whole frame, for time exceeded (RFC 792, RFC
    /// 4443 section 3.3); empty when it never came: then nothing is sent. Valid during the call.
    /// `fragments` are given up with it.
    virtual void expired(std::span<const std::byte> first, std::uint8_t interface,
                         std::size_t fragments) = 0;
};

class Reassembly {
public:
    /// `key` is secret, so that nobody can choose datagrams that crowd one chain.
    Reassembly(const ReassemblyLimits& limits, const HashKey& key);

    /// Takes a frame whose view is_fragment and that parse() found no fault with (lengths,
    /// offsets); its bytes are copied. Fragments of one datagram may come in any order; an exact
    /// duplicate is ignored (a network may duplicate: RFC 8200 section 4.5), any other overlap
    /// discards the datagram, and what still comes of it until its time is over (RFC 5722; IPv4
    /// alike).
    [[nodiscard]] Reassembled take(const View& view, std::span<const std::byte> frame,
                                   std::uint8_t interface, Tick now);
    /// Gives up what is too old. Cheap when nothing is.
    void advance(Tick now, ReassemblySink& sink);

    [[nodiscard]] std::size_t size() const {
        return used_;
    }  ///< datagrams under way, discarded ones included
    [[nodiscard]] std::size_t fragments_held() const { return fragments_held_; }

private:
    static constexpr std::uint16_t none = 0xffff;

    /// RFC 791 names source, destination, protocol and identification; RFC 8200 leaves out the
    /// protocol.
    struct Key {
        Address source{}, destination{};
        std::uint32_t id = 0;
        std::uint8_t protocol = 0, interface = 0;
        friend constexpr bool operator==(const Key&, const Key&) = default;
    };
    struct Datagram {
        Key key;
        std::uint16_t next = none;                ///< in the hash chain or the free list
        std::uint16_t first = none, last = none;  ///< fragments, by offset
        std::uint16_t fragments = 0;
        std::uint32_t total = 0;  ///< bytes of text, 0 until the last fragment came
        std::uint32_t held = 0;   ///< bytes of text
        Tick deadline{};
        Drop discarded = Drop::none;  ///< else why all of it is dropped
        std::uint8_t ecn_seen = 0;    ///< bit i: a fragment had codepoint i
        bool in_use = false;
    };
    struct Fragment {
        std::uint16_t next = none;
        std::uint16_t offset = 0;   ///< in the datagram's text
        std::uint16_t length = 0;   ///< bytes of text
        std::uint16_t text_at = 0;  ///< in its block; the first fragment's headers lie before it
        std::uint16_t l3 = 0, next_header_at = 0;  ///< of the first fragment
        bool more = false;
    };
    /// A received fragment before it is kept.
    struct Piece {
        const View& view;
        std::span<const std::byte> frame;
        [[nodiscard]] std::uint32_t offset() const { return view.fragment_offset; }
        [[nodiscard]] std::uint32_t length() const {
            return static_cast<std::uint32_t>(view.end - view.l4);
        }
        [[nodiscard]] std::uint32_t past() const { return offset() + length(); }
        [[nodiscard]] const std::byte* text() const { return frame.data() + view.l4; }
    };

    [[nodiscard]] static Key key_of(const Piece& piece, std::uint8_t interface);
    [[nodiscard]] Datagram* find_or_create(const Key& key, Tick now);
    [[nodiscard]] Datagram* create(const Key& key, std::uint16_t& chain, Tick now);
    [[nodiscard]] std::uint16_t& chain_of(const Key& key);
    [[nodiscard]] std::uint16_t& share_of(const Address& source);
    [[nodiscard]] Reassembled add(Datagram& datagram, const Piece& piece);
    [[nodiscard]] Drop place(Datagram& datagram, const Piece& piece);
    [[nodiscard]] bool is_duplicate(const Fragment& kept, const Piece& piece) const;
    [[nodiscard]] bool contradicts_end(const Datagram& datagram, const Piece& piece) const;
    void keep(Datagram& datagram, const Piece& piece, std::uint16_t before);
    [[nodiscard]] Reassembled discard(Datagram& datagram, Drop reason);
    [[nodiscard]] Reassembled finish(Datagram& datagram);
    /// The first fragment's headers, for the finished frame.
    struct Headers {
        const std::byte* frame;
        std::size_t l3, next_header_at, text_at;
        std::uint8_t ecn_seen;
        [[nodiscard]] bool is_ip4() const;
        [[nodiscard]] std::size_t end() const;
        [[nodiscard]] bool fits(std::uint32_t text_bytes) const;
    };
    [[nodiscard]] std::span<std::byte> write_headers(const Headers& headers,
                                                     std::uint32_t text_bytes);
    void expire(Datagram& datagram, ReassemblySink& sink);
    void release_fragments(Datagram& datagram);
    void release(Datagram& datagram);
    [[nodiscard]] std::byte* block(std::uint16_t fragment) {
        return blocks_.data() + std::size_t{fragment} * limits_.fragment_bytes;
    }
    [[nodiscard]] const std::byte* text(std::uint16_t fragment) const {
        return blocks_.data() + std::size_t{fragment} * limits_.fragment_bytes +
               fragments_[fragment].text_at;
    }

    ReassemblyLimits limits_;
    HashKey key_;
    std::vector<Datagram> datagrams_;
    std::vector<std::uint16_t> chains_;
    std::vector<std::uint16_t> shares_;  ///< datagrams per source, by hash
    std::vector<Fragment> fragments_;
    std::vector<std::byte> blocks_;  ///< one of fragment_bytes per fragment
    std::vector<std::byte> whole_;   ///< the finished frame, with headroom
    std::uint16_t free_datagram_ = 0, free_fragment_ = 0;
    std::size_t used_ = 0, fragments_held_ = 0;
    Tick next_due_{~std::uint64_t{0}};
};

}  // namespace terminus
