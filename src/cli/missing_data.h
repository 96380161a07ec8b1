// Before an evaluation: the whole sets that its tasks want and that lie nowhere on this device are fetched.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace slm::cli {

// Fetches the sets named by `folders` (lab::data_folders) that slm knows and that lie in none of the directories that `data_dir` leads to
// (lab::data_directories), after saying how much it is. What cannot be had is told on stderr and left out, and no more is asked of a network that
// does not answer. True: something came, and the directories are to be looked up again. Errors: kFailed, interrupted; those of data_directories.
Result<bool> fetch_missing_data(const std::vector<std::string>& folders, const std::string& data_dir);

}  // namespace slm::cli
