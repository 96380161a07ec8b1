// Reads all that a file gives, in every form: for the fuzzer and the tests of damaged files.
#pragma once

#include <cstdint>

#include "gguf/file.h"

namespace slm::gguf {

// A sum over what was read, so that nothing is optimised away.
inline uint64_t exercise(const File& file) {
  uint64_t sum = file.version() + file.size_bytes();
  const auto take = [&](std::string_view text) {
    for (const char c : text) sum = sum * 31 + static_cast<uint8_t>(c);
  };
  for (const File::KeyLine& line : file.key_lines()) {
    take(line.key);
    take(line.text);
    if (const auto value = file.find_u64(line.key); value && *value) sum += **value;
    if (const auto value = file.find_i64(line.key); value && *value) sum += static_cast<uint64_t>(**value);
    if (const auto value = file.find_f64(line.key); value && *value) sum += **value > 0 ? 1 : 0;
    if (const auto value = file.find_bool(line.key); value && *value) sum += **value ? 1 : 0;
    if (const auto value = file.find_string(line.key); value && *value) take(**value);
    if (const auto value = file.find_floats(line.key); value && *value) sum += (*value)->size();
    if (const auto value = file.find_ints(line.key); value && *value) sum += (*value)->size();
    if (const auto value = file.find_strings(line.key); value && *value) {
      for (size_t i = 0; i < (*value)->size(); ++i) take((**value)[i]);
    }
  }
  for (const TensorInfo& tensor : file.tensors()) {
    take(tensor.name);
    const auto bytes = file.tensor_bytes(tensor);
    sum += static_cast<uint8_t>(bytes.front()) + static_cast<uint8_t>(bytes.back());
    if (file.find_tensor(tensor.name) != &tensor) __builtin_trap();
    const auto rows = static_cast<uint32_t>(tensor.dims[1]), cols = static_cast<uint32_t>(tensor.dims[0]);
    if (const auto matrix = file.matrix(tensor.name, rows, cols)) {
      if (matrix->row_bytes * matrix->rows != tensor.size_bytes) __builtin_trap();
    }
  }
  return sum;
}

}  // namespace slm::gguf
