/// A device: one ethdev, found or made from its configured string, set up and started. Control owns
/// it; workers use only its lanes. Throws std::runtime_error with one line that says what to do.
#pragma once

#include "terminus/stack/lane.h"
#include "terminus/wire/ethernet.h"

#include "dpdk/pool.h"
#include "dpdk/rss.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace terminus {

struct DevicePlan {
    std::string
        device;  ///< "0000:03:00.0", or a virtual one with its arguments: "net_tap0,iface=t0"
    std::uint16_t mtu_bytes = 1500;
    std::optional<Mac> mac;   ///< nothing: the device's own
    std::vector<Mac> groups;  ///< multicast MACs to receive: all-nodes and solicited-node groups
    std::uint16_t descriptors = 1024;  ///< per queue, each way; adjusted to what the device takes
    std::uint8_t lane = 0;             ///< its index at every worker
    bool all_multicast = false;        ///< the groups are too many to list
    bool tso = true;                   ///< where the device offers it
};

/// What the device is and has, read back from it.
struct DeviceFacts {
    std::string name, driver;
    Mac mac;
    std::uint16_t mtu_bytes = 0;
    std::uint16_t lanes = 0;  ///< queue pairs; workers beyond have none
    std::uint16_t receive_descriptors = 0, transmit_descriptors = 0;
    int socket = -1;  ///< NUMA node, -1: none
    bool checks_ip4 = false, checks_tcp = false,
         checks_udp = false;  ///< verdicts on received checksums
    bool finishes_ip4 = false, finishes_tcp = false,
         finishes_udp = false;         ///< checksums on transmission
    bool has_tso = false;              ///< offered
    std::uint16_t chain_segments = 0;  ///< in a chain that it cuts by TSO, at most; 0: not used
    bool promiscuous = false, all_multicast = false;
    RssFacts rss;
    std::vector<std::string> notes;  ///< where it is not as wished, one line each
};
/// One line each for the log: identity, queues, offloads, filters, RSS, then the notes.
[[nodiscard]] std::vector<std::string> to_lines(const DeviceFacts& facts);

struct Link {
    bool is_up = false;
    std::uint32_t speed_mbps = 0;  ///< 0: unknown
};

struct DeviceStats {
    std::uint64_t frames_received = 0, frames_sent = 0, bytes_received = 0, bytes_sent = 0;
    std::uint64_t missed = 0;  ///< no receive descriptor was free
    std::uint64_t receive_errors = 0, transmit_errors = 0;
    std::uint64_t no_buffer = 0;  ///< the pool was empty
};

class Device {
public:
    /// Opens and configures; queue pair i draws on pools[i], one pool per worker. Does not start
    /// it.
    Device(const DevicePlan& plan, const std::vector<Pool*>& pools);
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    /// Stops and closes it; a virtual device made here goes away. No worker runs any more.
    ~Device();

    void start();
    void stop();
    [[nodiscard]] const DeviceFacts& facts() const { return facts_; }
    /// A worker's lane, to be used by that worker only; without a queue when worker >=
    /// facts().lanes.
    [[nodiscard]] std::unique_ptr<Lane> lane(std::uint16_t worker) const;

    // Control core.
    [[nodiscard]] Link link() const;
    [[nodiscard]] DeviceStats stats() const;
    /// The device's own statistics, names and values.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> extended_stats() const;

private:
    void find_or_make();
    void close();
    void configure();
    void set_up_queues();
    void set_mtu();
    void set_mac();
    void set_filters();
    void read_back();

    DevicePlan plan_;
    std::vector<Pool*> pools_;
    DeviceFacts facts_;
    std::uint16_t port_ = 0;
    bool made_ = false;  ///< a virtual device that did not exist before
    bool started_ = false;
};

}  // namespace terminus
