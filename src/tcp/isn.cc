#include "terminus/tcp/isn.h"

namespace terminus::tcp {

Seq initial_seq(const HashKey& key, std::span<const std::byte> tuple, Tick now) {
    const auto clock = static_cast<std::uint32_t>(now.us / 4);
    return Seq{clock + static_cast<std::uint32_t>(siphash(key, tuple))};
}

}  // namespace terminus::tcp
