/// The fields of one call, read strictly: a wrong type, a value out of range, and a field that
/// nobody asked for are refused before anything is done.
#pragma once

#include "terminus/stack/calls.h"

#include "control/admin_options.h"
#include "worker/call.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace terminus::control {

/// A call that is refused as `bad-request`; what() says why, for people.
class BadRequest : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Fields {
public:
    /// `object` outlives this. Throws BadRequest when it is no object; `where` names it.
    Fields(const Json& object, std::string where);

    // Nothing when the field is absent; BadRequest when it is not what it should be.
    [[nodiscard]] std::optional<std::string> word(std::string_view name);
    [[nodiscard]] bool flag(std::string_view name, bool otherwise);
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least,
                                                      std::uint64_t most);
    [[nodiscard]] std::optional<Endpoint> endpoint(std::string_view name);
    [[nodiscard]] std::optional<Address> address(std::string_view name);
    [[nodiscard]] std::optional<std::vector<std::string>> words(std::string_view name);
    [[nodiscard]] std::optional<std::vector<std::byte>> bytes(std::string_view name);
    /// An object of the field's own; its own done() must be called.
    [[nodiscard]] std::optional<Fields> object(std::string_view name);
    /// `options`: all checked now, to be made later.
    [[nodiscard]] Changes changes(std::string_view name);
    /// `timeout_ms` in microseconds; nothing: for ever.
    [[nodiscard]] std::optional<std::uint64_t> patience();

    /// The same, where the field must be there.
    [[nodiscard]] std::uint64_t handle(std::string_view name);
    template <typename T>
    [[nodiscard]] static T must(std::optional<T> value, std::string_view name) {
        if (!value) throw BadRequest("\"" + std::string{name} + "\" is missing");
        return std::move(*value);
    }
    [[nodiscard]] bool has(std::string_view name) const { return object_.contains(name); }

    /// Every field was asked for.
    void done() const;

private:
    const Json* find(std::string_view name);
    [[noreturn]] void refuse(std::string_view name, std::string_view says) const;

    const Json& object_;
    std::string where_;
    std::set<std::string, std::less<>> asked_;
};

}  // namespace terminus::control
