/// The rings themselves are Boost's.
#include "worker/exchange.h"

#include "terminus/base/assert.h"

namespace terminus {

Exchange::Exchange(std::uint16_t workers) : workers_(workers) {
    TERMINUS_ASSERT(workers >= 1);
    for (std::size_t i = 0; i < std::size_t{workers} * workers; ++i)
        rings_.push_back(std::make_unique<Ring>());
}

std::size_t Exchange::pass(std::uint16_t from, std::uint16_t to, std::span<const Passed> burst) {
    return ring(from, to).push(burst.data(), burst.size());
}

std::size_t Exchange::take(std::uint16_t from, std::uint16_t to, std::span<Passed> burst) {
    return ring(from, to).pop(burst.data(), burst.size());
}

}  // namespace terminus
