/// Blocks: text that must wait. Sent or echoed text until it is acknowledged, received text until
/// it is read, text that came out of order until its gap is filled.
///
/// A block is 256 bytes: a header of 16 and 240 of text. A chain is a list of blocks in the order
/// of their sequence numbers (RFC 9293 section 3.4, so all of it within 2^31), without holes; text
/// beyond a hole is a chain of its own (pieces.h). Two blocks that follow each other hold more than
/// 240 bytes together, however the text came, but for the one that the reader is in: a chain takes
/// at most 2 blocks for every 240 bytes, and one more. The owner keeps a Chain, 12 bytes, which a
/// slab of conversations has room for; one that has room for 4 bytes keeps `head` and asks
/// whole(head), a walk.
///
/// Memory: see arena.h. One thread. When no block is free, less is stored and the answer says so;
/// nothing stored is ever lost. What a step costs is said where it is not constant.
#pragma once

#include "terminus/flow/slab.h"
#include "terminus/tcp/seq.h"

#include <array>
#include <cstdint>
#include <span>

namespace terminus {

struct Chain {
    std::uint32_t head = no_slot;  ///< the first block
    std::uint32_t tail = no_slot;  ///< the last block
    std::uint32_t bytes = 0;       ///< of text held

    [[nodiscard]] constexpr bool empty() const { return head == no_slot; }
};
static_assert(sizeof(Chain) == 12);

/// Where a sender last read in a chain, so that the next read need not walk from the head. It may
/// outlive what it points at: a cursor that lies before the chain is not followed.
struct ChainCursor {
    std::uint32_t block = no_slot;
    tcp::Seq seq;  ///< the block's first, when it was read
};

/// Text without a hole: [left, right).
struct Stretch {
    tcp::Seq left, right;

    friend constexpr bool operator==(const Stretch&, const Stretch&) = default;
};

class Blocks {
public:
    static constexpr std::uint32_t block_bytes = 256, text_bytes = 240;

    [[nodiscard]] static std::size_t bytes_needed(std::uint32_t blocks);
    Blocks(std::span<std::byte> memory, std::uint32_t blocks) : blocks_{memory, blocks} {}
    Blocks(std::span<std::byte> memory, Existing) : blocks_{memory, existing} {}

    /// Stores text behind the chain, whose end is `seq`, or which is empty; returns the bytes
    /// stored. O(text).
    std::size_t append(Chain& chain, tcp::Seq seq, std::span<const std::byte> text);
    /// Stores text before a chain, which begins where the text ends; there must be blocks enough.
    /// O(text).
    void prepend(Chain& chain, tcp::Seq seq, std::span<const std::byte> text);
    /// Links the blocks of `next`, which begins where `chain` ends; `next` is empty afterwards.
    /// Either may be empty before. O(1).
    void join(Chain& chain, Chain& next);

    /// Forgets the text before `seq`: acknowledged, or taken. Returns the bytes forgotten. O(blocks
    /// freed).
    std::size_t drop_before(Chain& chain, tcp::Seq seq);
    /// The same for an owner who keeps the head only; returns the new one.
    [[nodiscard]] std::uint32_t drop_before(std::uint32_t head, tcp::Seq seq);
    void free_all(Chain& chain);

    /// The first and one past the last sequence number held; the chain must not be empty.
    [[nodiscard]] tcp::Seq begin(const Chain& chain) const { return blocks_[chain.head].seq; }
    [[nodiscard]] tcp::Seq end(const Chain& chain) const { return end_of(blocks_[chain.tail]); }

    /// The text of the first block, to be handed over in place; empty when the chain is.
    [[nodiscard]] std::span<const std::byte> front(const Chain& chain) const;
    /// Copies from `seq` on until `out` is full or the end; returns the bytes copied. Walks to
    /// `seq`.
    std::size_t read(const Chain& chain, tcp::Seq seq, std::span<std::byte> out) const;
    /// The same for an owner who keeps the head only.
    std::size_t read(std::uint32_t head, tcp::Seq seq, std::span<std::byte> out) const;
    /// The same; reading in order walks no block twice.
    std::size_t read(const Chain& chain, ChainCursor& cursor, tcp::Seq seq,
                     std::span<std::byte> out) const;

    /// The number of blocks a chain occupies. Walks.
    [[nodiscard]] std::uint32_t blocks_of(const Chain& chain) const;
    /// The chain that begins at `head` (no_slot: the empty one). Walks.
    [[nodiscard]] Chain whole(std::uint32_t head) const {
        Chain chain{.head = head};
        for (std::uint32_t at = head; at != no_slot; at = blocks_[at].next) {
            chain.tail = at;
            chain.bytes += blocks_[at].length;
        }
        return chain;
    }

    [[nodiscard]] std::uint32_t used() const { return blocks_.used(); }
    [[nodiscard]] std::uint32_t capacity() const { return blocks_.capacity(); }
    [[nodiscard]] std::uint32_t free_blocks() const { return blocks_.available(); }
    [[nodiscard]] std::uint32_t high_water() const { return blocks_.high_water(); }

private:
    struct Block {
        std::uint32_t next;
        tcp::Seq seq;          ///< of the first byte held, at text[start]
        std::uint16_t length;  ///< bytes held, at least 1
        std::uint16_t start;   ///< bytes forgotten at the front
        std::uint32_t unused;
        std::array<std::byte, text_bytes> text;
    };
    static_assert(sizeof(Block) == 256 && block_bytes == 256);

    static tcp::Seq end_of(const Block& block) { return block.seq + block.length; }
    static std::uint32_t spare_of(const Block& block) {
        return text_bytes - block.start - block.length;
    }
    static std::span<const std::byte> held(const Block& block, tcp::Seq from);

    std::uint32_t last_not_after(const Chain& chain, tcp::Seq seq) const;
    std::uint32_t walk_to(std::uint32_t block, tcp::Seq seq) const;
    std::size_t copy_from(std::uint32_t block, tcp::Seq seq, std::span<std::byte> out) const;
    std::size_t extend(std::uint32_t at, std::span<const std::byte> text);
    [[nodiscard]] std::uint32_t new_block(tcp::Seq seq, std::span<const std::byte> text);
    void link(Chain& chain, std::uint32_t id);
    void merge_next(Chain& chain, std::uint32_t at);
    void drop_head(Chain& chain);
    static void drop_front(Block& block, tcp::Seq seq);

    Slab<Block> blocks_;
};

}  // namespace terminus
