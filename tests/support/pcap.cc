/// The capture reader. Formats: the pcap and pcapng drafts of the IETF's opsawg.
#include "pcap.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>

namespace terminus::test {
namespace {

using Bytes = std::vector<std::byte>;

/// A cursorless reader of 16- and 32-bit numbers in the file's byte order.
struct File {
    Bytes bytes;
    bool is_swapped = false;

    [[nodiscard]] std::uint32_t u32(std::size_t at) const {
        std::uint32_t value = 0;
        if (at + sizeof value > bytes.size()) throw std::runtime_error("a capture cut short");
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return is_swapped ? __builtin_bswap32(value) : value;
    }
    [[nodiscard]] std::uint16_t u16(std::size_t at) const {
        std::uint16_t value = 0;
        if (at + sizeof value > bytes.size()) throw std::runtime_error("a capture cut short");
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return is_swapped ? __builtin_bswap16(value) : value;
    }
    [[nodiscard]] bool has(std::size_t at, std::size_t count) const {
        return at <= bytes.size() && count <= bytes.size() - at;
    }
    [[nodiscard]] Bytes cut(std::size_t at, std::size_t count) const {
        if (!has(at, count)) throw std::runtime_error("a capture cut short");
        const auto part = std::span{bytes}.subspan(at, count);
        return {part.begin(), part.end()};
    }
};

Bytes read_all(const std::filesystem::path& path) {
    std::ifstream stream{path, std::ios::binary};
    if (!stream) throw std::runtime_error("cannot read " + path.string());
    const std::vector<char> raw{std::istreambuf_iterator<char>{stream}, {}};
    Bytes bytes(raw.size());
    std::ranges::transform(raw, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return bytes;
}

constexpr std::uint32_t magic_us = 0xa1b2c3d4, magic_ns = 0xa1b23c4d;

bool is_pcap(std::uint32_t magic) { return magic == magic_us || magic == magic_ns; }

Capture read_pcap(const File& file) {
    constexpr std::size_t file_header = 24, record_header = 16, captured_at = 8;
    Capture capture{.link_type = file.u32(20) & 0xffff, .frames = {}};
    std::size_t at = file_header;
    while (file.has(at, record_header)) {
        const std::size_t length = file.u32(at + captured_at);
        if (!file.has(at + record_header, length)) break;
        capture.frames.push_back(file.cut(at + record_header, length));
        at += record_header + length;
    }
    return capture;
}

constexpr std::uint32_t section_block = 0x0a0d0d0a, interface_block = 1, simple_block = 3,
                        enhanced_block = 6;

/// One pcapng block of `length` bytes at `at`.
void read_block(const File& file, std::size_t at, std::size_t length, Capture& capture) {
    const auto type = file.u32(at);
    if (type == interface_block && capture.link_type == 0) capture.link_type = file.u16(at + 8);
    if (type == enhanced_block) capture.frames.push_back(file.cut(at + 28, file.u32(at + 20)));
    if (type == simple_block) {
        const std::size_t room = length - 16;
        capture.frames.push_back(file.cut(at + 12, std::min<std::size_t>(file.u32(at + 8), room)));
    }
}

Capture read_pcapng(File file) {
    constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
    Capture capture;
    std::size_t at = 0;
    while (file.has(at, 12)) {
        if (file.u32(at) == section_block && file.u32(at + 8) != byte_order_magic)
            file.is_swapped = !file.is_swapped;
        const std::size_t length = file.u32(at + 4);
        if (length < 12 || length % 4 != 0) throw std::runtime_error("a broken pcapng block");
        if (!file.has(at, length)) break;
        read_block(file, at, length, capture);
        at += length;
    }
    return capture;
}

/// Puts an Ethernet header before a raw IP packet, by the packet's own version.
void wrap(Bytes& packet) {
    if (packet.empty()) return;
    const bool is_ip6 = std::to_integer<unsigned>(packet[0]) >> 4 == 6;
    Bytes header(14, std::byte{2});
    header[12] = is_ip6 ? std::byte{0x86} : std::byte{0x08};
    header[13] = is_ip6 ? std::byte{0xdd} : std::byte{0x00};
    packet.insert(packet.begin(), header.begin(), header.end());
}

}  // namespace

std::vector<Bytes> ethernet_frames(const std::filesystem::path& path) {
    auto capture = read_capture(path);
    const bool is_raw_ip =
        capture.link_type == 101 || capture.link_type == 228 || capture.link_type == 229;
    if (is_raw_ip) std::ranges::for_each(capture.frames, wrap);
    return std::move(capture.frames);
}

Capture read_capture(const std::filesystem::path& path) {
    File file{.bytes = read_all(path), .is_swapped = false};
    const auto magic = file.u32(0);
    if (magic == section_block) return read_pcapng(std::move(file));
    file.is_swapped = !is_pcap(magic);
    if (!is_pcap(file.u32(0))) throw std::runtime_error("not a capture: " + path.string());
    return read_pcap(file);
}

std::optional<std::filesystem::path> captures_root() {
    const char* const named = std::getenv("TERMINUS_CAPTURES");
    const std::filesystem::path root =
        named != nullptr ? std::filesystem::path{named}
                         : std::filesystem::path{TERMINUS_SOURCE_ROOT} / "../shared/captures";
    if (!std::filesystem::is_directory(root)) return std::nullopt;
    return root;
}

std::vector<std::filesystem::path> capture_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        const auto ending = entry.path().extension();
        if (ending == ".pcap" || ending == ".pcapng") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

}  // namespace terminus::test
