#include "datagram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace terminus::test {
namespace {

using std::string;
using std::string_view;

/// Appends numbers in network order.
class Writer {
public:
    Writer& u8(std::uint32_t v) {
        text_ += static_cast<char>(v & 0xff);
        return *this;
    }
    Writer& u16(std::uint32_t v) { return u8(v >> 8).u8(v); }
    Writer& u32(std::uint32_t v) { return u16(v >> 16).u16(v); }
    Writer& bytes(string_view v) {
        text_ += v;
        return *this;
    }
    template <std::size_t N>
    Writer& bytes(const std::array<std::uint8_t, N>& v) {
        for (const auto b : v)
            u8(b);
        return *this;
    }
    [[nodiscard]] string take() { return std::move(text_); }

private:
    string text_;
};

/// Reads numbers in network order; past the end everything is zero and `bad` is set.
class Reader {
public:
    explicit Reader(string_view text) : text_{text} {}

    std::uint8_t u8() {
        if (at_ >= text_.size()) bad = true;
        return bad ? std::uint8_t{0} : static_cast<std::uint8_t>(text_[at_++]);
    }
    std::uint16_t u16() {
        const std::uint32_t high = u8();
        return static_cast<std::uint16_t>((high << 8) | u8());
    }
    std::uint32_t u32() {
        const std::uint32_t high = u16();
        return (high << 16) | u16();
    }
    template <std::size_t N>
    std::array<std::uint8_t, N> array() {
        std::array<std::uint8_t, N> out{};
        for (auto& b : out)
            b = u8();
        return out;
    }
    string_view rest() { return text_.substr(std::min(at_, text_.size())); }
    string_view take(std::size_t count) {
        const string_view out = rest().substr(0, count);
        if (out.size() < count) bad = true;
        at_ += out.size();
        return out;
    }

