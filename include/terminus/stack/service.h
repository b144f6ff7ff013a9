/// A service: what stands behind a listener. Immutable and shared by all workers; what it must
/// remember of one flow is a ServiceState. It is called for text, never for a packet without text,
/// and never calls back.
#pragma once

#include "terminus/tcp/seq.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace terminus {

/// What a service remembers of one flow, kept in the flow record.
struct ServiceState {
    tcp::Seq mark;  ///< of the outgoing stream: what it means is the service's own affair; for
                    ///< Text::generated it is the sequence number after the last byte promised
    std::uint8_t phase = 0;  ///< 0 to 7
};

/// Where a service's outgoing text comes from.
enum class Text : std::uint8_t {
    none,       ///< it never sends
    echoed,     ///< what it takes is sent back, held in blocks until acknowledged
    generated,  ///< fill() makes it: up to `mark`
    endless,    ///< fill() makes it, for ever; `mark` is the stream's first sequence number
};

/// How a connection ends by time alone.
enum class Ending : std::uint8_t { never, close, abort };

/// What a service does with a connection besides its text.
struct Manner {
    Ending ending = Ending::never;
    std::uint32_t after_ms = 0;         ///< from ESTABLISHED to the ending
    bool speaks_first = false;          ///< begin() is called
    bool closes_window = false;         ///< offers no window, from the SYN-ACK on; where that is a
                                        ///< SYN cookie (RFC 4987), nothing is kept of the peer
    std::uint32_t captures_one_of = 0;  ///< keeps the first text of one peer of so many; 0: of none
};

/// What take() did.
struct Taken {
    std::size_t bytes =
        0;               ///< how many of the bytes offered it took; the rest is offered again later
    bool close = false;  ///< close our half after the text promised so far
    bool capture = false;  ///< this text is to be kept: see captures.h
};

class Service {
public:
    explicit Service(Text text, Manner manner = {}) : text_{text}, manner_{manner} {}
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    virtual ~Service() = default;

    [[nodiscard]] Text text() const { return text_; }
    [[nodiscard]] const Manner& manner() const { return manner_; }

    /// The connection is ESTABLISHED: a service that speaks first promises text by moving
    /// `state.mark`, which lies at the beginning of the stream.
    virtual Taken begin(ServiceState& state) const;

    /// In-order text of a flow. A service with Text::generated promises an answer by moving
    /// `state.mark`. `all_acknowledged` tells that nothing promised is outstanding. Untaken text is
    /// offered again when more arrives or all is acknowledged.
    virtual Taken take(ServiceState& state, std::span<const std::byte> text,
                       bool all_acknowledged) const = 0;

    /// Writes the outgoing text from sequence number `at` on; equal bytes for equal positions.
    /// `into` ends at or before the promised end.
    virtual void fill(const ServiceState& state, tcp::Seq at, std::span<std::byte> into) const;

    /// A UDP datagram: `room` begins with the payload (`length` bytes) and may be written over.
    /// Returns the reply's length, or `no_reply`. `entropy` is random.
    virtual std::size_t datagram(std::span<std::byte> room, std::size_t length,
                                 std::uint64_t entropy) const;
    static constexpr std::size_t no_reply = ~std::size_t{0};

private:
    Text text_;
    Manner manner_;
};

}  // namespace terminus
