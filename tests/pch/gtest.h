/// GoogleTest and the standard library, compiled once for each test program: two thirds of a test's
/// compilation. Every source still includes what it uses.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
