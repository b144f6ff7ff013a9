/// Echo, RFC 862: whatever comes goes back, over TCP as text and over UDP as the same datagram.
#include "terminus/service/services.h"

namespace terminus {
namespace {

class Echo final : public Service {
public:
    Echo() : Service{Text::echoed} {}

    Taken take(ServiceState&, std::span<const std::byte> text, bool) const override {
        return {.bytes = text.size()};
    }
    std::size_t datagram(std::span<std::byte>, std::size_t length, std::uint64_t) const override {
        return length;
    }
};

}  // namespace

std::unique_ptr<Service> make_echo() { return std::make_unique<Echo>(); }

}  // namespace terminus
