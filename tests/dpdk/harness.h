/// What the tests of src/dpdk share: one EAL for the process, frames to send, sums to check, and
/// the kernel's side of an interface.
#pragma once

#include "terminus/stack/lane.h"

#include "dpdk/device.h"
#include "dpdk/eal.h"
#include "dpdk/pool.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace terminus::testing {

/// True when this process is root in a network namespace of its own: kernel devices can be made.
bool has_namespace();
/// The process's EAL, started on first use, without huge pages.
Eal& eal();
/// Runs a shell command; true when it succeeded.
bool run(const std::string& command);

inline constexpr std::uint16_t experimental_type = 0x88b5;  ///< IEEE 802, for local experiments

/// An Ethernet frame of `type` whose payload counts up from `seed`.
std::vector<std::byte> plain_frame(std::size_t bytes, std::uint8_t seed,
                                   std::uint16_t type = experimental_type);
/// Ethernet, IPv4 or IPv6, TCP or UDP, `text` bytes of text; checksum fields are left as a lane
/// wants them for finish_*: zero for IP, the pseudo-header's sum for TCP and UDP.
struct Unfinished {
    std::vector<std::byte> bytes;
    std::uint8_t l3_length = 0;
    bool is_ip6 = false, is_tcp = false;
};
Unfinished unfinished_frame(bool is_ip6, bool is_tcp, std::size_t text);
/// Makes both checksums right, in the test's own words.
std::vector<std::byte> finish(const Unfinished& unfinished);

/// Copies bytes into an empty frame.
void fill(Frame& frame, std::span<const std::byte> bytes);
/// As fill(), and asks the lane to finish the checksums.
void fill(Frame& frame, const Unfinished& unfinished);
std::vector<std::byte> copy_of(const Frame& frame);
std::uint16_t type_of(std::span<const std::byte> frame);

/// Sends one frame with these bytes; true when the lane took it, else the frame is released.
bool send(Lane& lane, std::span<const std::byte> bytes);
bool send(Lane& lane, const Unfinished& unfinished);
/// Waits, within bounds, for one frame of the type; others are released. A null handle: none came.
Frame receive(Lane& lane, std::uint16_t type = experimental_type);

/// The kernel's side: a packet socket on an interface.
class PacketSocket {
public:
    explicit PacketSocket(const std::string& interface);
    PacketSocket(const PacketSocket&) = delete;
    PacketSocket& operator=(const PacketSocket&) = delete;
    ~PacketSocket();

    bool send(std::span<const std::byte> bytes) const;
    /// Waits, within bounds, for a frame of the type; empty: none came.
    [[nodiscard]] std::vector<std::byte> receive(std::uint16_t type = experimental_type) const;

private:
    int socket_;
};

/// A pool and one started device, which checks at its end that no buffer is missing.
struct Rig {
    explicit Rig(const std::string& device, std::uint16_t mtu_bytes = 1500,
                 std::uint32_t frames = 4096, std::uint8_t lane_index = 3);
    ~Rig();

    /// Buffers that the driver may keep for ever: net_af_xdp does not give its rings back.
    std::size_t kept_by_driver = 0;
    Pool pool;
    std::unique_ptr<Device> device;
    std::unique_ptr<Lane> lane;
};

/// The other end of net_memif, in a process of its own: see memif_test.cc.
int run_memif_client(const std::string& socket);

}  // namespace terminus::testing
