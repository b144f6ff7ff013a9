#include "script_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace terminus::test {
namespace {

using std::string;
using std::string_view;

[[noreturn]] void refuse(string_view what, string_view text) {
    throw std::invalid_argument{string{what} + " '" + string{text} + "'"};
}

std::int64_t parse_signed(string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) refuse("not a number:", text);
    return value;
}

Number parse_seq(string_view text) {
    Number number;
    if (text.starts_with('@')) {
        number.absolute = true;
        text.remove_prefix(1);
    }
    number.value = static_cast<std::uint32_t>(parse_signed(text));
    return number;
}

std::uint8_t parse_flags(string_view text) {
    constexpr string_view letters = "FSRP.UEW";
    unsigned flags = 0;
    if (text == "none") return 0;
    for (const char letter : text) {
        const std::size_t bit = letters.find(letter);
        if (bit == string_view::npos) refuse("not flags:", text);
        flags |= 1U << bit;
    }
    return static_cast<std::uint8_t>(flags);
}

/// "1:101(100)", "1(100)" or "1(*)".
void parse_range(Segment& s, string_view text) {
    const std::size_t open = text.find('('), colon = text.substr(0, open).find(':');
    if (open == string_view::npos || !text.ends_with(')')) refuse("not seq:end(length):", text);
    s.seq = parse_seq(text.substr(0, std::min(colon, open)));
    const string_view length = text.substr(open + 1, text.size() - open - 2);
    s.any_length = length == "*";
    if (!s.any_length) s.length = parse_number(length);
    if (colon == string_view::npos) return;
    const Number end = parse_seq(text.substr(colon + 1, open - colon - 1));
    if (end.value - s.seq.value != s.length) refuse("end - seq is not the length:", text);
}

string unquoted(string_view word) {
    string out;
    for (std::size_t i = 1; i < word.size() && word[i] != '"'; ++i) {
        if (word[i] != '\\') {
            out += word[i];
            continue;
        }
        const char escaped = word[++i];
        out += escaped == 'r' ? '\r' : escaped == 'n' ? '\n' : escaped;
    }
    return out;
}

void parse_text(Segment& s, const string& word) {
    s.text = unquoted(word);
    s.text_goes_on = word.ends_with("...");
    if (s.any_length) s.length = static_cast<std::uint32_t>(s.text->size());
}

/// ECN's codepoints by their names in RFC 3168 section 5.
std::uint8_t parse_ecn(string_view text) {
    constexpr std::array<string_view, 4> names{"none", "ect1", "ect0", "ce"};
    const auto* found = std::ranges::find(names, text);
    if (found == names.end()) refuse("not a codepoint of ECN:", text);
    return static_cast<std::uint8_t>(found - names.begin());
}

/// "ack N" and the like: returns how many words were read.
std::size_t parse_pair(Segment& s, const string& key, const string& value) {
    if (key == "ack" && value == "*")
        s.any_ack = true;
    else if (key == "ack")
        s.ack = parse_seq(value);
    else if (key == "win")
        s.window = static_cast<std::uint16_t>(parse_number(value));
    else if (key == "urg")
        s.urgent = static_cast<std::uint16_t>(parse_number(value));
    else if (key == "ecn")
        s.ecn = parse_ecn(value);
    else if (key == "class")
        s.traffic_class = static_cast<std::uint8_t>(parse_number(value));
    else if (key == "hops")
        s.hop_limit = static_cast<std::uint8_t>(parse_number(value));
    else
        refuse("unknown word", key);
    return 2;
}

}  // namespace

std::uint32_t parse_number(string_view text) {
    return static_cast<std::uint32_t>(parse_signed(text));
}

std::uint64_t parse_us(string_view text) {
    std::uint64_t unit = 1000;
    if (text.ends_with("us"))
        unit = 1, text.remove_suffix(2);
    else if (text.ends_with("ms"))
        text.remove_suffix(2);
    else if (text.ends_with('s'))
        unit = 1'000'000, text.remove_suffix(1);
    return static_cast<std::uint64_t>(parse_signed(text)) * unit;
}

string strip(string_view line) {
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"' && (i == 0 || line[i - 1] != '\\')) quoted = !quoted;
        if (!quoted && line.substr(i).starts_with("//")) line = line.substr(0, i);
    }
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == string_view::npos) return {};
    return string{line.substr(first, line.find_last_not_of(" \t\r") - first + 1)};
}

std::vector<string> words_of(string_view line) {
    std::vector<string> words;
    string word;
    char until = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (until == 0 && (c == ' ' || c == '\t')) {
            if (!word.empty()) words.push_back(std::move(word)), word.clear();
            continue;
        }
        word += c;
        const bool escaped = i > 0 && line[i - 1] == '\\';
        if (until != 0 && c == until && !escaped)
            until = 0;
        else if (until == 0 && c == '"')
            until = '"';
        else if (until == 0 && c == '<' && word.size() == 1 && i > 0)
            until = '>';
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

Segment parse_segment(const std::vector<string>& words) {
    if (words.size() < 2) refuse("a segment has flags and numbers", words.empty() ? "" : words[0]);
    Segment s;
    s.flags = parse_flags(words[0]);
    parse_range(s, words[1]);
    std::size_t at = 2;
    while (at < words.size()) {
        const string& word = words[at];
        if (word.starts_with('"')) {
            parse_text(s, word);
            ++at;
        } else if (word.starts_with('<')) {
            s.options = word.substr(1, word.size() - 2);
            ++at;
        } else if (at + 1 < words.size()) {
            at += parse_pair(s, word, words[at + 1]);
        } else {
            refuse("a word without a value:", word);
        }
    }
    return s;
}

}  // namespace terminus::test
