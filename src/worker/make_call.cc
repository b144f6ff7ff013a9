/// Forms on one side, the stack's members on the other.
#include "worker/make_call.h"

#include <array>
#include <utility>

namespace terminus {

namespace {

/// Both ends of a conversation; unspecified where there is none (any more).
Status status_of(const Stack& stack, Conversation which) { return stack.status(which).value; }

Ready both(const Ready& ready, const Ready& wanted) {
    return {.readable = ready.readable && wanted.readable,
            .writable = ready.writable && wanted.writable,
            .end = ready.end && wanted.end,
            .closed = ready.closed,
            .error = ready.error,
            .acceptable = ready.acceptable && wanted.acceptable};
}

bool any(const Ready& it) {
    return it.readable || it.writable || it.end || it.closed || it.error || it.acceptable;
}

/// What a waiting call says when its handle ends meanwhile: RFC 9293 section 3.10.5 for what ABORT
/// ends, section 3.10.4 for what CLOSE ends.
CallError ended_meanwhile(const Asked& asked) {
    return std::holds_alternative<AcceptCall>(asked) ? CallError::closing
                                                     : CallError::connection_reset;
}

constexpr int most_taken_ports = 256;  ///< ports of our shard that may be in use before we give up

}  // namespace

CallError Maker::make(Call& call) {
    waited_ = std::exchange(call.waited, true);
    CallError error = std::visit([this](auto& it) { return (*this)(it); }, call.asked);
    if (error == CallError::no_such_conversation && waited_) error = ended_meanwhile(call.asked);
    if (error != CallError::none && error != CallError::would_block) call.icmp = cause_of(call);
    return error;
}

std::optional<IcmpCause> Maker::cause_of(const Call& call) const {
    if (const auto* send = std::get_if<SendCall>(&call.asked))
        return stack_.icmp_cause(send->which);
    if (const auto* receive = std::get_if<ReceiveCall>(&call.asked))
        return stack_.icmp_cause(receive->which);
    return std::nullopt;
}

CallError Maker::operator()(ListenCall& call) {
    tcp::Settings options = stack_.defaults();
    if (call.options) call.options(options);
    const auto made = stack_.listen(call.listener, &options);
    call.made = made.value;
    return made.error;
}

CallError Maker::operator()(AcceptCall& call) {
    const auto made = stack_.accept(call.from);
    if (!made.ok()) return made.error;
    call.made = made.value;
    const Status status = status_of(stack_, call.made);
    call.local = status.local;
    call.remote = status.remote;
    return CallError::none;
}

CallError Maker::operator()(OpenCall& call) {
    if (!waited_)
        if (const CallError error = open(call); error != CallError::none || call.owner)
            return error;
    return call.awaits && !call.is_udp ? await_established(call) : CallError::none;
}

/// The peer's answers must come to this worker: it takes a port that steers them here, or names the
/// worker that the given one steers them to.
CallError Maker::open(OpenCall& call) {
    const bool to_any = call.is_udp && call.remote.address.is_unspecified();
    if (shard_.workers == 1 || to_any) return open_here(call, call.local);
    Endpoint local = call.local;
    if (local.address.is_unspecified()) {
        const auto source = shard_.source_for(call.remote.address);
        if (!source) return CallError::net_unreachable;
        local.address = *source;
    }
    if (local.port == 0) return open_on_own_port(call, local.address);
    const std::uint16_t owner = shard_.owner(local, call.remote);
    if (owner == shard_.worker) return open_here(call, local);
    call.local = local;
    call.owner = owner;
    return CallError::none;
}

CallError Maker::open_here(OpenCall& call, const Endpoint& local) {
    tcp::Settings options = stack_.defaults();
    if (call.options) call.options(options);
    const bool to_any = call.remote.address.is_unspecified();
    const auto made = call.is_udp
                          ? stack_.open_datagrams(
                                local, to_any ? std::nullopt : std::optional{call.remote}, &options)
                          : stack_.open(local, call.remote, now_, &options);
    if (!made.ok()) return made.error;
    call.made = made.value;
    call.local = status_of(stack_, call.made).local;
    return CallError::none;
}

/// RFC 6056: the search begins anywhere.
CallError Maker::open_on_own_port(OpenCall& call, const Address& local) {
    const std::array words{now_.us, salt_};
    auto first =
        static_cast<std::uint32_t>(siphash(shard_.port_key, std::as_bytes(std::span{words})));
    for (int i = 0; i < most_taken_ports; ++i) {
        const auto port = shard_.own_port(local, call.remote, first % ephemeral_ports);
        if (!port) return CallError::no_memory;
        const CallError error = open_here(call, {local, *port});
        if (error != CallError::address_in_use && error != CallError::already_connected)
            return error;
        first = std::uint32_t{*port} - first_ephemeral_port + 1;
    }
    return CallError::no_memory;
}

/// What failed is let go with its error.
CallError Maker::await_established(OpenCall& call) {
    const Status status = status_of(stack_, call.made);
    if (tcp::is_synchronised(status.state)) return CallError::none;
    if (status.state != tcp::State::closed) return CallError::would_block;
    const CallError error = stack_.take_error(call.made).value;
    (void)stack_.abort(call.made, now_);
    return error == CallError::none ? CallError::closing : error;
}

CallError Maker::operator()(SendCall& call) {
    if (call.is_udp) {
        const CallError error = stack_.send_datagram(call.which, call.text, call.remote);
        if (error == CallError::none) call.accepted = call.text.size();
        return error;
    }
    const auto sent = stack_.send(call.which, call.text, call.how, now_);
    call.accepted = sent.value;
    return sent.error;
}

CallError Maker::operator()(ReceiveCall& call) {
    if (call.is_udp) {
        const auto taken = stack_.receive_datagram(call.which, call.text, call.how.peek);
        if (!taken.ok()) return taken.error;
        call.text.resize(taken.value.bytes);
        call.remote = taken.value.remote;
        return CallError::none;
    }
    const auto taken = stack_.receive(call.which, call.text, call.how, now_);
    if (!taken.ok()) return taken.error;
    call.text.resize(taken.value);
    call.end = call.text.empty();
    return CallError::none;
}

CallError Maker::operator()(ReleaseCall& call) { return stack_.release(call.which, call.bytes); }

CallError Maker::operator()(ShutdownCall& call) {
    return stack_.shutdown(call.which, call.half, now_);
}

CallError Maker::operator()(EndCall& call) {
    if (const auto* listener = std::get_if<ListenerId>(&call.which))
        return call.aborts ? stack_.abort(*listener, now_) : stack_.close(*listener, now_);
    const auto* which = std::get_if<Conversation>(&call.which);
    if (which == nullptr) return CallError::bad_request;
    return call.aborts ? stack_.abort(*which, now_) : stack_.close(*which, now_);
}

/// What ends while somebody waits for it is closed.
CallError Maker::operator()(WaitCall& call) {
    CallResult<Ready> ready{.error = CallError::bad_request};
    if (const auto* which = std::get_if<Conversation>(&call.which)) ready = stack_.ready(*which);
    if (const auto* which = std::get_if<ListenerId>(&call.which)) ready = stack_.ready(*which);
    if (ready.error == CallError::no_such_conversation && waited_)
        ready = {.value = {.closed = true}};
    if (!ready.ok()) return ready.error;
    call.ready = both(ready.value, call.wanted);
    return any(call.ready) ? CallError::none : CallError::would_block;
}

CallError Maker::operator()(StatusCall& call) {
    CallResult<Status> status{.error = CallError::bad_request};
    if (const auto* it = std::get_if<Conversation>(&call.which)) status = stack_.status(*it);
    if (const auto* it = std::get_if<ListenerId>(&call.which)) status = stack_.status(*it);
    call.status = status.value;
    return status.error;
}

CallError Maker::operator()(WalkCall& call) {
    call.found.resize(stack_.walk(call.walk, call.local_port, call.found));
    return CallError::none;
}

CallError Maker::operator()(SettingsCall& call) {
    if (const CallError error = settings_of(call.which, call.settings); error != CallError::none)
        return error;
    if (!call.change) return CallError::none;
    call.change(call.settings);
    return set_settings(call.which, call.settings);
}

CallError Maker::settings_of(const Target& which, tcp::Settings& settings) {
    CallResult<tcp::Settings> found{.value = stack_.defaults()};
    if (const auto* it = std::get_if<Conversation>(&which)) found = stack_.settings(*it);
    if (const auto* it = std::get_if<ListenerId>(&which)) found = stack_.settings(*it);
    settings = found.value;
    return found.error;
}

CallError Maker::set_settings(const Target& which, const tcp::Settings& settings) {
    if (const auto* it = std::get_if<Conversation>(&which))
        return stack_.set_settings(*it, settings, now_);
    if (const auto* it = std::get_if<ListenerId>(&which)) return stack_.set_settings(*it, settings);
    stack_.set_defaults(settings);
    return CallError::none;
}

CallError Maker::operator()(TakeErrorCall& call) {
    const auto taken = stack_.take_error(call.which);
    call.taken = taken.value;
    return taken.error;
}

CallError Maker::operator()(ResetCall& call) {
    if (!waited_) stack_.reset(call.with_segments, now_);
    return stack_.is_resetting() ? CallError::would_block : CallError::none;
}

CallError Maker::operator()(CancelCall&) { return CallError::none; }

}  // namespace terminus
