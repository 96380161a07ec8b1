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
  void set_u16(std::string_view key, uint16_t value);
  void set_u32(std::string_view key, uint32_t value);
  void set_u64(std::string_view key, uint64_t value);
  void set_i32(std::string_view key, int32_t value);
  void set_f32(std::string_view key, float value);
  void set_bool(std::string_view key, bool value);
  void set_string(std::string_view key, std::string_view value);
  void set_strings(std::string_view key, std::span<const std::string> values);
  void set_floats(std::string_view key, std::span<const float> values);
  void set_i32s(std::string_view key, std::span<const int32_t> values);
  void set_bools(std::string_view key, const std::vector<bool>& values);

  // `fill` writes exactly row_bytes-consistent bytes of the tensor when the file is written, in pieces of whole rows:
  // it is called with an append function. dims in GGUF order (contiguous first).
  // REQUIRES: dims[0] is a multiple of the type's block; names and keys are given once (the reader refuses doubles).
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
  void add_key(std::string_view key, ValueType type);
  void add_array_key(std::string_view key, ValueType item_type, uint64_t count);
  std::vector<std::byte> header() const;
  Status write_all(const Append& append) const;

  std::vector<std::byte> metadata_;
  uint64_t n_keys_ = 0;
  std::vector<Tensor> tensors_;
};

}  // namespace slm::gguf
