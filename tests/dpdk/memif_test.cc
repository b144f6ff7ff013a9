/// net_memif in both roles: the server here, the client in a process of its own, which sends every
/// frame back.
#include "harness.h"

#include <gtest/gtest.h>

#include <array>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace terminus::testing {

namespace {

constexpr std::uint16_t goodbye_type =
    0x88b6;  ///< IEEE 802, the second number for local experiments

pid_t start_client(const std::string& socket) {
    std::string program = "/proc/self/exe", role = "--memif-client", path = socket;
    const std::array<char*, 4> arguments{program.data(), role.data(), path.data(), nullptr};
    pid_t child = 0;
    EXPECT_EQ(posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ), 0);
    return child;
}

}  // namespace

/// Echoes until the goodbye; exit status 0 when it came.
int run_memif_client(const std::string& socket) {
    Rig rig("net_memif0,role=client,id=0,socket-abstract=no,socket=" + socket);
    std::array<Frame, 32> frames;
    for (int idle = 0; idle < 50'000;) {
        const std::size_t count = rig.lane->receive(frames);
        idle = count == 0 ? idle + 1 : 0;
        if (count == 0) usleep(1);
        const bool is_end = count != 0 && type_of(frames[count - 1].bytes()) == goodbye_type;
        const std::size_t sent = rig.lane->transmit(std::span(frames).first(count));
        rig.lane->release(std::span(frames).subspan(sent, count - sent));
        if (is_end) return 0;
    }
    return 1;
}

namespace {

/// The client offers the buffers for our frames when it first receives, after the link is up.
bool send_when_offered(Lane& lane, std::span<const std::byte> bytes) {
    for (int i = 0; i < 3000; ++i) {
        if (send(lane, bytes)) return true;
        usleep(1000);
    }
    return false;
}

TEST(Memif, CarriesFramesBetweenTwoProcesses) {
    const std::string socket = "/tmp/tm-dpdk-" + std::to_string(getpid()) + ".sock";
    Rig rig("net_memif0,role=server,id=0,socket-abstract=no,socket=" + socket);
    const pid_t client = start_client(socket);
    for (int i = 0; i < 5000 && !rig.device->link().is_up; ++i)
        usleep(1000);
    ASSERT_TRUE(rig.device->link().is_up) << "the client does not connect";
    for (std::uint8_t i = 0; i < 100; ++i) {
        const auto bytes = plain_frame(60U + 14U * i, i);
        ASSERT_TRUE(send_when_offered(*rig.lane, bytes));
        Frame frame = receive(*rig.lane);
        EXPECT_EQ(copy_of(frame), bytes);
        rig.lane->release({&frame, 1});
    }
    ASSERT_TRUE(send_when_offered(*rig.lane, plain_frame(60, 1, goodbye_type)));
    int status = -1;
    ASSERT_EQ(waitpid(client, &status, 0), client);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace terminus::testing
