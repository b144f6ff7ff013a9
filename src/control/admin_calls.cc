/// From a line to its call; handles and their owners; asking one worker, all, or any.
#include "control/admin_calls.h"

#include <algorithm>
#include <array>
#include <utility>

namespace terminus::control {

namespace {

/// Nesting beyond this is no call: it is refused before it is read.
constexpr int deepest = 16;

bool is_too_deep(std::string_view line) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quoted && c == '\\') ++i;
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '{' || c == '[') && ++depth > deepest) return true;
        if (!quoted && (c == '}' || c == ']')) --depth;
    }
    return false;
}

}  // namespace

AdminCalls::AdminCalls(std::vector<CallRings*> rings, Shard shard, Clients& clients)
    : courier_{std::move(rings)}, shard_{std::move(shard)}, clients_{clients} {}

bool AdminCalls::ask(ClientId client, std::string_view line) {
    const auto ticket = std::make_shared<Ticket>(clients_, client);
    tickets_[client] = ticket;
    const Json read = is_too_deep(line) ? Json(Json::value_t::discarded)
                                        : Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (read.is_discarded()) {
        ticket->fail(CallError::bad_request, "the line is not JSON");
        return false;
    }
    try {
        begin(ticket, read);
    } catch (const BadRequest& wrong) {
        ticket->fail(CallError::bad_request, wrong.what());
    } catch (const CallError& error) {
        ticket->fail(error);
    }
    return true;
}

void AdminCalls::begin(const TicketPointer& ticket, const Json& line) {
    using Member = void (AdminCalls::*)(Fields&, const TicketPointer&);
    static constexpr std::array<std::pair<std::string_view, Member>, 14> calls{
        {{"open", &AdminCalls::open},
         {"accept", &AdminCalls::accept},
         {"send", &AdminCalls::send},
         {"receive", &AdminCalls::receive},
         {"release", &AdminCalls::release},
         {"shutdown", &AdminCalls::shutdown},
         {"close", &AdminCalls::close},
         {"abort", &AdminCalls::abort},
         {"wait", &AdminCalls::wait},
         {"status", &AdminCalls::status},
         {"set", &AdminCalls::set},
         {"get", &AdminCalls::get},
         {"reset", &AdminCalls::reset},
         {"clock", &AdminCalls::clock}}};
    Fields fields{line, "the call"};
    ticket->tag = fields.word("tag");
    const std::string name = Fields::must(fields.word("call"), "call");
    const auto found = std::ranges::find(calls, name, [](const auto& one) { return one.first; });
    if (found == calls.end()) throw BadRequest("there is no call \"" + name + "\"");
    ticket->call = name;
    (this->*found->second)(fields, ticket);
}

void AdminCalls::client_gone(ClientId client) {
    const auto found = tickets_.find(client);
    if (found == tickets_.end()) return;
    const TicketPointer ticket = found->second;
    tickets_.erase(found);
    ticket->is_abandoned = true;
    cancel_all(ticket);
    for (const std::uint64_t number : handles_.owned_by(client)) {
        Held& held = *handles_.find(number);
        held.owner = 0;
        if (held.is_closed) continue;
        end_places(held);
        handles_.erase(number);
    }
}

bool AdminCalls::waits_for_ever(ClientId client) const {
    const auto found = tickets_.find(client);
    return found != tickets_.end() && found->second->is_endless && !found->second->asked.empty();
}

AdminCalls::Named AdminCalls::named(Fields& fields, std::string_view field) {
    const std::uint64_t number = fields.handle(field);
    Held* held = handles_.find(number);
    const bool is_listener = held != nullptr && held->kind == Held::Kind::listener;
    if (held == nullptr || is_listener != (field == "listener"))
        throw CallError::no_such_conversation;
    return {number, held};
}

/// Of `conversation` and `listener` the one that is there; both, or neither where the device is not
/// meant, is a bad request. Call it last: a bad request goes before a handle that names nothing.
AdminCalls::Named AdminCalls::named_either(Fields& fields, bool or_device) {
    const bool conversation = fields.has("conversation"), listener = fields.has("listener");
    if (conversation && listener) throw BadRequest("either \"conversation\" or \"listener\"");
    if (conversation) return named(fields, "conversation");
    if (listener) return named(fields, "listener");
    if (!or_device) throw BadRequest("\"conversation\" or \"listener\" is missing");
    return {};
}

/// The device is at every worker.
std::vector<WorkerPlace> AdminCalls::places_of(const Named& named) const {
    if (named.held != nullptr) return named.held->places;
    std::vector<WorkerPlace> places;
    for (std::uint16_t worker = 0; worker < courier_.workers(); ++worker)
        places.push_back({worker, {}});
    return places;
}

/// What a client opened that has gone meanwhile is aborted at once.
std::uint64_t AdminCalls::hold(Held held) {
    const bool is_there = tickets_.contains(held.owner);
    if (!is_there) end_places(held);
    const std::uint64_t number = handles_.add(std::move(held));
    if (!is_there) handles_.erase(number);
    sweep();
    return number;
}

void AdminCalls::end_places(const Held& held) {
    for (const WorkerPlace& place : held.places)
        (void)courier_.ask(place.worker, EndCall{.which = place.target, .aborts = true}, 0,
                           [](Call&) {});
}

/// The worker no longer knows it: its state was CLOSED, and its owner had let go.
void AdminCalls::forget_if_gone(std::uint64_t number, const Call& settled) {
    if (settled.error == CallError::no_such_conversation) handles_.erase(number);
}

