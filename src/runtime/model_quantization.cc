#include "runtime/model_quantization.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/message.h"
#include "gguf/file.h"
#include "tensor/types.h"

namespace slm {
namespace {

// A general.file_type, the name it is published by, and the type that most of its matrices have in an ordinary model.
struct FileTypeName {
  uint64_t number;
  std::string_view name;
  TensorType type;
};
constexpr FileTypeName kFileTypeNames[] = {
    {0, "F32", TensorType::kF32},       {1, "F16", TensorType::kF16},       {2, "Q4_0", TensorType::kQ4_0},     {3, "Q4_1", TensorType::kQ4_1},
    {7, "Q8_0", TensorType::kQ8_0},     {8, "Q5_0", TensorType::kQ5_0},     {9, "Q5_1", TensorType::kQ5_1},     {10, "Q2_K", TensorType::kQ2_K},
    {11, "Q3_K_S", TensorType::kQ3_K},  {12, "Q3_K_M", TensorType::kQ3_K},  {13, "Q3_K_L", TensorType::kQ3_K},  {14, "Q4_K_S", TensorType::kQ4_K},
    {15, "Q4_K_M", TensorType::kQ4_K},  {16, "Q5_K_S", TensorType::kQ5_K},  {17, "Q5_K_M", TensorType::kQ5_K},  {18, "Q6_K", TensorType::kQ6_K},
    {25, "IQ4_NL", TensorType::kIQ4_NL}, {32, "BF16", TensorType::kBF16}};

// What quantising programs put in place of a type whose blocks of 256 do not divide a row.
TensorType stand_in(TensorType type) {
  switch (type) {
    case TensorType::kQ2_K:
    case TensorType::kQ3_K: return TensorType::kIQ4_NL;
    case TensorType::kQ4_K: return TensorType::kQ5_0;
    case TensorType::kQ5_K: return TensorType::kQ5_1;
    case TensorType::kQ6_K: return TensorType::kQ8_0;
    default: return type;
  }
}

bool agrees(const gguf::TensorInfo& tensor, TensorType type) {
  if (tensor.n_dims < 2) return false;  // norms and biases are F32 in every file
  const bool divides = tensor.dims[0] % type_info(type).block_elements == 0;
  return tensor.type == (divides ? type : stand_in(type));
}

std::optional<FileTypeName> published(const gguf::File& file) {
  const auto number = file.find_u64("general.file_type");
  if (!number || !*number) return std::nullopt;
  const auto known = std::find_if(std::begin(kFileTypeNames), std::end(kFileTypeNames), [&](const FileTypeName& one) { return one.number == **number; });
  if (known == std::end(kFileTypeNames)) return std::nullopt;
  const auto tensors = file.tensors();
  const bool is_so = std::any_of(tensors.begin(), tensors.end(), [&](const gguf::TensorInfo& tensor) { return agrees(tensor, known->type); });
  return is_so ? std::optional(*known) : std::nullopt;
}

}  // namespace

std::string ModelQuantization::text() const {
  return most_bytes.empty() ? name : tr("runtime.quantization_mixed", name, fmt::format("{:.0f}", 100 * share), most_bytes);
}

ModelQuantization quantization_of(const gguf::File& file) {
  std::map<TensorType, double> bytes;
  double all = 0;
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    bytes[tensor.type] += static_cast<double>(tensor.size_bytes);
    all += static_cast<double>(tensor.size_bytes);
  }
  if (bytes.empty() || all <= 0) return {};
  const auto most = std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const std::string type(type_info(most->first).name);
  const auto known = published(file);
  if (!known) return {type, "", 0};
  if (known->type == most->first) return {std::string(known->name), "", 0};
  return {std::string(known->name), type, most->second / all};
}

}  // namespace slm
