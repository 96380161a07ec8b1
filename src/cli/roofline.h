// The limits that this machine sets to any engine, measured: what memory gives and what the kernels' instructions can do.
#pragma once

#include <vector>

#include "base/json.h"
#include "kernels/table.h"

namespace slm::cli {

struct Roof {
  int threads = 0;
  double read_gb_per_s = 0;            // pages of 4 KB, as model files have in memory
  double huge_page_gb_per_s = 0;       // pages of 2 MB
  double byte_gmac_per_s = 0;          // 8-bit products, 10^9 multiply-adds a second
  double float_gmac_per_s = 0;
};

Roof measure_roof(const kernels::KernelTable& table, int threads);  // two to three seconds
// Of one thread, and of all `threads` where there are more.
std::vector<Roof> measure_roofs(const kernels::KernelTable& table, int threads);
Json roofs_json(const std::vector<Roof>& roofs);
void print_roofs(const std::vector<Roof>& roofs);

}  // namespace slm::cli
