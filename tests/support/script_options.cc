// The numbers of TCP options in scripts, relative and absolute.
#include "script_options.h"

#include <functional>

namespace terminus::test {
namespace {

using std::string;
using std::string_view;

constexpr char kind_end = 0, kind_no_operation = 1, kind_sack = 5, kind_timestamps = 8;

std::uint32_t number_at(string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i)
        value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

void add_at(string& bytes, std::size_t at, std::uint32_t more) {
    const std::uint32_t value = number_at(bytes, at) + more;
    for (std::size_t i = 0; i < 4; ++i)
        bytes[at + i] = static_cast<char>(value >> (24 - 8 * i) & 0xff);
}

/// Calls `visit` with the kind, offset and length of each well-formed option.
void for_each_option(string_view bytes,
                     const std::function<void(char, std::size_t, std::size_t)>& visit) {
    for (std::size_t at = 0; at < bytes.size() && bytes[at] != kind_end;) {
        if (bytes[at] == kind_no_operation) {
            ++at;
            continue;
        }
        const std::size_t length =
            at + 1 < bytes.size() ? static_cast<std::uint8_t>(bytes[at + 1]) : 0;
        if (length < 2 || at + length > bytes.size()) return;
        visit(bytes[at], at, length);
        at += length;
    }
}

/// The word behind `before` in `text`; empty when it is not there.
string word_after(string_view text, string_view before) {
    const std::size_t at = text.find(before);
    if (at == string_view::npos) return {};
    const string_view rest = text.substr(at + before.size());
    return string{rest.substr(0, rest.find_first_of(" ,"))};
}

void fill_one(string& wanted, const string& got, const string& before) {
    const std::size_t at = wanted.find(before + '*');
    if (at != string::npos) wanted.replace(at + before.size(), 1, word_after(got, before));
}

}  // namespace

string shifted(string options, const OptionShift& shift) {
    const string original = options;
    for_each_option(original, [&](char kind, std::size_t at, std::size_t length) {
        if (kind == kind_timestamps && length == 10) {
            add_at(options, at + 2, shift.ts_value);
            add_at(options, at + 6, shift.ts_echo);
        }
        for (std::size_t edge = at + 2; kind == kind_sack && edge + 4 <= at + length; edge += 4)
            add_at(options, edge, shift.sack);
    });
    return options;
}

bool find_ts_value(string_view options, std::uint32_t& value) {
    bool found = false;
    for_each_option(options, [&](char kind, std::size_t at, std::size_t length) {
        if (kind != kind_timestamps || length != 10) return;
        value = number_at(options, at + 2);
        found = true;
    });
    return found;
}

string fill_wildcards(string wanted, const string& got) {
    const std::size_t both = wanted.find("TS *");
    if (both != string::npos) wanted.replace(both, 4, "TS val * ecr *");
    fill_one(wanted, got, "TS val ");
    fill_one(wanted, got, " ecr ");
    return wanted;
}

}  // namespace terminus::test
