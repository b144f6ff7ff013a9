/// Base64 and endpoints, both ways and strictly.
#include "control/admin_text.h"

#include "control/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace terminus::control {
namespace {

std::vector<std::byte> bytes(std::string_view text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
}

// RFC 4648 section 4.
TEST(AdminText, Base64TestVectors) {  // RFC 4648 section 10
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(base64(bytes(plain)), coded);
        EXPECT_EQ(from_base64(coded), bytes(plain)) << coded;
    }
}

TEST(AdminText, Base64OfAllBytes) {
    std::vector<std::byte> all(1024);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::byte>(i * 7 + i / 256);
    EXPECT_EQ(from_base64(base64(all)), all);
}

TEST(AdminText, Base64RefusesWhatIsNone) {  // RFC 4648 sections 3.3 and 3.5
    for (const char* wrong : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=Zg=", "Zg==Zg==", "Zh==",
                              "Zm9=", "Zm9v\n", "Zm 9", "Zm-_", "Zm9vYg=a"})
        EXPECT_EQ(from_base64(wrong), std::nullopt) << wrong;
}

TEST(AdminText, EndpointsOfBothFamilies) {
    for (const char* text : {"198.18.0.2:80", "0.0.0.0:0", "[2001:db8::1]:65535", "[::]:7"}) {
        const auto endpoint = parse_endpoint(text);
        ASSERT_TRUE(endpoint.has_value()) << text;
        EXPECT_EQ(to_string(*endpoint), text);
    }
    for (const char* wrong :
         {"", ":", "198.18.0.2", "198.18.0.2:", "198.18.0.2:65536", "host:80", "2001:db8::1:80",
          "[198.18.0.2]:80", "198.18.0.2:+1", "[::1]:-1", "198.18.0.2:80 ", "[2001:db8::1]80"})
        EXPECT_EQ(parse_endpoint(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace terminus::control
