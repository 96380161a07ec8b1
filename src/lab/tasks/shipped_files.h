// The files of data/tasks as they were when the program was built.
#pragma once

#include <string_view>
#include <vector>

namespace slm::lab {

struct ShippedFile {
  std::string_view name;  // "gsm8k.yaml"
  std::string_view text;
};
const std::vector<ShippedFile>& shipped_task_files();

}  // namespace slm::lab
