/// The documents cannot lie: conf/reference.toml is what the schema makes, and it parses to the
/// defaults.
#include "control/reference.h"

#include "control/config.h"
#include "control/schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace terminus::control {
namespace {

std::string file_text(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Reference, IsWhatTheSchemaMakes) {
    EXPECT_EQ(file_text(TERMINUS_SOURCE "/conf/reference.toml"), reference_toml())
        << "run: build/terminus reference > conf/reference.toml";
}

TEST(Reference, HoldsEveryKeyOfEveryTable) {
    const std::string text = reference_toml();
    for (const Table& table : tables())
        for (const Key& key : table.keys) {
            const bool shown = key.says.example.empty() || key.says.required;
            std::string line = shown ? "\n" : "\n# ";
            line.append(key.name).append(" = ");
            EXPECT_NE(text.find(line), std::string::npos) << key.name;
        }
}

TEST(Reference, ShowsTheDefaultsOfTheStructs) {
    const std::string text = reference_toml();
    EXPECT_NE(text.find("\nflows = 1_000_000\n"), std::string::npos);
    EXPECT_NE(text.find("\ntable_full = \"evict-time-wait\"\n"), std::string::npos);
    EXPECT_NE(text.find("\nrto_max_ms = 60_000\n"), std::string::npos);
    EXPECT_NE(text.find("\nwindow_scale = 3\n"), std::string::npos);
}

TEST(Demo, IsAccepted) {
    const Config config = read_config(TERMINUS_SOURCE "/conf/demo.toml");
    EXPECT_EQ(config.interfaces.at(0).device, "net_tap0,iface=terminus0");
    EXPECT_EQ(config.metrics.listen, "127.0.0.1:9464");
}

}  // namespace
}  // namespace terminus::control
