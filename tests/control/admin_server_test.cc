/// The sockets of the call socket: who may connect, how lines are framed, when a client is sent
/// away, and `terminus call`. The worker behind is a thread that agrees to everything.
#include "config_text.h"
#include "control/admin.h"
#include "control/call_client.h"
#include "control/config_error.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace terminus::control {
namespace {

namespace fs = std::filesystem;

/// A folder that goes with the test.
struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "tm-admin-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
};

/// Settles every call at once, without an error; but a wait waits until it is cancelled.
class Agreeable {
public:
    Agreeable() : thread_{[this] { run(); }} {}
    ~Agreeable() {
        stops_ = true;
        rings.calls.ring();
        thread_.join();
    }
    Bell answers;
    CallRings rings{answers};
    std::atomic<int> calls = 0;

private:
    void run() {
        std::vector<CallPointer> waiting;
        while (!stops_) {
            CallPointer call;
            if (!rings.to_worker.pop(call)) {
                std::this_thread::yield();
                continue;
            }
            ++calls;
            if (std::holds_alternative<CancelCall>(call->asked))
                for (auto& one : std::exchange(waiting, {}))
                    rings.to_control.push(one);
            if (std::holds_alternative<AcceptCall>(call->asked))
                waiting.push_back(call);
            else
                rings.to_control.push(call);
            answers.ring();
        }
    }
    std::atomic<bool> stops_ = false;
    std::thread thread_;
};

Config config_with(const fs::path& socket, const std::string& listen = "") {
    Config config;
    config.file = "t.toml";
    config.admin.socket = socket.string();
    config.admin.listen = listen;
    return config;
}

/// A client as anybody would write one.
class Caller {
public:
    explicit Caller(const fs::path& path) : socket_{connect_to(path.string())} {}
    explicit Caller(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = be16{port}.raw();
        address.sin_addr.s_addr = be32{0x7f000001}.raw();
        const auto* at = reinterpret_cast<const sockaddr*>(&address);
        EXPECT_EQ(connect(socket_.get(), at, sizeof(address)), 0);
    }
    [[nodiscard]] bool is_connected() const { return socket_.is_open(); }
    void say(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void end() { ::shutdown(socket_.get(), SHUT_WR); }
    /// The next line; "(end)" when there is none.
    std::string hear() {
        for (;;) {
            const std::size_t end = heard_.find('\n');
            if (end != std::string::npos) {
                std::string line = heard_.substr(0, end);
                heard_.erase(0, end + 1);
                return line;
            }
            char bytes[4096];
            const ssize_t count = recv(socket_.get(), bytes, sizeof(bytes), 0);
            if (count <= 0) return "(end)";
            heard_.append(bytes, static_cast<std::size_t>(count));
        }
    }

private:
    Descriptor socket_;
    std::string heard_;
};

/// A served socket.
struct Served {
    explicit Served(const std::string& listen = "")
        : admin{config_with(folder.path / "run/t.sock", listen)} {
        admin.start({&worker.rings}, Shard{}, worker.answers);
    }
    Folder folder;
    Agreeable worker;
    Admin admin;
    [[nodiscard]] fs::path path() const { return folder.path / "run/t.sock"; }
};

constexpr const char* reset = "{\"call\":\"reset\"}\n";
constexpr const char* ok = R"({"ok":true})";

TEST(AdminServer, IsOpenToItsOwnerOnly) {
    Served served;
    struct stat file {
    }, folder{};
    ASSERT_EQ(stat(served.path().c_str(), &file), 0);
    ASSERT_EQ(stat(served.path().parent_path().c_str(), &folder), 0);
    EXPECT_EQ(file.st_mode & 07777, 0600U);
    EXPECT_EQ(folder.st_mode & 07777, 0700U);
}

TEST(AdminServer, LeavesAFolderThatWasThereAsItIs) {
    const Folder folder;
    fs::permissions(folder.path, fs::perms{0755});
    const Admin admin{config_with(folder.path / "t.sock")};
    EXPECT_EQ(fs::status(folder.path).permissions(), fs::perms{0755});
}

TEST(AdminServer, TakesItsFileAway) {
    const Folder folder;
    { const Admin admin{config_with(folder.path / "t.sock")}; }
    EXPECT_FALSE(fs::exists(folder.path / "t.sock"));
}

std::string refusal(const Config& config) {
    try {
        const Admin admin{config};
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(AdminServer, ReplacesWhatAKilledProcessLeftAndNothingElse) {
    const Folder folder;
    const fs::path path = folder.path / "t.sock";
    {
        const Descriptor left{socket(AF_UNIX, SOCK_STREAM, 0)};
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
        const auto* at = reinterpret_cast<const sockaddr*>(&address);
        ASSERT_EQ(bind(left.get(), at, sizeof(address)), 0);
    }
    ASSERT_TRUE(fs::exists(path));
    {
        const Admin admin{config_with(path)};
        EXPECT_NE(refusal(config_with(path)).find("served by another process"), std::string::npos);
        EXPECT_TRUE(Caller{path}.is_connected());
    }
    std::ofstream{path} << "precious";
    EXPECT_NE(refusal(config_with(path)).find("no socket"), std::string::npos);
    EXPECT_EQ(fs::file_size(path), 8U);
}

TEST(AdminServer, AnswersInTheOrderOfTheLines) {
    Served served;
    Caller caller{served.path()};
    std::string all;
    for (int i = 0; i < 200; ++i)
        all += R"({"call":"reset","tag":")" + std::to_string(i) + "\"}\n" + "nonsense\n";
    caller.say(all);
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(caller.hear(), R"({"ok":true,"tag":")" + std::to_string(i) + "\"}");
        EXPECT_NE(caller.hear().find("\"error\":\"bad-request\""), std::string::npos);
    }
}

