/// epoll(7) over listeners, clients and two bells. One thread, no timer: workers know what time it
/// is.
#include "control/admin.h"

#include "control/blame.h"
#include "control/listen.h"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace terminus::control {

namespace {

/// What an event is about; everything from first_client on is a client.
constexpr std::uint64_t from_unix = 0, from_tcp = 1, from_workers = 2, to_stop = 3,
                        first_client = 16;
constexpr std::size_t read_bytes = 1 << 16;
constexpr std::size_t most_unwritten_bytes = 1 << 20;  ///< then no further call is taken

/// A client whose machine vanished is noticed within half a minute.
void set_tcp_options(int socket) {
    const int yes = 1, idle_seconds = 10, interval_seconds = 5, probes = 3;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof(interval_seconds));
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

}  // namespace

Admin::Admin(const Config& config)
    : epoll_{epoll_create1(EPOLL_CLOEXEC)}, next_client_{first_client} {
    const AdminConfig& it = config.admin;
    if (!it.socket.empty())
        blame(config, it.origin, "admin", "socket", [&] { unix_.emplace(it.socket); });
    if (it.listen.empty()) return;
    const Endpoint local = *parse_listen(it.listen);
    blame(config, it.origin, "admin", "listen", [&] { tcp_ = listen_on(local); });
    if (!local.address.is_loopback())
        spdlog::warn("[admin].listen: whoever reaches {} can make every call", it.listen);
}

Admin::~Admin() { stop(); }

void Admin::start(std::vector<CallRings*> rings, Shard shard, const Bell& answers) {
    answers_ = &answers;
    Clients& clients = *this;
    calls_.emplace(std::move(rings), std::move(shard), clients);
    if (unix_) add_to_epoll(unix_->fd(), from_unix, EPOLLIN);
    if (tcp_.is_open()) add_to_epoll(tcp_.get(), from_tcp, EPOLLIN);
    add_to_epoll(answers.fd(), from_workers, EPOLLIN);
    add_to_epoll(stop_.fd(), to_stop, EPOLLIN);
    thread_ = std::thread([this] { run(); });
}

void Admin::stop() {
    if (!thread_.joinable()) return;
    stop_.ring();
    thread_.join();
    clients_.clear();
}

AdminSnapshot Admin::snapshot() const {
    const std::lock_guard lock{mutex_};
    return counts_;
}

void Admin::add_to_epoll(int fd, std::uint64_t what, std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.u64 = what}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Admin::run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
        const int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            const epoll_event event = events[static_cast<std::size_t>(i)];
            if (event.data.u64 == to_stop) return;
            handle(event.data.u64, event.events);
        }
        while (!runnable_.empty())
            serve(*runnable_.begin());
    }
}

void Admin::handle(std::uint64_t what, std::uint32_t events) {
    if (what == from_unix) return admit(unix_->fd(), false);
    if (what == from_tcp) return admit(tcp_.get(), true);
    if (what >= first_client) return attend(what, events);
    answers_->silence();
    calls_->deliver();
}

void Admin::admit(int listener, bool is_tcp) {
    Descriptor socket{accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!socket.is_open() || clients_.size() >= most_clients) return;
    if (is_tcp) set_tcp_options(socket.get());
    const ClientId id = next_client_++;
    Client& client = clients_[id];
    client.socket = std::move(socket);
    client.is_tcp = is_tcp;
    client.watched = EPOLLIN;
    add_to_epoll(client.socket.get(), id, client.watched);
    const std::lock_guard lock{mutex_};
    ++counts_.clients;
}

/// Both halves of a Unix socket hang up at once only when its client has closed it. Over TCP a FIN
/// may be half a close: what the client asked is answered, unless it could take for ever.
void Admin::attend(ClientId id, std::uint32_t events) {
    const auto found = clients_.find(id);
    if (found == clients_.end()) return;
    Client& client = found->second;
    if ((events & EPOLLIN) != 0) read(client);
    const bool has_gone = (events & (EPOLLHUP | EPOLLERR)) != 0 && client.is_busy;
    const bool is_hopeless = client.is_tcp && client.has_ended && calls_->waits_for_ever(id);
    if ((events & EPOLLERR) != 0 || has_gone || is_hopeless) return drop(id);
    if ((events & EPOLLHUP) != 0) client.has_ended = true;
    runnable_.insert(id);
}

