/// TCP options, read and written. The timestamps of an established flow take a short cut.
#include "terminus/wire/tcp_options.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"

#include <algorithm>

namespace terminus {
namespace {

constexpr std::size_t timestamps_bytes = 10, sack_block_bytes = 8;
/// RFC 7323 appendix A: NOP, NOP, timestamps.

std::uint32_t host32(const std::byte* at) { return load<be32>(at).host(); }

void take_timestamps(TcpOptions& into, const std::byte* value) {
    into.timestamps = true;
    into.ts_value = host32(value);
    into.ts_echo = host32(value + 4);
}

/// RFC 2018 section 3: pairs of edges; a segment has no room for more than four.
void take_sack(TcpOptions& into, std::span<const std::byte> value) {
    if (value.size() % sack_block_bytes != 0) return;
    const std::size_t count = std::min(value.size() / sack_block_bytes, into.sack.size());
    for (std::size_t i = 0; i < count; ++i) {
        const std::byte* const block = value.data() + i * sack_block_bytes;
        into.sack[i] = {host32(block), host32(block + 4)};
    }
    into.sack_count = static_cast<std::uint8_t>(count);
}

/// One option; `value` is what follows its kind and length.
void take(TcpOptions& into, std::uint8_t kind, std::span<const std::byte> value) {
    const auto is = [&](std::uint8_t wanted, std::size_t bytes) {
        return kind == wanted && value.size() == bytes;
    };
    if (is(tcp_option::mss, 2)) into.mss = load<be16>(value.data()).host();
    if (is(tcp_option::window_scale, 1))
        into.window_scale = std::min<std::uint8_t>(std::to_integer<std::uint8_t>(value[0]), 254);
    if (is(tcp_option::sack_permitted, 0)) into.sack_permitted = true;
    if (is(tcp_option::timestamps, 8)) take_timestamps(into, value.data());
    if (kind == tcp_option::sack) take_sack(into, value);
}

/// How many bytes the option at the front takes; 0: the parse ends here.
std::size_t option_bytes(std::span<const std::byte> rest) {
    const auto kind = std::to_integer<std::uint8_t>(rest[0]);
    if (kind == tcp_option::end) return 0;
    if (kind == tcp_option::no_operation) return 1;
    if (rest.size() < 2) return 0;
    const auto length = std::to_integer<std::size_t>(rest[1]);
    return length >= 2 && length <= rest.size() ? length : 0;
}

/// Appends options to a room of tcp_options_bytes_max.
class Writer {
public:
    explicit Writer(std::byte* room) : start_{room}, at_{room} {}

    [[nodiscard]] std::size_t written() const { return static_cast<std::size_t>(at_ - start_); }

    template <typename T>
    void put(T value) {
        store(at_, value);
        at_ += sizeof(T);
    }
    /// Kind and length, with as many NOPs before them as bring the option's end onto a multiple of
    /// four.
    void begin(std::uint8_t kind, std::size_t length) {
        for (auto bytes = length; bytes % 4 != 0; ++bytes)
            put(tcp_option::no_operation);
        put(kind);
        put(static_cast<std::uint8_t>(length));
    }

private:
    std::byte* start_;
    std::byte* at_;
};

/// Whether there is nothing but timestamps, if anything.
bool has_no_other(const TcpOptions& options) {
    return options.mss == 0 && !options.sack_permitted && options.window_scale == 0xff &&
           options.sack_count == 0;
}

/// RFC 7323 appendix A, by two stores.
void write_timestamps_only(const TcpOptions& options, std::byte* room) {
    store(room, be32{timestamps_advised});
    store(room + 4, be64{std::uint64_t{options.ts_value} << 32 | options.ts_echo});
}

/// How many blocks fit behind `used` bytes of other options.
std::size_t fitting_blocks(const TcpOptions& options, std::size_t used) {
    const std::size_t room = tcp_options_bytes_max - used;
    if (room < 4 + sack_block_bytes) return 0;
    return std::min<std::size_t>(options.sack_count, (room - 4) / sack_block_bytes);
}

void write_sack(Writer& writer, const TcpOptions& options) {
    const std::size_t count = fitting_blocks(options, writer.written());
    if (count == 0) return;
    writer.begin(tcp_option::sack, 2 + count * sack_block_bytes);
    for (std::size_t i = 0; i < count; ++i) {
        writer.put(be32{options.sack[i].left});
        writer.put(be32{options.sack[i].right});
    }
}

}  // namespace

TcpOptions parse_tcp_options(std::span<const std::byte> options) {
    TcpOptions result;
    if (is_timestamps_only(options)) {
        take_timestamps(result, options.data() + 4);
        return result;
    }
    while (!options.empty()) {
        const std::size_t bytes = option_bytes(options);
        if (bytes == 0) break;
        if (bytes > 1)
            take(result, std::to_integer<std::uint8_t>(options[0]),
                 options.first(bytes).subspan(2));
        options = options.subspan(bytes);
    }
    return result;
}

std::size_t tcp_options_bytes(const TcpOptions& options) {
    std::size_t bytes = options.timestamps ? timestamps_only_bytes : 0;
    if (has_no_other(options)) return bytes;
    if (options.mss != 0) bytes += 4;
    if (options.sack_permitted) bytes += 4;
    if (options.window_scale != 0xff) bytes += 4;
    const std::size_t blocks = fitting_blocks(options, bytes);
    return blocks == 0 ? bytes : bytes + 4 + blocks * sack_block_bytes;
}

std::size_t write_tcp_options(const TcpOptions& options, std::span<std::byte> room) {
    TERMINUS_ASSERT(room.size() >= tcp_options_bytes_max);
    if (has_no_other(options)) {
        if (!options.timestamps) return 0;
        write_timestamps_only(options, room.data());
        return timestamps_only_bytes;
    }
    Writer writer{room.data()};
    if (options.mss != 0) {
        writer.begin(tcp_option::mss, 4);
        writer.put(be16{options.mss});
    }
    if (options.sack_permitted) writer.begin(tcp_option::sack_permitted, 2);
    if (options.timestamps) {
        writer.begin(tcp_option::timestamps, timestamps_bytes);
        writer.put(be32{options.ts_value});
        writer.put(be32{options.ts_echo});
    }
    if (options.window_scale != 0xff) {
        writer.begin(tcp_option::window_scale, 3);
        writer.put(options.window_scale);
    }
    if (options.sack_count != 0) write_sack(writer, options);
    return writer.written();
}

}  // namespace terminus
