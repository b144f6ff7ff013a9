/// A bell: whoever has left something for another thread rings it, and that thread wakes up from
/// poll(2). Any number of rings before it looks are one.
#pragma once

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace terminus {

class Bell {
public:
    /// Throws std::system_error when the process has no descriptor left.
    Bell() : fd_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;
    ~Bell() { close(fd_); }

    /// Any thread. Never waits.
    void ring() const { (void)!eventfd_write(fd_, 1); }
    /// The woken thread, before it looks for what was left.
    void silence() const {
        eventfd_t rings = 0;
        (void)!eventfd_read(fd_, &rings);
    }
    /// Readable while it rings.
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

}  // namespace terminus
