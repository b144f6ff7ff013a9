/// `[admin]`: the call socket. A thread of control's that reads lines from clients, has AdminCalls
/// make them, and writes the answers. CALLS.md is the contract.
#pragma once

#include "control/admin_calls.h"
#include "control/admin_lines.h"
#include "control/admin_socket.h"
#include "control/config.h"
#include "control/snapshot.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace terminus::control {

class Admin final : private Clients {
public:
    static constexpr std::size_t longest_line_bytes = 4 << 20;
    static constexpr std::size_t most_clients = 256;

    /// Binds what the configuration names; nobody is served yet. Throws ConfigError.
    explicit Admin(const Config& config);
    ~Admin() override;

    /// Serves from now on. `answers` is the bell that the rings' workers ring; all given outlives
    /// this.
    void start(std::vector<CallRings*> rings, Shard shard, const Bell& answers);
    /// Serves no more. While the workers still run, or after.
    void stop();
    /// Any thread.
    [[nodiscard]] AdminSnapshot snapshot() const;

private:
    struct Client {
        Descriptor socket;
        bool is_tcp = false;
        Lines lines{longest_line_bytes};
        std::string unwritten;
        std::function<void()> when_written;
        bool is_busy = false;     ///< a call is being answered
        bool has_ended = false;   ///< no more will come from it
        bool is_leaving = false;  ///< nothing more is taken from it
        std::uint32_t watched = 0;
    };

    void write(ClientId client, std::string_view piece) override;
    void finish(ClientId client, std::string_view call, std::string_view result) override;
    void when_written(ClientId client, std::function<void()> act) override;

    void run();
    void handle(std::uint64_t what, std::uint32_t events);
    void admit(int listener, bool is_tcp);
    void attend(ClientId id, std::uint32_t events);
    void read(Client& client);
    void serve(ClientId id);
    bool serve_line(ClientId id, Client& client);
    [[nodiscard]] static bool may_serve(const Client& client);
    bool refuse_overlong(ClientId id, Client& client);
    static void flush(Client& client);
    [[nodiscard]] static bool is_finished(const Client& client);
    void watch(ClientId id, Client& client);
    void drop(ClientId id);
    void add_to_epoll(int fd, std::uint64_t what, std::uint32_t events) const;

    std::optional<UnixListener> unix_;
    Descriptor tcp_;
    Descriptor epoll_;
    Bell stop_;
    const Bell* answers_ = nullptr;
    std::optional<AdminCalls> calls_;
    std::map<ClientId, Client> clients_;
    std::set<ClientId> runnable_;  ///< to be served when the events at hand are
    ClientId next_client_;
    std::thread thread_;
    mutable std::mutex mutex_;  ///< of counts_
    AdminSnapshot counts_;
};

}  // namespace terminus::control
