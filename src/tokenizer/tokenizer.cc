#include "tokenizer/tokenizer.h"

#include <algorithm>

#include "base/text.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/sentencepiece.h"

namespace slm {

std::optional<PreTokenizer> find_pre_tokenizer(std::string_view name) {
  struct Row {
    std::string_view name;
    PreTokenizer kind;
  };
  static constexpr Row kRows[] = {
      {"default", PreTokenizer::kGpt2},    {"gpt-2", PreTokenizer::kGpt2},       {"smollm", PreTokenizer::kSmolLm},
      {"qwen2", PreTokenizer::kQwen2},     {"llama-bpe", PreTokenizer::kLlama3}, {"llama3", PreTokenizer::kLlama3},
      {"llama-v3", PreTokenizer::kLlama3},
  };
  for (const Row& row : kRows) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

Result<std::shared_ptr<const Tokenizer>> Tokenizer::open(const gguf::File& file) {
  constexpr std::string_view kModelKey = "tokenizer.ggml.model";
  SLM_TRY(model, file.string(kModelKey));
  if (model != "gpt2" && model != "llama") return fail(ErrorKind::kCorrupt, "tokenizer.unknown_model", kModelKey, model);
  SLM_TRY(vocabulary, FileVocabulary::load(file));
  if (model == "gpt2") return ByteLevelTokenizer::create(file, std::move(vocabulary));
  return SentencePieceTokenizer::create(std::move(vocabulary));
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool show_special) const {
  std::string text;
  for (const TokenId id : ids) text += bytes(id, show_special);
  if (space_prefix_ && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

bool Tokenizer::is_end(TokenId id) const { return std::ranges::find(end_tokens_, id) != end_tokens_.end(); }

std::string StreamDecoder::push(TokenId id) {
  held_ += tokenizer_.bytes(id, show_special_);
  const size_t ready = held_.size() - incomplete_utf8_suffix(held_);
  std::string text = to_valid_utf8(std::string_view(held_).substr(0, ready));
  held_.erase(0, ready);
  return text;
}

std::string StreamDecoder::finish() {
  std::string text = to_valid_utf8(held_);
  held_.clear();
  return text;
}

}  // namespace slm
