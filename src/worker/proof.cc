/// Counting apart, judging together.
#include "worker/proof.h"

#include "terminus/base/assert.h"

namespace terminus {

const char* name(Verdict verdict) {
    switch (verdict) {
        case Verdict::none: return "none";
        case Verdict::trying: return "trying";
        case Verdict::proven: return "proven";
        case Verdict::wrong: return "wrong";
    }
    return "";
}

Proof::Proof(std::uint16_t workers, const Claims& claims) : shares_(workers) {
    for (std::size_t type = 0; type < rss_types; ++type)
        if (claims[type]) verdicts_[type] = Verdict::trying;
}

std::array<Verdict, rss_types> Proof::verdicts() const {
    std::array<Verdict, rss_types> all{};
    for (std::size_t type = 0; type < rss_types; ++type)
        all[type] = verdict(static_cast<RssType>(type));
    return all;
}

void Proof::hear(RssType type, std::uint16_t worker, bool rightly) {
    TERMINUS_ASSERT(type != RssType::none);
    const auto index = static_cast<std::size_t>(type);
    std::atomic<Verdict>& verdict = verdicts_[index];
    const Verdict now = verdict.load(std::memory_order_relaxed);
    if (now == Verdict::none || now == Verdict::wrong) return;
    if (!rightly) return verdict.store(Verdict::wrong, std::memory_order_relaxed);
    if (now == Verdict::proven) return;
    std::atomic<std::uint32_t>& own = shares_[worker].right[index];
    own.store(own.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    Verdict expected = Verdict::trying;  // another worker may have found it wrong meanwhile
    if (right(index) >= enough) verdict.compare_exchange_strong(expected, Verdict::proven);
}

std::uint32_t Proof::right(std::size_t type) const {
    std::uint32_t sum = 0;
    for (const Share& share : shares_)
        sum += share.right[type].load(std::memory_order_relaxed);
    return sum;
}

}  // namespace terminus
