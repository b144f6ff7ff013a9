/// Discard, RFC 863: whatever comes is thrown away, and nothing is ever said.
#include "terminus/service/services.h"

namespace terminus {
namespace {

class Discard final : public Service {
public:
    Discard() : Service{Text::none} {}

    Taken take(ServiceState&, std::span<const std::byte> text, bool) const override {
        return {.bytes = text.size()};
    }
};

}  // namespace

std::unique_ptr<Service> make_discard() { return std::make_unique<Discard>(); }

}  // namespace terminus
