// Untrusted bytes -> validated metadata and tensor directory. The only reader of model files. Everything is checked
// before it is given out (docs/formats/gguf.md); after open() succeeds, every key, string, array and tensor lies inside the
// file and every tensor's shape, type, alignment and size are consistent with each other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "tensor/types.h"

namespace slm::gguf {

enum class ValueType : uint32_t {
  kUint8 = 0, kInt8 = 1, kUint16 = 2, kInt16 = 3, kUint32 = 4, kInt32 = 5, kFloat32 = 6,
  kBool = 7, kString = 8, kArray = 9, kUint64 = 10, kInt64 = 11, kFloat64 = 12,
};

// An array of strings in the file, indexed once.
class StringArray {
 public:
  StringArray() = default;
  size_t size() const { return entries_.size(); }
  std::string_view operator[](size_t i) const { return entries_[i]; }

 private:
  friend class File;
  std::vector<std::string_view> entries_;
};

struct TensorInfo {
  std::string_view name;
  TensorType type;
  uint32_t n_dims;
  uint64_t dims[4];          // GGUF order: dims[0] is contiguous; unused are 1
  uint64_t offset;           // from the start of the file
  uint64_t size_bytes;

  uint64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
};

class File {
 public:
  // Maps and validates. Errors: kNotFound, kFailed (unreadable), kCorrupt (with the byte offset, and the key or tensor name).
  static Result<std::shared_ptr<const File>> open(const std::string& path);
  // The same over bytes in memory (tests, fuzzing). The bytes outlive the File.
  static Result<std::shared_ptr<const File>> parse(std::span<const std::byte> bytes, std::string path = "<memory>");
  ~File();

  const std::string& path() const;
  uint32_t version() const;
  uint64_t size_bytes() const;

  // Metadata. `find_*` give nothing when the key is absent; a key of another type is an error with both types named.
  // Integers convert between widths when the value fits; floats from f32/f64.
  bool has(std::string_view key) const;
  Result<std::optional<uint64_t>> find_u64(std::string_view key) const;
  Result<std::optional<int64_t>> find_i64(std::string_view key) const;
  Result<std::optional<double>> find_f64(std::string_view key) const;
  Result<std::optional<bool>> find_bool(std::string_view key) const;
  Result<std::optional<std::string_view>> find_string(std::string_view key) const;
  Result<std::optional<StringArray>> find_strings(std::string_view key) const;
  Result<std::optional<std::vector<float>>> find_floats(std::string_view key) const;
  Result<std::optional<std::vector<int64_t>>> find_ints(std::string_view key) const;   // any integer width, and bools
  // Required forms: kCorrupt "gguf.missing_key" naming the key when absent.
  Result<uint64_t> u64(std::string_view key) const;
  Result<double> f64(std::string_view key) const;
  Result<std::string_view> string(std::string_view key) const;
  Result<StringArray> strings(std::string_view key) const;

  // "general.architecture".
  Result<std::string_view> architecture() const;

  // All keys in file order with a short text of the value ("[151936 strings]" for arrays), for `slm show` and tests.
  struct KeyLine {
    std::string_view key;
    ValueType type;
    std::string text;
  };
  std::vector<KeyLine> key_lines() const;

  std::span<const TensorInfo> tensors() const;
  const TensorInfo* find_tensor(std::string_view name) const;
  // A tensor of one or two dimensions as a matrix (1-D: rows = 1). Errors: kCorrupt "gguf.missing_tensor",
  // "gguf.wrong_shape" (both shapes) where it is not (rows, cols).
  Result<TensorView> matrix(std::string_view name, uint32_t rows, uint32_t cols) const;
  std::span<const std::byte> tensor_bytes(const TensorInfo& tensor) const;

  // The mapping, for advice about pages; null for parse().
  const MappedFile* mapping() const;

 private:
  File();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::gguf
