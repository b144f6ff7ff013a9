/// What a client has sent, cut into lines of bounded length.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace terminus::control {

class Lines {
public:
    explicit Lines(std::size_t longest) : longest_{longest} {}

    void add(std::string_view bytes) {
        if (begin_ > longest_ / 2 || begin_ == bytes_.size()) bytes_.erase(0, begin_), begin_ = 0;
        bytes_.append(bytes);
    }
    /// The next whole line without its end; where `is_last`, the last one may lack it.
    [[nodiscard]] std::optional<std::string> next(bool is_last = false) {
        const std::size_t end = end_of_line(is_last);
        if (end == std::string::npos) return std::nullopt;
        std::string line = bytes_.substr(begin_, end - begin_);
        begin_ = std::min(end + 1, bytes_.size());
        return line;
    }
    [[nodiscard]] bool has_next(bool is_last = false) const {
        return end_of_line(is_last) != std::string::npos;
    }
    /// The line that comes next is too long: nothing more is read of it.
    [[nodiscard]] bool is_overlong() const {
        const std::size_t end = end_of_line(false);
        return std::min(end, bytes_.size()) - begin_ > longest_;
    }
    /// As much as is kept before lines were taken.
    [[nodiscard]] bool is_full() const { return bytes_.size() - begin_ > longest_; }

private:
    [[nodiscard]] std::size_t end_of_line(bool is_last) const {
        const std::size_t end = bytes_.find('\n', begin_);
        const bool has_rest = is_last && begin_ < bytes_.size();
        return end == std::string::npos && has_rest ? bytes_.size() : end;
    }

    std::size_t longest_;
    std::string bytes_;
    std::size_t begin_ = 0;  ///< of what was not taken
};

}  // namespace terminus::control
