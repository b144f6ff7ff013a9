/// Generates the reference configuration.
#include "control/reference.h"

#include "control/schema.h"

namespace terminus::control {
namespace {

constexpr std::string_view preamble =
    "# Every option of Terminus: what may be written, its unit and its default.\n"
    "# Made by `terminus reference`; a test keeps it true. A key that is commented out shows an\n"
    "# example: it has no default, or one that follows from other keys. Durations and sizes have\n"
    "# their unit in their name or beside them.\n";

/// What may be written, in the second line of a key's comment.
std::string allowed(const Key& key) {
    std::string text = key.type(key.says.range);
    if (!key.says.unit.empty()) text += ", in " + std::string{key.says.unit};
    if (key.says.required) return text + "; required";
    if (!key.says.otherwise.empty()) return text + "; default: " + std::string{key.says.otherwise};
    return text;
}

std::string entry(const Key& key) {
    const std::string by_default = key.says.example.empty() ? key.render_default() : std::string{};
    const std::string name{key.name};
    std::string text = "# " + std::string{key.says.help} + "\n#   " + allowed(key) + "\n";
    if (!by_default.empty()) return text + name + " = " + by_default + "\n";
    const std::string mark = key.says.required ? "" : "# ";
    return text + mark + name + " = " + std::string{key.says.example} + "\n";
}

/// `[service.NAME]` stands there as a service that could be meant.
std::string header_of(const Table& table) {
    std::string header{table.header};
    const std::size_t name = header.find("NAME");
    if (name != std::string::npos) header.replace(name, 4, "http");
    return header;
}

}  // namespace

std::string reference_toml() {
    std::string text{preamble};
    for (const Table& table : tables()) {
        text += "\n# " + std::string{table.help} + "\n" + header_of(table) + "\n";
        for (const Key& key : table.keys)
            text += entry(key);
    }
    return text;
}

}  // namespace terminus::control
