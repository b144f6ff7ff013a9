/// The portable AES round. The S-box is computed from its definition at compile time.
#include "terminus/base/aes.h"

#include <bit>
#include <cstddef>

namespace terminus {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

/// Multiplication by x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, FIPS 197 section 4.2.1.
constexpr std::uint8_t doubled(std::uint8_t value) {
    return static_cast<std::uint8_t>((value << 1) ^ ((value >> 7) * 0x1b));
}

/// The affine step of SubBytes, FIPS 197 section 5.1.1.
constexpr std::uint8_t affine(std::uint8_t value) {
    std::uint8_t sum = 0x63;
    for (int turn = 0; turn < 5; ++turn)
        sum ^= std::rotl(value, turn);
    return sum;
}

/// Walks the powers of the generator 3 up and of its inverse down at once, so that each step names
/// a value and its multiplicative inverse.
constexpr std::array<std::uint8_t, 256> make_s_box() {
    std::array<std::uint8_t, 256> box{};
    box[0] = affine(0);
    std::uint8_t power = 1, inverse = 1;
    do {
        box[power] = affine(inverse);
        power ^= doubled(power);
        for (int shift = 1; shift <= 4; shift *= 2)
            inverse ^= static_cast<std::uint8_t>(inverse << shift);  // division by 3
        if ((inverse & 0x80) != 0) inverse ^= 0x09;
    } while (power != 1);
    return box;
}
constexpr auto s_box = make_s_box();
static_assert(s_box[0x00] == 0x63 && s_box[0x53] == 0xed && s_box[0xff] == 0x16);

/// SubBytes and ShiftRows at once: row r of column c comes from column c + r.
Bytes substituted(const Bytes& state) {
    Bytes out;
    for (std::size_t at = 0; at < 16; ++at)
        out[at] = s_box[state[(at + at % 4 * 4) % 16]];
    return out;
}

/// MixColumns of one byte: row r of the column that begins at `column`, FIPS 197 section 5.1.3.
std::uint8_t mixed(const Bytes& state, std::size_t column, std::size_t row) {
    const auto byte = [&](std::size_t down) { return state[column + (row + down) % 4]; };
    return static_cast<std::uint8_t>(doubled(byte(0)) ^ doubled(byte(1)) ^ byte(1) ^ byte(2) ^
                                     byte(3));
}

}  // namespace

PortableAes::Block PortableAes::round(Block a, Block key) {
    const Bytes state = substituted(std::bit_cast<Bytes>(a));
    Bytes out;
    for (std::size_t at = 0; at < 16; ++at)
        out[at] = mixed(state, at / 4 * 4, at % 4);
    return mix(std::bit_cast<Block>(out), key);
}

}  // namespace terminus
