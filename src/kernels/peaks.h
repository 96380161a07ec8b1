// What the instructions of a table can do at most: products in registers alone, nothing read or stored. The roof that the rate of a
// kernel is held against.
#pragma once

#include <cstdint>

namespace slm::kernels {

struct KernelTable;

// Each runs `rounds` rounds of independent products on the calling thread and returns how many multiply-adds that was.
struct PeakProducts {
  uint64_t (*bytes)(uint64_t rounds);   // of 8-bit weights and activations, by the instructions that 4-bit weights are multiplied with
  uint64_t (*floats)(uint64_t rounds);  // of floats
};

// REQUIRES: table is one of usable_tables().
const PeakProducts& peak_products(const KernelTable& table);

}  // namespace slm::kernels
