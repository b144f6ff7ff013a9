/// Values of the configuration: how each C++ type is read from TOML, rendered as TOML and put in
/// words.
#pragma once

#include "control/config.h"
#include "control/config_error.h"

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <type_traits>
#include <vector>

namespace terminus::control {

/// A value as the operator wrote it, and where.
struct Written {
    const toml::node& node;
    const Place& place;

    [[noreturn]] void refuse(const std::string& problem, const std::string& remedy) const {
        throw ConfigError(place, problem, remedy);
    }
};

/// Bounds of an integer, both allowed.
struct Range {
    std::int64_t least = 0;
    std::int64_t most = 4'294'967'295;
};

template <typename E>
struct Choice {
    E value;
    std::string_view spelling;
};

/// The spellings of an enum's values.
template <typename E>
struct Choices;
template <>
struct Choices<HugePages> {
    static constexpr std::array<Choice<HugePages>, 3> all{{{HugePages::automatic, "auto"},
                                                           {HugePages::require, "require"},
                                                           {HugePages::never, "never"}}};
};
template <>
struct Choices<Idle> {
    static constexpr std::array<Choice<Idle>, 3> all{
        {{Idle::automatic, "auto"}, {Idle::poll, "poll"}, {Idle::sleep, "sleep"}}};
};
template <>
struct Choices<TableFull> {
    static constexpr std::array<Choice<TableFull>, 3> all{
        {{TableFull::evict_time_wait, "evict-time-wait"},
         {TableFull::reset, "reset"},
         {TableFull::silent, "silent"}}};
};
template <>
struct Choices<tcp::SynCookies> {
    static constexpr std::array<Choice<tcp::SynCookies>, 3> all{
        {{tcp::SynCookies::automatic, "auto"},
         {tcp::SynCookies::always, "always"},
         {tcp::SynCookies::never, "never"}}};
};
template <>
struct Choices<RuleProtocol> {
    static constexpr std::array<Choice<RuleProtocol>, 5> all{
        {{RuleProtocol::tcp, "tcp"},
         {RuleProtocol::udp, "udp"},
         {RuleProtocol::icmp_echo, "icmp-echo"},
         {RuleProtocol::other, "other"},
         {RuleProtocol::any, "any"}}};
};
template <>
struct Choices<Action> {
    static constexpr std::array<Choice<Action>, 4> all{{{Action::serve, "serve"},
                                                        {Action::reset, "reset"},
                                                        {Action::unreachable, "unreachable"},
                                                        {Action::drop, "drop"}}};
};
template <>
struct Choices<Unreachable> {
    static constexpr std::array<Choice<Unreachable>, 5> all{{{Unreachable::net, "net"},
                                                             {Unreachable::host, "host"},
                                                             {Unreachable::protocol, "protocol"},
                                                             {Unreachable::port, "port"},
                                                             {Unreachable::admin, "admin"}}};
};
template <>
struct Choices<ServiceKind> {
    static constexpr std::array<Choice<ServiceKind>, 11> all{{{ServiceKind::echo, "echo"},
                                                              {ServiceKind::discard, "discard"},
                                                              {ServiceKind::chargen, "chargen"},
                                                              {ServiceKind::http, "http"},
                                                              {ServiceKind::ping, "ping"},
                                                              {ServiceKind::tarpit, "tarpit"},
                                                              {ServiceKind::idle, "idle"},
                                                              {ServiceKind::close, "close"},
                                                              {ServiceKind::abort, "abort"},
                                                              {ServiceKind::send, "send"},
                                                              {ServiceKind::capture, "capture"}}};
};
template <>
struct Choices<tcp::Ecn> {
    static constexpr std::array<Choice<tcp::Ecn>, 3> all{
        {{tcp::Ecn::off, "off"}, {tcp::Ecn::accept, "accept"}, {tcp::Ecn::on, "on"}}};
};
template <>
struct Choices<LogLevel> {
    static constexpr std::array<Choice<LogLevel>, 4> all{{{LogLevel::debug, "debug"},
                                                          {LogLevel::info, "info"},
                                                          {LogLevel::warn, "warn"},
                                                          {LogLevel::error, "error"}}};
};

template <typename E>
concept Chosen = std::is_enum_v<E>;

template <Chosen E>
[[nodiscard]] constexpr std::string_view spelling(E value) {
    for (const auto& choice : Choices<E>::all)
        if (choice.value == value) return choice.spelling;
    return {};
}
template <Chosen E>
[[nodiscard]] std::vector<std::string_view> spellings() {
    std::vector<std::string_view> list;
    for (const auto& choice : Choices<E>::all)
        list.push_back(choice.spelling);
    return list;
}
/// The position of the text written among `spellings`, or a ConfigError with a suggestion.
[[nodiscard]] std::size_t read_choice(const Written& value,
                                      std::span<const std::string_view> spellings);
/// "auto" | "poll" | "sleep"
[[nodiscard]] std::string alternatives(std::span<const std::string_view> spellings);

// read_value(): converts, or throws ConfigError.
void read_value(const Written& value, const Range& range, bool& into);
void read_value(const Written& value, const Range& range, std::uint8_t& into);
void read_value(const Written& value, const Range& range, std::uint16_t& into);
void read_value(const Written& value, const Range& range, std::uint32_t& into);
void read_value(const Written& value, const Range& range, std::optional<std::uint32_t>& into);
void read_value(const Written& value, const Range& range, std::string& into);
void read_value(const Written& value, const Range& range, std::optional<Mac>& into);
void read_value(const Written& value, const Range& range, std::vector<std::uint32_t>& into);
void read_value(const Written& value, const Range& range, std::vector<OwnAddress>& into);
void read_value(const Written& value, const Range& range, std::vector<Prefix>& into);
void read_value(const Written& value, const Range& range, std::vector<Address>& into);
void read_value(const Written& value, const Range& range, std::vector<PortRange>& into);
void read_value(const Written& value, const Range& range, std::vector<MssCeiling>& into);
template <Chosen E>
void read_value(const Written& value, const Range&, E& into) {
    into = Choices<E>::all[read_choice(value, spellings<E>())].value;
}

// render(): a default as TOML; empty for what has none.
[[nodiscard]] std::string render(bool value);
[[nodiscard]] std::string render_integer(std::uint32_t value);
[[nodiscard]] std::string render(const std::string& value);
template <std::unsigned_integral T>
requires(!std::same_as<T, bool>) [[nodiscard]] std::string render(T value) {
    return render_integer(value);
}
template <Chosen E>
[[nodiscard]] std::string render(E value) {
    return '"' + std::string{spelling(value)} + '"';
}
template <typename T>
[[nodiscard]] std::string render(const std::optional<T>&) {
    return {};
}
template <typename T>
[[nodiscard]] std::string render(const std::vector<T>&) {
    return {};
}

// same_value(): whether a reload leaves a value as it is.
template <typename T>
[[nodiscard]] bool same_value(const T& one, const T& other) {
    return one == other;
}
[[nodiscard]] bool same_value(const std::vector<OwnAddress>& one,
                              const std::vector<OwnAddress>& other);

// words(): what may be written, for messages and the reference.
template <typename T>
using As = std::type_identity<T>;
[[nodiscard]] std::string words(As<bool>, const Range& range);
[[nodiscard]] std::string words(As<std::uint32_t>, const Range& range);
[[nodiscard]] std::string words(As<std::string>, const Range& range);
[[nodiscard]] std::string words(As<std::optional<Mac>>, const Range& range);
[[nodiscard]] std::string words(As<std::vector<std::uint32_t>>, const Range& range);
[[nodiscard]] std::string words(As<std::vector<OwnAddress>>, const Range& range);
[[nodiscard]] std::string words(As<std::vector<Prefix>>, const Range& range);
[[nodiscard]] std::string words(As<std::vector<Address>>, const Range& range);
[[nodiscard]] std::string words(As<std::vector<PortRange>>, const Range& range);
[[nodiscard]] std::string words(As<std::vector<MssCeiling>>, const Range& range);
template <std::unsigned_integral T>
[[nodiscard]] std::string words(As<T>, const Range& range) {
    return words(As<std::uint32_t>{}, range);
}
template <std::unsigned_integral T>
[[nodiscard]] std::string words(As<std::optional<T>>, const Range& range) {
    return words(As<std::uint32_t>{}, range);
}
template <Chosen E>
[[nodiscard]] std::string words(As<E>, const Range&) {
    return alternatives(spellings<E>());
}

}  // namespace terminus::control
