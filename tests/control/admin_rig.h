/// Two appliances without DPDK: real workers on lanes in memory, joined by a wire that never loses,
/// each driven by the calls of the call socket. No socket, no thread, and a clock that the test
/// moves.
#pragma once

#include "control/admin_calls.h"
#include "control/base64.h"
#include "support/harness.h"
#include "support/memory_lane.h"
#include "worker/worker.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace terminus::control {

/// Moved by hand, the same for all workers of a rig.
class RigClock final : public terminus::Clock {
public:
    explicit RigClock(const Tick& now) : now_{now} {}
    Reading read() override { return {now_, now_.us * 1000}; }
    [[nodiscard]] double cycles_per_us() const override { return 1000; }

private:
    const Tick& now_;
};

/// A worker's lane to a device that has one queue, which another worker has.
class NoQueue final : public Lane {
public:
    explicit NoQueue(Lane& buffers) : buffers_{buffers} {}
    std::size_t receive(std::span<Frame>) override { return 0; }
    std::size_t transmit(std::span<const Frame>) override { return 0; }
    std::size_t fresh(std::span<Frame> frames) override { return buffers_.fresh(frames); }
    void release(std::span<const Frame> frames) override { buffers_.release(frames); }

private:
    Lane& buffers_;
};

/// One appliance.
class Side final : public Clients {
public:
    Side(const Interface& interface, std::uint16_t workers, const Tick& now);

    void turn();
    [[nodiscard]] std::vector<test::Bytes> departed() { return lane.departed(); }
    /// The whole line that answers a client's call; empty: not yet answered.
    std::string take_answer(ClientId client);
    [[nodiscard]] std::uint64_t established() const;

    void write(ClientId client, std::string_view piece) override { pieces_[client] += piece; }
    void finish(ClientId client, std::string_view call, std::string_view result) override;
    void when_written(ClientId, std::function<void()> act) override { later_.push_back(act); }

    test::MemoryLane lane{test::MemoryLane::Shape{.buffers = 8192}};
    Bell bell;
    std::map<std::string, int> counts;  ///< "open ok": how often

private:
    struct Seat {
        std::vector<std::byte> memory;
        std::unique_ptr<Stack> stack;
        std::unique_ptr<NoQueue> lane;
        std::unique_ptr<CommandRings> rings;
        std::unique_ptr<CallRings> calls;
        std::unique_ptr<Worker> worker;
    };
    void build(Seat& seat, std::uint16_t index, const Interface& interface);

    RigClock clock_;
    Exchange exchange_;
    std::vector<Seat> seats_;
    std::map<ClientId, std::string> pieces_, lines_;
    std::vector<std::function<void()>> later_;

public:
    std::unique_ptr<AdminCalls> calls;
};

/// Two of them, and the wire.
class Rig {
public:
    explicit Rig(std::uint16_t workers = 2);

    /// Makes a call and passes time until it is answered, at most `patience_ms`.
    Json ask(Side& side, const std::string& line, ClientId client = 16, int patience_ms = 200);
    /// Makes a call that must succeed.
    Json must(Side& side, const std::string& line, ClientId client = 16);
    /// Makes a call and passes no time; answer() tells what became of it.
    void begin(Side& side, const std::string& line, ClientId client);
    /// Null: not yet answered.
    Json answer(Side& side, ClientId client);
    void pass_ms(int ms);

    Tick now{1'000'000};
    Side ours, peer;
};

inline constexpr const char* our_address = "198.18.0.2";
inline constexpr const char* peer_address = "198.18.0.1";

inline std::string base64_of(std::string_view text) {
    return control::base64(std::as_bytes(std::span{text.data(), text.size()}));
}

/// A call's line.
inline std::string passive(const char* address, int port, const char* more = "") {
    return R"({"call":"open","passive":{"address":")" + std::string{address} + R"(","port":)" +
           std::to_string(port) + more + "}}";
}

/// A call's line.
inline std::string active(const std::string& remote, const char* more = "") {
    return R"({"call":"open","active":{"remote":")" + remote + "\"}" + more + "}";
}

/// {"call":NAME,"conversation":N,MORE}
inline std::string about(const char* name, const Json& number, const std::string& more = "",
                         const char* field = "conversation") {
    return R"({"call":")" + std::string{name} + "\",\"" + field + "\":" + number.dump() + more +
           "}";
}

/// A call's line.
inline std::string send_of(const Json& number, std::string_view text) {
    return about("send", number, ",\"text\":\"" + base64_of(text) + "\"");
}

/// Both families, each with our end and the peer's.
struct Ends {
    const char *ours, *peer;
    [[nodiscard]] std::string our_end(int port) const { return end(ours, port); }
    [[nodiscard]] static std::string end(const char* address, int port) {
        const bool is_ip6 = std::string{address}.find(':') != std::string::npos;
        return (is_ip6 ? "[" + std::string{address} + "]" : std::string{address}) + ":" +
               std::to_string(port);
    }
};
inline constexpr Ends families[] = {{our_address, peer_address},
                                    {"2001:db8:18::2", "2001:db8:18::1"}};

/// A listener of ours and one conversation, seen from both sides.
struct Connected {
    Rig rig;
    Json listener, ours, peers;

    explicit Connected(const Ends& ends = families[0], std::uint16_t workers = 2) : rig{workers} {
        listener = rig.must(rig.ours, passive(ends.ours, 5000))["listener"];
        peers = rig.must(rig.peer, active(ends.our_end(5000), R"(,"wait":true)"))["conversation"];
        ours = rig.must(rig.ours, about("accept", listener, "", "listener"))["conversation"];
    }
    std::string received(Side& side, const Json& which) {
        const Json answer = rig.must(side, about("receive", which, R"(,"timeout_ms":100)"));
        const auto bytes = from_base64(answer.value("text", "?")).value();
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    std::string error(Side& side, const std::string& line) {
        const Json answer = rig.ask(side, line);
        EXPECT_FALSE(answer.value("ok", true)) << line;
        return answer.value("error", "none");
    }
    Json status(Side& side, const Json& which) {
        return rig.must(side, about("status", which))["conversations"].at(0);
    }
};

}  // namespace terminus::control
