/// Metrics from a snapshot made by hand: names, labels and values, the books of frames, promtool's
/// verdict, and the endpoint.
#include "control/metrics.h"

#include "config_text.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>

namespace terminus::control {
namespace {

Snapshot example() {
    Snapshot snapshot;
    snapshot.interfaces = {"net_tap0", "net_tap0.7"};
    snapshot.rules = {{"web", Action::serve}, {"closed", Action::reset}};
    snapshot.services = {"echo", "discard", "chargen", "http", "ping", "http"};
    snapshot.identity = {"0.1.0", "22.11.11", "GCC 12", "native", "conf/demo.toml", "00ff"};
    snapshot.devices = {{.name = "net_tap0",
                         .link_up = true,
                         .speed_mbps = 10'000,
                         .stats = {{"rx_good_packets", 12}},
                         .rss = {Verdict::none, Verdict::none, Verdict::proven, Verdict::none}}};
    snapshot.start_seconds = 1e9;
    snapshot.admin = {2, 5, {{{"open", "ok"}, 3}, {{"send", "would-block"}, 1}}};
    WorkerSnapshot& worker = snapshot.workers.emplace_back();
    worker.flow_capacity = 1000;
    worker.buffers = 4096;
    worker.buffers_free = 4000;
    worker.busy_ratio = 0.25;
    worker.rule_hits = {5, 7};
    worker.stack.interfaces[1] = {10, 1000, 9, 900};
    worker.loop.handed[static_cast<std::size_t>(Errand::steer)].out = 4;
    worker.loop.lanes[0].missteered = 6;
    worker.loop.lanes[0].tally = {.unusable = 2, .chains = 11, .chained_segments = 88};
    worker.loop.cycles = 1000;
    worker.loop.busy_cycles = 250;
    worker.stack.count(Drop::no_rule);
    worker.stack.count(End::dropped);
    worker.stack.count(TcpEvent::established);
    worker.stack.frames_received = 1;
    worker.stack.flows[static_cast<std::size_t>(tcp::State::established)] = 3;
    worker.stack.services[3] = {1, 20, 300, 0};
    worker.stack.services[5] = {2, 0, 0, 0};
    worker.stack.handshake.add(3);
    worker.stack.handshake.add(900);
    return snapshot;
}

std::string text_of(const Snapshot& snapshot) {
    return prometheus::TextSerializer{}.Serialize(families_of(snapshot));
}

void expect_line(const std::string& text, const std::string& line) {
    EXPECT_NE(("\n" + text).find("\n" + line + "\n"), std::string::npos) << line;
}

/// The sum over all samples of a counter.
double sum_of(const Snapshot& snapshot, const std::string& name) {
    double sum = 0;
    for (const prometheus::MetricFamily& family : families_of(snapshot))
        for (const prometheus::ClientMetric& metric : family.metric)
            if (family.name == name) sum += metric.counter.value;
    return sum;
}

TEST(Metrics, HaveTheNamesAndLabelsOfTheContract) {
    const std::string text = text_of(example());
    for (const char* line :
         {"terminus_frames_total{worker=\"0\",interface=\"net_tap0.7\",direction=\"rx\"} 10",
          "terminus_frames_total{worker=\"0\",interface=\"net_tap0.7\",direction=\"tx\"} 9",
          "terminus_bytes_total{worker=\"0\",interface=\"net_tap0.7\",direction=\"rx\"} 1000",
          "terminus_drops_total{worker=\"0\",reason=\"no_rule\"} 1",
          "terminus_frame_ends_total{worker=\"0\",end=\"dropped\"} 1",
          "terminus_frame_ends_total{worker=\"0\",end=\"answered\"} 0",
          "terminus_rule_hits_total{rule=\"web\",action=\"serve\"} 5",
          "terminus_rule_hits_total{rule=\"closed\",action=\"reset\"} 7",
          "terminus_tcp_events_total{worker=\"0\",event=\"established\"} 1",
          "terminus_flows{worker=\"0\",state=\"established\"} 3",
          "terminus_flows{worker=\"0\",state=\"syn_received\"} 0",
          "terminus_flow_capacity{worker=\"0\"} 1000",
          "terminus_icmp_sent_total{family=\"ip4\",type=\"3\",code=\"13\"} 0",
          "terminus_icmp_suppressed_total{family=\"ip6\",reason=\"per_destination\"} 0",
          "terminus_resets_sent_total{worker=\"0\"} 0",
          "terminus_service_connections_total{service=\"http\"} 3",
          "terminus_service_bytes_total{service=\"http\",direction=\"tx\"} 300",
          "terminus_service_datagrams_total{service=\"ping\"} 0",
          "terminus_handed_frames_total{worker=\"0\",errand=\"steer\",result=\"handed\"} 4",
          "terminus_handed_frames_total{worker=\"0\",errand=\"send\",result=\"lost\"} 0",
          "terminus_missteered_frames_total{worker=\"0\",device=\"net_tap0\"} 6",
          "terminus_rss_state{device=\"net_tap0\",type=\"ip6_tcp\",state=\"proven\"} 1",
          "terminus_rss_state{device=\"net_tap0\",type=\"ip6_tcp\",state=\"wrong\"} 0",
          "terminus_rss_state{device=\"net_tap0\",type=\"ip4_udp\",state=\"none\"} 1",
          "terminus_worker_busy_ratio{worker=\"0\"} 0.25",
          "terminus_worker_cycles_total{worker=\"0\",state=\"busy\"} 250",
          "terminus_worker_cycles_total{worker=\"0\",state=\"idle\"} 750",
          "terminus_frames_unusable_total{worker=\"0\",device=\"net_tap0\"} 2",
          "terminus_tso_chains_total{worker=\"0\",device=\"net_tap0\"} 11",
          "terminus_tso_segments_total{worker=\"0\",device=\"net_tap0\"} 88",
          "terminus_buffers{worker=\"0\",state=\"used\"} 96",
          "terminus_device_stat{device=\"net_tap0\",name=\"rx_good_packets\"} 12",
          "terminus_device_link_up{device=\"net_tap0\"} 1",
          "terminus_config_info{file=\"conf/demo.toml\",hash=\"00ff\"} 1",
          "terminus_build_info{version=\"0.1.0\",dpdk=\"22.11.11\",compiler=\"GCC "
          "12\",cpu=\"native\"} 1",
          "terminus_admin_clients 2",
          "terminus_admin_handles 5",
          "terminus_admin_calls_total{call=\"open\",result=\"ok\"} 3",
          "terminus_admin_calls_total{call=\"send\",result=\"would-block\"} 1",
          "# TYPE terminus_handshake_seconds histogram",
          "# TYPE terminus_turn_seconds histogram",
          "# TYPE terminus_drops_total counter",
          "# TYPE terminus_flows gauge"})
        expect_line(text, line);
}

TEST(Metrics, ExportEveryDropReasonEvenWhenZero) {
    const std::string text = text_of(example());
    for (std::size_t i = 1; i < drop_count; ++i)
        EXPECT_NE(text.find("reason=\"" + std::string{name(static_cast<Drop>(i))} + "\""),
                  std::string::npos);
    EXPECT_EQ(text.find("reason=\"none\""), std::string::npos);
}

TEST(Metrics, TurnLog2BucketsIntoSeconds) {  // 3 us is below 2^2, 900 us below 2^10
    const std::string text = text_of(example());
    const std::string start = "terminus_handshake_seconds_";
    expect_line(text, start + "count{worker=\"0\"} 2");
    EXPECT_NE(text.find(start + "sum{worker=\"0\"} 0.00090"), std::string::npos);
    expect_line(text, start + "bucket{worker=\"0\",le=\"2e-06\"} 0");
    expect_line(text, start + "bucket{worker=\"0\",le=\"4e-06\"} 1");
    expect_line(text, start + "bucket{worker=\"0\",le=\"0.000512\"} 1");
    expect_line(text, start + "bucket{worker=\"0\",le=\"0.001024\"} 2");
    expect_line(text, start + "bucket{worker=\"0\",le=\"+Inf\"} 2");
}

/// What the loop hands to other workers before its stack sees it, and what full rings lose, is in
/// the books.
TEST(Metrics, KeepTheBooksOfFramesThatTheLoopSteers) {
    Snapshot snapshot = example();
    WorkerSnapshot& worker = snapshot.workers[0];
    worker.stack.frames_received = 100;
    worker.stack.handed_in = 20;
    worker.stack.ends = {60, 30, 10, 5, 15};  // answered, consumed, handed, held, dropped
    worker.loop.handed[static_cast<std::size_t>(Errand::steer)] = {.out = 40, .lost = 3};
    worker.loop.handed[static_cast<std::size_t>(Errand::rebuilt)] = {.out = 9, .lost = 2};
    EXPECT_EQ(sum_of(snapshot, "terminus_frames_in_total"), 163);
    EXPECT_EQ(sum_of(snapshot, "terminus_frame_ends_total"), 163);
    const std::string text = text_of(snapshot);
    expect_line(text, "terminus_frame_ends_total{worker=\"0\",end=\"handed\"} 50");
    expect_line(text, "terminus_frame_ends_total{worker=\"0\",end=\"dropped\"} 18");
    expect_line(text, "terminus_drops_total{worker=\"0\",reason=\"ring_full\"} 5");
}

TEST(Metrics, HaveNoSampleTwice) {
    std::map<std::string, int> seen;
    Snapshot snapshot = example();
    snapshot.workers.push_back(snapshot.workers[0]);
    std::istringstream lines{text_of(snapshot)};
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with('#')) ++seen[line.substr(0, line.rfind(' '))];
    for (const auto& [sample, times] : seen)
        EXPECT_EQ(times, 1) << sample;
    EXPECT_GT(seen.size(), 200U);
}

TEST(Metrics, PleasePromtool) {
    if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "no promtool here";
    const std::string path = testing::TempDir() + "terminus_metrics_test.txt";
    std::ofstream{path} << text_of(example());
    FILE* pipe = popen(("promtool check metrics < " + path + " 2>&1").c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string said;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
        said += static_cast<char>(c);
    EXPECT_EQ(pclose(pipe), 0);
    EXPECT_EQ(said, "");
    (void)std::remove(path.c_str());
}

TEST(MetricsEndpoint, SaysThatAPortIsTaken) {
    const Config config =
        parse_config(std::string{least} + "[metrics]\nlisten = \"127.0.0.1:39464\"\n", "t.toml");
    MetricsEndpoint first{config};
    try {
        MetricsEndpoint second{config};
        FAIL() << "both got the port";
    } catch (const ConfigError& error) {
        EXPECT_STREQ(
            error.what(),
            "t.toml:5: [metrics].listen: 127.0.0.1:39464 cannot be bound (is the port taken?); "
            "stop the program that has it (see ss -ltnp), or choose another port");
    }
}

}  // namespace
}  // namespace terminus::control