/// Asks after the oldest of the closed handles, so that those which ended are forgotten.
void AdminCalls::sweep() {
    if (closing_.empty()) return;
    const std::uint64_t number = closing_.front();
    closing_.pop_front();
    const Held* held = handles_.find(number);
    if (held == nullptr) return;
    const WorkerPlace& place = held->places.front();
    const auto done = [this, number](Call& settled) {
        forget_if_gone(number, settled);
        if (settled.error == CallError::none) closing_.push_back(number);
    };
    (void)courier_.ask(place.worker, StatusCall{.which = place.target}, 0, done);
}

void AdminCalls::ask_one(const TicketPointer& ticket, std::uint16_t worker, Asked asked,
                         Patience patience, Done done) {
    auto id = std::make_shared<std::uint64_t>(0);
    const auto settled = [ticket, id, done = std::move(done)](Call& call) {
        ticket->asked.erase(*id);
        done(call);
    };
    ticket->is_endless = !patience.has_value();
    *id = courier_.ask(worker, std::move(asked), patience, settled);
    ticket->asked.insert(*id);
}

/// What several places answered, and how many have not yet.
struct AdminCalls::Gathered {
    std::vector<Call> settled;
    std::size_t missing = settled.size();
};

void AdminCalls::ask_all(const TicketPointer& ticket, const std::vector<WorkerPlace>& places,
                         const Ask& make, DoneAll done, Patience patience) {
    const auto gathered = std::make_shared<Gathered>(Gathered{std::vector<Call>(places.size())});
    if (places.empty()) return done(gathered->settled);
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto one_done = [gathered, i, done](Call& call) {
            gathered->settled[i] = std::move(call);
            if (--gathered->missing == 0) done(gathered->settled);
        };
        ask_one(ticket, places[i].worker, make(places[i]), patience, one_done);
    }
}

void AdminCalls::await_first(const TicketPointer& ticket, const std::vector<WorkerPlace>& places,
                             const Ask& make, Patience patience, DoneAll done) {
    const auto gathered = std::make_shared<Gathered>(Gathered{std::vector<Call>(places.size())});
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto one_done = [this, ticket, gathered, i, done](Call& call) {
            const bool is_first = call.error != CallError::would_block;
            gathered->settled[i] = std::move(call);
            if (is_first) cancel_all(ticket);
            if (--gathered->missing == 0) done(gathered->settled);
        };
        ask_one(ticket, places[i].worker, make(places[i]), patience, one_done);
    }
}

/// A call that any of several places may settle: each is tried in turn, then the first that becomes
/// ready is waited for.
struct AdminCalls::Spread : std::enable_shared_from_this<Spread> {
    AdminCalls& calls;
    TicketPointer ticket;
    std::vector<WorkerPlace> places;
    Ask make;
    std::function<void(const WorkerPlace&, Call&)> done;
    std::optional<Clock::time_point> limit;
    std::size_t missing = 0;

    explicit Spread(AdminCalls& all) : calls{all} {}

    /// What may still be waited.
    [[nodiscard]] Patience patience() const {
        if (!limit) return std::nullopt;
        const auto left = std::max(*limit - Clock::now(), Clock::duration::zero());
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(left).count());
    }
    void try_from(std::size_t index) {
        const auto self = shared_from_this();
        const auto settled = [self, index](Call& call) {
            const bool is_last = index + 1 == self->places.size();
            if (call.error != CallError::would_block) return self->done(self->places[index], call);
            if (!is_last) return self->try_from(index + 1);
            if (self->patience() == 0) return self->done(self->places[index], call);
            self->await();
        };
        calls.ask_one(ticket, places[index].worker, make(places[index]), 0, settled);
    }
    void await() {
        const auto self = shared_from_this();
        const WaitCall wanted{.which = {}, .wanted = {.readable = true, .acceptable = true}};
        missing = places.size();
        for (const WorkerPlace& place : places) {
            WaitCall wait = wanted;
            wait.which = place.target;
            calls.ask_one(ticket, place.worker, wait, patience(), [self](Call&) {
                self->calls.cancel_all(self->ticket);
                if (--self->missing == 0 && !self->ticket->is_abandoned) self->try_from(0);
            });
        }
    }
};

void AdminCalls::cancel_all(const TicketPointer& ticket) {
    for (const std::uint64_t id : std::set(ticket->asked))
        courier_.cancel(id);
}

void AdminCalls::ask_any(const TicketPointer& ticket, std::vector<WorkerPlace> places, Ask make,
                         Patience patience, std::function<void(const WorkerPlace&, Call&)> done) {
    if (places.size() == 1) {
        const WorkerPlace place = places.front();
        const auto settled = [place, done = std::move(done)](Call& call) { done(place, call); };
        return ask_one(ticket, place.worker, make(place), patience, settled);
    }
    const auto spread = std::make_shared<Spread>(*this);
    spread->ticket = ticket;
    spread->make = std::move(make);
    spread->done = std::move(done);
    if (patience) spread->limit = Clock::now() + std::chrono::microseconds(*patience);
    const auto first = static_cast<std::ptrdiff_t>(next_worker_++ % places.size());
    std::ranges::rotate(places, places.begin() + first);
    spread->places = std::move(places);
    spread->try_from(0);
}

}  // namespace terminus::control
