/// Builds prometheus-cpp's families in a few words.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace terminus::control {

class Metric {
public:
    struct Label {
        std::string_view name;
        std::string value;
    };
    using Labels = std::vector<Label>;

    /// The type follows from the name: counters end in _total, histograms say so by calling
    /// histogram().
    Metric(std::string name, std::string help);

    Metric& add(const Labels& labels, double value);
    Metric& add(const Labels& labels, std::uint64_t value) {
        return add(labels, static_cast<double>(value));
    }
    /// `buckets[i]` counts values below 2^i units; `units_per_second` is one of them, `sum` is in
    /// units.
    Metric& histogram(const Labels& labels, std::span<const std::uint64_t> buckets,
                      double units_per_second, std::uint64_t sum);
    [[nodiscard]] prometheus::MetricFamily take() { return std::move(family_); }

private:
    prometheus::ClientMetric& sample(const Labels& labels);

    prometheus::MetricFamily family_;
};

}  // namespace terminus::control
