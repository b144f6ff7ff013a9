/// One connection of a foreign TCP: a small TCP written for the simulator, sharing nothing with the
/// engine under test, so that two ends never share one bug. It behaves as its manners say, never
/// shrinks its window, and is a strict judge of what it gets.
///
/// Positions in both streams are counted from 0, the first byte of text; SYN lies at -1.
#pragma once

#include "choices.h"
#include "datagram.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace terminus::test {

class ForeignTcp {
public:
    struct Talk {
        std::string send, expect;
        bool begins = false;  ///< it speaks first, whatever its manners: the other side waits
    };
    struct Ports {
        std::uint16_t theirs = 0, ours = 0;  ///< theirs: of this foreign end
    };
    ForeignTcp(const Manners& manners, const Ends& ends, Ports ports, Talk talk, Rng rng);

    /// Its own active open.
    void open(std::uint64_t now_us);
    void receive(const Datagram& segment, std::uint64_t now_us);
    /// Timers, reading, sending.
    void advance(std::uint64_t now_us);
    /// What it sends, since the last call.
    [[nodiscard]] std::vector<Datagram> take() { return std::exchange(outgoing_, {}); }

    [[nodiscard]] Ports ports() const { return ports_; }
    /// All text and both FINs are through.
    [[nodiscard]] bool done() const { return fin_acked_ && fin_taken_; }
    [[nodiscard]] bool was_reset() const { return was_reset_; }
    /// What the other side did wrong, in words.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    [[nodiscard]] std::string progress() const;

private:
    enum class Phase : std::uint8_t { closed, syn_sent, syn_received, open };
    using Position = std::int64_t;
    struct Parsed {  ///< the options of a segment
        std::optional<std::uint16_t> mss;
        std::optional<std::uint8_t> scale;
        bool sack_permitted = false;
        std::optional<std::pair<std::uint32_t, std::uint32_t>> stamp;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks;
    };

    // foreign_receive.cc
    [[nodiscard]] static Parsed parse(const std::string& options);
    void take_syn(const Datagram& d, const Parsed& options);
    [[nodiscard]] bool handshake(const Datagram& d, const Parsed& options, std::uint64_t now_us);
    void reset(const Datagram& d);
    [[nodiscard]] bool judge(const Datagram& d, const Parsed& options);
    void judge_stamp(const Datagram& d, const Parsed& options, std::uint64_t now_us);
    [[nodiscard]] bool is_old(const Parsed& options) const;
    void take_ack(const Datagram& d, const Parsed& options, std::uint64_t now_us);
    void take_blocks(const Parsed& options);
    void advance_una(Position to, std::uint64_t now_us);
    void take_text(const Datagram& d, std::uint64_t now_us);
    void hold(Position from, const std::string& text);
    void join();
    void plan_ack(bool at_once, std::uint64_t now_us);
    [[nodiscard]] Position theirs(std::uint32_t seq, Position near) const;

    // foreign_send.cc
    void send_syn(std::uint64_t now_us);
    void send_ack(std::uint64_t now_us);
    void send_text(std::uint64_t now_us);
    void send_piece(Position from, std::uint32_t most, std::uint64_t now_us);
    void read(std::uint64_t now_us);
    void resend(std::uint64_t now_us);
    void probe(std::uint64_t now_us);
    [[nodiscard]] Datagram segment(Position from, std::uint8_t flags, std::uint64_t now_us);
    [[nodiscard]] std::uint16_t offer(bool in_syn);
    [[nodiscard]] std::string stamps(std::uint64_t now_us) const;
    [[nodiscard]] std::string block_option(std::size_t room) const;
    [[nodiscard]] std::uint32_t clock(std::uint64_t now_us) const;
    [[nodiscard]] std::uint32_t full_bytes() const;
    [[nodiscard]] Position end() const { return static_cast<Position>(talk_.send.size()); }
    [[nodiscard]] bool may_send_text() const;
    void complain(const std::string& what);

    Manners manners_;
    Ends ends_;
    Ports ports_;
    Talk talk_;
    Rng rng_;
    Phase phase_ = Phase::closed;
    std::uint32_t iss_, irs_ = 0;
    bool stamped_ = false, sacked_ok_ = false, scaled_ = false;
    std::uint8_t their_scale_ = 0;
    std::uint16_t their_mss_ = 536;

    // Sending. A FIN lies at end().
    Position una_ = -1, next_ = -1, furthest_ = -1;
    std::uint64_t their_window_ = 0;
    Position recover_ = -1;     ///< what lacks below is sent again as soon as it is known
    Position window_edge_ = 0;  ///< the furthest that was offered to us
    std::uint32_t duplicate_acks_ = 0;
    std::uint64_t resend_at_us_ = 0;  ///< 0: nothing waits for an answer
    std::uint64_t probe_at_us_ = 0;
    std::uint32_t tries_ = 0;
    std::vector<bool> reported_;  ///< by SACK
    bool fin_acked_ = false;

    // Receiving.
    Position received_ = 0, taken_ = 0;  ///< in order; read by the user
    Position offered_ = 0;               ///< the right edge of our window
    std::map<Position, std::string> pieces_;
    std::optional<Position> their_fin_;
    std::optional<std::pair<Position, Position>> duplicate_;
    Position latest_ = 0;  ///< where the latest piece begins: the first SACK block holds it
    bool fin_taken_ = false;
    std::uint32_t unacked_segments_ = 0;
    std::uint64_t ack_at_us_ = 0;  ///< 0: no ACK waits
    bool ack_now_ = false;
    std::uint64_t read_at_us_ = 0;
    std::uint32_t stamp_recent_ = 0;

    std::vector<Datagram> outgoing_;
    bool was_reset_ = false;
    std::string fault_;
};

}  // namespace terminus::test
