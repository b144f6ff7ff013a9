// The user calls of a script.
#include "script_choices.h"
#include "script_runner.h"

#include <algorithm>

namespace terminus::test {

using std::string;

namespace {

std::uint32_t number_at(const std::vector<string>& words, std::size_t at) {
    return words.size() > at ? parse_number(words[at]) : 0;
}

bool says(const std::vector<string>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

string word_of(CallError error) { return string{name(error)}; }

Half half_of(const std::vector<string>& words) {
    if (says(words, "receive")) return Half::receive;
    return says(words, "both") ? Half::both : Half::send;
}

}  // namespace

/// "call NAME ... = ANSWER". Without an answer: success, and all of the number named.
void ScriptRunner::call(const Words& words) {
    const bool told = words.size() >= 3 && words[words.size() - 2] == "=";
    const Words said{words.begin(), words.end() - (told ? 2 : 0)};
    const bool counts = words[0] == "send" || words[0] == "receive" || words[0] == "take";
    const string wanted = told ? words.back() : counts ? said.at(1) : "none";
    const string got = perform(said);
    demand(got == wanted, "the call answered " + got);
    harness_.turn();
}

string ScriptRunner::perform(const Words& words) {
    const string& name = words[0];
    if (name == "listen") return call_listen(words);
    if (name == "accept") return call_accept();
    if (name == "open") return call_open(words);
    if (name == "bind") return call_bind(words);
    if (name == "with" || name == "set") return call_set(words);
    if (name == "unlisten")
        return word_of(harness_.stack().close(listener_.value(), harness_.now()));
    if (name == "reset") {
        harness_.stack().reset(says(words, "segments"), harness_.now());
        return "none";
    }
    demand(conversation_.has_value(), "there is no conversation");
    return perform_on_conversation(words);
}

string ScriptRunner::perform_on_conversation(const Words& words) {
    Stack& stack = harness_.stack();
    const Tick now = harness_.now();
    const Conversation which = *conversation_;
    const string& name = words[0];
    if (name == "send") return call_send(words);
    if (name == "receive") return call_receive(words);
    if (name == "datagram") return call_datagram(words);
    if (name == "take") return call_take(words);
    if (name == "ready") return call_ready();
    if (name == "release") return word_of(stack.release(which, number_at(words, 1)));
    if (name == "shutdown") return word_of(stack.shutdown(which, half_of(words), now));
    if (name == "close") return word_of(stack.close(which, now));
    if (name == "abort") return word_of(stack.abort(which, now));
    if (name == "status") return word_of(stack.status(which).error);
    if (name == "error") {
        const auto taken = stack.take_error(which);
        return word_of(taken.ok() ? taken.value : taken.error);
    }
    fail("unknown call " + name);
}

string ScriptRunner::call_listen(const Words& words) {
    Listener listener;
    listener.port = setup_.our_port;
    if (says(words, "here")) listener.address = ends_.ours;
    if (says(words, "remote")) listener.remote = ends_.theirs;
    if (words.size() > 1 && words[1].find_first_not_of("0123456789") == string::npos)
        listener.backlog = static_cast<std::uint16_t>(number_at(words, 1));
    const auto result = harness_.stack().listen(listener, with_ ? &*with_ : nullptr);
    if (result.ok()) listener_ = result.value;
    return word_of(result.error);
}

string ScriptRunner::call_accept() {
    demand(listener_.has_value(), "there is no listener");
    const auto result = harness_.stack().accept(*listener_);
    if (result.ok()) conversation_ = result.value;
    return word_of(result.error);
}

string ScriptRunner::call_open(const Words& words) {
    Endpoint local{ends_.ours, setup_.our_port};
    if (says(words, "any")) local = {};
    if (says(words, "foreign")) local.address = ends_.theirs;
    const auto result = harness_.stack().open(local, {ends_.theirs, setup_.their_port},
                                              harness_.now(), with_ ? &*with_ : nullptr);
    if (!result.ok()) return word_of(result.error);
    conversation_ = result.value;
    setup_.our_port = harness_.stack().status(result.value).value.local.port;
    return "none";
}

string ScriptRunner::call_send(const Words& words) {
    const string text = stream_text(true, sent_bytes_, number_at(words, 1));
    const SendHow how{.more = says(words, "more"), .urgent = says(words, "urgent")};
    const auto result =
        harness_.stack().send(*conversation_, std::as_bytes(std::span{text}), how, harness_.now());
    if (!result.ok()) return word_of(result.error);
    sent_bytes_ += static_cast<std::uint32_t>(result.value);
    return std::to_string(result.value);
}

string ScriptRunner::call_receive(const Words& words) {
    string text(number_at(words, 1), ' ');
    const ReceiveHow how{.peek = says(words, "peek"), .release = !says(words, "keep")};
    const auto result = harness_.stack().receive(
        *conversation_, std::as_writable_bytes(std::span{text}), how, harness_.now());
    if (!result.ok()) return word_of(result.error);
    text.resize(result.value);
    demand(text == stream_text(false, received_bytes_, text.size()), "the text is not the peer's");
    if (!how.peek) received_bytes_ += static_cast<std::uint32_t>(result.value);
    return result.value == 0 ? "end" : std::to_string(result.value);
}

/// "with NAME VALUE ..." for the next OPEN; "set [listener|default] NAME VALUE ..." from now on.
string ScriptRunner::call_set(const Words& words) {
    Stack& stack = harness_.stack();
    const bool of_listener = words.at(1) == "listener", of_device = words.at(1) == "default";
    tcp::Settings settings = stack.defaults();
    if (words[0] == "with")
        settings = with_.value_or(settings);
    else if (of_listener)
        settings = stack.settings(listener_.value()).value;
    else if (!of_device)
        settings = stack.settings(conversation_.value()).value;
    for (std::size_t i = of_listener || of_device ? 2 : 1; i + 1 < words.size(); i += 2)
        demand(choose(settings, words[i], words[i + 1]), "there is no option " + words[i]);
    if (words[0] == "with")
        with_ = settings;
    else if (of_listener)
        return word_of(stack.set_settings(*listener_, settings));
    else if (of_device)
        stack.set_defaults(settings);
    else
        return word_of(stack.set_settings(*conversation_, settings, harness_.now()));
    return "none";
}

string ScriptRunner::call_ready() const {
    const auto result = const_cast<ScriptRunner*>(this)->harness_.stack().ready(*conversation_);
    if (!result.ok()) return word_of(result.error);
    string text;
    const auto add = [&](bool is_ready, std::string_view word) {
        if (is_ready) text += (text.empty() ? "" : ",") + string{word};
    };
    add(result.value.readable, "readable");
    add(result.value.writable, "writable");
    add(result.value.end, "end");
    add(result.value.closed, "closed");
    add(result.value.error, "error");
    return text.empty() ? "nothing" : text;
}

/// "bind" waits for datagrams of anybody, "bind remote" of the peer only; "any": of no address.
string ScriptRunner::call_bind(const Words& words) {
    std::optional<Endpoint> remote;
    if (says(words, "remote")) remote = Endpoint{ends_.theirs, setup_.their_port};
    Endpoint local{ends_.ours, setup_.our_port};
    if (says(words, "any")) local = {Address{}, setup_.our_port};
    if (says(words, "port")) local.port = 0;
    const auto result = harness_.stack().open_datagrams(local, remote, with_ ? &*with_ : nullptr);
    if (!result.ok()) return word_of(result.error);
    conversation_ = result.value;
    setup_.our_port = harness_.stack().status(result.value).value.local.port;
    return "none";
}

/// "datagram N" sends one to the conversation's remote, "datagram N to" names the peer.
string ScriptRunner::call_datagram(const Words& words) {
    const string text = stream_text(true, 0, number_at(words, 1));
    std::optional<Endpoint> remote;
    if (says(words, "to")) remote = Endpoint{ends_.theirs, setup_.their_port};
    return word_of(
        harness_.stack().send_datagram(*conversation_, std::as_bytes(std::span{text}), remote));
}

/// "take N" receives one into N bytes; the answer is how long it was.
string ScriptRunner::call_take(const Words& words) {
    string text(number_at(words, 1), ' ');
    const auto result = harness_.stack().receive_datagram(
        *conversation_, std::as_writable_bytes(std::span{text}), says(words, "peek"));
    if (!result.ok()) return word_of(result.error);
    text.resize(result.value.bytes);
    demand(text == stream_text(false, 0, text.size()), "the payload is not the peer's");
    const Endpoint peer{ends_.theirs, setup_.their_port};
    demand(result.value.remote == peer, "another remote");
    return std::to_string(result.value.length);
}

/// "= status FIELD VALUE ..." of the conversation, "= listener FIELD VALUE ..." of the listener.
void ScriptRunner::check_status(const Words& words) {
    const Stack& stack = harness_.stack();
    const auto result = words[0] == "listener" ? stack.status(listener_.value())
                                               : stack.status(conversation_.value());
    demand(result.ok(), "STATUS answered " + word_of(result.error));
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
        const string got = field_of(result.value, words[i], {our_isn_.value_or(0), their_isn_});
        demand(got == words[i + 1], words[i] + " is " + got);
    }
}

/// The handles of the calls end too, with whatever they still say.
void ScriptRunner::let_go() {
    Stack& stack = harness_.stack();
    if (conversation_) left_.push_back(*conversation_);
    for (const Conversation& which : left_)
        (void)stack.abort(which, harness_.now());
    if (listener_) (void)stack.close(*listener_, harness_.now());
    left_.clear();
    conversation_.reset();
    listener_.reset();
    harness_.turn();
    harness_.forget_sent();
}

}  // namespace terminus::test
