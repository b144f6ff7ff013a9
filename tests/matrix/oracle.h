/// What RFC 9293 section 3.10.7 says of one segment, written from the RFC's text alone: the tables
/// of section 3.10.7.1 to 3.10.7.4 with RFC 5961, RFC 1337 and RFC 6191. It shares nothing with the
/// engine.
#pragma once

#include "terminus/tcp/state.h"

#include <cstdint>

namespace terminus::test {

/// A segment as it meets a connection. Numbers are relative, so that every comparison is plain.
struct Encounter {
    tcp::State state = tcp::State::closed;
    std::uint8_t flags = 0;
    std::int64_t seq = 0;  ///< SEG.SEQ - RCV.NXT, within half of the sequence space
    std::int64_t ack = 0;  ///< SEG.ACK - SND.NXT
    std::uint32_t text = 0;
    std::int64_t window = 0;  ///< RCV.WND
};

enum class Answer : std::uint8_t {
    none,
    ack,
    maybe_ack,       ///< an ACK that may also come later: RFC 9293 section 3.8.6.3
    syn_ack,         ///< <SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>
    reset,           ///< <SEQ=SEG.ACK><CTL=RST>
    reset_with_ack,  ///< <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
};

struct Verdict {
    Answer answer = Answer::none;
    tcp::State next = tcp::State::closed;
};

/// Somebody listens where the connection ends, and the connection was opened by its peer (but for
/// SYN-SENT).
[[nodiscard]] Verdict judge(const Encounter& met);

}  // namespace terminus::test
