// The output head once more in 4 or 5 bits (Q4_0, Q5_0), and how far a logit computed from that copy can be from the exact one.
#pragma once

#include <cstdint>
#include <memory>

#include "base/huge_memory.h"
#include "kernels/table.h"
#include "tensor/types.h"

namespace slm {

// What one token brings to the head.
struct HeadInput {
  const float* x;         // (cols); read by heads of floats only
  kernels::Q8Rows quant;  // (1, cols): x in 8 bits
};

class HeadCopy {
 public:
  // What a copy may be of.
  static constexpr TensorType kTypes[] = {TensorType::kQ4_0, TensorType::kQ5_0};

  // Whether some copy is smaller than the head by more than a quarter: of Q8_0, Q6_K, F16, BF16 and F32 in rows of whole blocks.
  static bool saves(const TensorView& head);
  static uint64_t bytes(const TensorView& head, TensorType type);

  // Empty, in memory of its own; null where there is none. `head` (its rows may lie apart from each other) outlives it. REQUIRES: saves(head),
  // type is one of kTypes.
  static std::unique_ptr<HeadCopy> reserve(const TensorView& head, TensorType type, const kernels::KernelTable& kernels);
  HeadCopy(const HeadCopy&) = delete;
  HeadCopy& operator=(const HeadCopy&) = delete;

  // Copies rows [begin, end); threads may fill different rows at a time.
  void fill(size_t begin, size_t end);

  const TensorView& view() const { return view_; }  // (rows, cols)

  // An input's part in the bound.
  struct Reach {
    float norm;   // of the input in 8 bits; infinite where a product could overflow
    float drift;  // what a head of floats sees of the input and the copy does not, for each unit of a row's norm
  };
  Reach reach(const HeadInput& in) const;

  // upper[i]: no less than the exact logit of row begin + i, whose logit by the copy is coarse[i] (n of both); infinite or NaN where nothing
  // can be said. "Exact" is what the head's own kernel gives, rounding and all.
  void upper_bounds(size_t begin, size_t n, const float* coarse, const Reach& reach, float* upper) const;

 private:
  HeadCopy() = default;
  template <class Block>
  void fill_blocks(size_t begin, size_t end);

  TensorView head_, view_;
  const kernels::KernelTable* kernels_ = nullptr;
  std::unique_ptr<HugeMemory> memory_;
  float* error_ = nullptr;   // (rows): |exact - coarse| is at most error_ * Reach::norm + norm_ * Reach::drift
  float* norm_ = nullptr;    // (rows); null where drift is always 0
};

}  // namespace slm
