/// One line for each option.
#include "control/admin_options.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace terminus::control {

namespace {

using tcp::CongestionControl;
using tcp::Ecn;
using tcp::Settings;
using tcp::SynCookies;

constexpr std::uint32_t longest_ms = 2'000'000'000;  ///< 23 days: Millis tell before from after
constexpr std::uint32_t largest_buffer_bytes = 1'073'725'440;  ///< 65535 << 14: RFC 7323

template <auto Member>
using TypeOf = std::remove_cvref_t<decltype(Settings{}.*Member)>;

template <auto Member>
constexpr Option flag(std::string_view name) {
    return {name,
            [](const Json& value, Settings& settings) {
                if (!value.is_boolean()) return false;
                settings.*Member = value.get<bool>();
                return true;
            },
            [](const Settings& settings) { return Json(settings.*Member); }, "true or false"};
}

/// A whole number from Least to Most.
template <auto Member, std::uint32_t Least, std::uint32_t Most>
constexpr Option number(std::string_view name) {
    return {name,
            [](const Json& value, Settings& settings) {
                if (!value.is_number_unsigned()) return false;
                const auto written = value.get<std::uint64_t>();
                if (written < Least || written > Most) return false;
                settings.*Member = static_cast<TypeOf<Member>>(written);
                return true;
            },
            [](const Settings& settings) { return Json(settings.*Member); }, "a number in range"};
}

/// The same, and null for none.
template <auto Member, std::uint32_t Least, std::uint32_t Most>
constexpr Option limit(std::string_view name) {
    return {name,
            [](const Json& value, Settings& settings) {
                if (!value.is_null()) return number<Member, Least, Most>({}).read(value, settings);
                settings.*Member = Settings::none;
                return true;
            },
            [](const Settings& settings) {
                return settings.*Member == Settings::none ? Json(nullptr) : Json(settings.*Member);
            },
            "a number in range, or null for none"};
}

template <typename E>
struct Spelled {
    E value;
    std::string_view word;
};
constexpr std::array<Spelled<CongestionControl>, 2> spellings_of(CongestionControl) {
    return {{{CongestionControl::cubic, "cubic"}, {CongestionControl::newreno, "newreno"}}};
}
constexpr std::array<Spelled<SynCookies>, 3> spellings_of(SynCookies) {
    return {{{SynCookies::automatic, "auto"},
             {SynCookies::always, "always"},
             {SynCookies::never, "never"}}};
}

template <auto Member>
constexpr Option word(std::string_view name, std::string_view says) {
    return {name,
            [](const Json& value, Settings& settings) {
                if (!value.is_string()) return false;
                for (const auto& [meaning, spelled] : spellings_of(TypeOf<Member>{})) {
                    if (value.get_ref<const std::string&>() != spelled) continue;
                    settings.*Member = meaning;
                    return true;
                }
                return false;
            },
            [](const Settings& settings) {
                for (const auto& [meaning, spelled] : spellings_of(TypeOf<Member>{}))
                    if (settings.*Member == meaning) return Json(spelled);
                return Json(nullptr);
            },
            says};
}

/// RFC 3168 section 6.1.1: asked for by us, not at all, or where the peer asks for it.
constexpr Option ecn{"ecn",
                     [](const Json& value, Settings& settings) {
                         if (!value.is_boolean() && !value.is_null()) return false;
                         const Ecn wanted = value == true ? Ecn::on : Ecn::off;
                         settings.ecn = value.is_null() ? Ecn::accept : wanted;
                         return true;
                     },
                     [](const Settings& settings) {
                         return settings.ecn == Ecn::accept ? Json(nullptr)
                                                            : Json(settings.ecn == Ecn::on);
                     },
                     "true, false, or null for where the peer asks for it"};

const std::array all{
    flag<&Settings::nagle>("nagle"),
    flag<&Settings::keepalive>("keepalive"),
    number<&Settings::keepalive_idle_ms, 1, longest_ms>("keepalive_idle_ms"),
    number<&Settings::keepalive_interval_ms, 1, longest_ms>("keepalive_interval_ms"),
    number<&Settings::keepalive_count, 1, 15>("keepalive_count"),
    limit<&Settings::user_timeout_ms, 1, longest_ms>("user_timeout_ms"),
    limit<&Settings::linger_ms, 0, longest_ms>("linger_ms"),
    limit<&Settings::mss_bytes, 28, 65535>("mss_bytes"),
    number<&Settings::receive_buffer_bytes, 1, largest_buffer_bytes>("receive_buffer_bytes"),
    limit<&Settings::receive_window_bytes, 0, largest_buffer_bytes>("receive_window_bytes"),
    number<&Settings::send_buffer_bytes, 1, largest_buffer_bytes>("send_buffer_bytes"),
    word<&Settings::congestion_control>("congestion_control", "\"cubic\" or \"newreno\""),
    number<&Settings::time_wait_ms, 0, longest_ms>("time_wait_ms"),
    number<&Settings::fin_wait_2_ms, 0, longest_ms>("fin_wait_2_ms"),
    limit<&Settings::syn_retries, 0, 255>("syn_retries"),
    number<&Settings::syn_ack_retries, 0, 255>("syn_ack_retries"),
    limit<&Settings::retries, 0, 255>("retries"),
    number<&Settings::deferred_accept_ms, 0, longest_ms>("deferred_accept_ms"),
    flag<&Settings::delayed_ack>("delayed_ack"),
    number<&Settings::delayed_ack_ms, 0, 500>("delayed_ack_ms"),
    flag<&Settings::delayed_ack_from_start>("delayed_ack_from_start"),
    limit<&Settings::unsent_low_water_bytes, 0, largest_buffer_bytes>("unsent_low_water_bytes"),
    number<&Settings::traffic_class, 0, 255>("traffic_class"),
    number<&Settings::hop_limit, 1, 255>("hop_limit"),
    flag<&Settings::timestamps>("timestamps"),
    flag<&Settings::sack>("sack"),
    flag<&Settings::window_scaling>("window_scaling"),
    number<&Settings::window_scale, 0, 14>("send_scale"),
    ecn,
    number<&Settings::initial_window_segments, 1, 10>("initial_window_segments"),
    number<&Settings::rto_initial_ms, 1, 60'000>("initial_rto_ms"),
    number<&Settings::rto_min_ms, 1, 60'000>("minimum_rto_ms"),
    flag<&Settings::tail_loss_probe>("tail_loss_probe"),
    flag<&Settings::slow_start_after_idle>("slow_start_after_idle"),
    word<&Settings::syn_cookies>("syn_cookies", "\"auto\", \"always\" or \"never\""),
    number<&Settings::challenge_acks_per_second, 0, 1'000'000>("challenge_acks_per_second"),
    number<&Settings::challenge_ack_interval_ms, 0, longest_ms>("challenge_ack_interval_ms"),
    flag<&Settings::path_mtu_discovery>("path_mtu_discovery"),
    flag<&Settings::path_mtu_probing>("path_mtu_probing"),
    number<&Settings::quiet_time_ms, 0, longest_ms>("quiet_time_ms"),
    flag<&Settings::report_errors>("report_errors"),
};

}  // namespace

std::span<const Option> options() { return all; }

const Option* option_named(std::string_view name) {
    const auto found = std::ranges::find(all, name, &Option::name);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace terminus::control
