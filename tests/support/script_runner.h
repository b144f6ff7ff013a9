/// Plays one script against one harness, over one address family.
#pragma once

#include "script.h"
#include "script_line.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace terminus::test {

class ScriptRunner {
public:
    ScriptRunner(const Scene& setup, Family family);

    /// Plays the lines; `label` names them in messages. False: something failed, and failure() says
    /// what.
    bool play(std::string_view label, std::string_view script);
    /// The end of the script: nothing more may have been sent, then the peers vanish.
    bool finish();
    [[nodiscard]] const std::string& failure() const { return failure_; }

    /// The stack below, for tests that go on by hand where a setup ended.
    [[nodiscard]] Harness& harness() { return harness_; }
    /// A segment of the peer with numbers relative to each side's SYN, not yet sent.
    [[nodiscard]] Datagram segment_of(const Segment& segment) const;
    /// The handles of the calls end, with whatever they still say.
    void let_go();
    [[nodiscard]] std::optional<Conversation> conversation() const { return conversation_; }

private:
    using Words = std::vector<std::string>;

    void play_line(const std::string& line);
    // `<`
    void arrive(const Words& words);
    void arrive_udp(const Words& words, bool fragmented);
    void arrive_ping(const Words& words);
    void arrive_icmp(const Words& words);
    void bend_quote(Datagram& error, const Words& words) const;
    void arrive_protocol(const Words& words);
    void inject(const Datagram& datagram);
    // `>`
    void expect(const Words& words);
    void expect_segment(const Datagram& got, const Words& words);
    void compare(const Datagram& got, const Segment& want);
    void compare_options(const Datagram& got, const Segment& want);
    void compare_ip(const Datagram& got, const Segment& want);
    void compare_text(const Datagram& got, const Segment& want);
    /// Our options with numbers as scripts write them.
    [[nodiscard]] std::string our_options(const Datagram& got) const;
    void expect_udp(const Datagram& got, const Words& words);
    void compare_user_choices(const Datagram& got, const Words& words) const;
    void expect_fragments(const Words& words);
    void expect_pong(const Datagram& got, const Words& words);
    void expect_icmp(const Datagram& got, const Words& words);
    void check_addresses(const Datagram& got);
    // `=`
    void check(const Words& words);
    void check_state(const std::string& name);
    void check_count(const Words& words);
    [[nodiscard]] std::uint64_t counted(const std::string& what, const std::string& name) const;
    // `call`
    void call(const Words& words);
    [[nodiscard]] std::string perform(const Words& words);
    [[nodiscard]] std::string perform_on_conversation(const Words& words);
    [[nodiscard]] std::string call_send(const Words& words);
    [[nodiscard]] std::string call_receive(const Words& words);
    [[nodiscard]] std::string call_listen(const Words& words);
    [[nodiscard]] std::string call_accept();
    [[nodiscard]] std::string call_open(const Words& words);
    [[nodiscard]] std::string call_set(const Words& words);
    [[nodiscard]] std::string call_ready() const;
    [[nodiscard]] std::string call_bind(const Words& words);
    [[nodiscard]] std::string call_datagram(const Words& words);
    [[nodiscard]] std::string call_take(const Words& words);
    void check_status(const Words& words);
    void new_connection(const Words& words);

    [[noreturn]] void fail(const std::string& what) const;
    void demand(bool holds, const std::string& what) const {
        if (!holds) fail(what);
    }
    void demand_silence();

    [[nodiscard]] Datagram from_peer() const;
    [[nodiscard]] std::string words_for(const Datagram& got) const;
    [[nodiscard]] std::uint32_t ours(const Number& n) const {
        return n.absolute ? n.value : n.value + our_isn_.value_or(0);
    }
    [[nodiscard]] std::uint32_t theirs(const Number& n) const {
        return n.absolute ? n.value : n.value + their_isn_;
    }

    Scene setup_;
    Ends ends_;
    Harness harness_;
    std::optional<std::uint32_t> our_isn_;
    std::optional<std::uint32_t> our_ts_;  ///< the first TSval that we sent in a SYN
    std::uint32_t their_isn_;
    std::uint16_t window_ = 65535;
    std::optional<ListenerId> listener_;
    std::optional<Conversation> conversation_;
    std::vector<Conversation> left_;     ///< of connections before `new`
    std::optional<tcp::Settings> with_;  ///< options of the next OPEN
    std::uint32_t sent_bytes_ = 0, received_bytes_ = 0;
    std::map<std::string, std::uint64_t> counts_at_start_;
    Bytes last_in_, last_out_;
    std::string failure_;
};

/// The text of a stream at an offset: printable, and different between the sides.
[[nodiscard]] std::string stream_text(bool ours, std::uint32_t offset, std::size_t length);

}  // namespace terminus::test
