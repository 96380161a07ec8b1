// Reading a family's hyper-parameters out of GGUF metadata, each within its limit, and the spec that all families start from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gguf/file.h"
#include "model/spec.h"

namespace slm::families {

// Keys of one architecture: size("block_count") reads "llama.block_count".
class Keys {
 public:
  explicit Keys(const gguf::File& file, std::string_view architecture) : file_(file), architecture_(architecture) {}

  // A whole number in [1, max]. Errors: kCorrupt: absent, another type, outside its range ("model.out_of_range").
  Result<uint32_t> size(std::string_view key, uint32_t max) const;
  Result<uint32_t> size_or(std::string_view key, uint32_t max, uint32_t otherwise) const;
  // A finite number above 0. Errors as size().
  Result<float> positive(std::string_view key) const;
  Result<float> positive_or(std::string_view key, float otherwise) const;
  // 1 / factor of linear RoPE scaling, 1 where the file names none. Error: kFailed for other kinds of scaling.
  Result<float> rope_scale() const;
  // Which layers see only the window: the file's attention.sliding_window_pattern (a period, or one flag a layer), else
  // `period`. With a period n every n-th layer sees everything, the last of each n.
  Result<std::vector<bool>> windowed_layers(uint32_t n_layers, uint32_t period) const;

  std::string full(std::string_view key) const { return architecture_ + "." + std::string(key); }

 private:
  const gguf::File& file_;
  std::string architecture_;
};

// What every family shares: shapes, context, vocabulary, eps, RoPE base and dimensions, attention scale 1 / sqrt(head_dim).
Result<ModelSpec> read_shapes(const gguf::File& file, std::string_view architecture);

}  // namespace slm::families
