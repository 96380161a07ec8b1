// SentencePiece BPE (tokenizer.ggml.model "llama"): characters, a space as U+2581, merged by the score of what they give;
// characters that no piece holds fall back to their bytes.
#pragma once

#include <array>

#include "tokenizer/bpe_tokenizer.h"

namespace slm {

class SentencePieceTokenizer final : public BpeTokenizer {
 public:
  static Result<std::shared_ptr<const Tokenizer>> create(FileVocabulary vocabulary);

 private:
  SentencePieceTokenizer(FileVocabulary vocabulary, bool adds_bos, bool space_prefix);
  Status load_texts();

  void encode_section(std::string_view section, bool first, Scratch& scratch,
                      std::vector<TokenId>& out) const override;
  void merge_word(std::string_view word, bool whole, Scratch& scratch, std::vector<TokenId>& out) const override;
  bool has_token(char) const override { return true; }
  void push_bytes(std::string_view bytes, size_t first, std::vector<TokenId>& out) const;

  AddedTokens spaced_;  // user-defined tokens with spaces, found once spaces are mapped
  std::array<TokenId, 256> byte_ids_{};
};

}  // namespace slm
