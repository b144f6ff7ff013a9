#include "control/capture_files.h"

#include "control/base64.h"

#include <cmath>
#include <filesystem>
#include <fmt/chrono.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace terminus::control {
namespace {

std::string time_text(double unix_seconds) {
    const auto whole = static_cast<std::time_t>(unix_seconds);
    const auto microseconds = static_cast<int>((unix_seconds - std::floor(unix_seconds)) * 1e6);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(whole), microseconds);
}

}  // namespace

std::string capture_line(const Captured& captured, const std::string& service,
                         double unix_seconds) {
    const nlohmann::ordered_json line{{"time", time_text(unix_seconds)},
                                      {"service", service},
                                      {"protocol", captured.is_udp ? "udp" : "tcp"},
                                      {"source", to_string(captured.remote.address)},
                                      {"source_port", captured.remote.port},
                                      {"destination", to_string(captured.local.address)},
                                      {"destination_port", captured.local.port},
                                      {"length", captured.length},
                                      {"payload", base64(captured.text())}};
    return line.dump() + '\n';
}

void CaptureFiles::open(const std::vector<ServiceBook::Entry>& services) {
    std::map<std::uint8_t, File> opened;
    for (std::size_t i = 0; i < services.size(); ++i) {
        const ServiceBook::Entry& entry = services[i];
        const auto index = static_cast<std::uint8_t>(i);
        if (entry.kind != ServiceKind::capture || files_.contains(index)) continue;
        File& file = opened[index];
        file.service = entry.name;
        file.most_bytes = entry.file_bytes;
        file.stream.open(entry.file, std::ios::app | std::ios::binary);
        if (!file.stream)
            throw StartError(
                entry.file + ": cannot be written",
                "name a file in a folder that exists and may be written, in [service." +
                    entry.name + "].file");
        std::error_code none;
        const auto length = std::filesystem::file_size(entry.file, none);
        file.bytes = none ? 0 : length;
    }
    files_.merge(opened);
}

void CaptureFiles::write(const Captured& captured, double unix_seconds) {
    const auto found = files_.find(captured.service);
    if (found == files_.end()) return;
    File& file = found->second;
    const std::string line = capture_line(captured, file.service, unix_seconds);
    if (file.bytes + line.size() > file.most_bytes) {
        if (!file.told)
            spdlog::warn(
                "[service.{}]: the capture file has reached file_bytes; nothing more is "
                "written",
                file.service);
        file.told = true;
        return;
    }
    file.stream << line;
    file.bytes += line.size();
}

void CaptureFiles::flush() {
    for (auto& [index, file] : files_)
        file.stream.flush();
}

}  // namespace terminus::control
