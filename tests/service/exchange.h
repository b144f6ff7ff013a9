/// Drives one service as a stack would, for its tests: offers text, reads what is promised.
#pragma once

#include "terminus/stack/service.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace terminus {

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

/// One flow of a service: its state, where its stream began, and how much of it was read.
class Exchange {
public:
    explicit Exchange(const Service& service, std::uint32_t first = 0xfffffff0)
        : service_{service}, read_{tcp::Seq{first}} {
        state_.mark = read_;
    }

    /// Offers text; what was promised before counts as acknowledged when it was read.
    Taken offer(std::string_view text) {
        return service_.take(state_, bytes_of(text), read_ == state_.mark);
    }
    /// Reads everything promised.
    std::string read_all() { return read(state_.mark - read_); }
    /// Reads `count` more bytes of the stream.
    std::string read(std::size_t count) {
        std::string text = peek(read_, count);
        read_ += static_cast<std::uint32_t>(count);
        return text;
    }
    /// Any bytes of the stream, as a retransmission would want them.
    std::string peek(tcp::Seq at, std::size_t count) const {
        std::string text(count, '?');
        service_.fill(state_, at, std::as_writable_bytes(std::span{text}));
        return text;
    }
    [[nodiscard]] std::size_t promised() const { return state_.mark - read_; }
    [[nodiscard]] tcp::Seq position() const { return read_; }
    [[nodiscard]] const ServiceState& state() const { return state_; }

private:
    const Service& service_;
    ServiceState state_;
    tcp::Seq read_;
};

}  // namespace terminus
