/// Blocks: see the header.
#include "terminus/flow/blocks.h"

#include "terminus/base/assert.h"

#include <algorithm>
#include <cstring>

namespace terminus {

using tcp::Seq;

std::size_t Blocks::bytes_needed(std::uint32_t blocks) { return Slab<Block>::bytes_needed(blocks); }

std::size_t Blocks::append(Chain& chain, Seq seq, std::span<const std::byte> text) {
    TERMINUS_ASSERT(chain.empty() || end(chain) == seq);
    std::size_t done = chain.empty() ? 0 : extend(chain.tail, text);
    while (done < text.size()) {
        const std::size_t length = std::min<std::size_t>(text_bytes, text.size() - done);
        const Seq from = seq + static_cast<std::uint32_t>(done);
        const std::uint32_t id = new_block(from, text.subspan(done, length));
        if (id == no_slot) break;
        link(chain, id);
        done += length;
    }
    chain.bytes += static_cast<std::uint32_t>(done);
    return done;
}

void Blocks::prepend(Chain& chain, Seq seq, std::span<const std::byte> text) {
    Chain before;
    const std::size_t stored = append(before, seq, text);
    TERMINUS_ASSERT(stored == text.size());
    join(before, chain);
    chain = before;
}

void Blocks::join(Chain& chain, Chain& next) {
    if (next.empty()) return;
    TERMINUS_ASSERT(chain.empty() || end(chain) == begin(next));
    const std::uint32_t seam = chain.tail;
    link(chain, next.head);
    chain.tail = next.tail;
    chain.bytes += next.bytes;
    if (seam != no_slot) merge_next(chain, seam);
    next = {};
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

/// Uses the spare room of a block; returns how much of the text found place.
std::size_t Blocks::extend(std::uint32_t at, std::span<const std::byte> text) {
    Block& block = blocks_[at];
    const std::size_t length = std::min<std::size_t>(spare_of(block), text.size());
    std::memcpy(block.text.data() + block.start + block.length, text.data(), length);
    block.length = static_cast<std::uint16_t>(block.length + length);
    return length;
}

/// A block with text; no_slot when none is free.
std::uint32_t Blocks::new_block(Seq seq, std::span<const std::byte> text) {
    const std::uint32_t id = blocks_.take();
    if (id == no_slot) return no_slot;
    Block& block = blocks_[id];
    block.next = no_slot;
    block.seq = seq;
    block.length = static_cast<std::uint16_t>(text.size());
    block.start = 0;
    std::memcpy(block.text.data(), text.data(), text.size());
    return id;
}

/// Makes a block the last of a chain.
void Blocks::link(Chain& chain, std::uint32_t id) {
    (chain.empty() ? chain.head : blocks_[chain.tail].next) = id;
    chain.tail = id;
}

/// Small pieces that have become one chain share a block, so that filled holes give their blocks
/// back.
void Blocks::merge_next(Chain& chain, std::uint32_t at) {
    const std::uint32_t next = blocks_[at].next;
    if (next == no_slot || blocks_[next].length > spare_of(blocks_[at])) return;
    const auto text = held(blocks_[next], blocks_[next].seq);
    extend(at, text);
    blocks_[at].next = blocks_[next].next;
    if (chain.tail == next) chain.tail = at;
    blocks_.give(next);
}

std::size_t Blocks::drop_before(Chain& chain, Seq seq) {
    const std::uint32_t before = chain.bytes;
    while (!chain.empty() && end_of(blocks_[chain.head]) <= seq)
        drop_head(chain);
    if (!chain.empty() && blocks_[chain.head].seq < seq) {
        chain.bytes -= seq - blocks_[chain.head].seq;
        drop_front(blocks_[chain.head], seq);
    }
    return before - chain.bytes;
}

std::uint32_t Blocks::drop_before(std::uint32_t head, Seq seq) {
    while (head != no_slot && end_of(blocks_[head]) <= seq) {
        const std::uint32_t next = blocks_[head].next;
        blocks_.give(head);
        head = next;
    }
    if (head != no_slot && blocks_[head].seq < seq) drop_front(blocks_[head], seq);
    return head;
}

void Blocks::drop_front(Block& block, Seq seq) {
    const std::uint32_t dropped = seq - block.seq;
    block.start = static_cast<std::uint16_t>(block.start + dropped);
    block.length = static_cast<std::uint16_t>(block.length - dropped);
    block.seq = seq;
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

std::size_t Blocks::read(const Chain& chain, Seq seq, std::span<std::byte> out) const {
    return copy_from(last_not_after(chain, seq), seq, out);
}

std::size_t Blocks::read(std::uint32_t head, Seq seq, std::span<std::byte> out) const {
    if (head == no_slot || seq < blocks_[head].seq) return 0;
    const Block& first = blocks_[head];
    const std::uint32_t skipped = seq - first.seq;
    if (skipped + out.size() <= first.length) [[likely]] {
        std::memcpy(out.data(), first.text.data() + first.start + skipped, out.size());
        return out.size();
    }
    return copy_from(walk_to(head, seq), seq, out);
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

std::uint32_t Blocks::blocks_of(const Chain& chain) const {
    std::uint32_t count = 0;
    for (std::uint32_t at = chain.head; at != no_slot; at = blocks_[at].next)
        ++count;
    return count;
}

}  // namespace terminus