    bool bad = false;

private:
    string_view text_;
    std::size_t at_ = 0;
};

string address_bytes(const Address& address) {
    const auto* begin = reinterpret_cast<const char*>(address.bytes.data());
    return address.family() == Family::ip4 ? string{begin + 12, 4} : string{begin, 16};
}

std::uint32_t sum_of(string_view bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        sum += i % 2 == 0 ? static_cast<std::uint32_t>(byte) << 8 : byte;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/// The pseudo header's sum: RFC 9293 section 3.1, RFC 8200 section 8.1. ICMP over IPv4 has none.
std::uint32_t pseudo_header(const Datagram& d, std::size_t length) {
    if (d.protocol == protocol_icmp4) return 0;
    const auto size = static_cast<std::uint32_t>(length);
    return sum_of(address_bytes(d.source)) + sum_of(address_bytes(d.destination)) + d.protocol +
           (size & 0xffff) + (size >> 16);
}

void put16(string& text, std::size_t at, std::uint16_t value) {
    text[at] = static_cast<char>(value >> 8);
    text[at + 1] = static_cast<char>(value & 0xff);
}

string tcp_message(const Datagram& d) {
    Writer w;
    w.u16(d.source_port).u16(d.destination_port).u32(d.seq).u32(d.ack);
    w.u8(static_cast<std::uint32_t>((20 + d.options.size()) / 4 << 4)).u8(d.flags).u16(d.window);
    w.u16(0).u16(d.urgent).bytes(d.options).bytes(d.payload);
    string text = w.take();
    put16(text, 16, internet_checksum(text, pseudo_header(d, text.size())));
    return text;
}

string udp_message(const Datagram& d) {
    Writer w;
    w.u16(d.source_port).u16(d.destination_port);
    w.u16(static_cast<std::uint32_t>(8 + d.payload.size())).u16(0).bytes(d.payload);
    string text = w.take();
    const std::uint16_t sum = internet_checksum(text, pseudo_header(d, text.size()));
    put16(text, 6, sum == 0 ? std::uint16_t{0xffff} : sum);  // RFC 768: zero means none
    return text;
}

string icmp_message(const Datagram& d) {
    Writer w;
    w.u8(d.type).u8(d.code).u16(0).u32(d.rest).bytes(d.payload);
    string text = w.take();
    put16(text, 2, internet_checksum(text, pseudo_header(d, text.size())));
    return text;
}

string message(const Datagram& d) {
    switch (d.protocol) {
        case protocol_tcp: return tcp_message(d);
        case protocol_udp: return udp_message(d);
        case protocol_icmp4:
        case protocol_icmp6: return icmp_message(d);
        default: return d.payload;
    }
}

/// What an IP header says besides the addresses.
struct IpPart {
    std::uint32_t id = 0, fragment = 0;
    std::uint8_t protocol = 0;
    string_view payload;
};

string ip4_packet(const Datagram& d, const IpPart& part) {
    Writer w;
    w.u8(0x45)
        .u8(d.traffic_class)
        .u16(static_cast<std::uint32_t>(20 + part.payload.size()))
        .u16(part.id);
    w.u16(part.fragment).u8(d.hop_limit).u8(part.protocol).u16(0);
    w.bytes(address_bytes(d.source)).bytes(address_bytes(d.destination));
    string text = w.take();
    put16(text, 10, internet_checksum(text));
    return text.append(part.payload);
}

string ip6_packet(const Datagram& d, const IpPart& part) {
    Writer w;
    w.u32(6U << 28 | std::uint32_t{d.traffic_class} << 20);
    w.u16(static_cast<std::uint32_t>(part.payload.size())).u8(part.protocol);
    w.u8(d.hop_limit).bytes(d.source.bytes).bytes(d.destination.bytes).bytes(part.payload);
    return w.take();
}

Bytes frame_of(const Datagram& d, const IpPart& part) {
    Writer w;
    const std::uint16_t type = d.is_ip6() ? 0x86dd : 0x0800;
    w.bytes(d.destination_mac.bytes).bytes(d.source_mac.bytes);
    w.u16(d.ether_type != 0 ? d.ether_type : type);
    w.bytes(d.is_ip6() ? ip6_packet(d, part) : ip4_packet(d, part));
    const string text = w.take();
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
}

void complain(Datagram& d, string_view what) {
    if (!d.fault.empty()) d.fault += ", ";
    d.fault += what;
}

void check_sum(Datagram& d, string_view text) {
    if (internet_checksum(text, pseudo_header(d, text.size())) != 0) complain(d, "bad checksum");
}

void read_tcp(Datagram& d, string_view text) {
    check_sum(d, text);
    Reader r{text};
    d.source_port = r.u16();
    d.destination_port = r.u16();
    d.seq = r.u32();
    d.ack = r.u32();
    const std::size_t header = static_cast<std::size_t>(r.u8() >> 4) * 4;
    d.flags = r.u8();
    d.window = r.u16();
    r.u16();
    d.urgent = r.u16();
    if (header < 20) complain(d, "bad data offset");
    d.options = r.take(header < 20 ? 0 : header - 20);
    d.payload = r.rest();
    if (r.bad) complain(d, "TCP cut short");
}

void read_udp(Datagram& d, string_view text) {
    Reader r{text};
    d.source_port = r.u16();
    d.destination_port = r.u16();
    const std::uint16_t length = r.u16();
    const std::uint16_t sum = r.u16();
    if (sum != 0 || d.is_ip6()) check_sum(d, text);
    d.payload = r.rest();
    if (r.bad || length != text.size()) complain(d, "bad UDP length");
}

void read_icmp(Datagram& d, string_view text) {
    check_sum(d, text);
    Reader r{text};
    d.type = r.u8();
    d.code = r.u8();
    r.u16();
    d.rest = r.u32();
    d.payload = r.rest();
    if (r.bad) complain(d, "ICMP cut short");
}

void read_message(Datagram& d, string_view text) {
    if (d.fragment) {
        d.payload = text;
        return;
    }
    switch (d.protocol) {
        case protocol_tcp: return read_tcp(d, text);
        case protocol_udp: return read_udp(d, text);
        case protocol_icmp4:
        case protocol_icmp6: return read_icmp(d, text);
        default: d.payload = text;
    }
}

void read_ip4(Datagram& d, string_view text) {
    Reader r{text};
    const std::size_t header = static_cast<std::size_t>(r.u8() & 15) * 4;
    d.traffic_class = r.u8();
    const std::uint16_t total = r.u16();
    r.u16();
    const std::uint16_t fragment = r.u16();
    d.hop_limit = r.u8();
    d.protocol = r.u8();
    r.u16();
    const auto source = r.array<4>(), destination = r.array<4>();
    d.source = Address::ip4(std::bit_cast<be32>(source));
    d.destination = Address::ip4(std::bit_cast<be32>(destination));
    d.dont_fragment = (fragment & 0x4000) != 0;
    d.more_fragments = (fragment & 0x2000) != 0;
    d.fragment_offset = static_cast<std::uint16_t>((fragment & 0x1fff) * 8);
    d.fragment = d.more_fragments || d.fragment_offset != 0;
    if (r.bad || header < 20 || total < header || total > text.size()) {
        return complain(d, "bad IPv4 length");
    }
    if (internet_checksum(text.substr(0, header)) != 0) complain(d, "bad IPv4 checksum");
    read_message(d, text.substr(header, total - header));
}

/// Hop-by-hop options are passed over (MLD has them), a fragment header is noted.
string_view read_extensions(Datagram& d, string_view text) {
    if (d.protocol == 0 && text.size() >= 8) {
        d.protocol = static_cast<std::uint8_t>(text[0]);
        text.remove_prefix(std::min(text.size(), 8 + static_cast<std::size_t>(text[1]) * 8));
    }
    if (d.protocol == 44 && text.size() >= 8) {
        Reader r{text};
        d.protocol = r.u8();
        r.u8();
        const std::uint16_t offset = r.u16();
        d.fragment = true;
        d.fragment_offset = offset & 0xfff8;
        d.more_fragments = (offset & 1) != 0;
        text.remove_prefix(8);
    }
    return text;
}

void read_ip6(Datagram& d, string_view text) {
    Reader r{text};
    d.traffic_class = static_cast<std::uint8_t>(r.u32() >> 20);
    const std::uint16_t length = r.u16();
    d.protocol = r.u8();
    d.hop_limit = r.u8();
    d.source.bytes = r.array<16>();
    d.destination.bytes = r.array<16>();
    if (r.bad || length > r.rest().size()) return complain(d, "bad IPv6 length");
    read_message(d, read_extensions(d, r.rest().substr(0, length)));
}

}  // namespace

std::uint16_t internet_checksum(string_view bytes, std::uint32_t sum) {
    sum += sum_of(bytes);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

Bytes encode(const Datagram& d) {
    const string text = message(d);
    return frame_of(d, {.id = 1, .fragment = 0, .protocol = d.protocol, .payload = text});
}

std::vector<Bytes> encode_fragments(const Datagram& d, std::size_t mtu_bytes, std::uint32_t id) {
    const string text = message(d);
    const std::size_t room = (mtu_bytes - (d.is_ip6() ? 48 : 20)) & ~std::size_t{7};
    std::vector<Bytes> frames;
    for (std::size_t at = 0; at < text.size(); at += room) {
        const bool more = at + room < text.size();
        const auto offset = static_cast<std::uint32_t>(at);
        if (d.is_ip6()) {
            Writer w;
            w.u8(d.protocol).u8(0).u16(offset | (more ? 1 : 0)).u32(id);
            const string part = w.bytes(string_view{text}.substr(at, room)).take();
            frames.push_back(
                frame_of(d, {.id = 0, .fragment = 0, .protocol = 44, .payload = part}));
        } else {
            const std::uint32_t field = offset / 8 | (more ? 0x2000 : 0);
            frames.push_back(frame_of(d, {.id = id,
                                          .fragment = field,
                                          .protocol = d.protocol,
                                          .payload = string_view{text}.substr(at, room)}));
        }
    }
    return frames;
}

Datagram decode(std::span<const std::byte> frame) {
    Datagram d;
    Reader r{{reinterpret_cast<const char*>(frame.data()), frame.size()}};
    d.destination_mac.bytes = r.array<6>();
    d.source_mac.bytes = r.array<6>();
    d.ether_type = r.u16();
    d.protocol = 0;
    if (r.bad) complain(d, "no link header");
    if (d.ether_type == 0x0800) {
        read_ip4(d, r.rest());
    } else if (d.ether_type == 0x86dd) {
        read_ip6(d, r.rest());
    } else {
        d.payload = r.rest();
    }
    return d;
}

}  // namespace terminus::test
