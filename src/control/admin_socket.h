/// The sockets on which the call socket listens. Errors are StartErrors: one line that says what to
/// do.
#pragma once

#include "terminus/stack/calls.h"

#include <string>
#include <unistd.h>
#include <utility>

namespace terminus::control {

/// A file descriptor with an owner.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_{fd} {}
    Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// A Unix socket whose file only its owner may open (mode 0600). Makes its folder (mode 0700) where
/// there is none; replaces a file that a killed process left, and no other.
class UnixListener {
public:
    explicit UnixListener(const std::string& path);
    UnixListener(const UnixListener&) = delete;
    UnixListener& operator=(const UnixListener&) = delete;
    ~UnixListener();
    [[nodiscard]] int fd() const { return descriptor_.get(); }

private:
    std::string path_;
    Descriptor descriptor_;
};

[[nodiscard]] Descriptor listen_on(const Endpoint& local);
/// Connects; no descriptor when nobody listens there.
[[nodiscard]] Descriptor connect_to(const std::string& path);

/// The longest path that fits a socket's address.
inline constexpr std::size_t longest_socket_path = 107;

}  // namespace terminus::control
