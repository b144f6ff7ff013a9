#include "measured.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace terminus::bench {
namespace {

template <typename... Values>
std::string line(const char* format, Values... values) {
    std::array<char, 256> text;
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

nlohmann::json number_or_null(bool is_there, double value) {
    return is_there ? nlohmann::json(value) : nlohmann::json(nullptr);
}

}  // namespace

void Measured::add(const TurnTime& turn, std::uint64_t its_packets) {
    packets += its_packets;
    if (turn.interrupted) return;
    cycles += turn.cycles;
    timed_packets += its_packets;
}

Measured& Measured::operator+=(const Measured& more) {
    packets += more.packets;
    cycles += more.cycles;
    timed_packets += more.timed_packets;
    connections += more.connections;
    text_bytes += more.text_bytes;
    return *this;
}

void Results::add(const Measured& round) {
    const auto known = std::ranges::find(best_, round.work, &Measured::work);
    if (known == best_.end())
        best_.push_back(round);
    else if (round.cycles_per_packet() < known->cycles_per_packet())
        *known = round;
}

double Results::ns_per_packet(const Measured& of) const {
    return of.cycles_per_packet() / tsc_hz_ * 1e9;
}

std::string Results::json(std::uint32_t flows) const {
    nlohmann::json all{{"bench", "stack"}, {"flows", flows}, {"results", nlohmann::json::array()}};
    const double reference_ns = ns_per_packet(best_.front());
    for (const Measured& of : best_) {
        const double ns = ns_per_packet(of);
        all["results"].push_back(
            {{"work", of.work},
             {"ns_per_packet", ns},
             {"cycles_per_packet", of.cycles_per_packet()},
             {"mpps", 1e3 / ns},
             {"ratio_to_reference", ns / reference_ns},
             {"connections_per_second",
              number_or_null(of.connections > 0,
                             static_cast<double>(of.connections) / of.seconds(tsc_hz_))},
             {"gbps", number_or_null(of.text_bytes > 0, static_cast<double>(of.text_bytes) * 8e-9 /
                                                            of.seconds(tsc_hz_))}});
    }
    return all.dump(2);
}

std::string Results::table() const {
    std::string text = line("%-24s %10s %14s %8s %10s %16s %8s\n", "work", "ns/packet",
                            "cycles/packet", "Mpps", "reference", "connections/s", "Gb/s");
    const double reference_ns = ns_per_packet(best_.front());
    for (const Measured& of : best_) {
        const double ns = ns_per_packet(of);
        text += line("%-24s %10.1f %14.1f %8.2f %9.2fx", of.work.c_str(), ns,
                     of.cycles_per_packet(), 1e3 / ns, ns / reference_ns);
        if (of.connections > 0)
            text += line(" %16.0f", static_cast<double>(of.connections) / of.seconds(tsc_hz_));
        if (of.text_bytes > 0)
            text += line("%17s %8.1f", "",
                         static_cast<double>(of.text_bytes) * 8e-9 / of.seconds(tsc_hz_));
        text += '\n';
    }
    return text;
}

}  // namespace terminus::bench
