#include "runtime/model_facts.h"

#include <algorithm>
#include <map>

namespace slm {
namespace {

Result<std::string> text_or_empty(const gguf::File& file, std::string_view key) {
  SLM_TRY(value, file.find_string(key));
  return value ? std::string(*value) : std::string();
}

// Tokenizer::model_name() without building the vocabulary.
Result<std::string> tokenizer_name(const gguf::File& file) {
  SLM_TRY(name, text_or_empty(file, "tokenizer.ggml.model"));
  SLM_TRY(pre, text_or_empty(file, "tokenizer.ggml.pre"));
  // SentencePiece has no pre-tokenizer; what files say of one there ("default") means nothing.
  return name == "gpt2" && !pre.empty() ? name + " / " + pre : name;
}

std::vector<ModelFacts::TypeCount> count_types(const gguf::File& file) {
  std::map<uint32_t, ModelFacts::TypeCount> by_type;
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    ModelFacts::TypeCount& count = by_type[static_cast<uint32_t>(tensor.type)];
    count.type = type_info(tensor.type).name;
    count.tensors += 1;
    count.elements += tensor.elements();
    count.bytes += tensor.size_bytes;
  }
  std::vector<ModelFacts::TypeCount> counts;
  for (auto& [type, count] : by_type) counts.push_back(std::move(count));
  std::sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.elements > b.elements; });
  return counts;
}

}  // namespace

Result<ModelFacts> read_model_facts(const gguf::File& file) {
  ModelFacts facts;
  facts.path = file.path();
  facts.file_bytes = file.size_bytes();
  SLM_TRY(architecture, file.architecture());
  facts.architecture = architecture;
  const Family* family = find_family(architecture);
  if (family == nullptr) {
    std::string known;
    for (const std::string_view name : family_names()) known += (known.empty() ? "" : ", ") + std::string(name);
    return fail_with_hint(ErrorKind::kFailed, msg("runtime.unknown_architecture", architecture),
                          msg("runtime.known_architectures", known));
  }
  SLM_TRY(spec, family->read_spec(file));
  facts.context = spec.context;
  facts.vocabulary = spec.vocabulary;
  facts.n_layers = spec.n_layers;
  facts.width = spec.width;
  facts.n_heads = spec.n_heads;
  facts.n_kv_heads = spec.n_kv_heads;
  facts.head_dim = spec.head_dim;
  facts.ffn = spec.ffn;
  SLM_TRY(name, text_or_empty(file, "general.name"));
  facts.name = name;
  SLM_TRY(license, text_or_empty(file, "general.license"));
  facts.license = license;
  SLM_TRY(chat_template, text_or_empty(file, "tokenizer.chat_template"));
  facts.chat_template = chat_template;
  SLM_TRY(tokenizer, tokenizer_name(file));
  facts.tokenizer = tokenizer;
  facts.types = count_types(file);
  facts.quantization = quantization_of(file);
  for (const auto& count : facts.types) facts.parameters += count.elements;
  return facts;
}

}  // namespace slm
