/// The two forms of an answer.
#include "control/admin_ticket.h"

#include "control/admin_text.h"

namespace terminus::control {

namespace {

Json icmp_of(const IcmpCause& cause) {
    return {{"family", cause.family == Family::ip4 ? 4 : 6},
            {"type", cause.type},
            {"code", cause.code},
            {"quoted", to_string(cause.quoted)}};
}

}  // namespace

void Ticket::finish(Json line, std::string_view result) {
    if (tag) line["tag"] = *tag;
    write(line.dump(-1, ' ', false, Json::error_handler_t::replace));
    clients_.finish(client_, call, result);
}

void Ticket::answer(Json fields) {
    Json line{{"ok", true}};
    line.update(fields);
    finish(std::move(line), "ok");
}

void Ticket::fail(CallError error, std::string_view message, const Json& more) {
    Json line{{"ok", false}, {"error", name(error)}};
    line.update(more);
    if (!message.empty()) line["message"] = message;
    finish(std::move(line), name(error));
}

void Ticket::fail(const Call& failed) {
    Json more = Json::object();
    if (failed.icmp) more["icmp"] = icmp_of(*failed.icmp);
    fail(failed.error, {}, more);
}

void Ticket::finish_pieces() {
    if (tag) write(",\"tag\":" + Json(*tag).dump());
    write("}");
    clients_.finish(client_, call, "ok");
}

}  // namespace terminus::control
