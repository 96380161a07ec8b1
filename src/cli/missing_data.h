// Before an evaluation: the whole sets that its tasks want and that lie nowhere on this device are fetched.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace slm::cli {

// Folders of the sets (lab::data_folders) that none of the directories holds and slm knows where to get.
std::vector<std::string> missing_data_sets(const std::vector<std::string>& folders, const std::vector<std::string>& directories);

// Says how much it is, then fetches each. What cannot be had is told on stderr and left out, and no more is asked of a network that does not
// answer. True: something came, and the directories are to be looked up again. Error: kFailed, interrupted.
Result<bool> fetch_data_sets(const std::vector<std::string>& names);

}  // namespace slm::cli
