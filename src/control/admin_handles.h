/// The handles of the call socket: numbers that are never used again while the process lives, each
/// with its owner and its places at the workers.
#pragma once

#include "worker/call.h"

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace terminus::control {

/// A client's line to the call socket. 0 is nobody.
using ClientId = std::uint64_t;

/// What a handle names at one worker.
struct WorkerPlace {
    std::uint16_t worker = 0;
    Target target{};
    friend bool operator<(const WorkerPlace& a, const WorkerPlace& b) {
        return std::pair{a.worker, a.target} < std::pair{b.worker, b.target};
    }
};

struct Held {
    enum class Kind : std::uint8_t { listener, conversation, datagrams };

    Kind kind = Kind::conversation;
    ClientId owner = 0;
    Endpoint local{};
    std::vector<WorkerPlace> places{};  ///< a listener is at every worker, a conversation at one
    bool is_closed = false;             ///< by its owner: it ends by itself
};

class Handles {
public:
    /// Returns the new number.
    std::uint64_t add(Held held);
    /// Null: the number names nothing (any more), or not one of that kind.
    [[nodiscard]] Held* find(std::uint64_t number);
    [[nodiscard]] std::optional<std::uint64_t> number_of(const WorkerPlace& place) const;
    void erase(std::uint64_t number);
    [[nodiscard]] std::vector<std::uint64_t> owned_by(ClientId client) const;
    void clear();
    [[nodiscard]] std::size_t size() const { return held_.size(); }

private:
    std::unordered_map<std::uint64_t, Held> held_;
    std::map<WorkerPlace, std::uint64_t> by_place_;
    std::uint64_t next_ = 1;
};

}  // namespace terminus::control
