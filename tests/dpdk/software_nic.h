/// A NIC in memory: several queues over one pool of buffers, and a way to choose between them.
#pragma once

#include "terminus/wire/toeplitz.h"

#include "support/datagram.h"
#include "support/memory_lane.h"

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace terminus::test {

class SoftwareNic {
public:
    /// Steers by Toeplitz and a table, in words of its own: `table` empty, all goes to queue 0.
    struct Rss {
        std::vector<std::byte> key;
        std::vector<std::uint16_t> table;
        bool tells_hash = false;  ///< in the frame
    };

    SoftwareNic(std::uint16_t queues, Rss rss) : rss_{std::move(rss)} {
        for (std::uint16_t i = 0; i < queues; ++i)
            queues_.push_back(std::make_unique<Queue>(buffers_));
    }

    /// By its addresses and ports.
    void arrive(const Bytes& bytes) {
        const std::uint32_t hash = hash_of(decode(bytes));
        const std::uint16_t queue = rss_.table.empty() ? 0 : rss_.table[hash % rss_.table.size()];
        arrive_at(queue, bytes, rss_.tells_hash ? std::optional{hash} : std::nullopt);
    }
    void arrive_at(std::uint16_t queue, const Bytes& bytes,
                   std::optional<std::uint32_t> hash = std::nullopt) {
        queues_[queue]->waiting.push_back({bytes, hash});
    }
    [[nodiscard]] std::vector<std::uint16_t>& table() { return rss_.table; }
    [[nodiscard]] Lane& queue(std::uint16_t index) { return *queues_[index]; }
    [[nodiscard]] MemoryLane& buffers() { return buffers_; }

private:
    struct Waiting {
        Bytes bytes;
        std::optional<std::uint32_t> hash;
    };
    struct Queue final : Lane {
        explicit Queue(MemoryLane& pool) : buffers{pool} {}
        std::size_t receive(std::span<Frame> frames) override {
            std::size_t count = 0;
            for (; count < frames.size() && !waiting.empty(); ++count, waiting.pop_front()) {
                buffers.arrive(waiting.front().bytes);
                if (buffers.receive(frames.subspan(count, 1)) == 0) break;
                frames[count].has_hash = waiting.front().hash.has_value();
                frames[count].hash = waiting.front().hash.value_or(0);
            }
            return count;
        }
        std::size_t transmit(std::span<const Frame> frames) override {
            return buffers.transmit(frames);
        }
        std::size_t fresh(std::span<Frame> frames) override { return buffers.fresh(frames); }
        void release(std::span<const Frame> frames) override { buffers.release(frames); }
        MemoryLane& buffers;
        std::deque<Waiting> waiting;
    };

    [[nodiscard]] std::uint32_t hash_of(const Datagram& datagram) const {
        Bytes input;
        const auto add = [&](std::span<const std::uint8_t> bytes) {
            for (const std::uint8_t byte : bytes)
                input.push_back(static_cast<std::byte>(byte));
        };
        for (const Address* address : {&datagram.source, &datagram.destination})
            add(std::span{address->bytes}.last(datagram.is_ip6() ? 16 : 4));
        const bool has_ports =
            datagram.protocol == protocol_tcp || datagram.protocol == protocol_udp;
        if (has_ports && !datagram.fragment)
            for (const std::uint16_t port : {datagram.source_port, datagram.destination_port})
                add(std::array{static_cast<std::uint8_t>(port >> 8),
                               static_cast<std::uint8_t>(port)});
        return toeplitz(rss_.key, input);
    }

    Rss rss_;
    MemoryLane buffers_{MemoryLane::Shape{.buffers = 16384}};
    std::vector<std::unique_ptr<Queue>> queues_;
};

}  // namespace terminus::test
