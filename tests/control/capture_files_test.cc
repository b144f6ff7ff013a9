// The files of capture services: one JSON object a line, bounded in length.
#include "control/capture_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace terminus::control {
namespace {

Captured knock(std::string_view text) {
    Captured captured;
    captured.local = {*parse_address("198.18.1.9"), 23};
    captured.remote = {*parse_address("2001:db8::7"), 4000};
    captured.length = static_cast<std::uint32_t>(text.size());
    captured.kept = static_cast<std::uint16_t>(text.size());
    std::ranges::copy(std::as_bytes(std::span{text}), captured.bytes.begin());
    return captured;
}

/// A file that is gone when the test is over.
class TemporaryFile {
public:
    TemporaryFile()
        : path_{std::filesystem::temp_directory_path() /
                ("terminus-capture-" + std::to_string(getpid()))} {}
    ~TemporaryFile() { std::filesystem::remove(path_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] std::string name() const { return path_.string(); }
    [[nodiscard]] std::string text() const {
        std::ifstream stream{path_};
        return {std::istreambuf_iterator<char>{stream}, {}};
    }

private:
    std::filesystem::path path_;
};

std::vector<ServiceBook::Entry> services(const std::string& file, std::uint32_t file_bytes) {
    return {{"seen", ServiceKind::capture, 1, file, file_bytes}};
}

TEST(CaptureLine, SaysWhoSaidWhatToWhomAndWhen) {
    const auto line = nlohmann::json::parse(capture_line(knock("hi\n"), "seen", 1e9 + 0.25));
    EXPECT_EQ(line.at("time"), "2001-09-09T01:46:40.250000Z");
    EXPECT_EQ(line.at("service"), "seen");
    EXPECT_EQ(line.at("protocol"), "tcp");
    EXPECT_EQ(line.at("source"), "2001:db8::7");
    EXPECT_EQ(line.at("source_port"), 4000);
    EXPECT_EQ(line.at("destination"), "198.18.1.9");
    EXPECT_EQ(line.at("destination_port"), 23);
    EXPECT_EQ(line.at("length"), 3);
    EXPECT_EQ(line.at("payload"), "aGkK");
}

TEST(CaptureFiles, AppendAndEndAtTheirLength) {
    const TemporaryFile file;
    const std::size_t line_bytes = capture_line(knock("hello"), "seen", 0).size();
    {
        CaptureFiles files;
        files.open(services(file.name(), static_cast<std::uint32_t>(2 * line_bytes + 10)));
        files.write(knock("hello"), 0);
    }
    CaptureFiles files;
    files.open(services(file.name(), static_cast<std::uint32_t>(2 * line_bytes + 10)));
    files.write(knock("hello"), 0);
    files.write(knock("hello"), 0);
    files.flush();
    EXPECT_EQ(file.text().size(), 2 * line_bytes);
}

TEST(CaptureFiles, SayWhichCannotBeWritten) {
    CaptureFiles files;
    try {
        files.open(services("/nowhere/at/all.jsonl", 1000));
        FAIL() << "opened";
    } catch (const StartError& error) {
        EXPECT_NE(std::string{error.what()}.find("/nowhere/at/all.jsonl: cannot be written"),
                  std::string::npos);
        EXPECT_NE(std::string{error.what()}.find("[service.seen].file"), std::string::npos);
    }
}

TEST(Base64, PadsToFours) {  // RFC 4648 section 10
    const auto encoded = [](std::string_view text) {
        Captured captured = knock(text);
        return nlohmann::json::parse(capture_line(captured, "s", 0)).at("payload");
    };
    EXPECT_EQ(encoded(""), "");
    EXPECT_EQ(encoded("f"), "Zg==");
    EXPECT_EQ(encoded("fo"), "Zm8=");
    EXPECT_EQ(encoded("foo"), "Zm9v");
    EXPECT_EQ(encoded("foob"), "Zm9vYg==");
}

}  // namespace
}  // namespace terminus::control
