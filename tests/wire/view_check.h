/// Shared by the tests of parse(): parses a packet's bytes from a buffer of exactly their size, so
/// that ASan sees a read beyond, and remembers the view.
#pragma once

#include "terminus/wire/view.h"

#include "packet.h"

#include <gtest/gtest.h>

#include <memory>

namespace terminus::test {

inline constexpr char peer[] = "192.0.2.1", us[] = "198.18.0.2";
inline constexpr char peer6[] = "2001:db8::1", us6[] = "2001:db8:18::2";

struct Parsed {
    Drop drop = Drop::none;
    View view;
};

inline Parsed parse_bytes(const Bytes& bytes, Checked ip = Checked::unknown,
                          Checked l4 = Checked::unknown) {
    const auto exact = std::make_unique<std::byte[]>(bytes.size());
    std::ranges::copy(bytes, exact.get());
    Parsed result;
    result.drop = parse({exact.get(), bytes.size()}, ip, l4, result.view);
    return result;
}
inline Parsed parse_packet(const Packet& packet) { return parse_bytes(packet.bytes()); }

/// How parse() judges the packet, by name.
inline std::string_view verdict(const Packet& packet) { return name(parse_packet(packet).drop); }

}  // namespace terminus::test
