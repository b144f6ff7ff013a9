/// UDP conversations: see the header.
#include "datagrams.h"

#include "terminus/base/assert.h"

#include <algorithm>
#include <type_traits>

namespace terminus {

static_assert(std::is_trivially_copyable_v<DatagramHead>);

bool DatagramQueue::has_room(const Blocks& blocks, std::size_t length,
                             std::uint32_t most_bytes) const {
    const std::size_t bytes = sizeof(DatagramHead) + length;
    if (!empty() && chain_.bytes + bytes > most_bytes) return false;
    return bytes / Blocks::text_bytes + 1 <= blocks.free_blocks();
}

bool DatagramQueue::push(Blocks& blocks, const DatagramHead& head,
                         std::span<const std::byte> payload, std::uint32_t most_bytes) {
    if (!has_room(blocks, payload.size(), most_bytes)) return false;
    if (empty()) first_ = next_;
    std::size_t stored = blocks.append(chain_, next_, std::as_bytes(std::span{&head, 1}));
    next_ += sizeof head;
    stored += blocks.append(chain_, next_, payload);
    next_ += static_cast<std::uint32_t>(payload.size());
    TERMINUS_ASSERT(stored == sizeof head + payload.size());
    ++count_;
    return true;
}

DatagramHead DatagramQueue::front(const Blocks& blocks) const {
    DatagramHead head;
    const std::size_t read =
        blocks.read(chain_, first_, std::as_writable_bytes(std::span{&head, 1}));
    TERMINUS_ASSERT(read == sizeof head);
    return head;
}

std::size_t DatagramQueue::read(const Blocks& blocks, std::span<std::byte> into) const {
    const std::size_t length = std::min<std::size_t>(front(blocks).length, into.size());
    return blocks.read(chain_, first_ + sizeof(DatagramHead), into.first(length));
}

void DatagramQueue::pop(Blocks& blocks) {
    first_ += static_cast<std::uint32_t>(sizeof(DatagramHead) + front(blocks).length);
    blocks.drop_before(chain_, first_);
    --count_;
}

DatagramConversation* Datagrams::make(const Endpoint& local,
                                      const std::optional<Endpoint>& remote) {
    auto free = std::ranges::find(all_, 0U, &DatagramConversation::serial);
    if (free == all_.end()) {
        if (all_.size() == most_conversations) return nullptr;
        all_.emplace_back();
        free = all_.end() - 1;
        senders.reserve(all_.size());
    }
    free->local = local;
    free->remote = remote;
    std::uint32_t& first = bucket_of(local.port);
    free->next = first;
    first = slot_of(*free);
    ++used_;
    return &*free;
}

void Datagrams::end(DatagramConversation& conversation, Blocks& blocks) {
    std::uint32_t* link = &bucket_of(conversation.local.port);
    while (*link != slot_of(conversation))
        link = &all_[*link].next;
    *link = conversation.next;
    conversation.received.clear(blocks);
    conversation.to_send.clear(blocks);
    const bool waits = conversation.waits_to_send;
    conversation = {};
    conversation.waits_to_send = waits;  // its place in `senders` goes to whoever is next
    --used_;
}

DatagramConversation* Datagrams::find(Conversation handle) {
    const std::uint32_t slot = handle.slot & ~handle_bit;
    if ((handle.slot & handle_bit) == 0 || handle.serial == 0 || slot >= all_.size())
        return nullptr;
    return all_[slot].serial == handle.serial ? &all_[slot] : nullptr;
}

const DatagramConversation* Datagrams::find(Conversation handle) const {
    return const_cast<Datagrams*>(this)->find(handle);
}

DatagramConversation* Datagrams::receiver(const Endpoint& local, const Endpoint& remote) {
    DatagramConversation* best = nullptr;
    int best_exactness = -1;
    for (std::uint32_t slot = first_of(local.port); slot != no_slot; slot = all_[slot].next) {
        DatagramConversation& candidate = all_[slot];
        const bool any_address = candidate.local.address.is_unspecified();
        if (candidate.local.port != local.port || candidate.detached) continue;
        if (!any_address && candidate.local.address != local.address) continue;
        if (candidate.remote && *candidate.remote != remote) continue;
        const int exactness = (candidate.remote ? 2 : 0) + (any_address ? 0 : 1);
        if (exactness <= best_exactness) continue;
        best = &candidate;
        best_exactness = exactness;
    }
    return best;
}

bool Datagrams::has(const Endpoint& local, const std::optional<Endpoint>& remote) const {
    std::uint32_t slot = first_of(local.port);
    while (slot != no_slot && !(all_[slot].local == local && all_[slot].remote == remote))
        slot = all_[slot].next;
    return slot != no_slot;
}

bool Datagrams::has_port(std::uint16_t port) const {
    std::uint32_t slot = first_of(port);
    while (slot != no_slot && all_[slot].local.port != port)
        slot = all_[slot].next;
    return slot != no_slot;
}

}  // namespace terminus
