/// Chargen, RFC 864: lines of 72 characters from the ring of the 95 printable ones, each line begun
/// one character further on. The text repeats after 95 lines, so one copy of it is all that is ever
/// needed.
#include "terminus/service/services.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace terminus {
namespace {

constexpr std::size_t ring_characters = 95;  // from space to tilde
constexpr std::size_t line_characters = 72;
constexpr std::size_t line_bytes = line_characters + 2;  // and CRLF
constexpr std::size_t cycle_bytes = line_bytes * ring_characters;
constexpr std::size_t longest_datagram_bytes = 512;

using Cycle = std::array<char, cycle_bytes>;

constexpr char character(std::size_t position) {
    const std::size_t line = position / line_bytes, column = position % line_bytes;
    if (column == line_characters) return '\r';
    if (column == line_characters + 1) return '\n';
    return static_cast<char>(' ' + (line + column) % ring_characters);
}

Cycle make_cycle() {
    Cycle cycle{};
    for (std::size_t i = 0; i < cycle_bytes; ++i)
        cycle[i] = character(i);
    return cycle;
}

class Chargen final : public Service {
public:
    Chargen() : Service{Text::endless}, cycle_{make_cycle()} {}

    /// RFC 864: any data received is thrown away.
    Taken take(ServiceState&, std::span<const std::byte> text, bool) const override {
        return {.bytes = text.size()};
    }

    /// `state.mark` is the stream's first sequence number. Deliberate: the position is kept modulo
    /// 2^32, so that the ring jumps once in 4 GiB; equal positions still have equal bytes.
    void fill(const ServiceState& state, tcp::Seq at, std::span<std::byte> into) const override {
        copy((at - state.mark) % cycle_bytes, into);
    }

    /// RFC 864, UDP: one datagram with a random number of characters, 0 to 512, whatever was asked.
    std::size_t datagram(std::span<std::byte> room, std::size_t,
                         std::uint64_t entropy) const override {
        const std::size_t wanted = entropy % (longest_datagram_bytes + 1);
        const std::size_t line = (entropy >> 32) % ring_characters;
        const auto reply = room.first(std::min(wanted, room.size()));
        copy(line * line_bytes, reply);
        return reply.size();
    }

private:
    void copy(std::size_t position, std::span<std::byte> into) const {
        while (!into.empty()) {
            const std::size_t count = std::min(into.size(), cycle_bytes - position);
            std::memcpy(into.data(), cycle_.data() + position, count);
            into = into.subspan(count);
            position = 0;
        }
    }

    Cycle cycle_;
};

}  // namespace

std::unique_ptr<Service> make_chargen() { return std::make_unique<Chargen>(); }

}  // namespace terminus
