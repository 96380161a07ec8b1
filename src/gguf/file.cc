#include "gguf/file.h"

#include <algorithm>
#include <bit>

#include "base/limits.h"
#include "base/text.h"
#include "gguf/metadata.h"
#include "gguf/tensor_directory.h"

namespace slm::gguf {

struct File::Impl {
  std::string path;
  std::shared_ptr<const MappedFile> mapping;  // null for parse()
  std::span<const std::byte> bytes;
  uint32_t version = 0;
  Metadata metadata;
  TensorDirectory directory;
};

namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint32_t kMinVersion = 2;  // version 1 counted in 32 bits, for a few weeks of 2023
constexpr uint32_t kMaxVersion = 3;
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kMinAlignment = 8;  // GGUF: a multiple of 8

// What stands where a model should: a failed download has its own look.
Status check_magic(Cursor& cursor) {
  const std::string_view start(cursor.chars(), std::min<uint64_t>(cursor.size(), 64));
  if (start.empty()) return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.empty", cursor.path()), msg("gguf.hint_incomplete"));
  if (start.starts_with(kMagic)) return cursor.skip(kMagic.size());
  if (start.starts_with("version https://git-lfs")) {
    return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.lfs_pointer", cursor.path()), msg("gguf.hint_lfs"));
  }
  if (start.starts_with("<!") || start.starts_with("<html") || start.starts_with("<HTML")) {
    return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.html_page", cursor.path()), msg("gguf.hint_html"));
  }
  std::string hex;
  for (const char c : start.substr(0, kMagic.size())) {
    hex += fmt::format("{}{:02x}", hex.empty() ? "" : " ", static_cast<uint8_t>(c));
  }
  return fail(ErrorKind::kCorrupt, "gguf.bad_magic", cursor.path(), hex, 0);
}

Result<uint32_t> read_version(Cursor& cursor) {
  cursor.enter("version");
  const uint64_t at = cursor.offset();
  SLM_TRY(version, cursor.read<uint32_t>());
  const uint32_t swapped = __builtin_bswap32(version);
  if (swapped >= 1 && swapped <= kMaxVersion) {
    return fail(ErrorKind::kFailed, "gguf.big_endian", cursor.path(), swapped, at);
  }
  if (version > kMaxVersion) {
    return fail_with_hint(ErrorKind::kFailed, msg("gguf.future_version", cursor.path(), version, kMinVersion, kMaxVersion, at),
                          msg("gguf.hint_newer_program"));
  }
  if (version < kMinVersion) {
    return fail(ErrorKind::kFailed, "gguf.old_version", cursor.path(), version, kMinVersion, kMaxVersion, at);
  }
  return version;
}

template <class T>
T value_at(std::span<const std::byte> bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

bool is_integer(ValueType type) {
  switch (type) {
    case ValueType::kUint8: case ValueType::kInt8: case ValueType::kUint16: case ValueType::kInt16:
    case ValueType::kUint32: case ValueType::kInt32: case ValueType::kUint64: case ValueType::kInt64:
      return true;
    default:
      return false;
  }
}

bool is_float(ValueType type) { return type == ValueType::kFloat32 || type == ValueType::kFloat64; }

// Any integer type but uint64 beyond int64's range, and bools.
int64_t signed_at(std::span<const std::byte> bytes, ValueType type, uint64_t offset) {
  switch (type) {
    case ValueType::kUint8: case ValueType::kBool: return value_at<uint8_t>(bytes, offset);
    case ValueType::kInt8: return value_at<int8_t>(bytes, offset);
    case ValueType::kUint16: return value_at<uint16_t>(bytes, offset);
    case ValueType::kInt16: return value_at<int16_t>(bytes, offset);
    case ValueType::kUint32: return value_at<uint32_t>(bytes, offset);
    case ValueType::kInt32: return value_at<int32_t>(bytes, offset);
    default: return value_at<int64_t>(bytes, offset);
  }
}

double float_at(std::span<const std::byte> bytes, ValueType type, uint64_t offset) {
  if (type == ValueType::kFloat32) return value_at<float>(bytes, offset);
  return value_at<double>(bytes, offset);
}

std::string_view string_at(std::span<const std::byte> bytes, const Entry& entry) {
  return {reinterpret_cast<const char*>(bytes.data()) + entry.offset, entry.count};
}

tl::unexpected<Error> wrong_type(const std::string& path, const Entry& entry, std::string_view wanted) {
  return fail(ErrorKind::kCorrupt, "gguf.wrong_type", path, entry.key, type_text(entry), wanted, entry.key_offset);
}

// One line of at most `kShown` bytes, fit for a terminal.
std::string shown_text(std::string_view text) {
  constexpr size_t kShown = 72;
  const bool cut = text.size() > kShown;
  text = text.substr(0, kShown);
  if (cut) text.remove_suffix(incomplete_utf8_suffix(text));
  std::string out;
  for (const char c : to_valid_utf8(text)) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += static_cast<uint8_t>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return cut ? out + ".." : out;
}

std::string value_text(std::span<const std::byte> bytes, const Entry& entry) {
  switch (entry.type) {
    case ValueType::kString: return shown_text(string_at(bytes, entry));
    case ValueType::kArray: return fmt::format("[{} {}s]", entry.count, value_type_name(entry.item_type));
    case ValueType::kBool: return value_at<uint8_t>(bytes, entry.offset) != 0 ? "true" : "false";
    case ValueType::kUint64: return fmt::format("{}", value_at<uint64_t>(bytes, entry.offset));
    case ValueType::kFloat32: return fmt::format("{}", value_at<float>(bytes, entry.offset));
    case ValueType::kFloat64: return fmt::format("{}", value_at<double>(bytes, entry.offset));
    default: return fmt::format("{}", signed_at(bytes, entry.type, entry.offset));
  }
}

std::string shape_text(const TensorInfo& tensor) {
  std::string out = "(";
  for (uint32_t i = tensor.n_dims; i-- > 0;) out += fmt::format("{}{}", tensor.dims[i], i > 0 ? ", " : ")");
  return out;
}

}  // namespace

File::File() : impl_(std::make_unique<Impl>()) {}
File::~File() = default;

Result<std::shared_ptr<const File>> File::open(const std::string& path) {
  SLM_TRY(mapping, MappedFile::open(path));
  SLM_TRY(file, parse(mapping->bytes(), path));
  file->impl_->mapping = std::move(mapping);
  return file;
}

Result<std::shared_ptr<const File>> File::parse(std::span<const std::byte> bytes, std::string path) {
  std::shared_ptr<File> file(new File);
  Impl& impl = *file->impl_;
  impl.path = std::move(path);
  impl.bytes = bytes;
  Cursor cursor(bytes, impl.path);
  SLM_TRY_STATUS(check_magic(cursor));
  SLM_TRY(version, read_version(cursor));
  impl.version = version;
  cursor.enter("tensor_count");
  SLM_TRY(n_tensors, cursor.read<uint64_t>());
  cursor.enter("metadata_kv_count");
  SLM_TRY(n_keys, cursor.read<uint64_t>());
  SLM_TRY(metadata, Metadata::parse(cursor, n_keys));
  impl.metadata = std::move(metadata);

  SLM_TRY(alignment, file->find_u64("general.alignment"));
  const uint64_t align = alignment.value_or(kDefaultAlignment);
  if (!std::has_single_bit(align) || align < kMinAlignment || align > limits::kGgufMaxAlignment) {
    const Entry* entry = impl.metadata.find("general.alignment");
    return fail(ErrorKind::kCorrupt, "gguf.bad_alignment", impl.path, align, kMinAlignment, limits::kGgufMaxAlignment,
                entry->offset);
  }
  SLM_TRY(directory, TensorDirectory::parse(cursor, n_tensors, align));
  impl.directory = std::move(directory);
  return std::shared_ptr<const File>(std::move(file));
}

const std::string& File::path() const { return impl_->path; }
uint32_t File::version() const { return impl_->version; }
uint64_t File::size_bytes() const { return impl_->bytes.size(); }
const MappedFile* File::mapping() const { return impl_->mapping.get(); }

bool File::has(std::string_view key) const { return impl_->metadata.find(key) != nullptr; }

Result<std::optional<uint64_t>> File::find_u64(std::string_view key) const {
  const Entry* entry = impl_->metadata.find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type == ValueType::kUint64) return value_at<uint64_t>(impl_->bytes, entry->offset);
  if (!is_integer(entry->type)) return wrong_type(impl_->path, *entry, "unsigned integer");
  const int64_t value = signed_at(impl_->bytes, entry->type, entry->offset);
  if (value < 0) return fail(ErrorKind::kCorrupt, "gguf.value_negative", impl_->path, key, value, entry->offset);
  return static_cast<uint64_t>(value);
}

