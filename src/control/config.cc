/// From TOML to structs: walks the tables of the schema. What only several keys together can get
/// wrong is for validate().
#include "control/config.h"

#include "control/schema.h"
#include "control/suggest.h"
#include "control/validate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <fstream>
#include <iterator>

namespace terminus::control {
namespace {

unsigned line_of(const toml::node& node) { return node.source().begin.line; }

/// A key as TOML spells it: quoted where it must be.
std::string spelled(std::string_view key) {
    const bool bare = !key.empty() && std::ranges::all_of(key, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-';
    });
    return bare ? std::string{key} : render(std::string{key});
}

/// Reads one TOML table into the struct `owner` by the schema's list of keys.
class TableReader {
public:
    TableReader(const std::string& file, const Table& schema, std::string shown)
        : file_{file}, schema_{schema}, shown_{std::move(shown)} {}

    void read(const toml::table& table, void* owner, Origin& origin) const {
        origin.line = line_of(table);
        for (const auto& [key, node] : table) {
            const Key& known = find(key, node);
            const Place place = at(known.name, line_of(node));
            known.read(Written{node, place}, known.says.range, owner);
            origin.keys.emplace(known.name, place.line);
        }
        for (const Key& key : schema_.keys)
            if (key.says.required && !origin.has(key.name))
                throw ConfigError(at(key.name, origin.line), "missing",
                                  "write " + key.type(key.says.range));
    }

private:
    [[nodiscard]] const Key& find(const toml::key& key, const toml::node& node) const {
        for (const Key& known : schema_.keys)
            if (known.name == key.str()) return known;
        std::vector<std::string_view> names;
        for (const Key& known : schema_.keys)
            names.push_back(known.name);
        const unsigned line = key.source().begin ? key.source().begin.line : line_of(node);
        throw ConfigError(at(spelled(key.str()), line), "unknown key", suggest(key.str(), names));
    }
    [[nodiscard]] Place at(std::string_view key, unsigned line) const {
        return {file_, line, "[" + shown_ + "]." + std::string{key}};
    }

    const std::string& file_;
    const Table& schema_;
    std::string shown_;
};

/// Reads the tables of a whole file.
class FileReader {
public:
    explicit FileReader(Config& config) : config_{config} {}

    void read(const toml::table& root) {
        for (const auto& [key, node] : root)
            read_one(key, node);
    }

private:
    void read_one(const toml::key& key, const toml::node& node) {
        const std::string_view name = key.str();
        if (name == "appliance") return read_table(name, node, config_.appliance);
        if (name == "interface") return read_array(name, node, config_.interfaces);
        if (name == "rule") return read_array(name, node, config_.rules);
        if (name == "service") return read_services(node);
        if (name == "tcp") return read_table(name, node, config_.tcp);
        if (name == "icmp") return read_table(name, node, config_.icmp);
        if (name == "metrics") return read_table(name, node, config_.metrics);
        if (name == "admin") return read_table(name, node, config_.admin);
        if (name == "log") return read_table(name, node, config_.log);
        refuse_unknown(key, node);
    }

    [[noreturn]] void refuse_unknown(const toml::key& key, const toml::node& node) const {
        const unsigned line = key.source().begin ? key.source().begin.line : line_of(node);
        const Place place{config_.file, line, "[" + spelled(key.str()) + "]"};
        if (!node.is_table() && !node.is_array())
            throw ConfigError(place, "a key of no table", home_of(key.str()));
        throw ConfigError(place, "unknown table", suggest(key.str(), table_names()));
    }

    static std::vector<std::string_view> table_names() {
        std::vector<std::string_view> names;
        for (const Table& table : tables())
            names.push_back(table.name);
        return names;
    }
    static std::string home_of(std::string_view key) {
        for (const Table& table : tables())
            if (std::ranges::find(table.keys, key, &Key::name) != table.keys.end())
                return "write it below " + std::string{table.header};
        return suggest(key, table_names());
    }

    template <typename T>
    void read_table(std::string_view name, const toml::node& node, T& into) const {
        const toml::table* table = node.as_table();
        if (table == nullptr)
            refuse_shape(name, node, "write it as a table: [" + std::string{name} + "]");
        TableReader(config_.file, table_named(name), std::string{name})
            .read(*table, &into, into.origin);
    }

    template <typename T>
    void read_array(std::string_view name, const toml::node& node, std::vector<T>& into) const {
        const std::string remedy = "write each as [[" + std::string{name} + "]]";
        const toml::array* array = node.as_array();
        if (array == nullptr) refuse_shape(name, node, remedy);
        for (const toml::node& element : *array) {
            if (!element.is_table()) refuse_shape(name, element, remedy);
            read_table(name, element, into.emplace_back());
        }
    }

    void read_services(const toml::node& node) const {
        const toml::table* services = node.as_table();
        if (services == nullptr) refuse_shape("service", node, "write each as [service.NAME]");
        for (const auto& [key, one] : *services) {
            const std::string shown = "service." + spelled(key.str());
            if (!one.is_table()) refuse_shape(shown, one, "write each as [service.NAME]");
            ServiceConfig& into = config_.services.emplace_back();
            into.name = key.str();
            TableReader(config_.file, table_named("service"), shown)
                .read(*one.as_table(), &into, into.origin);
        }
    }

    [[noreturn]] void refuse_shape(std::string_view name, const toml::node& node,
                                   const std::string& remedy) const {
        throw ConfigError({config_.file, line_of(node), "[" + std::string{name} + "]"},
                          "has the wrong form", remedy);
    }

    Config& config_;
};

/// FNV-1a over the text: tells two configurations apart in metrics and logs; no secret depends on
/// it.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return hash;
}

toml::table parse_toml(std::string_view text, const std::string& file) {
    try {
        return toml::parse(text, file);
    } catch (const toml::parse_error& error) {
        throw ConfigError({file, error.source().begin.line, {}},
                          "not TOML: " + std::string{error.description()},
                          "see https://toml.io for the syntax");
    }
}

std::string text_of(const std::string& file) {
    try {
        std::ifstream stream(file, std::ios::binary);
        stream.exceptions(std::ios::badbit | std::ios::failbit);
        return {std::istreambuf_iterator<char>(stream), {}};
    } catch (const std::ios_base::failure&) {
        throw StartError(file + ": cannot be read",
                         "name a readable configuration; conf/demo.toml is one");
    }
}

}  // namespace

Config parse_config(std::string_view text, const std::string& file) {
    const toml::table root = parse_toml(text, file);
    Config config;
    config.file = file;
    config.hash = hash_of(text);
    FileReader(config).read(root);
    validate(config);
    return config;
}

Config read_config(const std::string& file) { return parse_config(text_of(file), file); }

std::optional<ServiceKind> built_in_kind(std::string_view name) {
    for (const auto& choice : Choices<ServiceKind>::all)
        if (choice.spelling == name) return choice.value;
    return std::nullopt;
}

std::optional<ServiceKind> kind_of(const Config& config, std::string_view service) {
    for (const ServiceConfig& one : config.services)
        if (one.name == service) return one.kind;
    const std::optional<ServiceKind> own = built_in_kind(service);
    return own == ServiceKind::capture ? std::nullopt : own;  // it has to name a file
}

}  // namespace terminus::control
