#include "control/base64.h"

#include <array>
#include <cstdint>

namespace terminus::control {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digits = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return table;
}();

/// Reads a group of `letters` (2 to 4) digits into letters - 1 bytes; false where it is none.
bool read_group(std::string_view group, std::size_t letters, std::vector<std::byte>& bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < letters; ++i) {
        const std::uint8_t digit = digits[static_cast<unsigned char>(group[i])];
        if (digit == no_digit) return false;
        value |= std::uint32_t{digit} << (18 - 6 * i);
    }
    for (std::size_t i = 0; i + 1 < letters; ++i)
        bytes.push_back(static_cast<std::byte>(value >> (16 - 8 * i)));
    const std::uint32_t unused = (1U << (24 - 8 * (letters - 1))) - 1;
    return (value & unused) == 0;  // RFC 4648 section 3.5
}

/// How many of a last group's four letters are digits: the others are padding.
std::size_t letters_of(std::string_view last) {
    if (last[3] != '=') return 4;
    return last[2] == '=' ? 2 : 3;
}

}  // namespace

std::string base64(std::span<const std::byte> bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t three = 0;
        for (std::size_t k = 0; k < 3; ++k)
            three = three << 8U |
                    (i + k < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += i + k > bytes.size() ? '=' : alphabet[three >> (18 - 6 * k) & 63U];
    }
    return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
    std::vector<std::byte> bytes;
    if (text.size() % 4 != 0) return std::nullopt;
    bytes.reserve(text.size() / 4 * 3);
    for (; !text.empty(); text.remove_prefix(4)) {
        const std::size_t letters = text.size() == 4 ? letters_of(text) : 4;
        if (!read_group(text, letters, bytes)) return std::nullopt;
    }
    return bytes;
}

}  // namespace terminus::control
