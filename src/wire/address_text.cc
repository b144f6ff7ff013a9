/// Addresses, prefixes and MACs as text: RFC 4291 section 2.2 to read, RFC 5952 to write.
#include "terminus/wire/address.h"

#include <charconv>
#include <utility>

namespace terminus {
namespace {

using Groups = std::array<std::uint16_t, 8>;

/// A number that is all of `text`, at most `longest` digits.
template <typename T>
std::optional<T> parse_number(std::string_view text, int base, std::size_t longest) {
    T value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || stop != end || text.size() > longest) return std::nullopt;
    return value;
}

/// One number of a dotted quad or a prefix length. A leading zero is refused, since some read it as
/// octal.
std::optional<std::uint8_t> parse_decimal(std::string_view text) {
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    return parse_number<std::uint8_t>(text, 10, 3);
}

/// Takes what lies before the separator off the front of `text`, the separator too.
std::string_view take_until(std::string_view& text, char separator) {
    const auto at = text.find(separator);
    const auto part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return part;
}

std::optional<be32> parse_ip4(std::string_view text) {
    std::array<std::uint8_t, 4> bytes{};
    for (std::size_t i = 0; i < 4; ++i) {
        const bool has_dot = text.find('.') != std::string_view::npos;
        if (has_dot != (i < 3)) return std::nullopt;
        const auto byte = parse_decimal(take_until(text, '.'));
        if (!byte) return std::nullopt;
        bytes[i] = *byte;
    }
    return std::bit_cast<be32>(bytes);
}

/// Groups read so far, from one side of the `::`.
struct GroupList {
    Groups groups{};
    std::size_t count = 0;

    bool add(std::uint16_t group) {
        if (count == groups.size()) return false;
        groups[count++] = group;
        return true;
    }
    bool add_ip4(std::string_view text) {
        const auto ip4 = parse_ip4(text);
        return ip4 && add(static_cast<std::uint16_t>(ip4->host() >> 16)) &&
               add(static_cast<std::uint16_t>(ip4->host()));
    }
    bool add_hex(std::string_view text) {
        const auto group = parse_number<std::uint16_t>(text, 16, 4);
        return group && add(*group);
    }
};

/// Colon-separated groups; a dotted quad may be the last. Empty text is no groups.
std::optional<GroupList> parse_groups(std::string_view text) {
    GroupList list;
    if (text.empty()) return list;
    if (text.back() == ':') return std::nullopt;
    while (!text.empty()) {
        const auto part = take_until(text, ':');
        const bool is_quad = text.empty() && part.find('.') != std::string_view::npos;
        if (!(is_quad ? list.add_ip4(part) : list.add_hex(part))) return std::nullopt;
    }
    return list;
}

Address from_groups(const Groups& groups) {
    Address address;
    for (std::size_t i = 0; i < 8; ++i)
        store(address.bytes.data() + 2 * i, be16{groups[i]});
    return address;
}

/// A dotted quad ends the address, so it may stand before no `::`.
std::optional<Address> parse_compressed(std::string_view before, std::string_view after) {
    const auto head = parse_groups(before);
    const auto tail = parse_groups(after);
    if (!head || !tail || head->count + tail->count > 7) return std::nullopt;
    if (before.find('.') != std::string_view::npos) return std::nullopt;
    Groups groups = head->groups;
    for (std::size_t i = 0; i < tail->count; ++i)
        groups[8 - tail->count + i] = tail->groups[i];
    return from_groups(groups);
}

std::optional<Address> parse_ip6(std::string_view text) {
    const auto gap = text.find("::");
    if (gap != std::string_view::npos)
        return parse_compressed(text.substr(0, gap), text.substr(gap + 2));
    const auto list = parse_groups(text);
    if (!list || list->count != 8) return std::nullopt;
    return from_groups(list->groups);
}

Groups to_groups(const Address& address) {
    Groups groups{};
    for (std::size_t i = 0; i < 8; ++i)
        groups[i] = load<be16>(address.bytes.data() + 2 * i).host();
    return groups;
}

/// Where the run of zero groups that begins at `from` ends.
std::size_t end_of_zeros(const Groups& groups, std::size_t from) {
    while (from < 8 && groups[from] == 0)
        ++from;
    return from;
}

/// RFC 5952 section 4.2: the longest run of two or more zero groups, the first of equals; else
/// empty.
std::pair<std::size_t, std::size_t> longest_zeros(const Groups& groups) {
    std::pair<std::size_t, std::size_t> best{8, 8};
    for (std::size_t at = 0; at < 8; ++at) {
        const auto end = end_of_zeros(groups, at);
        const bool is_longer = end - at > best.second - best.first;
        if (end - at >= 2 && is_longer) best = {at, end};
    }
    return best;
}

void append_number(std::string& text, unsigned value, int base) {
    std::array<char, 12> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
    text.append(digits.data(), end);
}

std::string ip4_text(const Address& address) {
    std::string text;
    for (std::size_t i = 12; i < 16; ++i) {
        if (i > 12) text += '.';
        append_number(text, address.bytes[i], 10);
    }
    return text;
}

std::string ip6_text(const Address& address) {
    const auto groups = to_groups(address);
    const auto [gap, gap_end] = longest_zeros(groups);
    std::string text;
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == gap) text += "::";
        if (i >= gap && i < gap_end) continue;
        if (i > 0 && i != gap_end) text += ':';
        append_number(text, groups[i], 16);
    }
    return text;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    if (text.find(':') != std::string_view::npos) return parse_ip6(text);
    const auto ip4 = parse_ip4(text);
    if (!ip4) return std::nullopt;
    return Address::ip4(*ip4);
}

std::optional<Prefix> parse_prefix(std::string_view text) {
    const bool has_length = text.find('/') != std::string_view::npos;
    const auto address = parse_address(take_until(text, '/'));
    if (!address) return std::nullopt;
    const std::uint8_t width = address->family() == Family::ip4 ? 32 : 128;
    if (!has_length) return Prefix{*address, width};
    const auto length = parse_decimal(text);
    if (!length || *length > width) return std::nullopt;
    return Prefix::of(*address, *length);
}

std::string to_string(const Address& address) {
    return address.family() == Family::ip4 ? ip4_text(address) : ip6_text(address);
}

std::string to_string(const Prefix& prefix) {
    std::string text = to_string(prefix.address) + '/';
    append_number(text, prefix.length, 10);
    return text;
}

std::optional<Mac> parse_mac(std::string_view text) {
    if (text.size() != 17) return std::nullopt;
    Mac mac;
    for (std::size_t i = 0; i < 6; ++i) {
        const bool is_separated = i == 5 || text[3 * i + 2] == ':';
        const auto byte = parse_number<std::uint8_t>(text.substr(3 * i, 2), 16, 2);
        if (!byte || !is_separated) return std::nullopt;
        mac.bytes[i] = *byte;
    }
    return mac;
}

std::string to_string(const Mac& mac) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : mac.bytes) {
        if (!text.empty()) text += ':';
        text += digits[byte >> 4];
        text += digits[byte & 0x0f];
    }
    return text;
}

}  // namespace terminus
