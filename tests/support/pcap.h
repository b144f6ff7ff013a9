/// Reads captures for tests: pcap (either byte order, micro- or nanoseconds) and pcapng (enhanced
/// and simple packet blocks).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace terminus::test {

struct Capture {
    std::uint32_t link_type = 0;  ///< of the first interface; 1 is Ethernet
    std::vector<std::vector<std::byte>>
        frames;  ///< as captured, which may be shorter than on the wire
};

/// Throws std::runtime_error for what is not a capture; a last record that is cut short is left
/// out.
[[nodiscard]] Capture read_capture(const std::filesystem::path& file);

/// The capture's frames; raw IP packets (link types 101, 228 and 229) get an Ethernet header.
[[nodiscard]] std::vector<std::vector<std::byte>> ethernet_frames(
    const std::filesystem::path& file);

/// The folder of real captures: the environment's TERMINUS_CAPTURES, else ../shared/captures from
/// the source root. Nothing where there is none.
[[nodiscard]] std::optional<std::filesystem::path> captures_root();

/// Every .pcap and .pcapng file below the folder, sorted by path.
[[nodiscard]] std::vector<std::filesystem::path> capture_files(const std::filesystem::path& folder);

}  // namespace terminus::test

/// In a TEST: the captures' folder, or skips the test.
#define TERMINUS_CAPTURES_OR_SKIP(root)                  \
    const auto root = ::terminus::test::captures_root(); \
    if (!root) GTEST_SKIP() << "skipped: no captures"
