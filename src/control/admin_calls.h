/// The calls of the call socket, one member function for each: reads the fields, asks the workers,
/// answers. CALLS.md is the contract. Knows no socket; one thread uses it.
#pragma once

#include "control/admin_courier.h"
#include "control/admin_handles.h"
#include "control/admin_ticket.h"
#include "worker/port_choice.h"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace terminus::control {

class AdminCalls {
public:
    /// `shard` tells the workers' common steering; everything given outlives this.
    AdminCalls(std::vector<CallRings*> rings, Shard shard, Clients& clients);

    /// A client's line: one call, while none of that client is unanswered. False: it is not JSON;
    /// it is answered all the same.
    bool ask(ClientId client, std::string_view line);
    /// What the client owned and did not close is aborted; a call of its that waits ends.
    void client_gone(ClientId client);
    /// True while a call of this client waits that has no limit.
    [[nodiscard]] bool waits_for_ever(ClientId client) const;
    /// Answers what workers have settled.
    void deliver() { courier_.deliver(); }
    [[nodiscard]] std::size_t handles() const { return handles_.size(); }

private:
    using Clock = std::chrono::steady_clock;
    using Done = Courier::Done;
    using DoneAll = std::function<void(std::vector<Call>&)>;
    using Ask = std::function<Asked(const WorkerPlace&)>;
    using Patience = std::optional<std::uint64_t>;
    struct Spread;
    struct Gathered;

    // The calls.
    void open(Fields& fields, const TicketPointer& ticket);
    void accept(Fields& fields, const TicketPointer& ticket);
    void send(Fields& fields, const TicketPointer& ticket);
    void receive(Fields& fields, const TicketPointer& ticket);
    void release(Fields& fields, const TicketPointer& ticket);
    void shutdown(Fields& fields, const TicketPointer& ticket);
    void close(Fields& fields, const TicketPointer& ticket);
    void abort(Fields& fields, const TicketPointer& ticket);
    void wait(Fields& fields, const TicketPointer& ticket);
    void status(Fields& fields, const TicketPointer& ticket);
    void set(Fields& fields, const TicketPointer& ticket);
    void get(Fields& fields, const TicketPointer& ticket);
    void reset(Fields& fields, const TicketPointer& ticket);
    void clock(Fields& fields, const TicketPointer& ticket);

    void begin(const TicketPointer& ticket, const Json& line);
    void open_listener(Fields passive, Changes options, const TicketPointer& ticket);
    void open_datagrams(Fields passive, Changes options, const TicketPointer& ticket);
    void open_active(std::uint16_t worker, const OpenCall& call, Patience patience,
                     const TicketPointer& ticket);
    void opened(std::uint16_t worker, Call& settled, Patience patience,
                const TicketPointer& ticket);
    void datagrams_opened(Call& first, const TicketPointer& ticket);
    void listener_opened(std::vector<Call>& settled, const Listener& listener,
                         const TicketPointer& ticket);
    void accepted(const Held& listener, std::uint16_t worker, Call& settled,
                  const TicketPointer& ticket);
    [[nodiscard]] WorkerPlace place_to_send(const Held& held,
                                            const std::optional<Endpoint>& remote) const;
    void end(Fields& fields, const TicketPointer& ticket, bool aborts);
    struct Tour;
    void tour(std::uint16_t local_port, const TicketPointer& ticket);
    void walk(const std::shared_ptr<Tour>& tour);
    void walked(const std::shared_ptr<Tour>& tour, WalkCall& step);
    [[nodiscard]] Json json_of(std::uint16_t worker, const Status& status) const;
    void answer_options(const std::vector<std::string>& names, const tcp::Settings& settings,
                        std::uint64_t number, const TicketPointer& ticket);

    // Handles.
    struct Named {
        std::uint64_t number = 0;  ///< 0: the device
        Held* held = nullptr;
    };
    [[nodiscard]] Named named(Fields& fields, std::string_view field);
    [[nodiscard]] Named named_either(Fields& fields, bool or_device);
    [[nodiscard]] std::vector<WorkerPlace> places_of(const Named& named) const;
    std::uint64_t hold(Held held);
    void end_places(const Held& held);
    void forget_if_gone(std::uint64_t number, const Call& settled);
    void sweep();

    // Asking workers on behalf of a ticket.
    void ask_one(const TicketPointer& ticket, std::uint16_t worker, Asked asked, Patience patience,
                 Done done);
    void ask_all(const TicketPointer& ticket, const std::vector<WorkerPlace>& places,
                 const Ask& make, DoneAll done, Patience patience = 0);
    void cancel_all(const TicketPointer& ticket);
    /// The first that settles without an error ends the waiting of the others.
    void await_first(const TicketPointer& ticket, const std::vector<WorkerPlace>& places,
                     const Ask& make, Patience patience, DoneAll done);
    void ask_any(const TicketPointer& ticket, std::vector<WorkerPlace> places, Ask make,
                 Patience patience, std::function<void(const WorkerPlace&, Call&)> done);

    Courier courier_;
    Shard shard_;
    Clients& clients_;
    Handles handles_;
    std::map<ClientId, TicketPointer> tickets_;  ///< of all clients that are there
    std::deque<std::uint64_t> closing_;          ///< handles that end by themselves
    std::uint16_t next_worker_ = 0;              ///< active opens go round
};

}  // namespace terminus::control
