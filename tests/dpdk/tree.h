/// A small tree of files for a test that reads /proc and /sys; gone at its end.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace terminus::testing {

class Tree {
public:
    Tree()
        : root_(std::filesystem::temp_directory_path() /
                ("terminus-tree-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(root_);
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    ~Tree() { std::filesystem::remove_all(root_); }

    void file(const std::string& path, const std::string& content) const {
        const std::filesystem::path whole = root_.string() + path;
        std::filesystem::create_directories(whole.parent_path());
        std::ofstream(whole) << content;
    }
    void link(const std::string& path, const std::string& target) const {
        const std::filesystem::path whole = root_.string() + path;
        std::filesystem::create_directories(whole.parent_path());
        std::filesystem::create_symlink(target, whole);
    }
    void huge_pages(std::size_t of_2mib, std::size_t of_1gib) const {
        const std::string base = "/sys/kernel/mm/hugepages/hugepages-";
        file(base + "2048kB/free_hugepages", std::to_string(of_2mib) + "\n");
        file(base + "1048576kB/free_hugepages", std::to_string(of_1gib) + "\n");
    }
    void memory(std::size_t available_kib) const {
        file("/proc/meminfo",
             "MemTotal: 99999999 kB\nMemAvailable:   " + std::to_string(available_kib) + " kB\n");
    }
    [[nodiscard]] std::string root() const { return root_.string(); }

private:
    std::filesystem::path root_;
};

}  // namespace terminus::testing
