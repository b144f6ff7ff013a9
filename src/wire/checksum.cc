/// The Internet checksum over long spans, in wide lanes that the compiler maps onto vector
/// registers.
#include "terminus/wire/checksum.h"

namespace terminus {
namespace {

using Lanes = std::uint64_t __attribute__((vector_size(32)));

/// Low and high 32-bit halves gather in lanes of their own, where carries have 32 bits of room:
/// more than any frame can fill.
struct LaneSums {
    Lanes low{}, high{};

    void add(const std::byte* at) {
        const auto words = load<Lanes>(at);
        low += words & 0xffffffffU;
        high += words >> 32;
    }
    [[nodiscard]] PartialSum total() const {
        const Lanes both = low + high;
        return both[0] + both[1] + both[2] + both[3];
    }
};

}  // namespace

PartialSum checksum_add_long(PartialSum sum, std::span<const std::byte> bytes) {
    LaneSums even, odd;
    const std::size_t whole = bytes.size() / 64 * 64;
    for (std::size_t at = 0; at < whole; at += 64) {
        even.add(bytes.data() + at);
        odd.add(bytes.data() + at + 32);
    }
    sum = checksum_narrow(sum) + even.total() + odd.total();
    return checksum_add_short(sum, bytes.subspan(whole));
}

PartialSum checksum_add_tail(PartialSum sum, std::span<const std::byte> bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        word = word << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    return checksum_narrow(checksum_carry(sum, word));
}

}  // namespace terminus
