/// Tarpit: it accepts, and offers a window of nothing. Whoever wants to say something waits,
/// probes, is answered (RFC 9293 section 3.8.6.1), and waits.
#include "terminus/service/services.h"

namespace terminus {
namespace {

class Tarpit final : public Service {
public:
    Tarpit() : Service{Text::none, {.closes_window = true}} {}

    Taken take(ServiceState&, std::span<const std::byte>, bool) const override { return {}; }
};

}  // namespace

std::unique_ptr<Service> make_tarpit() { return std::make_unique<Tarpit>(); }

}  // namespace terminus
