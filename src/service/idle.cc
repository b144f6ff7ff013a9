/// Idle: it never reads. What the peer sends is acknowledged and held until no room is left, and
/// then the window is closed (RFC 9293 section 3.8.6), for as long as it likes (MAY-8).
#include "terminus/service/services.h"

namespace terminus {
namespace {

class Idle final : public Service {
public:
    Idle() : Service{Text::none} {}

    Taken take(ServiceState&, std::span<const std::byte>, bool) const override { return {}; }
};

}  // namespace

std::unique_ptr<Service> make_idle() { return std::make_unique<Idle>(); }

}  // namespace terminus
