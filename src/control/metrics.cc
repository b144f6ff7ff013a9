/// The endpoint. Which metrics there are, families.cc says.
#include "control/metrics.h"

#include "control/config_error.h"
#include "control/signals.h"

#include <algorithm>
#include <exception>

namespace terminus::control {
namespace {

class SnapshotCollectable final : public prometheus::Collectable {
public:
    explicit SnapshotCollectable(TakeSnapshot take) : take_{std::move(take)} {}
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        return families_of(take_());
    }

private:
    TakeSnapshot take_;
};

prometheus::Exposer bind(const Config& config) {
    constexpr std::size_t threads = 2;
    const QuietThreads quiet;  // an interrupted wait for a request ends its connection
    const std::string& listen = config.metrics.listen;
    try {
        return prometheus::Exposer{listen, threads};
    } catch (const std::exception&) {
        const unsigned line = std::max(config.metrics.origin.line_of("listen"), 1U);
        throw ConfigError({config.file, line, "[metrics].listen"},
                          listen + " cannot be bound (is the port taken?)",
                          "stop the program that has it (see ss -ltnp), or choose another port");
    }
}

}  // namespace

MetricsEndpoint::MetricsEndpoint(const Config& config) : exposer_{bind(config)} {}

void MetricsEndpoint::show(TakeSnapshot take) {
    collectable_ = std::make_shared<SnapshotCollectable>(std::move(take));
    exposer_.RegisterCollectable(collectable_);
}

}  // namespace terminus::control
