// Byte-level BPE (tokenizer.ggml.model "gpt2"): words of bytes, merged by rank.
#pragma once

#include <array>

#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/pretokenizer.h"

namespace slm {

class ByteLevelTokenizer final : public BpeTokenizer {
 public:
  static Result<std::shared_ptr<const Tokenizer>> create(const gguf::File& file, FileVocabulary vocabulary);

 private:
  ByteLevelTokenizer(FileVocabulary vocabulary, PreTokenizer pre, bool adds_bos);
  Status load_texts();
  Status load_merges(const gguf::StringArray& merges);
  struct Halves;
  Result<MergeTable::Merge> resolve(const Halves& halves, size_t index, TokenId previous_product) const;
  Status insert(const MergeTable::Merge& merge);
  TokenId find_product(const Halves& halves, TokenId previous_product, std::string& whole) const;

  void encode_section(std::string_view section, bool first, Scratch& scratch,
                      std::vector<TokenId>& out) const override;
  void merge_word(std::string_view word, bool whole, Scratch& scratch, std::vector<TokenId>& out) const override;
  bool has_token(char byte) const override { return byte_ids_[static_cast<uint8_t>(byte)] >= 0; }
  TokenId find_word(std::string_view word) const;

  const PreTokenizer pre_;
  const bool normalizes_;      // NFC before anything else
  const bool ignores_merges_;  // a word that is a token is that token, whatever its merges give
  std::array<TokenId, 256> byte_ids_{};
  MergeTable merges_;
};

}  // namespace slm
