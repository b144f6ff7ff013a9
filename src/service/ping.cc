/// Ping: the built-in service that echo requests are served by. RFC 792 and RFC 4443 section 4.2
/// want the data returned as it came, which is what datagram() says; over TCP it takes everything
/// and is silent.
#include "terminus/service/services.h"

namespace terminus {
namespace {

class Ping final : public Service {
public:
    Ping() : Service{Text::none} {}

    Taken take(ServiceState&, std::span<const std::byte> text, bool) const override {
        return {.bytes = text.size()};
    }
    std::size_t datagram(std::span<std::byte>, std::size_t length, std::uint64_t) const override {
        return length;
    }
};

}  // namespace

std::unique_ptr<Service> make_ping() { return std::make_unique<Ping>(); }

}  // namespace terminus
