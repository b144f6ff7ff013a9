/// Pieces: see the header.
#include "terminus/flow/pieces.h"

#include "terminus/base/assert.h"

#include <algorithm>
#include <numeric>

namespace terminus {

using tcp::Seq;

std::size_t Pieces::bytes_needed(std::uint32_t directories) {
    return Slab<Directory>::bytes_needed(directories);
}

Pieces::Result Pieces::insert(std::uint32_t& id, Seq seq, std::span<const std::byte> text,
                              std::uint32_t pieces) {
    if (text.empty()) return {};
    if (id == no_slot && !borrow(id)) return {.refused = true, .duplicate = {}};
    Directory& directory = directories_[id];
    const std::uint32_t before = directory.bytes;
    const Stretch whole{seq, seq + static_cast<std::uint32_t>(text.size())};
    const std::uint32_t from = first_reaching(directory, whole.left);
    const std::uint32_t to = first_reaching(directory, whole.right);
    const bool touches = from < directory.count && at(directory, from).left <= whole.right;
    Result result{.duplicate = overlap(directory, from, whole)};
    result.refused = !has_room(text.size(), to - from) ||
                     (!touches && directory.count >= std::min(pieces, most));
    if (!result.refused && touches) extend(directory, from, seq, text);
    if (!result.refused && !touches) add(directory, from, seq, text);
    result.stored = directory.bytes - before;
    give_back_if_empty(id);
    return result;
}

/// The position of the first stretch that ends at or beyond `seq`: a binary search.
std::uint32_t Pieces::first_reaching(const Directory& directory, Seq seq) {
    std::uint32_t low = 0, high = directory.count;
    while (low < high) {
        ++looks_;
        const std::uint32_t middle = (low + high) / 2;
        if (at(directory, middle).right < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/// Blocks for that much text in so many gaps and one more, and some left for text in order.
bool Pieces::has_room(std::size_t bytes, std::uint32_t gaps) const {
    const std::size_t needed = bytes / Blocks::text_bytes + gaps + 2;
    return blocks_.free_blocks() >= needed + blocks_.capacity() / 16;
}

/// What of `with` is held in the first stretch that overlaps it, from `position` on.
Stretch Pieces::overlap(const Directory& directory, std::uint32_t position, Stretch with) {
    if (position < directory.count && at(directory, position).right == with.left) ++position;
    if (position >= directory.count || at(directory, position).left >= with.right) return {};
    const Piece& piece = at(directory, position);
    return {tcp::later(piece.left, with.left), tcp::earlier(piece.right, with.right)};
}

/// A new stretch, before the one at `position`.
void Pieces::add(Directory& directory, std::uint32_t position, Seq seq,
                 std::span<const std::byte> text) {
    auto* const order = directory.order.data();
    std::rotate(order + position, order + directory.count, order + directory.count + 1);
    ++directory.count;
    Piece& piece = at(directory, position);
    piece = {seq, seq, no_slot, no_slot};
    append(piece, text);
    directory.bytes += piece.right - piece.left;
    remember(directory, directory.order[position]);
}

/// The stretch at `position` grows by what of the text is new, over the stretches that it meets.
void Pieces::extend(Directory& directory, std::uint32_t position, Seq seq,
                    std::span<const std::byte> text) {
    Piece& piece = at(directory, position);
    const Seq end = seq + static_cast<std::uint32_t>(text.size());
    const std::uint32_t before = piece.right - piece.left;
    if (seq < piece.left) {
        Chain chain{piece.head, piece.tail, before};
        blocks_.prepend(chain, seq, text.first(piece.left - seq));
        piece = {seq, piece.right, chain.head, chain.tail};
    }
    std::uint32_t joined = 0;
    for (bool met = true; met;) {
        const bool last = position + 1 == directory.count;
        const Seq gap_end = last ? end : tcp::earlier(end, at(directory, position + 1).left);
        if (piece.right < gap_end)
            append(piece, text.subspan(piece.right - seq, gap_end - piece.right));
        met = !last && at(directory, position + 1).left == piece.right;
        if (met) joined += at(directory, position + 1).right - piece.right;
        if (met) join_next(directory, position);
    }
    directory.bytes += piece.right - piece.left - before - joined;
    remember(directory, directory.order[position]);
}

void Pieces::append(Piece& piece, std::span<const std::byte> text) {
    Chain chain{piece.head, piece.tail, piece.right - piece.left};
    const std::size_t stored = blocks_.append(chain, piece.right, text);
    TERMINUS_ASSERT(stored == text.size());  // has_room() said so
    piece = {piece.left, piece.right + static_cast<std::uint32_t>(stored), chain.head, chain.tail};
}

/// The stretch after `position` begins where this one ends: they become one.
void Pieces::join_next(Directory& directory, std::uint32_t position) {
    Piece& piece = at(directory, position);
    const Piece& next = at(directory, position + 1);
    Chain chain{piece.head, piece.tail, piece.right - piece.left};
    Chain more{next.head, next.tail, next.right - next.left};
    blocks_.join(chain, more);
    piece = {piece.left, next.right, chain.head, chain.tail};
    erase(directory, position + 1);
}

Pieces::Result Pieces::fill(std::uint32_t& id, Chain& chain, Seq seq,
                            std::span<const std::byte> text) {
    const std::uint32_t before = chain.bytes;
    Result result;
    if (id == no_slot) {
        result.stored = static_cast<std::uint32_t>(blocks_.append(chain, seq, text));
        result.refused = result.stored < text.size();
        return result;
    }
    Directory& directory = directories_[id];
    const Seq end = seq + static_cast<std::uint32_t>(text.size());
    result.duplicate = overlap(directory, 0, {seq, end});
    while (!result.refused && (seq < end || directory.count > 0)) {
        const bool last = directory.count == 0;
        const Seq gap_end = last ? end : tcp::earlier(end, at(directory, 0).left);
        if (seq < gap_end) {
            const auto gap = text.last(end - seq).first(gap_end - seq);
            const std::size_t stored = blocks_.append(chain, seq, gap);
            seq += static_cast<std::uint32_t>(stored);
            result.refused = stored < gap.size();
        }
        if (result.refused || last || at(directory, 0).left != seq) break;
        seq = at(directory, 0).right;
        join_first(directory, chain);
    }
    result.stored = chain.bytes - before;
    give_back_if_empty(id);
    return result;
}

void Pieces::join_first(Directory& directory, Chain& chain) {
    const Piece& piece = at(directory, 0);
    Chain more{piece.head, piece.tail, piece.right - piece.left};
    directory.bytes -= more.bytes;
    blocks_.join(chain, more);
    erase(directory, 0);
}

bool Pieces::borrow(std::uint32_t& id) {
    id = directories_.take();
    if (id == no_slot) return false;
    Directory& directory = directories_[id];
    directory.count = directory.bytes = directory.recent_count = 0;
    std::iota(directory.order.begin(), directory.order.end(), std::uint8_t{0});
    return true;
}

void Pieces::give_back_if_empty(std::uint32_t& id) {
    if (directories_[id].count > 0) return;
    directories_.give(id);
    id = no_slot;
}

void Pieces::free_all(std::uint32_t& id) {
    if (id == no_slot) return;
    Directory& directory = directories_[id];
    for (std::uint32_t position = 0; position < directory.count; ++position) {
        const Piece& piece = at(directory, position);
        Chain chain{piece.head, piece.tail, piece.right - piece.left};
        blocks_.free_all(chain);
    }
    directory.count = 0;
    give_back_if_empty(id);
}

void Pieces::erase(Directory& directory, std::uint32_t position) {
    auto* const order = directory.order.data();
    forget(directory, order[position]);
    std::rotate(order + position, order + position + 1, order + directory.count);
    --directory.count;
}

/// Moves a slot to the front; of more than can be remembered the oldest is forgotten.
void Pieces::remember(Directory& directory, std::uint8_t slot) {
    forget(directory, slot);
    const std::uint32_t kept = std::min(directory.recent_count, remembered - 1);
    std::copy_backward(directory.recent.begin(), directory.recent.begin() + kept,
                       directory.recent.begin() + kept + 1);
    directory.recent[0] = slot;
    directory.recent_count = kept + 1;
}

void Pieces::forget(Directory& directory, std::uint8_t slot) {
    auto* const end = directory.recent.data() + directory.recent_count;
    auto* const kept = std::remove(directory.recent.data(), end, slot);
    directory.recent_count = static_cast<std::uint32_t>(kept - directory.recent.data());
}

/// Where fewer are remembered than asked for, since some of them became one, the lowest follow.
std::size_t Pieces::recent(std::uint32_t id, std::span<Stretch> into) const {
    if (id == no_slot) return 0;
    const Directory& directory = directories_[id];
    const std::span known{directory.recent.data(), directory.recent_count};
    std::size_t written = 0;
    const auto write = [&](std::uint8_t slot) {
        if (written == into.size()) return;
        into[written++] = {directory.pieces[slot].left, directory.pieces[slot].right};
    };
    for (const std::uint8_t slot : known)
        write(slot);
    const std::uint32_t others = std::min(directory.count, 2 * remembered);
    for (std::uint32_t position = 0; position < others; ++position) {
        const std::uint8_t slot = directory.order[position];
        if (std::ranges::find(known, slot) == known.end()) write(slot);
    }
    return written;
}

std::uint32_t Pieces::count(std::uint32_t id) const {
    return id == no_slot ? 0 : directories_[id].count;
}
std::uint32_t Pieces::bytes(std::uint32_t id) const {
    return id == no_slot ? 0 : directories_[id].bytes;
}
Seq Pieces::begin(std::uint32_t id) const { return at(directories_[id], 0).left; }

}  // namespace terminus
