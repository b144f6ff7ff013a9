/// Close and abort: they read, say nothing, and end the connection after a time, with a FIN or with
/// an RST (RFC 9293 sections 3.10.4 and 3.10.5).
#include "terminus/service/services.h"

namespace terminus {
namespace {

class Closing final : public Service {
public:
    Closing(Ending ending, std::uint32_t after_ms)
        : Service{Text::none, {.ending = ending, .after_ms = after_ms}} {}

    Taken take(ServiceState&, std::span<const std::byte> text, bool) const override {
        return {.bytes = text.size()};
    }
};

}  // namespace

std::unique_ptr<Service> make_close(std::uint32_t after_ms) {
    return std::make_unique<Closing>(Ending::close, after_ms);
}

std::unique_ptr<Service> make_abort(std::uint32_t after_ms) {
    return std::make_unique<Closing>(Ending::abort, after_ms);
}

}  // namespace terminus
