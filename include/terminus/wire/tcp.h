/// The TCP header, RFC 9293 section 3.1.
#pragma once

#include "terminus/base/endian.h"

namespace terminus {

struct TcpHeader {
    be16 source_port, destination_port;
    be32 seq, ack;
    std::uint8_t offset;  ///< header length in units of 4 bytes, in the high nibble
    std::uint8_t flags;
    be16 window;  ///< unsigned: RFC 9293 section 3.1, MUST-1
    be16 checksum;
    be16 urgent;

    [[nodiscard]] constexpr std::uint16_t header_bytes() const {
        return static_cast<std::uint16_t>((offset >> 4) * 4);
    }
};
static_assert(sizeof(TcpHeader) == 20 && alignof(TcpHeader) == 1);

namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01;
inline constexpr std::uint8_t syn = 0x02;
inline constexpr std::uint8_t rst = 0x04;
inline constexpr std::uint8_t psh = 0x08;
inline constexpr std::uint8_t ack = 0x10;
inline constexpr std::uint8_t urg = 0x20;
inline constexpr std::uint8_t ece = 0x40;
inline constexpr std::uint8_t cwr = 0x80;
}  // namespace tcp_flag

}  // namespace terminus
