// A bounds-checked reader over untrusted bytes that knows where it stands, so that every error can say so.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slm::gguf {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in the file");

class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string_view path) : bytes_(bytes), path_(path) {}

  uint64_t offset() const { return offset_; }
  uint64_t size() const { return bytes_.size(); }
  uint64_t remaining() const { return bytes_.size() - offset_; }
  std::string_view path() const { return path_; }
  const char* chars() const { return reinterpret_cast<const char*>(bytes_.data()) + offset_; }

  // What is being read, for errors: an item of a list ("metadata_kv", 17), then, once known, its name.
  void enter(std::string_view list, uint64_t index) {
    list_ = list;
    index_ = index;
    name_ = {};
  }
  void enter(std::string_view field) { name_ = field; }
  std::string place() const;  // "general.name", "metadata_kv[17]"

  // Passes over `n` bytes. Error: kCorrupt "gguf.truncated".
  Status skip(uint64_t n);
  template <class T>
  Result<T> read() {
    T value;
    if (remaining() < sizeof(T)) return truncated(sizeof(T));
    std::memcpy(&value, chars(), sizeof(T));
    offset_ += sizeof(T);
    return value;
  }
  // A u64 length, then so many bytes. Errors: "gguf.truncated", "gguf.string_too_long".
  Result<std::string_view> string(uint64_t max_bytes);
  // Passes over `count` strings in one go. Errors as string().
  Status skip_strings(uint64_t count, uint64_t max_bytes);
  // Nothing is made of a declared count before this holds. Errors: "gguf.too_many" (over `max`), "gguf.count_beyond_file".
  Status check_count(uint64_t count, uint64_t max, uint64_t min_item_bytes) const;

  tl::unexpected<Error> truncated(uint64_t needed) const;

 private:
  std::span<const std::byte> bytes_;
  std::string_view path_;
  uint64_t offset_ = 0;
  std::string_view list_, name_;
  uint64_t index_ = 0;
};

}  // namespace slm::gguf
