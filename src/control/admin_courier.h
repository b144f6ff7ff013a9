/// Carries user calls to workers and their answers back. Control's call thread uses it; workers see
/// only the rings.
#pragma once

#include "worker/commands.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace terminus::control {

class Courier {
public:
    using Done = std::function<void(Call&)>;

    /// One pair of rings for each worker, by index; they outlive this.
    explicit Courier(std::vector<CallRings*> rings);

    /// Sends a call; `done` is called once, by deliver(), when the worker has settled it. Returns
    /// the call's id. `patience_us` 0: it does not wait; nothing: it waits for ever.
    std::uint64_t ask(std::uint16_t worker, Asked asked, std::optional<std::uint64_t> patience_us,
                      Done done);
    /// Ends a call's waiting; its `done` is still called. What is settled already stays so.
    void cancel(std::uint64_t id);
    /// Takes what the workers have settled.
    void deliver();
    [[nodiscard]] std::uint16_t workers() const {
        return static_cast<std::uint16_t>(desks_.size());
    }

private:
    /// What is on its way to one worker, and what waits until there is room.
    struct Desk {
        CallRings* rings = nullptr;
        std::size_t outstanding = 0;
        std::deque<CallPointer> backlog{};
    };
    struct Sent {
        std::uint16_t worker = 0;
        Done done;
    };

    static void push(Desk& desk);
    void take(Desk& desk);

    std::vector<Desk> desks_;
    std::unordered_map<std::uint64_t, Sent> sent_;
    std::uint64_t next_id_ = 1;
};

}  // namespace terminus::control
