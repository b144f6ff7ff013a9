/// Cuts a datagram of ours that is larger than the MTU into fragments: RFC 791 section 3.2, RFC
/// 8200 section 4.5. A small value on the caller's stack; it refers to the datagram, which must
/// stay as it is meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

class Fragmenter {
public:
    /// `datagram` begins at its IP header and ends with the datagram. IPv4: no options (we send
    /// none), DF clear; the low 16 bits of `id` are the identification. `mtu_bytes` is at least 68
    /// (v4) or 1280 (v6).
    Fragmenter(std::span<const std::byte> datagram, std::uint16_t mtu_bytes, std::uint32_t id);

    /// Writes the next fragment from its IP header on, in order; `room` holds the MTU. Returns its
    /// length, 0 after the last one. IPv4 header checksums are complete; the transport's was over
    /// the whole.
    [[nodiscard]] std::size_t next(std::span<std::byte> room);

    /// Fragments that it makes, all told.
    [[nodiscard]] std::size_t count() const {
        return (text_.size() + text_per_fragment_ - 1) / text_per_fragment_;
    }

private:
    void write_header4(std::byte* at, std::size_t bytes, bool more) const;
    void write_header6(std::byte* at, std::size_t bytes, bool more) const;

    std::span<const std::byte> headers_, text_;
    std::size_t next_header_at_ = 0;  ///< IPv6: the field that will say "fragment"
    std::size_t text_per_fragment_ = 0;
    std::size_t offset_ = 0;
    std::uint32_t id_;
    bool is_ip4_;
};

}  // namespace terminus
