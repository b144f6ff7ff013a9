/// The names of drops and ends are metric labels: all there, all different, all fit for a label.
#include "terminus/base/drop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace terminus {
namespace {

bool is_label(std::string_view text) {
    const auto fits = [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    return !text.empty() && std::ranges::all_of(text, fits);
}

TEST(Drop, EveryReasonHasANameOfItsOwnAndAMeaning) {
    std::set<std::string_view> names, meanings;
    for (std::size_t i = 0; i < drop_count; ++i) {
        const auto reason = static_cast<Drop>(i);
        EXPECT_TRUE(is_label(name(reason))) << name(reason);
        EXPECT_TRUE(names.insert(name(reason)).second) << name(reason);
        EXPECT_TRUE(meanings.insert(meaning(reason)).second) << meaning(reason);
        EXPECT_FALSE(meaning(reason).empty());
    }
}

TEST(Drop, IsNamedAsTheEnumSpellsIt) {
    EXPECT_EQ(name(Drop::none), "none");
    EXPECT_EQ(name(Drop::ip6_header_order), "ip6_header_order");
    EXPECT_EQ(name(Drop::ring_full), "ring_full");
    EXPECT_EQ(static_cast<std::size_t>(Drop::ring_full) + 1, drop_count);
}

TEST(End, IsNamedAsTheEnumSpellsIt) {
    EXPECT_EQ(name(End::answered), "answered");
    EXPECT_EQ(name(End::consumed), "consumed");
    EXPECT_EQ(name(End::handed), "handed");
    EXPECT_EQ(name(End::held), "held");
    EXPECT_EQ(name(End::dropped), "dropped");
    EXPECT_EQ(static_cast<std::size_t>(End::dropped) + 1, end_count);
}

}  // namespace
}  // namespace terminus
