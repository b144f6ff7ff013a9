/// The policy: which rule judges a packet that belongs to no flow. Compiled once on the control
/// core (allocates and throws), then immutable: all workers read one Policy at the same time
/// without a lock.
#pragma once

#include "terminus/icmp/unreachable.h"
#include "terminus/wire/address.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace terminus {

enum class Action : std::uint8_t {
    serve,        ///< hand it to the rule's service
    reset,        ///< answer with RST
    unreachable,  ///< answer with ICMP destination unreachable
    drop,         ///< stay silent
};
[[nodiscard]] std::string_view name(Action action);

/// `any` is for rules only and covers the other four.
enum class RuleProtocol : std::uint8_t { tcp, udp, icmp_echo, other, any };
[[nodiscard]] std::string_view name(RuleProtocol protocol);

/// Destination ports, both ends included.
struct PortRange {
    std::uint16_t first = 0, last = 0;

    friend constexpr bool operator==(const PortRange&, const PortRange&) = default;
};

/// An empty list means any. A rule whose sources are of one family and whose destinations are of
/// the other matches nothing.
struct Rule {
    std::string name{};
    RuleProtocol protocol = RuleProtocol::any;
    std::vector<Prefix> sources{}, destinations{};
    std::vector<PortRange> ports{};  ///< for tcp and udp only
    Action action = Action::drop;
    std::uint16_t service = 0;  ///< index, with Action::serve
    Unreachable code = Unreachable::port;
};

/// What a packet asks.
struct Question {
    Address source, destination;                ///< of one family
    RuleProtocol protocol = RuleProtocol::tcp;  ///< not `any`
    std::uint16_t destination_port = 0;         ///< tcp and udp
};

/// What a packet asks whose addresses are read where they lie, and only if a rule wants to know.
struct PacketQuestion {
    Family family;
    const std::byte* ends;           ///< source, then destination, as in its IP header
    RuleProtocol protocol;           ///< not `any`
    std::uint16_t destination_port;  ///< tcp and udp
};

class Policy {
public:
    static constexpr std::size_t most_rules = 65535;
    /// The compiled form may take this much; ordinary sets of thousands of rules take a few
    /// megabytes.
    static constexpr std::size_t most_bytes = std::size_t{256} << 20;

    /// A policy without rules: nothing matches.
    Policy();
    /// Throws std::invalid_argument, with the rule's name and the remedy, for ports of a protocol
    /// without ports, ranges that end before they begin, prefixes with stray bits, and more than
    /// most_rules or most_bytes.
    [[nodiscard]] static Policy compile(std::vector<Rule> rules);

    Policy(Policy&&) noexcept;
    Policy& operator=(Policy&&) noexcept;
    ~Policy();

    /// The first rule that matches, or null. Any thread.
    [[nodiscard]] const Rule* judge(const Question& question) const noexcept;
    [[nodiscard]] const Rule* judge(const PacketQuestion& question) const noexcept;
    /// The position in rules() of a rule that judge() answered.
    [[nodiscard]] std::size_t index_of(const Rule& rule) const noexcept {
        return static_cast<std::size_t>(&rule - rules_.data());
    }
    [[nodiscard]] const std::vector<Rule>& rules() const noexcept { return rules_; }
    /// Memory of the compiled form, the rules' own texts not counted.
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    struct Compiled;
    Policy(std::vector<Rule> rules, std::unique_ptr<const Compiled> compiled);
    template <typename Ends>
    [[nodiscard]] const Rule* first_match(std::size_t slot, std::uint16_t port,
                                          const Ends& ends) const noexcept;

    std::vector<Rule> rules_;
    std::unique_ptr<const Compiled> compiled_;
};

}  // namespace terminus
