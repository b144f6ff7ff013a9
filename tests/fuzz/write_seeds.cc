/// Writes the seeds as files, for libFuzzer's corpus: write_seeds FOLDER.
#include "seeds.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int count, char** arguments) {
    if (count != 2) {
        std::fputs("usage: write_seeds FOLDER\n", stderr);
        return 2;
    }
    const std::filesystem::path folder{arguments[1]};
    std::filesystem::create_directories(folder);
    std::size_t number = 0;
    for (const auto& seed : terminus::test::fuzz_seeds()) {
        std::ofstream file{folder / ("seed-" + std::to_string(number++)), std::ios::binary};
        file.write(reinterpret_cast<const char*>(seed.data()),
                   static_cast<std::streamsize>(seed.size()));
    }
    return 0;
}
