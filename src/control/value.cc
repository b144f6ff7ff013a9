/// Reading and rendering of single values. Every refusal says what was found and what to write.
#include "control/value.h"

#include "control/suggest.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace terminus::control {
namespace {

std::string_view found(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table: return "is a table";
        case toml::node_type::array: return "is a list";
        case toml::node_type::string: return "is text";
        case toml::node_type::integer: return "is an integer";
        case toml::node_type::floating_point: return "is a floating-point number";
        case toml::node_type::boolean: return "is true or false";
        default: return "is a date or time";
    }
}

[[noreturn]] void refuse_type(const Written& value, const std::string& wanted) {
    value.refuse(std::string{found(value.node)}, "write " + wanted);
}

/// Text as TOML writes it, for quoting in messages.
std::string in_quotes(std::string_view text) {
    if (text.find_first_of("\"\\") == std::string_view::npos) return '"' + std::string{text} + '"';
    std::ostringstream out;
    out << toml::value<std::string>{std::string{text}};
    return out.str();
}

std::int64_t integer_in(const Written& value, const Range& range, const std::string& wanted) {
    const auto* integer = value.node.as_integer();
    if (integer == nullptr) refuse_type(value, wanted);
    const std::int64_t number = integer->get();
    if (number < range.least || number > range.most)
        value.refuse(std::to_string(number) + " is out of range", "write " + wanted);
    return number;
}

template <typename T>
void read_integer(const Written& value, const Range& range, T& into) {
    into = static_cast<T>(integer_in(value, range, words(As<T>{}, range)));
}

/// Calls `one` for each element, whose line is its own.
template <typename T, typename One>
void read_list(const Written& value, const Range& range, std::vector<T>& into, One one) {
    const std::string wanted = words(As<std::vector<T>>{}, range);
    const toml::array* list = value.node.as_array();
    if (list == nullptr) refuse_type(value, wanted);
    for (const toml::node& element : *list) {
        Place place = value.place;
        place.line = element.source().begin.line;
        into.push_back(one(Written{element, place}, wanted));
    }
}

std::string text_of(const Written& value, const std::string& wanted) {
    const auto* text = value.node.as_string();
    if (text == nullptr) refuse_type(value, wanted);
    return text->get();
}

/// A list of texts of which each one parses with `parse`, a function from text to an optional.
template <typename T, typename Parse>
void read_texts(const Written& value, const Range& range, std::vector<T>& into, Parse parse) {
    read_list(value, range, into, [&](const Written& element, const std::string& wanted) {
        const std::string text = text_of(element, wanted);
        const std::optional<T> parsed = parse(text);
        if (!parsed) element.refuse(in_quotes(text) + " is none", "write " + wanted);
        return *parsed;
    });
}

std::optional<OwnAddress> parse_own_address(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const std::optional<Address> address = parse_address(text.substr(0, slash));
    const std::optional<Prefix> network = parse_prefix(text);
    if (!address || !network) return std::nullopt;
    return OwnAddress{*address, network->length};
}

/// The value of one key of a small table inside a list.
Written member(const Written& element, std::string_view key, const std::string& wanted) {
    const toml::node* node = element.node.as_table()->get(key);
    if (node == nullptr) element.refuse("has no " + std::string{key}, "write " + wanted);
    return {*node, element.place};
}

