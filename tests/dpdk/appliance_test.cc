/// Everything at once: a worker on its own thread, a stack, net_tap, and the kernel's sockets as
/// peers.
#include "terminus/stack/policy.h"

#include "dpdk/clock.h"
#include "dpdk/memory.h"
#include "harness.h"
#include "support/harness.h"
#include "worker/worker.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cstring>
#include <memory>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace terminus::testing {
namespace {

StackSettings settings_for(const DeviceFacts& facts) {
    StackSettings settings = test::test_settings();
    Interface& interface = settings.interfaces.at(0);
    interface.mac = facts.mac;
    interface.offers_ip_checksum = facts.finishes_ip4;
    interface.offers_l4_checksum = facts.finishes_tcp && facts.finishes_udp;
    return settings;
}

/// A socket of the kernel with a bound on its patience.
class KernelSocket {
public:
    explicit KernelSocket(int type) : socket_(socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
        const timeval patience{.tv_sec = 5, .tv_usec = 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    KernelSocket(const KernelSocket&) = delete;
    KernelSocket& operator=(const KernelSocket&) = delete;
    ~KernelSocket() { close(socket_); }

    /// 0, or the error.
    [[nodiscard]] int connect_to(const char* address, std::uint16_t port) const {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        inet_pton(AF_INET, address, &to.sin_addr);
        return connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 ? 0
                                                                                         : errno;
    }
    /// What comes back for `text`, until as much has come or nothing more comes.
    [[nodiscard]] std::string exchange(const std::string& text) const {
        if (send(socket_, text.data(), text.size(), MSG_NOSIGNAL) < 0) return std::strerror(errno);
        std::string all(text.size(), '\0');
        std::size_t got = 0;
        while (got < all.size()) {
            const ssize_t more = recv(socket_, all.data() + got, all.size() - got, 0);
            if (more <= 0) break;
            got += static_cast<std::size_t>(more);
        }
        return all.substr(0, got);
    }

private:
    int socket_;
};

/// One worker that serves 198.18.0.2 on a tap, as `terminus run` would.
class Appliance : public ::testing::Test {
protected:
    void SetUp() override {
        if (!has_namespace()) GTEST_SKIP() << "needs root";
        rig_ = std::make_unique<Rig>("net_tap0,iface=tmtap0", 1500, 4096, 0);
        ASSERT_TRUE(run("ip address add 198.18.0.1/24 dev tmtap0"));
        const StackSettings settings = settings_for(rig_->device->facts());
        memory_ = std::make_unique<Reservation>("the tables", Stack::bytes_needed(settings));
        stack_ = std::make_unique<Stack>(settings, memory_->bytes(), clock_.read().now);
        WorkerSettings wish;
        wish.idle = Idle::sleep;
        wish.lanes = {{.lane = rig_->lane.get()}};
        worker_ = std::make_unique<Worker>(wish, *stack_, clock_, rings_, exchange_);
        rings_.to_worker.push(AdoptPolicy{
            .epoch = 1,
            .policy = std::make_shared<const Policy>(Policy::compile(test::service_rules())),
            .services = std::make_shared<const Services>(test::built_in_services())});
        eal().launch(0, [this] { worker_->run(); });
    }
    void TearDown() override {
        if (!worker_) return;
        rings_.to_worker.push(Stop{});
        eal().wait(0);
        rig_.reset();  // looks for leaked buffers
    }

    std::unique_ptr<Rig> rig_;
    std::unique_ptr<Reservation> memory_;
    TscClock clock_;
    CommandRings rings_;
    Exchange exchange_{1};
    std::unique_ptr<Stack> stack_;
    std::unique_ptr<Worker> worker_;
};

TEST_F(Appliance, EchoesOverTcp) {
    const KernelSocket peer(SOCK_STREAM);
    ASSERT_EQ(peer.connect_to("198.18.0.2", 7), 0);
    const std::string text(50'000, 'x');
    EXPECT_EQ(peer.exchange(text), text);
}

TEST_F(Appliance, EchoesOverUdp) {
    const KernelSocket peer(SOCK_DGRAM);
    ASSERT_EQ(peer.connect_to("198.18.0.2", 7), 0);
    EXPECT_EQ(peer.exchange("hello"), "hello");
}

TEST_F(Appliance, RefusesAClosedPort) {
    const KernelSocket peer(SOCK_STREAM);
    EXPECT_EQ(peer.connect_to("198.18.0.2", 81), ECONNREFUSED);
}

TEST_F(Appliance, AnswersForAWholePrefix) {
    ASSERT_TRUE(run("ip route add 198.18.1.0/24 dev tmtap0"));
    const KernelSocket peer(SOCK_STREAM);
    ASSERT_EQ(peer.connect_to("198.18.1.77", 7), 0);
    EXPECT_EQ(peer.exchange("hello"), "hello");
}

}  // namespace
}  // namespace terminus::testing
