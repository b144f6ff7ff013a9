#include "http_request.h"

#include <algorithm>
#include <array>
#include <optional>

namespace terminus::http {
namespace {

using std::string_view;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_visible(char c) { return c > ' ' && c < 0x7f; }

/// RFC 9110 section 5.6.2.
constexpr bool is_token_character(char c) {
    constexpr string_view others = "!#$%&'*+-.^_`|~";
    const char l = lower(c);
    return is_digit(c) || (l >= 'a' && l <= 'z') || others.find(c) != string_view::npos;
}

bool is_token(string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_character);
}

bool same_word(string_view a, string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

/// Takes one line off `text`. RFC 9112 section 2.2 lets a lone LF end it.
string_view take_line(string_view& text) {
    const std::size_t feed = text.find('\n');
    string_view line = text.substr(0, feed);
    text.remove_prefix(feed + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

string_view trimmed(string_view text) {
    constexpr string_view blanks = " \t";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Takes one element off a comma-separated list: RFC 9110 section 5.6.1.
string_view take_element(string_view& list) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const string_view element = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    return element;
}

/// What the request line and the fields add up to.
struct Request {
    string_view method, target;
    bool minor_is_0 = false;  ///< HTTP/1.0: RFC 9112 section 9.3 closes unless asked to keep
    bool bad = false;         ///< whatever the method says, this is a 400
    bool has_host = false;
    bool has_body = false;
    bool close = false, keep = false;
    bool coding_unknown = false;
    std::optional<string_view> content_length;
    bool has_coding = false, chunked_last = false;
};

/// RFC 9112 section 3: method SP request-target SP HTTP-version. Deliberate: another major version
/// gets a 400 too; RFC 9110 section 15.6.6 leaves the 505 to the server's wish.
void read_request_line(Request& r, string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    r.bad = true;
    if (first == string_view::npos || first == last) return;
    r.method = line.substr(0, first);
    r.target = line.substr(first + 1, last - first - 1);
    const string_view version = line.substr(last + 1);
    if (version.size() != 8 || !version.starts_with("HTTP/1.") || !is_digit(version[7])) return;
    r.minor_is_0 = version[7] == '0';
    r.bad = !is_token(r.method) || !std::ranges::all_of(r.target, is_visible);
}

/// RFC 9110 section 5.5: no control characters but the tab; RFC 9112 section 2.2: nor a lone CR.
bool is_field_value(string_view value) {
    return std::ranges::none_of(value, [](char c) {
        return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
    });
}

/// RFC 9112 section 3.2: a second Host, or one that is no host, is a 400.
void read_host(Request& r, string_view value) {
    constexpr string_view forbidden = " \t/\\@?#,\"<>{}|^`";
    if (r.has_host || value.find_first_of(forbidden) != string_view::npos) r.bad = true;
    r.has_host = true;
}

/// RFC 9112 section 6.3, fifth rule: a length that is no number, or two that differ, is a 400.
void read_content_length(Request& r, string_view list) {
    if (list.empty()) r.bad = true;
    while (!list.empty()) {
        const string_view value = take_element(list);
        if (value.empty() || !std::ranges::all_of(value, is_digit)) r.bad = true;
        if (r.content_length && *r.content_length != value) r.bad = true;
        r.content_length = value;
        if (value.find_first_not_of('0') != string_view::npos) r.has_body = true;
    }
}

/// RFC 9112 section 6.1: `chunked`, once and last, is the only coding that we know.
void read_transfer_encoding(Request& r, string_view list) {
    r.has_coding = r.has_body = true;
    while (!list.empty()) {
        const string_view coding = take_element(list);
        if (coding.empty()) continue;
        if (r.chunked_last) r.bad = true;
        r.chunked_last = same_word(coding, "chunked");
        if (!r.chunked_last) r.coding_unknown = true;
    }
}

/// RFC 9112 section 9.3 and 9.6.
void read_connection(Request& r, string_view list) {
    while (!list.empty()) {
        const string_view option = take_element(list);
        if (same_word(option, "close")) r.close = true;
        if (same_word(option, "keep-alive")) r.keep = true;
    }
}

/// RFC 9112 section 5: name ":" OWS value OWS. A blank before the colon (section 5.1) or at the
/// beginning of the line (section 5.2, obsolete folding) makes the name no token.
void read_field(Request& r, string_view line) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const string_view name = line.substr(0, colon);
    if (colon == line.size() || !is_token(name)) {
        r.bad = true;
        return;
    }
    const string_view value = trimmed(line.substr(colon + 1));
    if (!is_field_value(value)) r.bad = true;
    if (same_word(name, "host")) read_host(r, value);
    if (same_word(name, "content-length")) read_content_length(r, value);
    if (same_word(name, "transfer-encoding")) read_transfer_encoding(r, value);
    if (same_word(name, "connection")) read_connection(r, value);
}

/// RFC 9112 section 3.2.2: the absolute form must be understood; what counts is its path. Nothing:
/// no target of ours. The query is of no account.
std::optional<string_view> path_of(string_view target) {
    constexpr string_view scheme = "http://";
    if (same_word(target.substr(0, scheme.size()), scheme)) {
        target.remove_prefix(scheme.size());
        const std::size_t end = std::min(target.find_first_of("/?"), target.size());
        if (end == 0) return std::nullopt;  // RFC 9110 section 4.2.1: an empty host is invalid
        target.remove_prefix(end);
        if (!target.starts_with('/')) return "/";
    }
    if (!target.starts_with('/') || target.find('#') != string_view::npos) return std::nullopt;
    return target.substr(0, target.find('?'));
}

/// RFC 9110 section 9.1: a method that one knows but does not allow is a 405, an unknown one a 501.
bool is_known_method(string_view method) {
    constexpr std::array<string_view, 7> known{"POST",    "PUT",   "DELETE", "CONNECT",
                                               "OPTIONS", "TRACE", "PATCH"};
    return std::ranges::find(known, method) != known.end();
}

/// RFC 9112 section 6.3, fourth rule: a body whose end cannot be known is a 400. Section 3.2:
/// HTTP/1.1 has a Host.
bool is_bad(const Request& r) {
    if (r.bad || (!r.has_host && !r.minor_is_0)) return true;
    return r.has_coding && (!r.chunked_last || r.minor_is_0 || r.content_length);
}

/// RFC 9112 section 9.3: HTTP/1.1 persists unless told otherwise, HTTP/1.0 does when asked. A body
/// is not read, so the connection ends after the answer, as the same section demands.
bool persists(const Request& r) { return !r.close && !r.has_body && (r.keep || !r.minor_is_0); }

Answer answer_of(const Request& r) {
    if (is_bad(r)) return Answer::bad_request;
    if (r.coding_unknown) return Answer::not_implemented;
    const bool get = r.method == "GET", head = r.method == "HEAD";
    if (!get && !head) {
        return is_known_method(r.method) ? Answer::not_allowed : Answer::not_implemented;
    }
    const auto path = path_of(r.target);
    if (!path) return Answer::bad_request;
    if (*path != "/" && *path != "/index.html") return Answer::not_found;
    if (persists(r)) return get ? Answer::get_kept : Answer::head_kept;
    return get ? Answer::get_closed : Answer::head_closed;
}

}  // namespace

std::size_t empty_lines(string_view text) {
    std::size_t length = 0;
    for (;;) {
        const string_view rest = text.substr(length);
        if (rest.starts_with('\n')) {
            length += 1;
        } else if (rest.starts_with("\r\n")) {
            length += 2;
        } else {
            return length;
        }
    }
}

std::size_t head_length(string_view text) {
    std::size_t feed = text.find('\n');
    while (feed != string_view::npos) {
        if (const std::size_t empty = empty_lines(text.substr(feed + 1)); empty > 0) {
            return feed + (text[feed + 1] == '\n' ? 2 : 3);
        }
        feed = text.find('\n', feed + 1);
    }
    return 0;
}

Answer judge(string_view head) {
    Request request;
    read_request_line(request, take_line(head));
    for (string_view line = take_line(head); !line.empty(); line = take_line(head)) {
        read_field(request, line);
    }
    return answer_of(request);
}

}  // namespace terminus::http
