/// SipHash-2-4, from the paper "SipHash: a fast short-input PRF" (Aumasson and Bernstein, 2012),
/// section 2.
#include "terminus/base/hash.h"

#include "terminus/base/endian.h"

#include <bit>

namespace terminus {
namespace {

/// One of the two halves of the paper's figure 2.1, which differ in their rotations and in who
/// meets whom.
template <int turn_b, int turn_d>
void half_round(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d) {
    a += b;
    c += d;
    b = std::rotl(b, turn_b) ^ a;
    d = std::rotl(d, turn_d) ^ c;
    a = std::rotl(a, 32);
}

/// The four words of state, with the paper's names for them.
struct SipState {
    std::uint64_t v0, v1, v2, v3;

    explicit SipState(const HashKey& key)
        : v0{key.words[0] ^ 0x736f6d6570736575U},
          v1{key.words[1] ^ 0x646f72616e646f6dU},
          v2{key.words[0] ^ 0x6c7967656e657261U},
          v3{key.words[1] ^ 0x7465646279746573U} {}

    void round() {
        half_round<13, 16>(v0, v1, v2, v3);
        half_round<17, 21>(v2, v1, v0, v3);
    }
    void compress(std::uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
    std::uint64_t finish() {
        v2 ^= 0xff;
        for (int i = 0; i < 4; ++i)
            round();
        return v0 ^ v1 ^ v2 ^ v3;
    }
};

/// The last word: up to seven bytes that remain, and the length modulo 256 on top.
std::uint64_t last_word(std::span<const std::byte> rest, std::size_t length) {
    std::uint64_t word = static_cast<std::uint64_t>(length) << 56;
    for (std::size_t i = 0; i < rest.size(); ++i)
        word |= std::to_integer<std::uint64_t>(rest[i]) << (8 * i);
    return word;
}

}  // namespace

std::uint64_t siphash(const HashKey& key, std::span<const std::byte> bytes) {
    SipState state{key};
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t at = 0; at < whole; at += 8)
        state.compress(load<std::uint64_t>(bytes.data() + at));
    state.compress(last_word(bytes.subspan(whole), bytes.size()));
    return state.finish();
}

}  // namespace terminus