void Admin::read(Client& client) {
    std::array<char, read_bytes> bytes;
    while (!client.lines.is_full()) {
        const ssize_t count = recv(client.socket.get(), bytes.data(), bytes.size(), 0);
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0) return (void)(client.has_ended = true);
        client.lines.add({bytes.data(), static_cast<std::size_t>(count)});
    }
}

void Admin::serve(ClientId id) {
    runnable_.erase(id);
    const auto found = clients_.find(id);
    if (found == clients_.end()) return;
    Client& client = found->second;
    while (serve_line(id, client))
        flush(client);
    flush(client);
    if (is_finished(client)) return drop(id);
    if (may_serve(client)) runnable_.insert(id);
    watch(id, client);
}

/// True when a line waits, and nothing that it must wait for.
bool Admin::may_serve(const Client& client) {
    return !client.is_busy && !client.is_leaving && client.lines.has_next(client.has_ended) &&
           client.unwritten.size() <= most_unwritten_bytes;
}

/// True when there may be another.
bool Admin::serve_line(ClientId id, Client& client) {
    if (!client.is_busy && !client.is_leaving && client.lines.is_overlong())
        return refuse_overlong(id, client);
    if (!may_serve(client)) return false;
    const std::string line = *client.lines.next(client.has_ended);
    client.is_busy = true;
    // A browser that was lured here speaks HTTP, which is not JSON: it does not get far.
    if (!calls_->ask(id, line) && client.is_tcp) client.is_leaving = true;
    return true;
}

bool Admin::refuse_overlong(ClientId id, Client& client) {
    client.is_leaving = true;
    Ticket(*this, id).fail(CallError::bad_request, "the line is longer than 4 MiB");
    return false;
}

void Admin::write(ClientId id, std::string_view piece) {
    const auto found = clients_.find(id);
    if (found != clients_.end()) found->second.unwritten += piece;
}

void Admin::finish(ClientId id, std::string_view call, std::string_view result) {
    write(id, "\n");
    const auto found = clients_.find(id);
    if (found != clients_.end()) {
        found->second.is_busy = false;
        runnable_.insert(id);
    }
    const std::lock_guard lock{mutex_};
    ++counts_.calls[{std::string{call}, std::string{result}}];
    counts_.handles = calls_->handles();
}

void Admin::when_written(ClientId id, std::function<void()> act) {
    const auto found = clients_.find(id);
    if (found == clients_.end()) return;
    found->second.when_written = std::move(act);
    runnable_.insert(id);
}

/// Writes what the socket takes.
void Admin::flush(Client& client) {
    std::string_view left = client.unwritten;
    while (!left.empty()) {
        const ssize_t count = send(client.socket.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (count <= 0) break;
        left.remove_prefix(static_cast<std::size_t>(count));
    }
    const bool has_failed = !left.empty() && errno != EAGAIN;
    client.unwritten.erase(0, client.unwritten.size() - left.size());
    if (has_failed) {
        client.has_ended = client.is_leaving = true;
        client.unwritten.clear();
        client.is_busy = false;
    }
    if (!left.empty() || !client.when_written) return;
    std::exchange(client.when_written, nullptr)();
}

/// All that it asked is answered, and the answers are written.
bool Admin::is_finished(const Client& client) {
    if (client.is_busy || !client.unwritten.empty()) return false;
    return client.is_leaving || (client.has_ended && !client.lines.has_next(true));
}

void Admin::watch(ClientId id, Client& client) {
    std::uint32_t wanted = 0;
    if (!client.has_ended && !client.is_leaving && !client.lines.is_full()) wanted |= EPOLLIN;
    if (!client.unwritten.empty()) wanted |= EPOLLOUT;
    if (wanted == std::exchange(client.watched, wanted)) return;
    epoll_event event{.events = wanted, .data = {.u64 = id}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.socket.get(), &event);
}

void Admin::drop(ClientId id) {
    runnable_.erase(id);
    clients_.erase(id);
    calls_->client_gone(id);
    const std::lock_guard lock{mutex_};
    --counts_.clients;
    counts_.handles = calls_->handles();
}

}  // namespace terminus::control
