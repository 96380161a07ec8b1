// The tensor list of a GGUF file: parsed and checked against the file's size.
#pragma once

#include <span>
#include <vector>

#include "gguf/cursor.h"
#include "gguf/file.h"

namespace slm::gguf {

class TensorDirectory {
 public:
  // Reads `n_tensors` descriptions; the data begin at the next multiple of `alignment` behind them.
  // After success every tensor is of a known type, whole blocks, aligned, inside the file, and no two overlap.
  // Errors: kCorrupt with the tensor's name and the byte offset.
  static Result<TensorDirectory> parse(Cursor& cursor, uint64_t n_tensors, uint64_t alignment);

  std::span<const TensorInfo> tensors() const { return tensors_; }  // in file order
  const TensorInfo* find(std::string_view name) const;

 private:
  std::vector<TensorInfo> tensors_;
  std::vector<uint32_t> by_name_;  // indices into tensors_, sorted by name
};

}  // namespace slm::gguf
