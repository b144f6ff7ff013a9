/// Two maps that agree.
#include "control/admin_handles.h"

#include <algorithm>

namespace terminus::control {

std::uint64_t Handles::add(Held held) {
    const std::uint64_t number = next_++;
    for (const WorkerPlace& place : held.places)
        by_place_.insert_or_assign(place, number);
    held_.emplace(number, std::move(held));
    return number;
}

Held* Handles::find(std::uint64_t number) {
    const auto found = held_.find(number);
    return found == held_.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> Handles::number_of(const WorkerPlace& place) const {
    const auto found = by_place_.find(place);
    return found == by_place_.end() ? std::nullopt : std::optional{found->second};
}

void Handles::erase(std::uint64_t number) {
    const auto found = held_.find(number);
    if (found == held_.end()) return;
    for (const WorkerPlace& place : found->second.places) {
        const auto at = by_place_.find(place);
        if (at != by_place_.end() && at->second == number) by_place_.erase(at);
    }
    held_.erase(found);
}

std::vector<std::uint64_t> Handles::owned_by(ClientId client) const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, held] : held_)
        if (held.owner == client) numbers.push_back(number);
    std::ranges::sort(numbers);
    return numbers;
}

void Handles::clear() {
    held_.clear();
    by_place_.clear();
}

}  // namespace terminus::control
