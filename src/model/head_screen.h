// The output head in two stages, for rows of which only the likeliest ids are asked: first a copy in 4 or 5 bits of all its rows, then exactly those
// rows that can still be among the likeliest. What comes out holds the same likeliest ids and logits as the whole pass.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/table.h"
#include "model/head_copy.h"
#include "model/model.h"

namespace slm {

// Inputs of the head, one a row of logits.
struct HeadInputs {
  const float* x;  // (rows, cols)
  kernels::Q8Rows quant;

  HeadInput of(size_t row) const;
};

class HeadScreen {
 public:
  // Up to so many rows at once, and so many of the likeliest: with more, a pass over all rows is no slower.
  static constexpr size_t kMostRows = 4;
  static constexpr uint32_t kMostTop = 128;
  // Rows that suit, before the copy is made.
  static constexpr uint32_t kRowsBefore = 16;

  // Of memory that the screen may come to take; 0: a head that none is made for.
  static uint64_t bytes(const TensorView& head);

  // Takes no memory yet. `soft_cap` as in the spec. REQUIRES: HeadCopy::saves(head); head and kernels outlive it.
  HeadScreen(const TensorView& head, const kernels::KernelTable& kernels, float soft_cap, int threads, bool always);

  // Whether rows that ask for this are screened now.
  bool takes(std::span<const Likeliest> rows) const { return copy_ && suits(rows); }

  // A pass's rows of logits on their way.
  struct Pass {
    HeadInputs in;
    std::span<const Likeliest> rows;
    float* logits;  // (rows, vocabulary)
  };
  // One thread's part; every thread of the team does both, and between them all meet. Ids that cannot be among the likeliest become -inf.
  // scratch: this thread's, kMatmulScratchBytes. REQUIRES: takes(pass.rows).
  void first_stage(const Team& team, const Pass& pass, std::byte* scratch);
  void second_stage(const Team& team, const Pass& pass, std::byte* scratch);

  // After each pass, screened or not: first learns what screening would leave, then makes the copy or never does, then watches that it pays.
  // Not from a team; scratch as above.
  void learn(const Pass& pass, ThreadPool& pool, std::byte* scratch);

  // No copy was made for this head, or it did not pay, and none will be.
  bool given_up() const { return given_up_; }
  const HeadScreenUse& use() const { return use_; }
  // Of the last pass that was screened: rows with an exact product, and what the copy is.
  uint64_t kept_rows() const { return kept_rows_; }
  TensorType copy_type() const { return copy_type_; }

 private:
  // What one thread keeps for itself; the values of `best` are read by all after a barrier.
  struct alignas(64) Thread {
    std::vector<float> best[kMostRows];  // exact logits of the likeliest by the copy
    std::vector<uint32_t> ids;           // waiting for the exact product
    std::vector<float> merged;
    std::vector<std::byte> gathered;     // rows of the head, kGather
    uint64_t kept = 0;
  };
  // One row of logits on its way through the second stage.
  struct Row {
    HeadInput in;
    Likeliest wanted;
    float* logits;       // (vocabulary)
    std::byte* scratch;
  };

  bool suits(std::span<const Likeliest> rows) const;
  float lowest_of_likeliest(const Team& team, size_t row, uint32_t top);
  float before_cap(float logit) const;
  void keep_possible(Thread& mine, const Row& row, Team::Share share, float lowest);
  Row row_of(const Pass& pass, size_t row, std::byte* scratch) const;
  void exact(Thread& mine, const Row& row, std::span<const uint32_t> ids, float* out) const;
  void finish_first(Thread& mine, const Row& row, size_t n) const;

  void sample(const Row& row);
  double cost(TensorType type, double share) const;
  void decide(ThreadPool& pool);
  void build(ThreadPool& pool);
  void watch(size_t rows);

  const TensorView head_;
  const kernels::KernelTable& kernels_;
  const float soft_cap_;
  const bool always_;
  std::vector<Thread> threads_;
  // Some rows by a copy of each type, while it is not known which pays.
  struct Sampled {
    std::unique_ptr<HeadCopy> copy;
    double share = 0;                    // of the rows that would be kept, summed over samples
  };

  std::unique_ptr<HeadCopy> copy_;
  TensorType copy_type_ = HeadCopy::kTypes[0];
  Sampled sampled_[std::size(HeadCopy::kTypes)];
  uint32_t samples_ = 0;
  bool given_up_ = false;
  uint32_t seen_ = 0;                    // rows that suited, since there is no copy
  uint32_t unsuited_ = 0;
  uint32_t copies_ = 0;                  // made so far
  uint64_t window_rows_ = 0, window_kept_ = 0;
  uint64_t kept_rows_ = 0;
  HeadScreenUse use_;
};

}  // namespace slm
