// Writes GGUF version 3 files: metadata in the order given, then tensors streamed one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/file.h"
#include "tensor/types.h"

namespace slm::gguf {

class Writer {
 public:
  void set_u32(std::string_view key, uint32_t value);
  void set_u64(std::string_view key, uint64_t value);
  void set_i32(std::string_view key, int32_t value);
  void set_f32(std::string_view key, float value);
  void set_bool(std::string_view key, bool value);
  void set_string(std::string_view key, std::string_view value);
  void set_strings(std::string_view key, std::span<const std::string> values);
  void set_floats(std::string_view key, std::span<const float> values);
  void set_i32s(std::string_view key, std::span<const int32_t> values);

  // `fill` writes exactly row_bytes-consistent bytes of the tensor when the file is written, in pieces of whole rows:
  // it is called with an append function. dims in GGUF order (contiguous first).
  using Append = std::function<Status(std::span<const std::byte>)>;
  void add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> dims,
                  std::function<Status(const Append&)> fill);
  void add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> dims, std::vector<std::byte> bytes);

  // Beside `path`, fsync, rename. Errors: kFailed (I/O, a fill that wrote another number of bytes).
  Status write(const std::string& path) const;
  // Into memory (tests).
  Result<std::vector<std::byte>> to_bytes() const;

 private:
  struct Tensor {
    std::string name;
    TensorType type;
    std::vector<uint64_t> dims;
    std::function<Status(const Append&)> fill;
  };
  std::vector<std::byte> metadata_;
  uint64_t n_keys_ = 0;
  std::vector<Tensor> tensors_;
};

}  // namespace slm::gguf
