/// One line out, one line in.
#include "control/call_client.h"

#include "control/admin_socket.h"
#include "control/config_error.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <sys/socket.h>

namespace terminus::control {

namespace {

class Conversant {
public:
    explicit Conversant(const std::string& path) : path_{path}, socket_{connect_to(path)} {
        if (!socket_.is_open())
            throw StartError(path + ": nobody listens there",
                             "run an appliance with [admin].socket, or name another with --socket");
    }

    std::string ask(const std::string& line) {
        send_whole(line + "\n");
        for (;;) {
            const std::size_t end = received_.find('\n');
            if (end == std::string::npos) {
                receive();
                continue;
            }
            std::string answer = received_.substr(0, end);
            received_.erase(0, end + 1);
            return answer;
        }
    }

private:
    void send_whole(std::string_view text) {
        while (!text.empty()) {
            const ssize_t count = send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (count <= 0) refuse();
            text.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    void receive() {
        std::array<char, 65536> bytes;
        const ssize_t count = recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (count <= 0) refuse();
        received_.append(bytes.data(), static_cast<std::size_t>(count));
    }
    [[noreturn]] void refuse() const {
        throw StartError(path_ + ": the appliance has hung up", "see its log");
    }

    std::string path_;
    Descriptor socket_;
    std::string received_;
};

bool is_ok(const std::string& answer) {
    const auto read = nlohmann::json::parse(answer, nullptr, false);
    return read.is_object() && read.value("ok", false);
}

int call_all(std::istream& lines, Conversant& appliance) {
    bool all_ok = true;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t begin = line.find_first_not_of(" \t\r");
        if (begin == std::string::npos || line[begin] == '#') continue;
        const std::string answer = appliance.ask(line);
        std::puts(answer.c_str());
        std::fflush(stdout);
        all_ok &= is_ok(answer);
    }
    return all_ok ? 0 : 1;
}

}  // namespace

int call(const std::string& file, const std::string& socket) {
    std::ifstream stream;
    if (file != "-") stream.open(file);
    if (!stream)
        throw StartError(file + ": cannot be read", "name a file of calls, or - for stdin");
    Conversant appliance{socket};
    return call_all(file == "-" ? std::cin : stream, appliance);
}

}  // namespace terminus::control
