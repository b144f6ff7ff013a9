/// Keys from the kernel's entropy, fresh at each start.
#pragma once

#include "terminus/base/hash.h"

#include <stdexcept>
#include <sys/random.h>

namespace terminus::control {

[[nodiscard]] inline HashKey fresh_key() {
    HashKey key;
    if (getrandom(key.words.data(), sizeof(key.words), 0) != sizeof(key.words))
        throw std::runtime_error("the kernel gives no entropy; is getrandom(2) forbidden here?");
    return key;
}

}  // namespace terminus::control
