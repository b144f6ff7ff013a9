/// STATUS, options, and what concerns the whole device.
#include "control/admin_calls.h"
#include "control/admin_status.h"

#include <algorithm>
#include <utility>

namespace terminus::control {

namespace {

constexpr std::size_t statuses_in_a_step = 64;
constexpr std::string_view error_option = "error";  ///< of get alone: it is taken

std::vector<std::string> read_names(Fields& fields) {
    auto names = Fields::must(fields.words("options"), "options");
    for (const std::string& name : names)
        if (name != error_option && option_named(name) == nullptr)
            throw BadRequest("there is no option \"" + name + "\"");
    return names;
}

}  // namespace

Json AdminCalls::json_of(std::uint16_t worker, const Status& status) const {
    Json json = Json::object();
    const auto tell = [&](const char* field, const Target& target) {
        if (const auto number = handles_.number_of({worker, target})) json[field] = *number;
    };
    if (status.conversation.serial != 0) tell("conversation", status.conversation);
    if (status.listener.serial != 0) tell("listener", status.listener);
    json.update(control::json_of(status));
    return json;
}

void AdminCalls::status(Fields& fields, const TicketPointer& ticket) {
    for (const char* name : {"conversation", "listener"})
        (void)fields.number(name, 0, ~0ULL);
    const auto port = fields.number("port", 0, 65535);
    fields.done();
    const Named which = named_either(fields, true);
    if (which.held == nullptr) return tour(static_cast<std::uint16_t>(port.value_or(0)), ticket);
    if (port) throw BadRequest("\"port\" narrows the status of everything");
    const WorkerPlace place = which.held->places.front();
    const auto done = [this, ticket, place, number = which.number](Call& settled) {
        forget_if_gone(number, settled);
        if (settled.error != CallError::none) return ticket->fail(settled);
        const Status& status = std::get<StatusCall>(settled.asked).status;
        ticket->answer({{"conversations", Json::array({json_of(place.worker, status)})}});
    };
    ask_one(ticket, place.worker, StatusCall{.which = place.target}, 0, done);
}

/// The status of everything goes out in pieces, each when the one before has left: a table of
/// millions fits no memory as text.
struct AdminCalls::Tour {
    TicketPointer ticket;
    WalkCall step{};
    std::uint16_t worker = 0;
    bool has_written = false;
};

void AdminCalls::tour(std::uint16_t local_port, const TicketPointer& ticket) {
    const auto begun = std::make_shared<Tour>(Tour{.ticket = ticket});
    begun->step.local_port = local_port;
    ticket->write(R"({"ok":true,"conversations":[)");
    walk(begun);
}

void AdminCalls::walk(const std::shared_ptr<Tour>& tour) {
    tour->step.found.resize(statuses_in_a_step);
    ask_one(tour->ticket, tour->worker, tour->step, 0, [this, tour](Call& settled) {
        if (!tour->ticket->is_abandoned) walked(tour, std::get<WalkCall>(settled.asked));
    });
}

void AdminCalls::walked(const std::shared_ptr<Tour>& tour, WalkCall& step) {
    std::string piece;
    for (const Status& status : step.found) {
        const bool is_told = status.state == tcp::State::listen && tour->worker != 0;
        if (is_told) continue;  // a listener is the same at every worker
        if (std::exchange(tour->has_written, true)) piece += ',';
        piece += json_of(tour->worker, status).dump();
    }
    if (!piece.empty()) tour->ticket->write(piece);
    tour->step.walk = step.walk.done ? Walk{} : step.walk;
    if (step.walk.done && ++tour->worker == courier_.workers()) {
        tour->ticket->write("]");
        return tour->ticket->finish_pieces();
    }
    tour->ticket->when_written([this, tour] { walk(tour); });
}

void AdminCalls::set(Fields& fields, const TicketPointer& ticket) {
    for (const char* name : {"conversation", "listener"})
        (void)fields.number(name, 0, ~0ULL);
    if (!fields.has("options")) throw BadRequest("\"options\" is missing");
    const Changes changes = fields.changes("options");
    fields.done();
    const Named which = named_either(fields, true);
    const auto make = [changes](const WorkerPlace& place) {
        return SettingsCall{.which = place.target, .change = changes};
    };
    const auto done = [this, ticket, number = which.number](std::vector<Call>& settled) {
        for (const Call& one : settled) {
            forget_if_gone(number, one);
            if (one.error != CallError::none) return ticket->fail(one);
        }
        ticket->answer();
    };
    ask_all(ticket, places_of(which), make, done);
}

void AdminCalls::get(Fields& fields, const TicketPointer& ticket) {
    for (const char* name : {"conversation", "listener"})
        (void)fields.number(name, 0, ~0ULL);
    const std::vector<std::string> names = read_names(fields);
    fields.done();
    const Named which = named_either(fields, true);
    const WorkerPlace place = places_of(which).front();
    const auto done = [this, ticket, names, number = which.number](Call& settled) {
        forget_if_gone(number, settled);
        if (settled.error != CallError::none) return ticket->fail(settled);
        answer_options(names, std::get<SettingsCall>(settled.asked).settings, number, ticket);
    };
    ask_one(ticket, place.worker, SettingsCall{.which = place.target}, 0, done);
}

/// "error" is taken from the conversation, and null for all else.
void AdminCalls::answer_options(const std::vector<std::string>& names,
                                const tcp::Settings& settings, std::uint64_t number,
                                const TicketPointer& ticket) {
    Json values = Json::object();
    for (const std::string& name : names)
        values[name] = name == error_option ? Json(nullptr) : option_named(name)->write(settings);
    const Held* held = handles_.find(number);
    const bool takes =
        values.contains(error_option) && held != nullptr && held->kind != Held::Kind::listener;
    if (!takes) return ticket->answer({{"options", std::move(values)}});
    const auto make = [](const WorkerPlace& place) {
        return TakeErrorCall{.which = std::get<Conversation>(place.target)};
    };
    ask_all(ticket, held->places, make, [ticket, values](std::vector<Call>& settled) mutable {
        for (const Call& one : settled) {
            const CallError taken = std::get<TakeErrorCall>(one.asked).taken;
            if (taken != CallError::none) values[error_option] = name(taken);
        }
        ticket->answer({{"options", std::move(values)}});
    });
}

/// Every handle ends.
void AdminCalls::reset(Fields& fields, const TicketPointer& ticket) {
    const bool with_segments = fields.flag("segments", false);
    fields.done();
    handles_.clear();
    closing_.clear();
    const auto make = [with_segments](const WorkerPlace&) {
        return ResetCall{.with_segments = with_segments};
    };
    const auto done = [ticket](std::vector<Call>&) { ticket->answer(); };
    ask_all(ticket, places_of({}), make, done, std::nullopt);
}

void AdminCalls::clock(Fields&, const TicketPointer&) {
    throw BadRequest("time is not simulated here");
}

}  // namespace terminus::control
