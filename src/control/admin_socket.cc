/// bind(2), with care for who may connect.
#include "control/admin_socket.h"

#include "control/admin_text.h"
#include "control/config_error.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace terminus::control {

namespace {

namespace fs = std::filesystem;

constexpr int waiting_clients = 64;

std::string reason() { return std::generic_category().message(errno); }

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), longest_socket_path));
    return address;
}

const sockaddr* generic(const auto& address) {
    return reinterpret_cast<const sockaddr*>(&address);  // what bind(2) and connect(2) take
}

void make_folder(const fs::path& folder) {
    std::error_code error;
    if (folder.empty() || fs::exists(folder, error)) return;
    fs::create_directories(folder, error);
    if (!error) fs::permissions(folder, fs::perms::owner_all, error);
    if (error)
        throw StartError(folder.string() + " cannot be made: " + error.message(),
                         "make it, or name another path");
}

/// What stands at the path: nothing, or what nobody listens to any more.
void make_room(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (!fs::exists(status)) return;
    if (!fs::is_socket(status))
        throw StartError(path + " is there and no socket", "remove it, or name another path");
    if (connect_to(path).is_open())
        throw StartError(path + " is served by another process", "stop it, or name another path");
    fs::remove(path, error);
}

sockaddr_in6 address_of(const Endpoint& local) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = be16{local.port}.raw();
    std::memcpy(&address.sin6_addr, local.address.bytes.data(), 16);  // ::ffff:a.b.c.d for IPv4
    return address;
}

}  // namespace

Descriptor connect_to(const std::string& path) {
    Descriptor made{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = address_of(path);
    if (connect(made.get(), generic(address), sizeof(address)) != 0) return {};
    return made;
}

UnixListener::UnixListener(const std::string& path) : path_{path} {
    make_folder(fs::path(path).parent_path());
    make_room(path);
    descriptor_ = Descriptor{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const sockaddr_un address = address_of(path);
    // Nobody can connect before listen(2): the mode is right by then.
    const bool is_bound = bind(fd(), generic(address), sizeof(address)) == 0;
    if (!is_bound || chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 ||
        listen(fd(), waiting_clients) != 0)
        throw StartError(path + " cannot be bound: " + reason(), "name a path that can be written");
}

UnixListener::~UnixListener() { unlink(path_.c_str()); }

Descriptor listen_on(const Endpoint& local) {
    Descriptor made{socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const int yes = 1, no = 0;
    setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
    const sockaddr_in6 address = address_of(local);
    if (bind(made.get(), generic(address), sizeof(address)) != 0 ||
        listen(made.get(), waiting_clients) != 0)
        throw StartError(to_string(local) + " cannot be bound: " + reason(),
                         "stop the program that has it (see ss -ltnp), or choose another port");
    return made;
}

}  // namespace terminus::control
