// The key-value part of a GGUF file: parsed and checked once, values left where they lie.
#pragma once

#include <span>
#include <vector>

#include "gguf/cursor.h"
#include "gguf/file.h"

namespace slm::gguf {

struct Entry {
  std::string_view key;
  ValueType type;
  ValueType item_type;     // of an array; else the same as type
  uint64_t key_offset;     // from the start of the file, of the entry
  uint64_t offset;         // of the value: of a string's first character, of an array's first item
  uint64_t count;          // items of an array, bytes of a string, else 1
};

// "uint32", "string" ...
std::string_view value_type_name(ValueType type);
// "uint32", "array of string".
std::string type_text(const Entry& entry);
// Bytes of one value; 0 for strings and arrays.
uint64_t value_bytes(ValueType type);

class Metadata {
 public:
  // Reads `n_keys` entries. Errors: kCorrupt with the key and the byte offset.
  static Result<Metadata> parse(Cursor& cursor, uint64_t n_keys);

  std::span<const Entry> entries() const { return entries_; }  // in file order
  const Entry* find(std::string_view key) const;

 private:
  std::vector<Entry> entries_;
  std::vector<uint32_t> by_key_;  // indices into entries_, sorted by key
};

// A key or a tensor name: not empty, valid UTF-8, no control characters (it is shown on terminals).
Status check_name(const Cursor& cursor, std::string_view name, uint64_t offset);

// Indices of `names`, sorted by name; names are views. Sorting, unlike hashing, has no worst case that a file can aim at.
std::vector<uint32_t> sorted_by_name(std::span<const std::string_view> names);

}  // namespace slm::gguf
