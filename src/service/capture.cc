/// Capture: it takes everything and says nothing; the first text of a connection, or a datagram, is
/// marked to be kept. What a stack keeps is bounded there: see stack/captures.h.
#include "terminus/service/services.h"

namespace terminus {
namespace {

class Capture final : public Service {
public:
    explicit Capture(std::uint32_t one_of) : Service{Text::none, {.captures_one_of = one_of}} {}

    Taken take(ServiceState& state, std::span<const std::byte> text, bool) const override {
        const bool first = state.phase == 0 && !text.empty();
        if (first) state.phase = 1;
        return {.bytes = text.size(), .capture = first};
    }
};

}  // namespace

std::unique_ptr<Service> make_capture(std::uint32_t one_of) {
    return std::make_unique<Capture>(one_of);
}

}  // namespace terminus
