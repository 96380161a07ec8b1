// The tokens of a GGUF file, checked: pieces, kinds, scores, the ids with a role, and piece -> id.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/file.h"
#include "tokenizer/piece_table.h"
#include "tokenizer/tokenizer.h"

namespace slm {

struct FileVocabulary {
  // Errors: kCorrupt naming the key, and the index where there is one. Pieces point into `file`.
  static Result<FileVocabulary> load(const gguf::File& file);

  size_t size() const { return pieces.size(); }
  std::string_view piece(TokenId id) const { return pieces[static_cast<size_t>(id)]; }
  TokenKind kind(TokenId id) const { return kinds[static_cast<size_t>(id)]; }
  TokenId find(std::string_view piece) const { return find(piece, hash_bytes(piece)); }  // or -1
  TokenId find(std::string_view piece, uint64_t hash) const {
    return table.find(piece, hash, [this](TokenId id) { return this->piece(id); });
  }

  gguf::StringArray pieces;
  std::vector<TokenKind> kinds;
  std::vector<float> scores;  // empty when the file has none
  PieceTable table;
  std::optional<TokenId> bos, eos, unknown;
  std::vector<TokenId> end_tokens;
  std::optional<bool> add_bos, add_space_prefix;
};

// An optional key that holds an id of the vocabulary. Error: kCorrupt when it does not.
Result<std::optional<TokenId>> find_token_id(const gguf::File& file, std::string_view key, size_t vocabulary_size);

inline constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
inline constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";
inline constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
inline constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";
inline constexpr std::string_view kPreKey = "tokenizer.ggml.pre";

}  // namespace slm
