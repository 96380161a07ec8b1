// Where evaluation sets lie.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace slm::lab {

// Directories to look in, first to last: `data_dir` (the --data-dir flag; empty: not given), $SLM_DATA_DIR, the sets that were pulled (SLM_HOME/data),
// shared/datasets beside the checkout, data/smoke in it. The checkout is sought upwards from the executable, then from the working directory.
// Errors: kNotFound for a --data-dir or $SLM_DATA_DIR that is no directory.
Result<std::vector<std::string>> data_directories(const std::string& data_dir);

}  // namespace slm::lab
