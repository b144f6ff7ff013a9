/// Rules and services in the form that workers adopt. Control core only; what it makes is
/// immutable.
#pragma once

#include "terminus/stack/policy.h"
#include "terminus/stack/stack.h"

#include "control/config.h"

#include <memory>
#include <string>
#include <vector>

namespace terminus::control {

/// Gives every service an index that never changes its meaning: a live flow keeps it over every
/// reload. A service that a reload changes gets a new index, and the old one stays for the flows
/// that have it.
class ServiceBook {
public:
    struct Entry {
        std::string name;
        ServiceKind kind = ServiceKind::echo;
        std::uint32_t amount = 0;  ///< the kind's number: bytes, milliseconds or peers
        std::string file;          ///< of capture
        std::uint32_t file_bytes = 0;
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    /// Begins with the built-in services.
    ServiceBook();

    /// The index of a configured or built-in service; adds what is new. Throws ConfigError when
    /// there are too many.
    [[nodiscard]] std::uint16_t index_of(const Config& config, const std::string& name);
    /// The services by index; the entries beside them for metrics.
    [[nodiscard]] std::shared_ptr<const Services> services() const;
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

private:
    std::uint16_t add(const Entry& entry);

    std::vector<Entry> entries_;
    Services services_;
};

/// Compiles the rules. Throws ConfigError for what the classifier refuses.
[[nodiscard]] std::shared_ptr<const Policy> compile_policy(const Config& config, ServiceBook& book);

}  // namespace terminus::control