Result<std::optional<int64_t>> File::find_i64(std::string_view key) const {
  const Entry* entry = impl_->metadata.find(key);
  if (entry == nullptr) return std::nullopt;
  if (!is_integer(entry->type)) return wrong_type(impl_->path, *entry, "integer");
  if (entry->type == ValueType::kUint64) {
    const uint64_t value = value_at<uint64_t>(impl_->bytes, entry->offset);
    if (value > INT64_MAX) return fail(ErrorKind::kCorrupt, "gguf.value_too_large", impl_->path, key, value, entry->offset);
  }
  return signed_at(impl_->bytes, entry->type, entry->offset);
}

Result<std::optional<double>> File::find_f64(std::string_view key) const {
  const Entry* entry = impl_->metadata.find(key);
  if (entry == nullptr) return std::nullopt;
  if (!is_float(entry->type)) return wrong_type(impl_->path, *entry, "float");
  return float_at(impl_->bytes, entry->type, entry->offset);
}

Result<std::optional<bool>> File::find_bool(std::string_view key) const {
  const Entry* entry = impl_->metadata.find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != ValueType::kBool) return wrong_type(impl_->path, *entry, "bool");
  return value_at<uint8_t>(impl_->bytes, entry->offset) != 0;
}

Result<std::optional<std::string_view>> File::find_string(std::string_view key) const {
  const Entry* entry = impl_->metadata.find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != ValueType::kString) return wrong_type(impl_->path, *entry, "string");
  return string_at(impl_->bytes, *entry);
}

