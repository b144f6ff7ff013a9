/// SEND, RECEIVE, CLOSE, ABORT, and waiting for them. RFC 9293 section 3.9.1.
#include "control/admin_calls.h"
#include "control/admin_text.h"
#include "control/base64.h"

#include <algorithm>
#include <utility>

namespace terminus::control {

namespace {

using Kind = Held::Kind;

constexpr std::uint64_t most_received_bytes = 1 << 20;  ///< in one answer
constexpr std::uint64_t usually_received_bytes = 1 << 16;

Conversation conversation_at(const WorkerPlace& place) {
    return std::get<Conversation>(place.target);
}

Half read_half(Fields& fields) {
    const std::string half = fields.word("half").value_or("send");
    if (half == "send") return Half::send;
    if (half == "receive") return Half::receive;
    if (half == "both") return Half::both;
    throw BadRequest("\"half\" is not \"send\", \"receive\" or \"both\"");
}

/// A listener has only "acceptable"; a conversation has all the others.
Ready read_wanted(Fields& fields, bool is_listener) {
    Ready wanted{.acceptable = is_listener};
    for (const std::string& word : fields.words("for").value_or(std::vector<std::string>{})) {
        const bool is_for_listeners = word == "acceptable";
        const bool is_known = is_for_listeners || word == "readable" || word == "writable" ||
                              word == "end" || word == "closed" || word == "error";
        if (!is_known || is_for_listeners != is_listener)
            throw BadRequest("nobody can wait for \"" + word + "\" here");
        wanted.readable |= word == "readable";
        wanted.writable |= word == "writable";
        wanted.end |= word == "end";
    }
    return wanted;
}

Ready either(const Ready& a, const Ready& b) {
    return {.readable = a.readable || b.readable,
            .writable = a.writable || b.writable,
            .end = a.end || b.end,
            .closed = a.closed || b.closed,
            .error = a.error || b.error,
            .acceptable = a.acceptable || b.acceptable};
}

Json words_of(const Ready& ready) {
    Json words = Json::array();
    if (ready.acceptable) words.push_back("acceptable");
    if (ready.readable) words.push_back("readable");
    if (ready.writable) words.push_back("writable");
    if (ready.end) words.push_back("end");
    if (ready.closed) words.push_back("closed");
    if (ready.error) words.push_back("error");
    return words;
}

}  // namespace

/// Datagrams leave from the worker that gets what is said about them.
WorkerPlace AdminCalls::place_to_send(const Held& held,
                                      const std::optional<Endpoint>& remote) const {
    if (held.places.size() == 1 || !remote) return held.places.front();
    Endpoint local = held.local;
    if (local.address.is_unspecified())
        local.address = shard_.source_for(remote->address).value_or(Address{});
    return held.places[shard_.owner(local, *remote)];
}

void AdminCalls::send(Fields& fields, const TicketPointer& ticket) {
    SendCall call{.which = {}, .text = Fields::must(fields.bytes("text"), "text")};
    call.how = {.more = fields.flag("more", false), .urgent = fields.flag("urgent", false)};
    call.remote = fields.endpoint("remote");
    const Patience patience = fields.patience();
    (void)fields.handle("conversation");
    fields.done();
    const Named which = named(fields, "conversation");
    call.is_udp = which.held->kind == Kind::datagrams;
    if (call.remote && !call.is_udp) throw BadRequest("text has no \"remote\" of its own");
    const WorkerPlace place = place_to_send(*which.held, call.remote);
    call.which = conversation_at(place);
    const auto done = [this, ticket, number = which.number](Call& settled) {
        forget_if_gone(number, settled);
        if (settled.error != CallError::none) return ticket->fail(settled);
        ticket->answer({{"accepted", std::get<SendCall>(settled.asked).accepted}});
    };
    ask_one(ticket, place.worker, std::move(call), patience, done);
}

void AdminCalls::receive(Fields& fields, const TicketPointer& ticket) {
    ReceiveCall call{.which = {}, .text = {}};
    const std::uint64_t most =
        fields.number("most", 1, 1ULL << 40).value_or(usually_received_bytes);
    call.text.resize(std::min(most, most_received_bytes));
    call.how = {.peek = fields.flag("peek", false), .release = fields.flag("release", true)};
    const Patience patience = fields.patience();
    (void)fields.handle("conversation");
    fields.done();
    const Named which = named(fields, "conversation");
    call.is_udp = which.held->kind == Kind::datagrams;
    const auto make = [call](const WorkerPlace& place) {
        ReceiveCall one = call;
        one.which = conversation_at(place);
        return one;
    };
    const auto done = [this, ticket, number = which.number](const WorkerPlace&, Call& settled) {
        forget_if_gone(number, settled);
        if (settled.error != CallError::none) return ticket->fail(settled);
        const ReceiveCall& received = std::get<ReceiveCall>(settled.asked);
        Json answer{{"text", base64(received.text)}, {"end", received.end}};
        if (received.is_udp) answer["remote"] = to_string(received.remote);
        ticket->answer(std::move(answer));
    };
    ask_any(ticket, which.held->places, make, patience, done);
}

void AdminCalls::release(Fields& fields, const TicketPointer& ticket) {
    const auto bytes =
        static_cast<std::uint32_t>(Fields::must(fields.number("count", 0, 0xffffffffU), "count"));
    (void)fields.handle("conversation");
    fields.done();
    const Named which = named(fields, "conversation");
    const WorkerPlace& place = which.held->places.front();
    const ReleaseCall call{.which = conversation_at(place), .bytes = bytes};
    ask_one(ticket, place.worker, call, 0, [this, ticket, number = which.number](Call& settled) {
        forget_if_gone(number, settled);
        settled.error == CallError::none ? ticket->answer() : ticket->fail(settled);
    });
}

void AdminCalls::shutdown(Fields& fields, const TicketPointer& ticket) {
    const Half half = read_half(fields);
    (void)fields.handle("conversation");
    fields.done();
    const Named which = named(fields, "conversation");
    const WorkerPlace& place = which.held->places.front();
    const ShutdownCall call{.which = conversation_at(place), .half = half};
    ask_one(ticket, place.worker, call, 0, [this, ticket, number = which.number](Call& settled) {
        forget_if_gone(number, settled);
        settled.error == CallError::none ? ticket->answer() : ticket->fail(settled);
    });
}

void AdminCalls::close(Fields& fields, const TicketPointer& ticket) { end(fields, ticket, false); }
void AdminCalls::abort(Fields& fields, const TicketPointer& ticket) { end(fields, ticket, true); }

/// A closed conversation's handle stays until it has ended by itself; every other ends now.
void AdminCalls::end(Fields& fields, const TicketPointer& ticket, bool aborts) {
    for (const char* name : {"conversation", "listener"})
        (void)fields.number(name, 0, ~0ULL);
    fields.done();
    const Named which = named_either(fields, false);
    const bool stays = !aborts && which.held->kind == Kind::conversation;
    const auto make = [aborts](const WorkerPlace& place) {
        return EndCall{.which = place.target, .aborts = aborts};
    };
    const auto done = [this, ticket, stays, number = which.number](std::vector<Call>& settled) {
        const Call& first = settled.front();
        forget_if_gone(number, first);
        if (first.error != CallError::none) return ticket->fail(first);
        if (!stays) handles_.erase(number);
        if (Held* held = handles_.find(number)) {
            held->is_closed = true;
            closing_.push_back(number);
        }
        ticket->answer();
        sweep();
    };
    ask_all(ticket, which.held->places, make, done);
}

void AdminCalls::wait(Fields& fields, const TicketPointer& ticket) {
    for (const char* name : {"conversation", "listener"})
        (void)fields.number(name, 0, ~0ULL);
    const Ready wanted = read_wanted(fields, fields.has("listener"));
    const Patience patience = fields.patience();
    fields.done();
    const Named which = named_either(fields, false);
    const auto make = [wanted](const WorkerPlace& place) {
        return WaitCall{.which = place.target, .wanted = wanted};
    };
    const auto done = [this, ticket, number = which.number](std::vector<Call>& settled) {
        Ready all;
        for (const Call& one : settled) {
            forget_if_gone(number, one);
            if (one.error != CallError::none && one.error != CallError::would_block)
                return ticket->fail(one);
            all = either(all, std::get<WaitCall>(one.asked).ready);
        }
        ticket->answer({{"ready", words_of(all)}});
    };
    await_first(ticket, which.held->places, make, patience, done);
}

}  // namespace terminus::control
