/// Labels, types and log2 histograms.
#include "control/metric.h"

#include <cmath>

namespace terminus::control {

Metric::Metric(std::string name, std::string help) {
    const bool counts = name.ends_with("_total");
    family_.type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    family_.name = std::move(name);
    family_.help = std::move(help);
}

prometheus::ClientMetric& Metric::sample(const Labels& labels) {
    prometheus::ClientMetric& metric = family_.metric.emplace_back();
    for (const Label& label : labels)
        metric.label.push_back({std::string{label.name}, label.value});
    return metric;
}

Metric& Metric::add(const Labels& labels, double value) {
    prometheus::ClientMetric& metric = sample(labels);
    if (family_.type == prometheus::MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
    return *this;
}

/// The last bucket counts all others, and so is Prometheus's +Inf.
Metric& Metric::histogram(const Labels& labels, std::span<const std::uint64_t> buckets,
                          double units_per_second, std::uint64_t sum) {
    family_.type = prometheus::MetricType::Histogram;
    prometheus::ClientMetric::Histogram& histogram = sample(labels).histogram;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        histogram.sample_count += buckets[i];
        const bool last = i + 1 == buckets.size();
        const double bound = std::ldexp(1 / units_per_second, static_cast<int>(i));
        histogram.bucket.push_back(
            {histogram.sample_count, last ? std::numeric_limits<double>::infinity() : bound});
    }
    histogram.sample_sum = static_cast<double>(sum) / units_per_second;
    return *this;
}

}  // namespace terminus::control
