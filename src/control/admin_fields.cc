/// Types and ranges of JSON values.
#include "control/admin_fields.h"

#include "control/admin_text.h"
#include "control/base64.h"

namespace terminus::control {

Fields::Fields(const Json& object, std::string where) : object_{object}, where_{std::move(where)} {
    if (!object.is_object()) throw BadRequest(where_ + " is no object");
}

const Json* Fields::find(std::string_view name) {
    asked_.emplace(name);
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
}

void Fields::refuse(std::string_view name, std::string_view says) const {
    throw BadRequest("\"" + std::string{name} + "\" is not " + std::string{says});
}

std::optional<std::string> Fields::word(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) refuse(name, "a string");
    return value->get<std::string>();
}

bool Fields::flag(std::string_view name, bool otherwise) {
    const Json* value = find(name);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) refuse(name, "true or false");
    return value->get<bool>();
}

std::optional<std::uint64_t> Fields::number(std::string_view name, std::uint64_t least,
                                            std::uint64_t most) {
    const Json* value = find(name);
    if (value == nullptr) return std::nullopt;
    const std::string says =
        "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    if (!value->is_number_unsigned()) refuse(name, says);
    const auto number = value->get<std::uint64_t>();
    if (number < least || number > most) refuse(name, says);
    return number;
}

std::optional<Endpoint> Fields::endpoint(std::string_view name) {
    const auto text = word(name);
    if (!text) return std::nullopt;
    const auto endpoint = parse_endpoint(*text);
    if (!endpoint) refuse(name, "ADDRESS:PORT");
    return endpoint;
}

std::optional<Address> Fields::address(std::string_view name) {
    const auto text = word(name);
    if (!text) return std::nullopt;
    const auto address = parse_address(*text);
    if (!address) refuse(name, "an address");
    return address;
}

std::optional<std::vector<std::string>> Fields::words(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_array()) refuse(name, "a list of strings");
    std::vector<std::string> words;
    for (const Json& one : *value) {
        if (!one.is_string()) refuse(name, "a list of strings");
        words.push_back(one.get<std::string>());
    }
    return words;
}

std::optional<std::vector<std::byte>> Fields::bytes(std::string_view name) {
    const auto text = word(name);
    if (!text) return std::nullopt;
    auto bytes = from_base64(*text);
    if (!bytes) refuse(name, "base64");
    return bytes;
}

std::optional<Fields> Fields::object(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return std::nullopt;
    return Fields(*value, "\"" + std::string{name} + "\"");
}

Changes Fields::changes(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_object()) refuse(name, "an object");
    tcp::Settings tried;
    for (const auto& [key, wanted] : value->items()) {
        const Option* option = option_named(key);
        if (option == nullptr) throw BadRequest("there is no option \"" + key + "\"");
        if (!option->read(wanted, tried)) refuse(key, option->says);
    }
    return [wanted = *value](tcp::Settings& settings) {
        for (const auto& [key, one] : wanted.items())
            (void)option_named(key)->read(one, settings);
    };
}

std::optional<std::uint64_t> Fields::patience() {
    constexpr std::uint64_t most_ms = 1'000'000'000'000;  // 31 years
    const auto ms = number("timeout_ms", 0, most_ms);
    return ms ? std::optional{*ms * 1000} : std::nullopt;
}

std::uint64_t Fields::handle(std::string_view name) {
    return must(number(name, 0, std::numeric_limits<std::uint64_t>::max()), name);
}

void Fields::done() const {
    for (const auto& [name, value] : object_.items())
        if (!asked_.contains(name))
            throw BadRequest("there is no field \"" + name + "\" in " + where_);
}

}  // namespace terminus::control
