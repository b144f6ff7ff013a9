/// Prometheus: one Collectable that turns a Snapshot into metric families whenever it is scraped.
#pragma once

#include "control/config.h"
#include "control/snapshot.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace terminus::control {

/// All families of a snapshot.
[[nodiscard]] std::vector<prometheus::MetricFamily> families_of(const Snapshot& snapshot);

/// Takes a snapshot; called from the endpoint's threads, several at the same time.
using TakeSnapshot = std::function<Snapshot()>;

/// http://LISTEN/metrics, for as long as it lives. Made and destroyed on the control core.
class MetricsEndpoint {
public:
    /// Binds the port and answers with nothing until show(). Throws ConfigError when the port
    /// cannot be had.
    explicit MetricsEndpoint(const Config& config);

    /// Answers scrapes from `take` from now on. Call once.
    void show(TakeSnapshot take);

private:
    prometheus::Exposer exposer_;
    std::shared_ptr<prometheus::Collectable> collectable_;
};

}  // namespace terminus::control
