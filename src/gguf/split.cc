#include "gguf/split.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "base/limits.h"
#include "gguf/metadata.h"

namespace slm::gguf {
namespace {

constexpr size_t kNumberDigits = 5;
constexpr std::string_view kSplitKeys = "split.";

std::string five_digits(uint32_t number) { return fmt::format("{:05}", number); }

std::optional<uint32_t> part_number(std::string_view digits) {
  uint32_t number = 0;
  for (const char c : digits) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  return number;
}

template <class T>
void append_little_endian(std::vector<std::byte>& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

uint64_t aligned(uint64_t bytes, uint64_t alignment) { return (bytes + alignment - 1) / alignment * alignment; }

// The metadata of a file that was checked already: its entries, and where they end.
struct RawMetadata {
  Metadata metadata;
  uint64_t end = 0;
};

Result<RawMetadata> raw_metadata(const File& file) {
  Cursor cursor(file.mapping()->bytes(), file.path());
  SLM_TRY_STATUS(cursor.skip(4 + 4 + 8));  // magic, version, number of tensors
  SLM_TRY(n_keys, cursor.read<uint64_t>());
  SLM_TRY(metadata, Metadata::parse(cursor, n_keys));
  return RawMetadata{std::move(metadata), cursor.offset()};
}

std::span<const std::byte> bytes_of_entry(const File& file, const RawMetadata& raw, size_t index) {
  const auto entries = raw.metadata.entries();
  const uint64_t start = entries[index].key_offset, end = index + 1 < entries.size() ? entries[index + 1].key_offset : raw.end;
  return file.mapping()->bytes().subspan(start, end - start);
}

// "attn_norm.weight" of "blk.7.attn_norm.weight"; "" of a tensor outside the layers.
std::string_view in_layer(std::string_view name) {
  constexpr std::string_view kLayer = "blk.";
  if (!name.starts_with(kLayer)) return {};
  const size_t dot = name.find('.', kLayer.size());
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

}  // namespace

std::string PartName::path_of(uint32_t other) const { return stem + "-" + five_digits(other) + "-of-" + five_digits(count) + ".gguf"; }

std::optional<PartName> parse_part_name(std::string_view path) {
  constexpr std::string_view kEnd = ".gguf", kOf = "-of-";
  constexpr size_t kTail = 1 + kNumberDigits + kOf.size() + kNumberDigits + kEnd.size();
  if (path.size() <= kTail) return std::nullopt;
  const std::string_view tail = path.substr(path.size() - kTail);
  if (tail[0] != '-' || tail.substr(1 + kNumberDigits, kOf.size()) != kOf || !tail.ends_with(kEnd)) return std::nullopt;
  const auto number = part_number(tail.substr(1, kNumberDigits)), count = part_number(tail.substr(1 + kNumberDigits + kOf.size(), kNumberDigits));
  if (!number || !count || *number < 1 || *number > *count || *count > kMostParts) return std::nullopt;
  return PartName{std::string(path.substr(0, path.size() - kTail)), *number, *count};
}

Result<SplitFile> SplitFile::open(const std::vector<std::string>& paths) {
  SLM_CHECK(!paths.empty());
  SplitFile split;
  for (const std::string& path : paths) {
    SLM_TRY(file, File::open(path));
    split.parts_.push_back(std::move(file));
  }
  for (size_t i = 0; i < split.parts_.size(); ++i) SLM_TRY_STATUS(split.check_part(i));
  for (size_t i = 1; i < split.parts_.size(); ++i) SLM_TRY_STATUS(split.check_same_model(*split.parts_[i]));
  SLM_TRY(alignment, split.parts_.front()->find_u64("general.alignment"));
  split.alignment_ = alignment.value_or(split.alignment_);
  SLM_TRY_STATUS(split.place());
  SLM_TRY_STATUS(split.make_header());
  return split;
}

Status SplitFile::check_part(size_t index) const {
  const File& part = *parts_[index];
  SLM_TRY(count, part.find_u64("split.count"));
  SLM_TRY(number, part.find_u64("split.no"));
  if (!count || !number) return fail(ErrorKind::kCorrupt, "gguf.part_not_split", part.path());
  if (*count != parts_.size()) return fail(ErrorKind::kCorrupt, "gguf.part_count", part.path(), *count, parts_.size());
  if (*number != index) return fail(ErrorKind::kCorrupt, "gguf.part_number", part.path(), *number + 1, index + 1);
  if (index > 0) return {};
  return part.architecture() ? Status{} : fail(ErrorKind::kCorrupt, "gguf.part_without_metadata", part.path());
}

Status SplitFile::check_same_model(const File& part) const {
  const File& first = *parts_.front();
  const auto differs = [&](std::string_view what) { return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.part_foreign", part.path(), first.path(), what), msg("gguf.hint_parts")); };
  SLM_TRY(ours, raw_metadata(first));
  SLM_TRY(theirs, raw_metadata(part));
  const auto entries = theirs.metadata.entries();
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry* same = ours.metadata.find(entries[i].key);
    if (same == nullptr || entries[i].key == "split.no") continue;
    const auto a = bytes_of_entry(first, ours, static_cast<size_t>(same - ours.metadata.entries().data())), b = bytes_of_entry(part, theirs, i);
    if (!std::equal(a.begin(), a.end(), b.begin(), b.end())) return differs(entries[i].key);
  }
  return {};
}

Status SplitFile::place() {
  uint64_t offset = 0;
  for (const auto& part : parts_) {
    for (const TensorInfo& tensor : part->tensors()) {
      tensors_.push_back({&tensor, part.get(), offset});
      offset += aligned(tensor.size_bytes, alignment_);  // files lie on a disk: their sum is far from overflow
    }
  }
  if (tensors_.size() > limits::kGgufMaxTensors) return fail(ErrorKind::kCorrupt, "gguf.parts_tensors", parts_.front()->path(), tensors_.size(), limits::kGgufMaxTensors);
  SLM_TRY(announced, parts_.front()->find_u64("split.tensors.count"));
  if (announced && *announced != tensors_.size()) return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.parts_tensors", parts_.front()->path(), tensors_.size(), *announced), msg("gguf.hint_parts"));

  std::vector<std::string_view> names;
  for (const Placed& placed : tensors_) names.push_back(placed.tensor->name);
  const std::vector<uint32_t> order = sorted_by_name(names);
  for (size_t i = 1; i < order.size(); ++i) {
    const Placed &a = tensors_[order[i - 1]], &b = tensors_[order[i]];
    if (a.tensor->name == b.tensor->name) return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.part_tensor_twice", a.part->path(), b.part->path(), a.tensor->name), msg("gguf.hint_parts"));
  }

  // Norms have the same length in every layer of a model: another width is another model's part.
  std::vector<std::pair<std::string_view, const Placed*>> norms;
  for (const Placed& placed : tensors_) {
    const std::string_view name = in_layer(placed.tensor->name);
    if (name.ends_with("norm.weight") && placed.tensor->n_dims == 1) norms.emplace_back(name, &placed);
  }
  std::stable_sort(norms.begin(), norms.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 1; i < norms.size(); ++i) {
    const Placed &a = *norms[i - 1].second, &b = *norms[i].second;
    if (norms[i - 1].first != norms[i].first || a.part == b.part || a.tensor->dims[0] == b.tensor->dims[0]) continue;
    return fail_with_hint(ErrorKind::kCorrupt, msg("gguf.part_foreign", b.part->path(), a.part->path(), b.tensor->name), msg("gguf.hint_parts"));
  }
  return {};
}

Status SplitFile::make_header() {
  const File& first = *parts_.front();
  SLM_TRY(raw, raw_metadata(first));
  std::vector<std::byte> metadata;
  uint64_t n_keys = 0;
  for (size_t i = 0; i < raw.metadata.entries().size(); ++i) {
    if (raw.metadata.entries()[i].key.starts_with(kSplitKeys)) continue;
    const auto bytes = bytes_of_entry(first, raw, i);
    metadata.insert(metadata.end(), bytes.begin(), bytes.end());
    ++n_keys;
  }
  constexpr std::string_view kMagicBytes = "GGUF";
  constexpr uint32_t kWrittenVersion = 3;
  for (const char c : kMagicBytes) header_.push_back(static_cast<std::byte>(c));
  append_little_endian(header_, kWrittenVersion);
  append_little_endian<uint64_t>(header_, tensors_.size());
  append_little_endian(header_, n_keys);
  header_.insert(header_.end(), metadata.begin(), metadata.end());
  for (const Placed& placed : tensors_) {
    const TensorInfo& tensor = *placed.tensor;
    append_little_endian<uint64_t>(header_, tensor.name.size());
    for (const char c : tensor.name) header_.push_back(static_cast<std::byte>(c));
    append_little_endian(header_, tensor.n_dims);
    for (uint32_t i = 0; i < tensor.n_dims; ++i) append_little_endian(header_, tensor.dims[i]);
    append_little_endian(header_, static_cast<uint32_t>(tensor.type));
    append_little_endian(header_, placed.offset);
  }
  header_.resize(aligned(header_.size(), alignment_));
  size_ = header_.size();
  if (!tensors_.empty()) size_ += tensors_.back().offset + aligned(tensors_.back().tensor->size_bytes, alignment_);
  return {};
}

Status SplitFile::write(const Writer::Append& append) const {
  constexpr size_t kPieceBytes = 4u << 20;
  SLM_TRY_STATUS(append(header_));
  const std::vector<std::byte> zeros(alignment_);
  for (const Placed& placed : tensors_) {
    const auto bytes = placed.part->tensor_bytes(*placed.tensor);
    for (size_t at = 0; at < bytes.size(); at += kPieceBytes) SLM_TRY_STATUS(append(bytes.subspan(at, std::min(kPieceBytes, bytes.size() - at))));
    SLM_TRY_STATUS(append(std::span(zeros).first(aligned(bytes.size(), alignment_) - bytes.size())));
  }
  return {};
}

}  // namespace slm::gguf