TEST(AdminServer, AnswersALineThatCameBeforeTheEnd) {
    Served served;
    Caller caller{served.path()};
    caller.say(std::string{reset} + "{\"call\":\"reset\"}");  // the last without its end
    caller.end();
    EXPECT_EQ(caller.hear(), ok);
    EXPECT_EQ(caller.hear(), ok);
    EXPECT_EQ(caller.hear(), "(end)");
}

TEST(AdminServer, AWaitingCallHoldsUpItsOwnLineOnly) {
    Served served;
    Caller waiting{served.path()}, other{served.path()};
    waiting.say("{\"call\":\"open\",\"passive\":{\"port\":5000}}\n");
    const auto number = Json::parse(waiting.hear())["listener"].dump();
    waiting.say(R"({"call":"accept","listener":)" + number + "}\n" + reset);
    other.say(reset);
    EXPECT_EQ(other.hear(), ok);
}

TEST(AdminServer, NoticesThatAWaitingClientWent) {
    Served served;
    {
        Caller waiting{served.path()};
        waiting.say("{\"call\":\"open\",\"passive\":{\"port\":5000}}\n");
        const auto number = Json::parse(waiting.hear())["listener"].dump();
        waiting.say(R"({"call":"accept","listener":)" + number + "}\n");
        while (served.worker.calls < 2)
            std::this_thread::yield();
    }
    while (served.admin.snapshot().clients != 0 || served.admin.snapshot().handles != 0)
        std::this_thread::yield();
}

TEST(AdminServer, SendsAwayWhoWritesALineWithoutEnd) {
    Served served;
    Caller caller{served.path()};
    caller.say(std::string(Admin::longest_line_bytes + 2, ' '));
    EXPECT_NE(caller.hear().find("\"error\":\"bad-request\""), std::string::npos);
    EXPECT_EQ(caller.hear(), "(end)");
}

TEST(AdminServer, TakesALineOfTheGreatestLength) {
    Served served;
    Caller caller{served.path()};
    const std::string line{"{\"call\":\"reset\"}"};
    caller.say(line + std::string(Admin::longest_line_bytes - line.size(), ' ') + "\n");
    EXPECT_EQ(caller.hear(), ok);
}

TEST(AdminServer, OverTcpWhoSpeaksNoJsonIsSentAway) {
    constexpr std::uint16_t port = 39465;
    Served served{"127.0.0.1:39465"};
    Caller good{port}, browser{port};
    browser.say("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + std::string{reset});
    EXPECT_NE(browser.hear().find("\"error\":\"bad-request\""), std::string::npos);
    EXPECT_EQ(browser.hear(), "(end)");
    good.say(std::string{"{\"call\":\"fly\"}\n"} + reset);
    EXPECT_NE(good.hear().find("\"error\":\"bad-request\""), std::string::npos);
    EXPECT_EQ(good.hear(), ok) << "a wrong call is JSON all the same";
}

TEST(AdminServer, CountsClientsAndCalls) {
    Served served;
    Caller caller{served.path()};
    caller.say(reset);
    (void)caller.hear();
    const AdminSnapshot snapshot = served.admin.snapshot();
    EXPECT_EQ(snapshot.clients, 1U);
    EXPECT_EQ(snapshot.calls.at({"reset", "ok"}), 1U);
}

/// Runs `terminus call` on a file with this text.
int call_with(const Served& served, const std::string& text) {
    const fs::path file = served.folder.path / "calls";
    std::ofstream{file} << text;
    return call(file.string(), served.path().string());
}

TEST(TerminusCall, ExitsWithWhatTheAnswersSay) {
    const Served served;
    EXPECT_EQ(call_with(served, "# a comment\n\n{\"call\":\"reset\"}\n  # another\n"), 0);
    EXPECT_EQ(call_with(served, ""), 0);
    EXPECT_EQ(call_with(served, "{\"call\":\"reset\"}\n{\"call\":\"fly\"}\n"), 1);
    EXPECT_EQ(call_with(served, "{\"call\":\"fly\"}\n{\"call\":\"reset\"}"), 1);
}

TEST(TerminusCall, SaysWhatIsWrongInOneLine) {
    const Folder folder;
    EXPECT_THROW((void)call("/nonexistent/calls", "/nonexistent/t.sock"), StartError);
    std::ofstream{folder.path / "calls"} << reset;
    EXPECT_THROW((void)call((folder.path / "calls").string(), "/nonexistent/t.sock"), StartError);
}

}  // namespace
}  // namespace terminus::control
