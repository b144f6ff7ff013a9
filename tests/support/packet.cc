/// The frame builder: each header is appended field by field.
#include "packet.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace terminus::test {
namespace {

constexpr std::uint8_t icmp4 = 1, tcp_protocol = 6, udp_protocol = 17;
constexpr std::uint8_t fragment_header = 44, icmp6 = 58;

void put8(Bytes& to, std::size_t value) { to.push_back(static_cast<std::byte>(value & 0xff)); }
void put16(Bytes& to, std::size_t value) {
    put8(to, value >> 8);
    put8(to, value);
}
void put32(Bytes& to, std::size_t value) {
    put16(to, value >> 16);
    put16(to, value);
}
void put(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }
template <std::size_t count>
void put(Bytes& to, const std::array<std::uint8_t, count>& more) {
    for (const auto byte : more)
        put8(to, byte);
}
void set16(Bytes& in, std::size_t at, std::size_t value) {
    in[at] = static_cast<std::byte>(value >> 8 & 0xff);
    in[at + 1] = static_cast<std::byte>(value & 0xff);
}
void pad(Bytes& bytes, std::size_t unit) {
    while (bytes.size() % unit != 0)
        put8(bytes, 0);
}

/// The address as it lies in a header: 4 or 16 bytes.
Bytes wire_form(const Address& address) {
    const std::size_t start = address.family() == Family::ip4 ? 12 : 0;
    Bytes out;
    for (std::size_t at = start; at < 16; ++at)
        put8(out, address.bytes[at]);
    return out;
}

Address address_of(std::string_view text) {
    const auto address = parse_address(text);
    if (!address) throw std::invalid_argument("not an address: " + std::string{text});
    return *address;
}

std::uint8_t flag_of(char letter) {
    constexpr std::string_view letters = "FSRP.UEW";
    const auto bit = letters.find(letter);
    if (bit == std::string_view::npos) throw std::invalid_argument("not a TCP flag");
    return static_cast<std::uint8_t>(1U << bit);
}

}  // namespace

Bytes bytes_of(std::initializer_list<unsigned> values) {
    Bytes out;
    for (const auto value : values)
        put8(out, value);
    return out;
}

Bytes bytes_of(std::string_view text) {
    Bytes out;
    for (const char letter : text)
        put8(out, static_cast<unsigned char>(letter));
    return out;
}

Bytes from_hex(std::string_view digits) {
    Bytes out;
    std::string pair;
    for (const char digit : digits) {
        if (std::isspace(static_cast<unsigned char>(digit)) != 0) continue;
        pair += digit;
        if (pair.size() < 2) continue;
        put8(out, std::stoul(pair, nullptr, 16));
        pair.clear();
    }
    return out;
}

