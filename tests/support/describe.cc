// Datagrams in words, in tcpdump's manner, and TCP options out of words.
#include "datagram.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace terminus::test {
namespace {

using std::string;
using std::string_view;

std::uint32_t number(string_view bytes) {
    std::uint32_t value = 0;
    for (const char c : bytes)
        value = (value << 8) | static_cast<std::uint8_t>(c);
    return value;
}

void put(string& text, std::uint32_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;)
        text += static_cast<char>((value >> (8 * i)) & 0xff);
}

string describe_sack(string_view body) {
    string text = "sack";
    for (std::size_t at = 0; at + 8 <= body.size(); at += 8) {
        text += ' ' + std::to_string(number(body.substr(at, 4))) + ':' +
                std::to_string(number(body.substr(at + 4, 4)));
    }
    return text;
}

string describe_option(int kind, string_view body) {
    switch (kind) {
        case 2: return "mss " + std::to_string(number(body));
        case 3: return "wscale " + std::to_string(number(body));
        case 4: return "sackOK";
        case 5: return describe_sack(body);
        case 8:
            return "TS val " + std::to_string(number(body.substr(0, 4))) + " ecr " +
                   std::to_string(number(body.substr(std::min<std::size_t>(4, body.size()))));
        default: return "option " + std::to_string(kind);
    }
}

/// "1:11 21:31" as the option's bytes: RFC 2018 section 3.
string parse_sack(std::istringstream& words) {
    string edges;
    std::uint32_t left = 0, right = 0;
    for (char colon = 0; words >> left >> colon >> right;)
        put(edges, left, 4), put(edges, right, 4);
    string out;
    put(out, 5, 1), put(out, static_cast<std::uint32_t>(2 + edges.size()), 1);
    return out + edges;
}

string parse_option(const string& text) {
    std::istringstream words{text};
    string name, label, out;
    std::uint32_t first = 0, second = 0;
    words >> name;
    if (name == "sack") return parse_sack(words);
    if (name == "TS")
        words >> label >> first >> label >> second;
    else
        words >> first;
    if (name == "nop") put(out, 1, 1);
    if (name == "eol") put(out, 0, 1);
    if (name == "mss") put(out, 0x0204, 2), put(out, first, 2);
    if (name == "wscale") put(out, 0x0303, 2), put(out, first, 1);
    if (name == "sackOK") put(out, 0x0402, 2);
    if (name == "TS") put(out, 0x080a, 2), put(out, first, 4), put(out, second, 4);
    if (name == "option") put(out, first, 1), put(out, 4, 1), put(out, 0, 2);
    return out;
}

string tcp_words(const Datagram& d) {
    string text = "tcp " + describe_flags(d.flags) + ' ' + std::to_string(d.seq) + '(' +
                  std::to_string(d.payload.size()) + ") ack " + std::to_string(d.ack) + " win " +
                  std::to_string(d.window);
    const string options = describe_options(d.options);
    if (!options.empty()) text += " <" + options + '>';
    return text;
}

}  // namespace

string describe_options(string_view options) {
    string text;
    while (!options.empty() && options[0] != 0) {
        if (options[0] == 1) {
            options.remove_prefix(1);
            continue;
        }
        const std::size_t length = options.size() > 1 ? static_cast<std::uint8_t>(options[1]) : 0;
        if (length < 2 || length > options.size()) return text + " malformed";
        if (!text.empty()) text += ',';
        text += describe_option(options[0], options.substr(2, length - 2));
        options.remove_prefix(length);
    }
    return text;
}

string parse_options(string_view text) {
    string out;
    std::istringstream list{string{text}};
    for (string option; std::getline(list, option, ',');)
        out += parse_option(option);
    while (out.size() % 4 != 0)
        out += '\1';
    return out;
}

string describe_flags(std::uint8_t flags) {
    constexpr string_view letters = "FSRP.UEW";
    string text;
    for (const char letter : string_view{"SFRPUEW."}) {
        if ((flags >> letters.find(letter)) & 1) text += letter;
    }
    return text.empty() ? "none" : text;
}

string describe(const Datagram& d) {
    string text = to_string(d.source) + " > " + to_string(d.destination) + ": ";
    switch (d.protocol) {
        case protocol_tcp: text += tcp_words(d); break;
        case protocol_udp: text += "udp " + std::to_string(d.payload.size()); break;
        case protocol_icmp4:
        case protocol_icmp6:
            text += "icmp " + std::to_string(d.type) + '/' + std::to_string(d.code);
            break;
        default: text += "protocol " + std::to_string(d.protocol);
    }
    return d.fault.empty() ? text : text + " [" + d.fault + ']';
}

}  // namespace terminus::test
