/// Blocks: see the header.
#include "terminus/flow/blocks.h"

#include <algorithm>
#include <cstring>

namespace terminus {

using tcp::Seq;

std::size_t Blocks::bytes_needed(std::uint32_t blocks) { return Slab<Block>::bytes_needed(blocks); }

/// Walks text and chain side by side: what is held is skipped, each gap before the next block is
/// filled.
std::size_t Blocks::insert(Chain& chain, Seq seq, std::span<const std::byte> text) {
    std::size_t stored = 0;
    std::uint32_t at = last_not_after(chain, seq);
    const Seq end = seq + static_cast<std::uint32_t>(text.size());
    while (seq < end) {
        if (at != no_slot && seq < end_of(blocks_[at]))
            seq = tcp::earlier(end, end_of(blocks_[at]));
        const std::uint32_t next = next_of(chain, at);
        const Seq gap_end = next == no_slot ? end : tcp::earlier(end, blocks_[next].seq);
        if (seq < gap_end) {
            const std::size_t filled =
                fill_gap(chain, at, seq, text.last(end - seq).first(gap_end - seq));
            stored += filled;
            if (filled < gap_end - seq) break;
            seq = gap_end;
            merge_next(chain, at);
        } else {
            at = next;
        }
    }
    return stored;
}

/// The block in which `seq` would lie, or the last before it; no_slot when all begin after it.
std::uint32_t Blocks::last_not_after(const Chain& chain, Seq seq) const {
    if (chain.empty() || seq < blocks_[chain.head].seq) return no_slot;
    if (seq >= blocks_[chain.tail].seq) return chain.tail;
    return walk_to(chain.head, seq);
}

/// The same from `block` on, which does not begin after `seq`.
std::uint32_t Blocks::walk_to(std::uint32_t block, Seq seq) const {
    for (std::uint32_t next = blocks_[block].next; next != no_slot; next = blocks_[block].next) {
        if (seq < blocks_[next].seq) break;
        block = next;
    }
    return block;
}

/// The block after `block`, which is the first one for no_slot.
std::uint32_t Blocks::next_of(const Chain& chain, std::uint32_t block) const {
    return block == no_slot ? chain.head : blocks_[block].next;
}

/// Stores text that the chain holds nothing of, behind the block `at`, which becomes the last one
/// written.
std::size_t Blocks::fill_gap(Chain& chain, std::uint32_t& at, Seq seq,
                             std::span<const std::byte> text) {
    std::size_t done = extend(at, seq, text);
    while (done < text.size()) {
        const std::size_t length = std::min<std::size_t>(text_bytes, text.size() - done);
        const Seq from = seq + static_cast<std::uint32_t>(done);
        if (!add_block_after(chain, at, from, text.subspan(done, length))) break;
        done += length;
    }
    chain.bytes += static_cast<std::uint32_t>(done);
    return done;
}

/// Uses the spare room of a block that ends where the text begins.
std::size_t Blocks::extend(std::uint32_t at, Seq seq, std::span<const std::byte> text) {
    if (at == no_slot || end_of(blocks_[at]) != seq) return 0;
    Block& block = blocks_[at];
    const std::size_t length = std::min<std::size_t>(spare_of(block), text.size());
    std::memcpy(block.text.data() + block.start + block.length, text.data(), length);
    block.length = static_cast<std::uint16_t>(block.length + length);
    return length;
}

bool Blocks::add_block_after(Chain& chain, std::uint32_t& at, Seq seq,
                             std::span<const std::byte> text) {
    const std::uint32_t next = next_of(chain, at);
    const std::uint32_t id = blocks_.take();
    if (id == no_slot) return false;
    Block& block = blocks_[id];
    block.next = next;
    block.seq = seq;
    block.length = static_cast<std::uint16_t>(text.size());
    block.start = 0;
    std::memcpy(block.text.data(), text.data(), text.size());
    (at == no_slot ? chain.head : blocks_[at].next) = id;
    if (next == no_slot) chain.tail = id;
    at = id;
    return true;
}

/// Small pieces that have become one stretch share a block, so that filled holes give their blocks
/// back.
void Blocks::merge_next(Chain& chain, std::uint32_t at) {
    const std::uint32_t next = blocks_[at].next;
    if (next == no_slot || blocks_[next].length > spare_of(blocks_[at])) return;
    const auto text = held(blocks_[next], blocks_[next].seq);
    if (extend(at, blocks_[next].seq, text) == 0) return;
    blocks_[at].next = blocks_[next].next;
    if (chain.tail == next) chain.tail = at;
    blocks_.give(next);
}

std::size_t Blocks::drop_before(Chain& chain, Seq seq) {
    const std::uint32_t before = chain.bytes;
    while (!chain.empty() && end_of(blocks_[chain.head]) <= seq)
        drop_head(chain);
    if (chain.empty() || seq <= blocks_[chain.head].seq) return before - chain.bytes;
    Block& block = blocks_[chain.head];
    const std::uint32_t dropped = seq - block.seq;
    block.start = static_cast<std::uint16_t>(block.start + dropped);
    block.length = static_cast<std::uint16_t>(block.length - dropped);
    block.seq = seq;
    chain.bytes -= dropped;
    return before - chain.bytes;
}

void Blocks::drop_head(Chain& chain) {
    const std::uint32_t head = chain.head;
    chain.bytes -= blocks_[head].length;
    chain.head = blocks_[head].next;
    if (chain.empty()) chain.tail = no_slot;
    blocks_.give(head);
}

void Blocks::free_all(Chain& chain) {
    while (!chain.empty())
        drop_head(chain);
}

/// The bytes that a block holds from `from` on; none when it does not hold `from`.
std::span<const std::byte> Blocks::held(const Block& block, Seq from) {
    if (from < block.seq || end_of(block) <= from) return {};
    const std::uint32_t skipped = from - block.seq;
    return std::span{block.text}.subspan(block.start + skipped, block.length - skipped);
}

std::span<const std::byte> Blocks::front(const Chain& chain) const {
    if (chain.empty()) return {};
    return held(blocks_[chain.head], blocks_[chain.head].seq);
}

std::uint32_t Blocks::contiguous_from(const Chain& chain, Seq seq) const {
    std::uint32_t bytes = 0;
    for (std::uint32_t at = last_not_after(chain, seq); at != no_slot; at = blocks_[at].next) {
        const std::size_t more = held(blocks_[at], seq + bytes).size();
        if (more == 0) break;
        bytes += static_cast<std::uint32_t>(more);
    }
    return bytes;
}

std::size_t Blocks::read(const Chain& chain, Seq seq, std::span<std::byte> out) const {
    return copy_from(last_not_after(chain, seq), seq, out);
}

/// A block's first sequence number is in the chain as long as the block is: blocks leave at the
/// front only, and what follows has later numbers. So a cursor at or after the chain's first number
/// is good.
std::size_t Blocks::read(const Chain& chain, ChainCursor& cursor, Seq seq,
                         std::span<std::byte> out) const {
    if (chain.empty() || seq < begin(chain)) return 0;
    const bool is_good = cursor.block != no_slot && begin(chain) <= cursor.seq && cursor.seq <= seq;
    cursor.block = walk_to(is_good ? cursor.block : chain.head, seq);
    cursor.seq = blocks_[cursor.block].seq;
    return copy_from(cursor.block, seq, out);
}

std::size_t Blocks::copy_from(std::uint32_t block, Seq seq, std::span<std::byte> out) const {
    std::size_t copied = 0;
    for (std::uint32_t at = block; at != no_slot && copied < out.size(); at = blocks_[at].next) {
        const auto text = held(blocks_[at], seq + static_cast<std::uint32_t>(copied));
        const std::size_t length = std::min(text.size(), out.size() - copied);
        if (length == 0) break;
        std::memcpy(out.data() + copied, text.data(), length);
        copied += length;
    }
    return copied;
}

std::size_t Blocks::stretches(const Chain& chain, std::span<Stretch> stretches) const {
    std::size_t count = 0;
    Stretch stretch;
    for (std::uint32_t at = chain.head; at != no_slot; at = blocks_[at].next) {
        const Block& block = blocks_[at];
        if (count == 0 || block.seq != stretch.right) stretch = {block.seq, block.seq}, ++count;
        stretch.right = end_of(block);
        if (count <= stretches.size()) stretches[count - 1] = stretch;
    }
    return count;
}

std::uint32_t Blocks::blocks_of(const Chain& chain) const {
    std::uint32_t count = 0;
    for (std::uint32_t at = chain.head; at != no_slot; at = blocks_[at].next)
        ++count;
    return count;
}

Chain Blocks::whole(std::uint32_t head) const {
    Chain chain{.head = head};
    for (std::uint32_t at = head; at != no_slot; at = blocks_[at].next) {
        chain.tail = at;
        chain.bytes += blocks_[at].length;
    }
    return chain;
}

}  // namespace terminus