Result<std::optional<StringArray>> File::find_strings(std::string_view key) const {
  const Entry* entry = impl_->metadata.find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != ValueType::kArray || entry->item_type != ValueType::kString) {
    return wrong_type(impl_->path, *entry, "array of string");
  }
  StringArray strings;
  strings.entries_.resize(entry->count);  // count * 8 bytes lie in the file
  const char* at = reinterpret_cast<const char*>(impl_->bytes.data()) + entry->offset;
  for (std::string_view& view : strings.entries_) {
    uint64_t length;
    std::memcpy(&length, at, sizeof(length));
    view = {at + sizeof(length), length};
    at += sizeof(length) + length;
  }
  return strings;
}

Result<std::optional<std::vector<float>>> File::find_floats(std::string_view key) const {
  const Entry* entry = impl_->metadata.find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != ValueType::kArray || !is_float(entry->item_type)) {
    return wrong_type(impl_->path, *entry, "array of float32");
  }
  std::vector<float> values(entry->count);
  const uint64_t step = value_bytes(entry->item_type);
  for (uint64_t i = 0; i < entry->count; ++i) {
    values[i] = static_cast<float>(float_at(impl_->bytes, entry->item_type, entry->offset + i * step));
  }
  return values;
}

Result<std::optional<std::vector<int64_t>>> File::find_ints(std::string_view key) const {
  const Entry* entry = impl_->metadata.find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != ValueType::kArray || !(is_integer(entry->item_type) || entry->item_type == ValueType::kBool)) {
    return wrong_type(impl_->path, *entry, "array of integer");
  }
  std::vector<int64_t> values(entry->count);
  const uint64_t step = value_bytes(entry->item_type);
  for (uint64_t i = 0; i < entry->count; ++i) {
    const uint64_t at = entry->offset + i * step;
    values[i] = signed_at(impl_->bytes, entry->item_type, at);
    if (entry->item_type == ValueType::kUint64 && values[i] < 0) {
      return fail(ErrorKind::kCorrupt, "gguf.value_too_large", impl_->path, key, value_at<uint64_t>(impl_->bytes, at), at);
    }
  }
  return values;
}

namespace {

template <class T>
Result<T> required(Result<std::optional<T>> found, const std::string& path, std::string_view key) {
  if (!found) return tl::unexpected(std::move(found).error());
  if (!*found) return fail(ErrorKind::kCorrupt, "gguf.missing_key", path, key);
  return std::move(**found);
}

}  // namespace

Result<uint64_t> File::u64(std::string_view key) const { return required(find_u64(key), impl_->path, key); }
Result<double> File::f64(std::string_view key) const { return required(find_f64(key), impl_->path, key); }
Result<std::string_view> File::string(std::string_view key) const { return required(find_string(key), impl_->path, key); }
Result<StringArray> File::strings(std::string_view key) const { return required(find_strings(key), impl_->path, key); }
Result<std::string_view> File::architecture() const { return string("general.architecture"); }

std::vector<File::KeyLine> File::key_lines() const {
  std::vector<KeyLine> lines;
  for (const Entry& entry : impl_->metadata.entries()) {
    lines.push_back({entry.key, entry.type, value_text(impl_->bytes, entry)});
  }
  return lines;
}

std::span<const TensorInfo> File::tensors() const { return impl_->directory.tensors(); }
const TensorInfo* File::find_tensor(std::string_view name) const { return impl_->directory.find(name); }

Result<TensorView> File::matrix(std::string_view name, uint32_t rows, uint32_t cols) const {
  const TensorInfo* tensor = find_tensor(name);
  if (tensor == nullptr) return fail(ErrorKind::kCorrupt, "gguf.missing_tensor", impl_->path, name);
  if (tensor->dims[0] != cols || tensor->dims[1] != rows || tensor->dims[2] != 1 || tensor->dims[3] != 1) {
    const std::string wanted = rows == 1 && tensor->n_dims == 1 ? fmt::format("({})", cols) : fmt::format("({}, {})", rows, cols);
    return fail(ErrorKind::kCorrupt, "gguf.wrong_shape", impl_->path, name, shape_text(*tensor), wanted);
  }
  TensorView view;
  view.type = tensor->type;
  view.data = impl_->bytes.data() + tensor->offset;
  view.rows = rows;
  view.cols = cols;
  view.row_bytes = row_bytes(tensor->type, cols);
  return view;
}

std::span<const std::byte> File::tensor_bytes(const TensorInfo& tensor) const {
  return impl_->bytes.subspan(tensor.offset, tensor.size_bytes);
}

}  // namespace slm::gguf
