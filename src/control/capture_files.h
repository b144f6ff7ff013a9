/// The files of capture services: what workers kept, one JSON object a line. Control core only.
#pragma once

#include "terminus/stack/captures.h"

#include "control/config_error.h"
#include "control/policies.h"

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace terminus::control {

/// {"time","service","protocol","source","source_port","destination","destination_port","length",
/// "payload"}: the time in RFC 3339, the payload's first bytes in base64 (RFC 4648 section 4).
[[nodiscard]] std::string capture_line(const Captured& captured, const std::string& service,
                                       double unix_seconds);

class CaptureFiles {
public:
    /// Opens the files that the services name, to be appended to. Throws StartError for one that
    /// cannot be written; then all is as before.
    void open(const std::vector<ServiceBook::Entry>& services);
    [[nodiscard]] bool empty() const { return files_.empty(); }
    /// Writes a line unless the file has reached its length.
    void write(const Captured& captured, double unix_seconds);
    /// What was written reaches the disk's cache.
    void flush();

private:
    struct File {
        std::string service;
        std::ofstream stream;
        std::uint64_t bytes = 0, most_bytes = 0;
        bool told = false;  ///< that it is full
    };

    std::map<std::uint8_t, File> files_;  ///< by the service's index
};

}  // namespace terminus::control
