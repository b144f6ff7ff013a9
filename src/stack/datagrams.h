/// UDP conversations: who they are, and the datagrams that wait in them.
#pragma once

#include "terminus/base/time.h"
#include "terminus/flow/blocks.h"
#include "terminus/stack/calls.h"
#include "terminus/tcp/settings.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace terminus {

/// What stands before each waiting datagram: both ends, and how long it is.
struct DatagramHead {
    Endpoint local, remote;
    std::uint16_t length = 0;
    std::uint8_t interface = 0;
};

/// Datagrams in order, in blocks: heads and payloads as one stream of bytes, which is numbered for
/// the chain's sake only.
class DatagramQueue {
public:
    /// False, and nothing stored, when `most_bytes` or the blocks do not allow it. An empty queue
    /// takes one of any length.
    [[nodiscard]] bool push(Blocks& blocks, const DatagramHead& head,
                            std::span<const std::byte> payload, std::uint32_t most_bytes);
    /// True when push() would find room for a datagram of `length` bytes.
    [[nodiscard]] bool has_room(const Blocks& blocks, std::size_t length,
                                std::uint32_t most_bytes) const;
    /// The oldest one's head; there must be one.
    [[nodiscard]] DatagramHead front(const Blocks& blocks) const;
    /// Copies the beginning of the oldest one's payload; returns its length.
    std::size_t read(const Blocks& blocks, std::span<std::byte> into) const;
    void pop(Blocks& blocks);
    void clear(Blocks& blocks) {
        blocks.free_all(chain_);
        count_ = 0;
    }
    [[nodiscard]] bool empty() const { return chain_.empty(); }
    /// Of payload.
    [[nodiscard]] std::uint32_t bytes() const {
        return chain_.bytes - count_ * static_cast<std::uint32_t>(sizeof(DatagramHead));
    }

private:
    Chain chain_;
    tcp::Seq first_, next_;  ///< of the oldest one's head; where the next one goes
    std::uint32_t count_ = 0;
};

struct DatagramConversation {
    std::uint32_t serial = 0;  ///< 0: the slot is free
    Endpoint local;            ///< the address may be unspecified: any of ours
    std::optional<Endpoint> remote;
    tcp::Settings settings;  ///< buffers, traffic class, hop limit, report_errors
    DatagramQueue received, to_send;
    CallError error = CallError::none;
    std::optional<IcmpCause> cause;
    bool detached = false;         ///< its user has closed: it ends when to_send is empty
    bool waits_to_send = false;    ///< it stands in `senders`
    std::optional<Tick> asked_at;  ///< since when its oldest waits for a neighbour's address
    std::uint32_t next = no_slot;  ///< in its bucket
};

/// All of a stack's UDP conversations, found by handle and by ends.
class Datagrams {
public:
    /// Handles of UDP conversations have this bit in their slot.
    static constexpr std::uint32_t handle_bit = 1U << 31;
    static constexpr std::uint32_t most_conversations = 1U << 16;

    Datagrams() { buckets_.fill(no_slot); }
    /// Allocates where none is free; null when there are too many.
    [[nodiscard]] DatagramConversation* make(const Endpoint& local,
                                             const std::optional<Endpoint>& remote);
    /// Frees a conversation and its datagrams.
    void end(DatagramConversation& conversation, Blocks& blocks);

    [[nodiscard]] DatagramConversation* find(Conversation handle);
    [[nodiscard]] const DatagramConversation* find(Conversation handle) const;
    /// Whom a datagram from `remote` to `local` belongs to: who names the remote first, then who
    /// names the address. Null: nobody.
    [[nodiscard]] DatagramConversation* receiver(const Endpoint& local, const Endpoint& remote);
    /// True when a conversation has exactly these ends.
    [[nodiscard]] bool has(const Endpoint& local, const std::optional<Endpoint>& remote) const;
    /// True when a conversation has this port.
    [[nodiscard]] bool has_port(std::uint16_t port) const;

    [[nodiscard]] std::uint32_t slot_of(const DatagramConversation& conversation) const {
        return static_cast<std::uint32_t>(&conversation - all_.data());
    }
    [[nodiscard]] bool empty() const { return used_ == 0; }
    [[nodiscard]] std::span<DatagramConversation> all() { return all_; }

    std::vector<std::uint32_t> senders;  ///< slots with something to send, each once

private:
    [[nodiscard]] std::uint32_t& bucket_of(std::uint16_t port) {
        return buckets_[port % buckets_.size()];
    }
    [[nodiscard]] std::uint32_t first_of(std::uint16_t port) const {
        return buckets_[port % buckets_.size()];
    }

    std::vector<DatagramConversation> all_;
    std::array<std::uint32_t, 256> buckets_;  ///< the first slot of each, by local port
    std::uint32_t used_ = 0;
};

}  // namespace terminus
