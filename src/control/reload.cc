/// Compares two configurations by the schema.
#include "control/reload.h"

#include "control/schema.h"

namespace terminus::control {
namespace {

/// Compares table by table and keeps the lines.
class Comparison {
public:
    explicit Comparison(const Config& read) : read_{read} {}

    template <typename T>
    void compare(std::string_view table, const T& running, const T& read) {
        for (const Key& key : table_named(table).keys)
            if (!key.same(&running, &read))
                note(read.origin.line_of(key.name), table, "." + std::string{key.name});
    }
    void note(unsigned line, std::string_view table, const std::string& key) {
        const Place place{read_.file, std::max(line, 1U), "[" + std::string{table} + "]" + key};
        lines_.emplace_back(ConfigError(place,
                                        "changed, but only [[rule]] and [service.*] are reloaded",
                                        "restart to adopt it")
                                .what());
    }
    [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }

private:
    const Config& read_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> needs_restart(const Config& running, const Config& read) {
    Comparison comparison{read};
    comparison.compare("appliance", running.appliance, read.appliance);
    comparison.compare("tcp", running.tcp, read.tcp);
    comparison.compare("icmp", running.icmp, read.icmp);
    comparison.compare("metrics", running.metrics, read.metrics);
    comparison.compare("admin", running.admin, read.admin);
    comparison.compare("log", running.log, read.log);
    if (running.interfaces.size() != read.interfaces.size()) {
        comparison.note(read.interfaces.back().origin.line, "interface", "");
        return comparison.take();
    }
    for (std::size_t i = 0; i < read.interfaces.size(); ++i)
        comparison.compare("interface", running.interfaces[i], read.interfaces[i]);
    return comparison.take();
}

}  // namespace terminus::control
