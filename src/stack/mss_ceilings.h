/// The ceilings that the configuration gives the MSS, by the other host's address.
#pragma once

#include "terminus/flow/key.h"
#include "terminus/stack/stack.h"

#include "prefix_map.h"

#include <cstdint>
#include <span>
#include <vector>

namespace terminus {

class MssCeilings {
public:
    MssCeilings() = default;
    explicit MssCeilings(std::span<const MssCeiling> ceilings);

    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    /// The ceiling of the longest prefix that holds the far end; without one it is beyond all.
    [[nodiscard]] std::uint32_t of(const Key& key) const {
        const Row row = map_.find(remote_address(key));
        return row < bytes_.size() ? bytes_[row] : 0xffffffffU;
    }

private:
    PrefixMap map_;
    std::vector<std::uint16_t> bytes_;  ///< by the map's rows
};

}  // namespace terminus
