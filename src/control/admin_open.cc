/// OPEN in its four forms, and accept. RFC 9293 section 3.9.1.1.
#include "control/admin_calls.h"
#include "control/admin_text.h"

#include <algorithm>
#include <utility>

namespace terminus::control {

namespace {

using Kind = Held::Kind;

/// `address`, unless it is absent or says "any".
std::optional<Address> wanted_address(Fields& fields) {
    const auto address = fields.address("address");
    return address && !address->is_unspecified() ? address : std::nullopt;
}

std::uint16_t wanted_port(Fields& fields, std::uint16_t least) {
    return static_cast<std::uint16_t>(Fields::must(fields.number("port", least, 65535), "port"));
}

/// The far end that a listener may be limited to: RFC 9293 section 3.9.1.1.
void limit_to_remote(Listener& listener, const std::optional<Endpoint>& remote) {
    if (!remote) return;
    if (!remote->address.is_unspecified()) listener.remote = remote->address;
    listener.remote_port = remote->port;
}

Listener read_listener(Fields& passive) {
    Listener listener;
    listener.address = wanted_address(passive);
    listener.port = wanted_port(passive, 1);
    listener.backlog =
        static_cast<std::uint16_t>(passive.number("backlog", 0, 65535).value_or(listener.backlog));
    limit_to_remote(listener, passive.endpoint("remote"));
    passive.done();
    return listener;
}

OpenCall read_active(Fields& active, bool is_udp) {
    OpenCall call{.local = active.endpoint("local").value_or(Endpoint{}),
                  .remote = Fields::must(active.endpoint("remote"), "remote"),
                  .options = {},
                  .is_udp = is_udp};
    active.done();
    const bool families_differ = !call.local.address.is_unspecified() &&
                                 call.local.address.family() != call.remote.address.family();
    if (call.remote.port == 0 || call.remote.address.is_unspecified() || families_differ)
        throw BadRequest("\"remote\" is no end that \"local\" can speak to");
    return call;
}

bool read_protocol(Fields& fields) {
    const std::string protocol = fields.word("protocol").value_or("tcp");
    if (protocol != "tcp" && protocol != "udp")
        throw BadRequest("\"protocol\" is not \"tcp\" or \"udp\"");
    return protocol == "udp";
}

}  // namespace

void AdminCalls::open(Fields& fields, const TicketPointer& ticket) {
    const bool is_udp = read_protocol(fields);
    auto passive = fields.object("passive");
    auto active = fields.object("active");
    Changes options = fields.changes("options");
    const bool awaits = fields.flag("wait", false);
    const Patience patience = fields.patience();
    fields.done();
    if (passive.has_value() == active.has_value())
        throw BadRequest("either \"passive\" or \"active\"");
    if (passive && awaits) throw BadRequest("a passive open does not \"wait\"");
    if (passive)
        return is_udp ? open_datagrams(*std::move(passive), std::move(options), ticket)
                      : open_listener(*std::move(passive), std::move(options), ticket);
    OpenCall call = read_active(*active, is_udp);
    call.options = std::move(options);
    call.awaits = awaits;
    const auto worker = static_cast<std::uint16_t>(next_worker_++ % courier_.workers());
    open_active(worker, call, awaits ? patience : Patience{0}, ticket);
}

void AdminCalls::open_listener(Fields passive, Changes options, const TicketPointer& ticket) {
    const Listener listener = read_listener(passive);
    const auto make = [listener, options](const WorkerPlace&) {
        return ListenCall{.listener = listener, .options = options};
    };
    ask_all(ticket, places_of({}), make, [this, ticket, listener](std::vector<Call>& settled) {
        listener_opened(settled, listener, ticket);
    });
}

/// All workers listen, or none does.
void AdminCalls::listener_opened(std::vector<Call>& settled, const Listener& listener,
                                 const TicketPointer& ticket) {
    Held held{.kind = Kind::listener, .owner = ticket->client()};
    held.local = {listener.address.value_or(Address::ip4(be32{0})), listener.port};
    const Call* refused = nullptr;
    for (std::size_t i = 0; i < settled.size(); ++i) {
        if (settled[i].error == CallError::none)
            held.places.push_back(
                {static_cast<std::uint16_t>(i), std::get<ListenCall>(settled[i].asked).made});
        else if (refused == nullptr)
            refused = &settled[i];
    }
    if (refused != nullptr) {
        end_places(held);
        return ticket->fail(*refused);
    }
    const std::string local = to_string(held.local);
    const std::uint64_t number = hold(std::move(held));
    ticket->answer({{"listener", number}, {"local", local}});
}

void AdminCalls::open_active(std::uint16_t worker, const OpenCall& call, Patience patience,
                             const TicketPointer& ticket) {
    ask_one(ticket, worker, call, patience, [this, worker, patience, ticket](Call& settled) {
        opened(worker, settled, patience, ticket);
    });
}

void AdminCalls::opened(std::uint16_t worker, Call& settled, Patience patience,
                        const TicketPointer& ticket) {
    OpenCall& call = std::get<OpenCall>(settled.asked);
    if (settled.error == CallError::none && call.owner)
        return open_active(*std::exchange(call.owner, {}), call, patience, ticket);
    const bool is_open = settled.error == CallError::none ||
                         (settled.error == CallError::would_block && call.made.serial != 0);
    if (!is_open) return ticket->fail(settled);
    const std::uint64_t number = hold({.kind = call.is_udp ? Kind::datagrams : Kind::conversation,
                                       .owner = ticket->client(),
                                       .local = call.local,
                                       .places = {{worker, call.made}}});
    const Json which{{"conversation", number}, {"local", to_string(call.local)}};
    if (settled.error == CallError::none) return ticket->answer(which);
    ticket->fail(settled.error, "it is not yet established", which);
}

/// Datagrams from anybody come to every worker. The first one chooses the port.
void AdminCalls::open_datagrams(Fields passive, Changes options, const TicketPointer& ticket) {
    const OpenCall call{
        .local = {wanted_address(passive).value_or(Address{}), wanted_port(passive, 0)},
        .remote = {},
        .options = std::move(options),
        .is_udp = true};
    (void)passive.number("backlog", 0, 65535);
    passive.done();
    ask_one(ticket, 0, call, 0, [this, ticket](Call& first) {
        if (first.error != CallError::none) return ticket->fail(first);
        datagrams_opened(first, ticket);
    });
}

void AdminCalls::datagrams_opened(Call& first, const TicketPointer& ticket) {
    const OpenCall chosen = std::get<OpenCall>(first.asked);
    Held held{.kind = Kind::datagrams, .owner = ticket->client(), .local = chosen.local};
    held.places.push_back({0, chosen.made});
    std::vector<WorkerPlace> others = places_of({});
    others.erase(others.begin());
    const auto done = [this, ticket, held](std::vector<Call>& settled) mutable {
        for (const Call& one : settled)
            if (one.error == CallError::none)
                held.places.push_back({static_cast<std::uint16_t>(&one - settled.data() + 1),
                                       std::get<OpenCall>(one.asked).made});
        const auto refused = std::ranges::find_if(
            settled, [](const Call& one) { return one.error != CallError::none; });
        if (refused != settled.end()) {
            end_places(held);
            return ticket->fail(*refused);
        }
        const std::string local = to_string(held.local);
        const std::uint64_t number = hold(std::move(held));
        ticket->answer({{"conversation", number}, {"local", local}});
    };
    const auto make = [chosen](const WorkerPlace&) {
        OpenCall call = chosen;
        call.made = {};
        return call;
    };
    ask_all(ticket, others, make, done);
}

void AdminCalls::accept(Fields& fields, const TicketPointer& ticket) {
    const Patience patience = fields.patience();
    (void)fields.handle("listener");
    fields.done();
    const Held listener = *named(fields, "listener").held;
    const auto make = [](const WorkerPlace& place) {
        return AcceptCall{.from = std::get<ListenerId>(place.target)};
    };
    ask_any(ticket, listener.places, make, patience,
            [this, ticket, listener](const WorkerPlace& place, Call& settled) {
                if (settled.error != CallError::none) return ticket->fail(settled);
                accepted(listener, place.worker, settled, ticket);
            });
}

/// The listener's owner owns it, whoever accepts.
void AdminCalls::accepted(const Held& listener, std::uint16_t worker, Call& settled,
                          const TicketPointer& ticket) {
    const AcceptCall& call = std::get<AcceptCall>(settled.asked);
    const std::uint64_t number = hold({.kind = Kind::conversation,
                                       .owner = listener.owner,
                                       .local = call.local,
                                       .places = {{worker, call.made}}});
    ticket->answer({{"conversation", number},
                    {"remote", to_string(call.remote)},
                    {"local", to_string(call.local)}});
}

}  // namespace terminus::control