std::uint16_t naive_checksum(const Bytes& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const auto byte = std::to_integer<std::uint32_t>(bytes[at]);
        sum += at % 2 == 0 ? byte << 8 : byte;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

Packet::Packet(Kind kind, std::string_view from, std::string_view to, std::uint8_t protocol)
    : kind_{kind}, from_{address_of(from)}, to_{address_of(to)}, protocol_{protocol} {
    if (from_.family() != to_.family()) throw std::invalid_argument("addresses of two families");
}

Packet Packet::tcp(std::string_view from, std::uint16_t from_port, std::string_view to,
                   std::uint16_t to_port) {
    Packet packet{Kind::tcp, from, to, tcp_protocol};
    packet.from_port_ = from_port;
    packet.to_port_ = to_port;
    return packet;
}

Packet Packet::udp(std::string_view from, std::uint16_t from_port, std::string_view to,
                   std::uint16_t to_port) {
    Packet packet{Kind::udp, from, to, udp_protocol};
    packet.from_port_ = from_port;
    packet.to_port_ = to_port;
    return packet;
}

Packet Packet::icmp(std::string_view from, std::string_view to, std::uint8_t type,
                    std::uint8_t code, std::uint32_t rest) {
    Packet packet{Kind::icmp, from, to, icmp4};
    if (packet.is_ip6()) packet.protocol_ = icmp6;
    packet.icmp_type_ = type;
    packet.icmp_code_ = code;
    packet.icmp_rest_ = rest;
    return packet;
}

Packet Packet::echo_request(std::string_view from, std::string_view to, std::uint16_t id,
                            std::uint16_t sequence) {
    const bool is_ip6 = address_of(from).family() == Family::ip6;
    return icmp(from, to, is_ip6 ? 128 : 8, 0, std::uint32_t{id} << 16 | sequence);
}

Packet Packet::ip(std::string_view from, std::string_view to, std::uint8_t protocol) {
    return {Kind::plain, from, to, protocol};
}

Packet Packet::arp(std::uint16_t operation, std::string_view sender, std::string_view target) {
    Packet packet{Kind::arp, sender, target, 0};
    packet.arp_operation_ = operation;
    if (operation == 1) packet.to_mac_ = broadcast_mac;
    if (operation == 2) packet.arp_target_ = our_mac;
    return packet;
}

Packet& Packet::ether(const Mac& from, const Mac& to) {
    from_mac_ = from;
    to_mac_ = to;
    return *this;
}

Packet& Packet::arp_macs(const Mac& sender, const Mac& target) {
    arp_sender_ = sender;
    arp_target_ = target;
    return *this;
}

Packet& Packet::fragment(std::uint32_t id, std::size_t offset, std::size_t length, bool more) {
    fragment_ = Fragment{id, offset, length, more};
    return *this;
}

Packet& Packet::ip_options(Bytes options) {
    ip_options_ = std::move(options);
    pad(ip_options_, 4);
    return *this;
}

Packet& Packet::extension(std::uint8_t protocol, Bytes body) {
    body.insert(body.begin(), 2, std::byte{0});
    pad(body, 8);
    body[1] = static_cast<std::byte>(body.size() / 8 - 1);
    extensions_.push_back({protocol, std::move(body)});
    return *this;
}

Packet& Packet::flags(std::string_view letters) {
    flags_ = 0;
    for (const char letter : letters)
        flags_ |= flag_of(letter);
    return *this;
}

Packet& Packet::tcp_options(Bytes options) {
    tcp_options_ = std::move(options);
    pad(tcp_options_, 4);
    return *this;
}

Packet& Packet::text(std::string_view text) { return this->text(bytes_of(text)); }

// One-line setters.
#define TERMINUS_TEST_SETTER(name, type) \
    Packet& Packet::name(type value) {   \
        name##_ = value;                 \
        return *this;                    \
    }
TERMINUS_TEST_SETTER(ether_type, std::uint16_t)
TERMINUS_TEST_SETTER(hop_limit, std::uint8_t)
TERMINUS_TEST_SETTER(traffic_class, std::uint8_t)
TERMINUS_TEST_SETTER(ip_id, std::uint16_t)
TERMINUS_TEST_SETTER(version, std::uint8_t)
TERMINUS_TEST_SETTER(ihl, std::uint8_t)
TERMINUS_TEST_SETTER(total_length, std::uint16_t)
TERMINUS_TEST_SETTER(ip_checksum, std::uint16_t)
TERMINUS_TEST_SETTER(seq, std::uint32_t)
TERMINUS_TEST_SETTER(ack, std::uint32_t)
TERMINUS_TEST_SETTER(window, std::uint16_t)
TERMINUS_TEST_SETTER(urgent, std::uint16_t)
TERMINUS_TEST_SETTER(data_offset, std::uint8_t)
TERMINUS_TEST_SETTER(udp_length, std::uint16_t)
TERMINUS_TEST_SETTER(l4_checksum, std::uint16_t)
TERMINUS_TEST_SETTER(text, Bytes)
TERMINUS_TEST_SETTER(pad_to, std::size_t)
TERMINUS_TEST_SETTER(cut_to, std::size_t)
#undef TERMINUS_TEST_SETTER

Packet& Packet::vlan(std::uint16_t control) {
    tags_.push_back(control);
    return *this;
}

Packet& Packet::dont_fragment() {
    dont_fragment_ = true;
    return *this;
}

Packet& Packet::protocol(std::uint8_t value) {
    named_protocol_ = value;
    return *this;
}

Bytes Packet::link_header() const {
    const std::size_t own_type = kind_ == Kind::arp ? 0x0806 : is_ip6() ? 0x86dd : 0x0800;
    Bytes out;
    put(out, to_mac_.bytes);
    put(out, from_mac_.bytes);
    for (const auto tag : tags_) {
        put16(out, 0x8100);
        put16(out, tag);
    }
    put16(out, ether_type_.value_or(static_cast<std::uint16_t>(own_type)));
    return out;
}

Bytes Packet::arp_packet() const {
    Bytes out = bytes_of({0, 1, 8, 0, 6, 4});
    put16(out, arp_operation_);
    put(out, arp_sender_.bytes);
    put(out, wire_form(from_));
    put(out, arp_target_.bytes);
    put(out, wire_form(to_));
    return out;
}

namespace {

/// Where the checksum lies in each transport header.
constexpr std::size_t tcp_checksum_at = 16, udp_checksum_at = 6, icmp_checksum_at = 2;

}  // namespace

Bytes Packet::transport_without_checksum() const {
    Bytes out;
    if (kind_ == Kind::tcp || kind_ == Kind::udp) {
        put16(out, from_port_);
        put16(out, to_port_);
    }
    if (kind_ == Kind::tcp) {
        put32(out, seq_);
        put32(out, ack_);
        put8(out, data_offset_.value_or(static_cast<std::uint8_t>(5 + tcp_options_.size() / 4))
                      << 4);
        put8(out, flags_);
        put16(out, window_);
        put16(out, 0);
        put16(out, urgent_);
        put(out, tcp_options_);
    } else if (kind_ == Kind::udp) {
        put16(out, udp_length_.value_or(static_cast<std::uint16_t>(8 + text_.size())));
        put16(out, 0);
    } else if (kind_ == Kind::icmp) {
        put8(out, icmp_type_);
        put8(out, icmp_code_);
        put16(out, 0);
        put32(out, icmp_rest_);
    }
    put(out, text_);
    return out;
}

std::uint16_t Packet::transport_checksum(const Bytes& transport) const {
    std::size_t covered = transport.size();
    if (kind_ == Kind::udp && udp_length_) covered = std::min<std::size_t>(covered, *udp_length_);
    Bytes summed;
    if (kind_ != Kind::icmp || is_ip6()) {
        put(summed, wire_form(from_));
        put(summed, wire_form(to_));
        put32(summed, covered);
        put32(summed, protocol_);
    }
    summed.insert(summed.end(), transport.begin(),
                  transport.begin() + static_cast<std::ptrdiff_t>(covered));
    const auto sum = naive_checksum(summed);
    return kind_ == Kind::udp && sum == 0 ? 0xffff : sum;  // RFC 768: zero means none
}

Bytes Packet::transport() const {
    Bytes out = transport_without_checksum();
    if (kind_ == Kind::plain) return out;
    const std::size_t at = kind_ == Kind::tcp   ? tcp_checksum_at
                           : kind_ == Kind::udp ? udp_checksum_at
                                                : icmp_checksum_at;
    set16(out, at, l4_checksum_ ? *l4_checksum_ : transport_checksum(out));
    return out;
}

std::uint8_t Packet::last_next_header() const { return named_protocol_.value_or(protocol_); }

std::uint8_t Packet::first_next_header() const {
    if (!extensions_.empty()) return extensions_.front().protocol;
    return is_ip6() && fragment_ ? fragment_header : last_next_header();
}

Bytes Packet::extension_chain() const {
    Bytes out;
    for (std::size_t i = 0; i < extensions_.size(); ++i) {
        const bool is_last = i + 1 == extensions_.size();
        const std::size_t last = fragment_ ? fragment_header : last_next_header();
        Bytes header = extensions_[i].body;
        header[0] = static_cast<std::byte>(is_last ? last : extensions_[i + 1].protocol);
        put(out, header);
    }
    if (!fragment_) return out;
    put8(out, last_next_header());
    put8(out, 0);
    put16(out, fragment_->offset | (fragment_->more ? 1U : 0U));
    put32(out, fragment_->id);
    return out;
}

Bytes Packet::ip_payload() const {
    Bytes whole = transport();
    if (!fragment_) return whole;
    const std::size_t start = std::min(fragment_->offset, whole.size());
    const std::size_t end = std::min(start + fragment_->length, whole.size());
    return {whole.begin() + static_cast<std::ptrdiff_t>(start),
            whole.begin() + static_cast<std::ptrdiff_t>(end)};
}

Bytes Packet::ip4_header(std::size_t payload_bytes) const {
    const std::size_t header_bytes = 20 + ip_options_.size();
    std::size_t fragment = dont_fragment_ ? 0x4000U : 0U;
    if (fragment_) fragment |= fragment_->offset / 8 | (fragment_->more ? 0x2000U : 0U);
    Bytes out;
    put8(out, std::size_t{version_.value_or(4)} << 4 | ihl_.value_or(header_bytes / 4 & 0x0f));
    put8(out, traffic_class_);
    put16(out, total_length_ ? *total_length_ : header_bytes + payload_bytes);
    put16(out, fragment_ ? fragment_->id : ip_id_);
    put16(out, fragment);
    put8(out, hop_limit_);
    put8(out, last_next_header());
    put16(out, 0);
    put(out, wire_form(from_));
    put(out, wire_form(to_));
    put(out, ip_options_);
    set16(out, 10, ip_checksum_ ? *ip_checksum_ : naive_checksum(out));
    return out;
}

Bytes Packet::ip6_header(std::size_t payload_bytes) const {
    Bytes out;
    put32(out, std::size_t{version_.value_or(6)} << 28 | std::size_t{traffic_class_} << 20);
    put16(out, total_length_ ? *total_length_ : payload_bytes);
    put8(out, first_next_header());
    put8(out, hop_limit_);
    put(out, wire_form(from_));
    put(out, wire_form(to_));
    return out;
}

Bytes Packet::datagram() const {
    if (kind_ == Kind::arp) return arp_packet();
    Bytes payload = is_ip6() ? extension_chain() : Bytes{};
    put(payload, ip_payload());
    Bytes out = is_ip6() ? ip6_header(payload.size()) : ip4_header(payload.size());
    put(out, payload);
    return out;
}

Bytes Packet::bytes() const {
    Bytes out = link_header();
    put(out, datagram());
    if (out.size() < pad_to_) out.resize(pad_to_);
    if (out.size() > cut_to_) out.resize(cut_to_);
    return out;
}

}  // namespace terminus::test
