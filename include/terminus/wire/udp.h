/// The UDP header, RFC 768.
#pragma once

#include "terminus/base/endian.h"

namespace terminus {

struct UdpHeader {
    be16 source_port, destination_port;
    be16 length;    ///< header and payload, bytes
    be16 checksum;  ///< 0: none, allowed over IPv4 only (RFC 8200 section 8.1)
};
static_assert(sizeof(UdpHeader) == 8 && alignof(UdpHeader) == 1);

}  // namespace terminus
