#include "terminus/base/drop.h"

#include <array>

namespace terminus {
namespace {

constexpr std::array<std::string_view, drop_count> drop_names{
#define TERMINUS_DROP_TEXT(name, meaning) #name,
    TERMINUS_DROPS(TERMINUS_DROP_TEXT)
#undef TERMINUS_DROP_TEXT
};
constexpr std::array<std::string_view, drop_count> drop_meanings{
#define TERMINUS_DROP_TEXT(name, meaning) meaning,
    TERMINUS_DROPS(TERMINUS_DROP_TEXT)
#undef TERMINUS_DROP_TEXT
};
constexpr std::array<std::string_view, end_count> end_names{"answered", "consumed", "handed",
                                                            "held", "dropped"};

}  // namespace

std::string_view name(Drop reason) { return drop_names[static_cast<std::size_t>(reason)]; }
std::string_view meaning(Drop reason) { return drop_meanings[static_cast<std::size_t>(reason)]; }
std::string_view name(End end) { return end_names[static_cast<std::size_t>(end)]; }

}  // namespace terminus
