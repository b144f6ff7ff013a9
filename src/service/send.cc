/// Send: a given number of bytes as soon as the connection stands, then the FIN. The bytes are the
/// numbers of their places, 0 to 255 and again, so that a reader can check them.
#include "terminus/service/services.h"

namespace terminus {
namespace {

class Send final : public Service {
public:
    explicit Send(std::uint32_t bytes)
        : Service{Text::generated, {.speaks_first = true}}, bytes_{bytes} {}

    Taken begin(ServiceState& state) const override {
        state.mark += bytes_;
        return {.close = true};
    }
    Taken take(ServiceState&, std::span<const std::byte> text, bool) const override {
        return {.bytes = text.size()};
    }
    /// `state.mark` is the end of the text from begin() on, so the place of `at` follows from it.
    void fill(const ServiceState& state, tcp::Seq at, std::span<std::byte> into) const override {
        std::uint32_t place = bytes_ - (state.mark - at);
        for (std::byte& byte : into)
            byte = static_cast<std::byte>(place++ & 0xffU);
    }

private:
    std::uint32_t bytes_;
};

}  // namespace

std::unique_ptr<Service> make_send(std::uint32_t bytes) { return std::make_unique<Send>(bytes); }

}  // namespace terminus
