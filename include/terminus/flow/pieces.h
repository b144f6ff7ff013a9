/// Pieces: text beyond a hole, by stretches. A flow that misses text borrows a directory: its
/// stretches {left, right, first block, last block}, sorted by sequence number (RFC 9293
/// section 3.4), none touching another. The place of new text is found by binary search, text is
/// appended or put before a stretch without a walk, and stretches that meet are joined by linking
/// their blocks. The directory also remembers what was received last, for SACK (RFC 2018
/// section 4), so that no acknowledgement walks either.
///
/// Bounds: `most` stretches of one flow; as many directories as were reserved, none free means that
/// text beyond a hole is refused; and a sixteenth of all blocks is left to text in order. Text held
/// already wins over text that comes later. Each stretch takes at most 2 blocks for every 240 bytes
/// and one more, whatever the pattern in which it came (blocks.h).
///
/// Memory: see arena.h. One thread. The owner keeps the number of the directory, no_slot at first.
#pragma once

#include "terminus/flow/blocks.h"
#include "terminus/flow/slab.h"
#include "terminus/tcp/seq.h"

#include <array>
#include <cstdint>
#include <span>

namespace terminus {

class Pieces {
public:
    static constexpr std::uint32_t most = 64;

    [[nodiscard]] static std::size_t bytes_needed(std::uint32_t directories);
    Pieces(std::span<std::byte> memory, std::uint32_t directories, Blocks& blocks)
        : directories_{memory, directories}, blocks_{blocks} {}
    Pieces(std::span<std::byte> memory, Blocks& blocks, Existing)
        : directories_{memory, existing}, blocks_{blocks} {}

    /// What became of text. `duplicate`: the first of its stretches that was held before (RFC 2883
    /// section 4), empty when none was.
    struct Result {
        std::uint32_t stored = 0;
        bool refused = false;
        Stretch duplicate;
    };
    /// Text beyond a hole; at most `pieces` stretches. All of it that is new is stored, or nothing.
    Result insert(std::uint32_t& directory, tcp::Seq seq, std::span<const std::byte> text,
                  std::uint32_t pieces);
    /// Text that continues `chain`, up to a stretch and beyond: stretches that are reached become
    /// the chain's. `stored` is what the chain has grown by; `refused`: the blocks did not suffice.
    Result fill(std::uint32_t& directory, Chain& chain, tcp::Seq seq,
                std::span<const std::byte> text);
    /// Forgets all of it.
    void free_all(std::uint32_t& directory);

    /// The stretches that were received into last, the last one first; returns how many were
    /// written.
    std::size_t recent(std::uint32_t directory, std::span<Stretch> into) const;
    /// How many stretches there are, and their bytes; 0 for no_slot.
    [[nodiscard]] std::uint32_t count(std::uint32_t directory) const;
    [[nodiscard]] std::uint32_t bytes(std::uint32_t directory) const;
    /// The first sequence number beyond the hole; there must be one.
    [[nodiscard]] tcp::Seq begin(std::uint32_t directory) const;

    [[nodiscard]] std::uint32_t used() const { return directories_.used(); }
    [[nodiscard]] std::uint32_t capacity() const { return directories_.capacity(); }
    /// Entries looked at since the start: tests show by it that a search looks at few.
    [[nodiscard]] std::uint64_t looks() const { return looks_; }

private:
    struct Piece {
        tcp::Seq left, right;
        std::uint32_t head, tail;  ///< its blocks
    };
    static constexpr std::uint32_t remembered = 4;
    struct Directory {
        std::uint32_t count, bytes, recent_count;
        std::array<std::uint8_t, remembered> recent;  ///< slots, the last one first
        std::array<std::uint8_t, most> order;  ///< slots by sequence; from `count` on, free ones
        std::array<Piece, most> pieces;
    };
    static_assert(sizeof(Directory) == 1104);

    [[nodiscard]] static Piece& at(Directory& directory, std::uint32_t position) {
        return directory.pieces[directory.order[position]];
    }
    [[nodiscard]] static const Piece& at(const Directory& directory, std::uint32_t position) {
        return directory.pieces[directory.order[position]];
    }
    [[nodiscard]] bool borrow(std::uint32_t& directory);
    void give_back_if_empty(std::uint32_t& directory);
    [[nodiscard]] std::uint32_t first_reaching(const Directory& directory, tcp::Seq seq);
    [[nodiscard]] bool has_room(std::size_t bytes, std::uint32_t gaps) const;
    [[nodiscard]] static Stretch overlap(const Directory& directory, std::uint32_t position,
                                         Stretch with);
    void add(Directory& directory, std::uint32_t position, tcp::Seq seq,
             std::span<const std::byte> text);
    void extend(Directory& directory, std::uint32_t position, tcp::Seq seq,
                std::span<const std::byte> text);
    void append(Piece& piece, std::span<const std::byte> text);
    void join_next(Directory& directory, std::uint32_t position);
    void join_first(Directory& directory, Chain& chain);
    static void erase(Directory& directory, std::uint32_t position);
    static void remember(Directory& directory, std::uint8_t slot);
    static void forget(Directory& directory, std::uint8_t slot);

    Slab<Directory> directories_;
    Blocks& blocks_;
    std::uint64_t looks_ = 0;
};

}  // namespace terminus
