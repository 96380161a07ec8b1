// Moves what every token reads whole (the layers' matrices and the output head) from the mapped file to memory of huge pages, a part at
// a time. A file's pages are small unless its mapping brought them from the disk, and a token walks their tables once for every 4 KB of its
// weights: on the machines measured that is a tenth to a fifth of decode. What lies in huge pages stays: it is as fast, shared, and no copy.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/huge_memory.h"
#include "base/mapped_file.h"
#include "base/thread_pool.h"
#include "model/weights.h"

namespace slm {

class WeightMover {
 public:
  // Of weights bound to tensors in `file`; both outlive it. Best made after a pass has read them: what is not mapped yet counts as small.
  WeightMover(Weights& weights, const MappedFile& file);

  // Moves matrices, whole ones, until `bytes` are done, and gives the file's pages back: no more memory is held than before, but what was
  // the file's, which others share and the system may drop, is now this process's own. The weights' bits stay as they were. The head is the
  // last and goes only with_head. False when nothing is left to do. REQUIRES: nobody reads the weights meanwhile.
  bool move(size_t bytes, bool with_head, ThreadPool& pool);

 private:
  // Copies one matrix to `to` with all threads.
  void copy(const TensorView& matrix, std::byte* to, ThreadPool& pool) const;

  Weights& weights_;
  const MappedFile& file_;
  std::vector<TensorView*> left_;  // the next one last
  std::unique_ptr<HugeMemory> memory_;
  size_t used_ = 0;
};

}  // namespace slm