MssCeiling read_ceiling(const Written& element, const Range& range, const std::string& wanted) {
    const toml::table* table = element.node.as_table();
    if (table == nullptr) refuse_type(element, wanted);
    for (const auto& [key, node] : *table)
        if (key != "prefix" && key != "bytes")
            element.refuse(in_quotes(key.str()) + " is no key of a ceiling", "write " + wanted);
    const std::string text = text_of(member(element, "prefix", wanted), wanted);
    const std::optional<Prefix> prefix = parse_prefix(text);
    if (!prefix) element.refuse(in_quotes(text) + " is no prefix", "write " + wanted);
    const std::int64_t bytes = integer_in(member(element, "bytes", wanted), range, wanted);
    return {*prefix, static_cast<std::uint16_t>(bytes)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

std::optional<PortRange> parse_ports(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return PortRange{*first, *last};
}

}  // namespace

std::size_t read_choice(const Written& value, std::span<const std::string_view> spellings) {
    const std::string text = text_of(value, alternatives(spellings));
    for (std::size_t i = 0; i < spellings.size(); ++i)
        if (spellings[i] == text) return i;
    const std::string_view near = nearest(text, spellings);
    const std::string meant = near.empty() ? "" : "did you mean \"" + std::string{near} + "\"? ";
    value.refuse(in_quotes(text) + " is none of its values",
                 meant + "write " + alternatives(spellings));
}

std::string alternatives(std::span<const std::string_view> spellings) {
    std::string list;
    for (const std::string_view spelling : spellings)
        list += (list.empty() ? "\"" : " | \"") + std::string{spelling} + '"';
    return list;
}

void read_value(const Written& value, const Range& range, bool& into) {
    const auto* boolean = value.node.as_boolean();
    if (boolean == nullptr) refuse_type(value, words(As<bool>{}, range));
    into = boolean->get();
}
void read_value(const Written& value, const Range& range, std::uint8_t& into) {
    read_integer(value, range, into);
}
void read_value(const Written& value, const Range& range, std::uint16_t& into) {
    read_integer(value, range, into);
}
void read_value(const Written& value, const Range& range, std::uint32_t& into) {
    read_integer(value, range, into);
}
void read_value(const Written& value, const Range& range, std::optional<std::uint32_t>& into) {
    read_integer(value, range, into.emplace());
}
void read_value(const Written& value, const Range& range, std::string& into) {
    into = text_of(value, words(As<std::string>{}, range));
    const bool unprintable =
        std::ranges::any_of(into, [](unsigned char c) { return c < ' ' || c == 0x7f; });
    if (unprintable) value.refuse("holds a control character", "write plain text");
}
void read_value(const Written& value, const Range& range, std::optional<Mac>& into) {
    const std::string wanted = words(As<std::optional<Mac>>{}, range);
    const std::string text = text_of(value, wanted);
    into = parse_mac(text);
    if (!into) value.refuse(in_quotes(text) + " is none", "write " + wanted);
}
void read_value(const Written& value, const Range& range, std::vector<std::uint32_t>& into) {
    read_list(value, range, into, [&](const Written& element, const std::string& wanted) {
        return static_cast<std::uint32_t>(integer_in(element, range, wanted));
    });
}
void read_value(const Written& value, const Range& range, std::vector<OwnAddress>& into) {
    read_texts(value, range, into, parse_own_address);
}
void read_value(const Written& value, const Range& range, std::vector<Prefix>& into) {
    read_texts(value, range, into, parse_prefix);
}
void read_value(const Written& value, const Range& range, std::vector<Address>& into) {
    read_texts(value, range, into, parse_address);
}
void read_value(const Written& value, const Range& range, std::vector<PortRange>& into) {
    read_texts(value, range, into, parse_ports);
}

void read_value(const Written& value, const Range& range, std::vector<MssCeiling>& into) {
    read_list(value, range, into, [&](const Written& element, const std::string& wanted) {
        return read_ceiling(element, range, wanted);
    });
}

std::string render(bool value) { return value ? "true" : "false"; }
std::string render(const std::string& value) { return in_quotes(value); }
std::string render_integer(std::uint32_t value) {
    std::string digits = std::to_string(value);
    if (digits.size() <= 4) return digits;
    for (std::size_t i = digits.size() - 3; i > 0 && i < digits.size(); i -= 3)
        digits.insert(i, 1, '_');
    return digits;
}

bool same_value(const std::vector<OwnAddress>& one, const std::vector<OwnAddress>& other) {
    return std::ranges::equal(one, other, [](const OwnAddress& a, const OwnAddress& b) {
        return a.address == b.address && a.prefix_length == b.prefix_length;
    });
}

std::string words(As<bool>, const Range&) { return "true | false"; }
std::string words(As<std::uint32_t>, const Range& range) {
    return "an integer from " + std::to_string(range.least) + " to " + std::to_string(range.most);
}
std::string words(As<std::string>, const Range&) { return "text in quotes"; }
std::string words(As<std::optional<Mac>>, const Range&) {
    return "a MAC address such as \"02:00:00:00:00:01\"";
}
std::string words(As<std::vector<std::uint32_t>>, const Range& range) {
    return "a list of integers from " + std::to_string(range.least) + " to " +
           std::to_string(range.most);
}
std::string words(As<std::vector<OwnAddress>>, const Range&) {
    return "a list of addresses with the length of their network, such as \"198.18.0.2/24\"";
}
std::string words(As<std::vector<Prefix>>, const Range&) {
    return "a list of prefixes or addresses such as \"198.18.1.0/24\"";
}
std::string words(As<std::vector<Address>>, const Range&) {
    return "a list of addresses such as \"198.18.0.1\"";
}
std::string words(As<std::vector<MssCeiling>>, const Range& range) {
    return "a list such as [{prefix = \"198.18.2.0/24\", bytes = 1200}], bytes from " +
           std::to_string(range.least) + " to " + std::to_string(range.most);
}
std::string words(As<std::vector<PortRange>>, const Range&) {
    return "a list of ports or ranges such as \"80\" or \"8000-8099\"";
}

}  // namespace terminus::control
