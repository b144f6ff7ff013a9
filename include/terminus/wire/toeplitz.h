/// The Toeplitz hash of receive side scaling, as NICs compute it over a packet's tuple as received.
/// The input is the network-order source address, destination address, source port, destination
/// port.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// `key` holds at least input.size() + 4 bytes. Bitwise: exact and slow, for checks.
[[nodiscard]] std::uint32_t toeplitz(std::span<const std::byte> key,
                                     std::span<const std::byte> input);

/// The same by tables, what each half byte of the input adds: for packets. Immutable, 4.5 KiB.
class Toeplitz {
public:
    static constexpr std::size_t most_input_bytes = 36;  ///< an IPv6 tuple with ports
    static constexpr std::size_t key_bytes = most_input_bytes + 4;

    /// `key` holds at least `key_bytes`; what is beyond is not used.
    explicit Toeplitz(std::span<const std::byte> key);

    /// At most `most_input_bytes`.
    [[nodiscard]] std::uint32_t operator()(std::span<const std::byte> input) const {
        std::uint32_t hash = 0;
        for (std::size_t at = 0; at < input.size(); ++at) {
            const auto byte = std::to_integer<std::size_t>(input[at]);
            hash ^= shares_[2 * at][byte >> 4] ^ shares_[2 * at + 1][byte & 15];
        }
        return hash;
    }

private:
    std::array<std::array<std::uint32_t, 16>, 2 * most_input_bytes> shares_;
};

}  // namespace terminus
