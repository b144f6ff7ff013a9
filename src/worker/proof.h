/// The proof that a device steers as its key and its table say: a device has RSS only when frames
/// show it. Until then, and for ever after one that came on another queue, frames are steered in
/// software. One for each device, shared by all workers: each writes counts of its own, and the
/// verdict, which all read, changes twice at most.
#pragma once

#include "terminus/stack/steering.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace terminus {

/// What is known of a device and a flow type.
enum class Verdict : std::uint8_t {
    none,    ///< the device does not say that it steers them, or not how
    trying,  ///< it says so: its frames are watched
    proven,  ///< enough came where they should: what arrives is kept
    wrong,   ///< one did not
};
[[nodiscard]] const char* name(Verdict verdict);

class Proof {
public:
    static constexpr std::uint32_t enough = 1000;  ///< frames of a type, at all workers together
    using Claims = std::array<bool, rss_types>;    ///< by RssType: the device says that it steers

    Proof(std::uint16_t workers, const Claims& claims);
    Proof(const Proof&) = delete;
    Proof& operator=(const Proof&) = delete;

    /// Any thread; of RssType::none it is none.
    [[nodiscard]] Verdict verdict(RssType type) const {
        return verdicts_[static_cast<std::size_t>(type)].load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::array<Verdict, rss_types> verdicts() const;
    /// A frame of the type came to this worker, rightly or not. Called by the worker, while the
    /// type is not proven.
    void hear(RssType type, std::uint16_t worker, bool rightly);

private:
    struct alignas(64) Share {
        std::array<std::atomic<std::uint32_t>, rss_types> right{};
    };
    [[nodiscard]] std::uint32_t right(std::size_t type) const;

    alignas(64) std::array<std::atomic<Verdict>, rss_types + 1> verdicts_{};
    alignas(64) std::vector<Share> shares_;  ///< by worker
};

}  // namespace terminus
