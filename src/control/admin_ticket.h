/// One call of a client while it is being answered: who asked, what was asked, and how the answer
/// goes back. Answered exactly once.
#pragma once

#include "control/admin_fields.h"
#include "control/admin_handles.h"
#include "worker/call.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace terminus::control {

/// Where answers go; the call socket's server, or a test.
class Clients {
public:
    Clients() = default;
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;
    virtual ~Clients() = default;

    /// A piece of an answer's line. Nothing happens when the client has gone.
    virtual void write(ClientId client, std::string_view piece) = 0;
    /// The answer is whole: its line ends.
    virtual void finish(ClientId client, std::string_view call, std::string_view result) = 0;
    /// Calls `act` when what was written has left, and never when the client goes before.
    virtual void when_written(ClientId client, std::function<void()> act) = 0;
};

class Ticket {
public:
    Ticket(Clients& clients, ClientId client) : clients_{clients}, client_{client} {}

    std::string call = "unknown";    ///< the label of metrics: a name of the protocol
    std::optional<std::string> tag;  ///< echoed
    std::set<std::uint64_t> asked;   ///< ids of the worker calls that it waits for
    bool is_abandoned = false;       ///< the client has gone
    bool is_endless = false;         ///< it may wait for ever

    [[nodiscard]] ClientId client() const { return client_; }

    /// {"ok":true, ...}
    void answer(Json fields = Json::object());
    /// {"ok":false,"error":...}; `more` says what else is known.
    void fail(CallError error, std::string_view message = {}, const Json& more = Json::object());
    /// The failure of a worker's call, with the ICMP error behind it.
    void fail(const Call& call);

    // An answer in pieces.
    void write(std::string_view piece) { clients_.write(client_, piece); }
    void when_written(std::function<void()> act) { clients_.when_written(client_, std::move(act)); }
    /// Ends a line that was written in pieces up to its last brace.
    void finish_pieces();

private:
    void finish(Json line, std::string_view result);

    Clients& clients_;
    ClientId client_;
};
using TicketPointer = std::shared_ptr<Ticket>;

}  // namespace terminus::control
