#include "gguf/tensor_directory.h"

#include <algorithm>

#include "base/limits.h"
#include "gguf/metadata.h"

namespace slm::gguf {
namespace {

// The least a description takes: name length, one byte of name, n_dims, one dimension, type, offset.
constexpr uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

struct Description {
  TensorInfo info;
  uint64_t at;  // where in the file the description begins
};

Status read_dims(Cursor& cursor, TensorInfo& info) {
  const uint64_t at = cursor.offset();
  SLM_TRY(n_dims, cursor.read<uint32_t>());
  if (n_dims < 1 || n_dims > limits::kGgufMaxDims) {
    return fail(ErrorKind::kCorrupt, "gguf.bad_n_dims", cursor.path(), info.name, n_dims, limits::kGgufMaxDims, at);
  }
  info.n_dims = n_dims;
  std::fill(std::begin(info.dims), std::end(info.dims), 1);
  uint64_t elements = 1;
  for (uint32_t i = 0; i < n_dims; ++i) {
    const uint64_t dim_at = cursor.offset();
    SLM_TRY(dim, cursor.read<uint64_t>());
    if (dim == 0) return fail(ErrorKind::kCorrupt, "gguf.zero_dim", cursor.path(), info.name, i, dim_at);
    if (__builtin_mul_overflow(elements, dim, &elements) || elements > INT64_MAX) {
      return fail(ErrorKind::kCorrupt, "gguf.too_many_elements", cursor.path(), info.name, dim_at);
    }
    info.dims[i] = dim;
  }
  return {};
}

Status read_type(Cursor& cursor, TensorInfo& info) {
  const uint64_t at = cursor.offset();
  SLM_TRY(number, cursor.read<uint32_t>());
  const auto type = type_info(number);
  if (!type) {
    const std::string_view foreign = foreign_type_name(number);
    if (foreign.empty()) {
      return fail(ErrorKind::kCorrupt, "gguf.unknown_tensor_type", cursor.path(), info.name, number, at);
    }
    return fail(ErrorKind::kFailed, "gguf.foreign_tensor_type", cursor.path(), info.name, foreign, number, at);
  }
  info.type = type->type;
  if (info.dims[0] % type->block_elements != 0) {
    return fail(ErrorKind::kCorrupt, "gguf.not_whole_blocks", cursor.path(), info.name, info.dims[0], type->name,
                type->block_elements, at);
  }
  // blocks <= 2^63 / block_elements, and a block takes at most 4 bytes per element: only the product can overflow.
  if (__builtin_mul_overflow(info.elements() / type->block_elements, uint64_t{type->block_bytes}, &info.size_bytes)) {
    return fail(ErrorKind::kCorrupt, "gguf.too_many_elements", cursor.path(), info.name, at);
  }
  return {};
}

Result<Description> read_description(Cursor& cursor, uint64_t alignment) {
  Description tensor{};
  tensor.at = cursor.offset();
  SLM_TRY(name, cursor.string(limits::kGgufMaxTensorNameBytes));
  SLM_TRY_STATUS(check_name(cursor, name, tensor.at));
  tensor.info.name = name;
  cursor.enter(name);
  SLM_TRY_STATUS(read_dims(cursor, tensor.info));
  SLM_TRY_STATUS(read_type(cursor, tensor.info));
  const uint64_t at = cursor.offset();
  SLM_TRY(offset, cursor.read<uint64_t>());
  if (offset % alignment != 0) {
    return fail(ErrorKind::kCorrupt, "gguf.misaligned_tensor", cursor.path(), name, offset, alignment, at);
  }
  tensor.info.offset = offset;  // from the start of the data, until place_in_file()
  return tensor;
}

// Offsets from the start of the file, and the check that the data lie inside it.
Status place_in_file(const Cursor& cursor, std::vector<Description>& tensors, uint64_t alignment) {
  const uint64_t data = (cursor.offset() + alignment - 1) / alignment * alignment;  // offset < size: far from overflow
  for (Description& tensor : tensors) {
    uint64_t begin = 0, end = 0;
    if (__builtin_add_overflow(data, tensor.info.offset, &begin) ||
        __builtin_add_overflow(begin, tensor.info.size_bytes, &end) || end > cursor.size()) {
      return fail_with_hint(ErrorKind::kCorrupt,
                            msg("gguf.tensor_outside", cursor.path(), tensor.info.name, tensor.info.size_bytes,
                                tensor.info.offset, data, cursor.size(), tensor.at),
                            msg("gguf.hint_incomplete"));
    }
    tensor.info.offset = begin;
  }
  return {};
}

Status check_overlaps(const Cursor& cursor, const std::vector<Description>& tensors) {
  std::vector<const Description*> order;
  order.reserve(tensors.size());
  for (const Description& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(),
            [](const Description* a, const Description* b) { return a->info.offset < b->info.offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    const TensorInfo& left = order[i - 1]->info;
    const TensorInfo& right = order[i]->info;
    if (left.offset + left.size_bytes > right.offset) {
      return fail(ErrorKind::kCorrupt, "gguf.tensors_overlap", cursor.path(), left.name, right.name, right.offset,
                  order[i]->at);
    }
  }
  return {};
}

}  // namespace

Result<TensorDirectory> TensorDirectory::parse(Cursor& cursor, uint64_t n_tensors, uint64_t alignment) {
  cursor.enter("tensor_count");
  SLM_TRY_STATUS(cursor.check_count(n_tensors, limits::kGgufMaxTensors, kMinTensorBytes));
  std::vector<Description> read;
  read.reserve(n_tensors);
  for (uint64_t i = 0; i < n_tensors; ++i) {
    cursor.enter("tensor_info", i);
    SLM_TRY(tensor, read_description(cursor, alignment));
    read.push_back(tensor);
  }
  SLM_TRY_STATUS(place_in_file(cursor, read, alignment));
  SLM_TRY_STATUS(check_overlaps(cursor, read));

  TensorDirectory directory;
  std::vector<std::string_view> names;
  for (const Description& tensor : read) {
    directory.tensors_.push_back(tensor.info);
    names.push_back(tensor.info.name);
  }
  directory.by_name_ = sorted_by_name(names);
  for (size_t i = 1; i < names.size(); ++i) {
    const Description& first = read[directory.by_name_[i - 1]];
    const Description& second = read[directory.by_name_[i]];
    if (first.info.name == second.info.name) {
      return fail(ErrorKind::kCorrupt, "gguf.duplicate_tensor", cursor.path(), second.info.name, first.at, second.at);
    }
  }
  return directory;
}

const TensorInfo* TensorDirectory::find(std::string_view name) const {
  const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [&](uint32_t index, std::string_view n) { return tensors_[index].name < n; });
  if (at == by_name_.end() || tensors_[*at].name != name) return nullptr;
  return &tensors_[*at];
}

}  // namespace slm::gguf
