#include "gguf/metadata.h"

#include <algorithm>
#include <numeric>

#include "base/limits.h"
#include "base/text.h"

namespace slm::gguf {
namespace {

struct ValueTypeInfo {
  std::string_view name;
  uint64_t bytes;
};
// By ValueType's numbers.
constexpr ValueTypeInfo kValueTypes[] = {
    {"uint8", 1}, {"int8", 1}, {"uint16", 2}, {"int16", 2}, {"uint32", 4}, {"int32", 4}, {"float32", 4},
    {"bool", 1},  {"string", 0}, {"array", 0}, {"uint64", 8}, {"int64", 8}, {"float64", 8},
};
constexpr uint32_t kValueTypeCount = std::size(kValueTypes);

// The least an entry takes: key length, one byte of key, type, one byte of value.
constexpr uint64_t kMinEntryBytes = 8 + 1 + 4 + 1;

Result<ValueType> read_value_type(Cursor& cursor) {
  const uint64_t at = cursor.offset();
  SLM_TRY(number, cursor.read<uint32_t>());
  if (number >= kValueTypeCount) {
    return fail(ErrorKind::kCorrupt, "gguf.unknown_value_type", cursor.path(), cursor.place(), number, at);
  }
  return static_cast<ValueType>(number);
}

Status check_bools(const Cursor& cursor, const Entry& entry, const char* values) {
  for (uint64_t i = 0; i < entry.count; ++i) {
    const auto value = static_cast<uint8_t>(values[i]);
    if (value > 1) {
      return fail(ErrorKind::kCorrupt, "gguf.bad_bool", cursor.path(), entry.key, value, entry.offset + i);
    }
  }
  return {};
}

Status read_array(Cursor& cursor, Entry& entry) {
  const uint64_t at = cursor.offset();
  SLM_TRY(item_type, read_value_type(cursor));
  if (item_type == ValueType::kArray) {
    return fail(ErrorKind::kCorrupt, "gguf.nested_array", cursor.path(), entry.key, at);
  }
  SLM_TRY(count, cursor.read<uint64_t>());
  const bool strings = item_type == ValueType::kString;
  const uint64_t min_item_bytes = strings ? sizeof(uint64_t) : value_bytes(item_type);
  SLM_TRY_STATUS(cursor.check_count(count, limits::kGgufMaxArrayItems, min_item_bytes));
  entry.item_type = item_type;
  entry.offset = cursor.offset();
  entry.count = count;
  const char* const values = cursor.chars();
  if (strings) return cursor.skip_strings(count, limits::kGgufMaxStringBytes);
  SLM_TRY_STATUS(cursor.skip(count * value_bytes(item_type)));  // cannot overflow: check_count held it
  if (item_type == ValueType::kBool) return check_bools(cursor, entry, values);
  return {};
}

Status read_value(Cursor& cursor, Entry& entry) {
  entry.item_type = entry.type;
  entry.count = 1;
  if (entry.type == ValueType::kArray) return read_array(cursor, entry);
  if (entry.type == ValueType::kString) {
    SLM_TRY(text, cursor.string(limits::kGgufMaxStringBytes));
    entry.offset = cursor.offset() - text.size();
    entry.count = text.size();
    return {};
  }
  entry.offset = cursor.offset();
  const char* const value = cursor.chars();
  SLM_TRY_STATUS(cursor.skip(value_bytes(entry.type)));
  if (entry.type == ValueType::kBool) return check_bools(cursor, entry, value);
  return {};
}

Result<Entry> read_entry(Cursor& cursor) {
  Entry entry{};
  entry.key_offset = cursor.offset();
  SLM_TRY(key, cursor.string(limits::kGgufMaxKeyBytes));
  SLM_TRY_STATUS(check_name(cursor, key, entry.key_offset));
  entry.key = key;
  cursor.enter(key);
  SLM_TRY(type, read_value_type(cursor));
  entry.type = type;
  SLM_TRY_STATUS(read_value(cursor, entry));
  return entry;
}

}  // namespace

std::string_view value_type_name(ValueType type) { return kValueTypes[static_cast<uint32_t>(type)].name; }

uint64_t value_bytes(ValueType type) { return kValueTypes[static_cast<uint32_t>(type)].bytes; }

std::string type_text(const Entry& entry) {
  if (entry.type != ValueType::kArray) return std::string(value_type_name(entry.type));
  return fmt::format("array of {}", value_type_name(entry.item_type));
}

Status check_name(const Cursor& cursor, std::string_view name, uint64_t offset) {
  if (name.empty()) return fail(ErrorKind::kCorrupt, "gguf.empty_name", cursor.path(), cursor.place(), offset);
  const uint64_t first = offset + sizeof(uint64_t);  // behind the length
  if (const auto at = first_invalid_utf8(name)) {
    return fail(ErrorKind::kCorrupt, "gguf.name_not_utf8", cursor.path(), cursor.place(), first + *at);
  }
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<uint8_t>(name[i]);
    if (byte < 0x20 || byte == 0x7f) {
      return fail(ErrorKind::kCorrupt, "gguf.name_control", cursor.path(), cursor.place(), byte, first + i);
    }
  }
  return {};
}

std::vector<uint32_t> sorted_by_name(std::span<const std::string_view> names) {
  std::vector<uint32_t> order(names.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return names[a] < names[b]; });
  return order;
}

Result<Metadata> Metadata::parse(Cursor& cursor, uint64_t n_keys) {
  cursor.enter("metadata_kv_count");
  SLM_TRY_STATUS(cursor.check_count(n_keys, limits::kGgufMaxKeys, kMinEntryBytes));
  Metadata metadata;
  metadata.entries_.reserve(n_keys);
  const uint64_t start = cursor.offset();
  for (uint64_t i = 0; i < n_keys; ++i) {
    cursor.enter("metadata_kv", i);
    SLM_TRY(entry, read_entry(cursor));
    if (cursor.offset() - start > limits::kGgufMaxMetadataBytes) {
      return fail(ErrorKind::kCorrupt, "gguf.metadata_too_large", cursor.path(), entry.key, limits::kGgufMaxMetadataBytes,
                  entry.key_offset);
    }
    metadata.entries_.push_back(entry);
  }

  std::vector<std::string_view> keys;
  keys.reserve(n_keys);
  for (const Entry& entry : metadata.entries_) keys.push_back(entry.key);
  metadata.by_key_ = sorted_by_name(keys);
  for (size_t i = 1; i < keys.size(); ++i) {
    const Entry& first = metadata.entries_[metadata.by_key_[i - 1]];
    const Entry& second = metadata.entries_[metadata.by_key_[i]];
    if (first.key == second.key) {
      return fail(ErrorKind::kCorrupt, "gguf.duplicate_key", cursor.path(), second.key, first.key_offset, second.key_offset);
    }
  }
  return metadata;
}

const Entry* Metadata::find(std::string_view key) const {
  const auto at = std::lower_bound(by_key_.begin(), by_key_.end(), key,
                                   [&](uint32_t index, std::string_view k) { return entries_[index].key < k; });
  if (at == by_key_.end() || entries_[*at].key != key) return nullptr;
  return &entries_[*at];
}

}  // namespace slm::gguf
