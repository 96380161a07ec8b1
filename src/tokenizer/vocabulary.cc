#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/limits.h"

namespace slm {
namespace {

// Token types as GGUF numbers them.
Result<TokenKind> kind_of(int64_t type, size_t index) {
  switch (type) {
    case 1: return TokenKind::kNormal;
    case 2: return TokenKind::kUnknown;
    case 3: return TokenKind::kControl;
    case 4: return TokenKind::kUserDefined;
    case 5: return TokenKind::kUnused;
    case 6: return TokenKind::kByte;
    default: return fail(ErrorKind::kCorrupt, "tokenizer.bad_type", kTypesKey, index, type);
  }
}

Status load_kinds(const gguf::File& file, FileVocabulary& vocabulary) {
  SLM_TRY(types, file.find_ints(kTypesKey));
  if (!types) {
    vocabulary.kinds.assign(vocabulary.size(), TokenKind::kNormal);
    return {};
  }
  if (types->size() != vocabulary.size())
    return fail(ErrorKind::kCorrupt, "tokenizer.lengths_differ", kTypesKey, types->size(), kTokensKey, vocabulary.size());
  vocabulary.kinds.reserve(types->size());
  for (size_t i = 0; i < types->size(); ++i) {
    SLM_TRY(kind, kind_of((*types)[i], i));
    vocabulary.kinds.push_back(kind);
  }
  return {};
}

Status load_scores(const gguf::File& file, FileVocabulary& vocabulary) {
  SLM_TRY(scores, file.find_floats(kScoresKey));
  if (!scores) return {};
  if (scores->size() != vocabulary.size())
    return fail(ErrorKind::kCorrupt, "tokenizer.lengths_differ", kScoresKey, scores->size(), kTokensKey,
                vocabulary.size());
  const auto nan = std::ranges::find_if(*scores, [](float score) { return std::isnan(score); });
  if (nan != scores->end())
    return fail(ErrorKind::kCorrupt, "tokenizer.bad_score", kScoresKey, nan - scores->begin());
  vocabulary.scores = std::move(*scores);
  return {};
}

Status index_piece(FileVocabulary& vocabulary, size_t index, uint64_t hash) {
  const auto id = static_cast<TokenId>(index);
  const auto piece_of = [&vocabulary](TokenId there) { return vocabulary.piece(there); };
  switch (vocabulary.table.insert(vocabulary.piece(id), hash, id, piece_of)) {
    case TableInsert::kInserted: return {};
    case TableInsert::kDuplicate:
      return fail(ErrorKind::kCorrupt, "tokenizer.duplicate_token", kTokensKey, index, vocabulary.find(piece_of(id)));
    case TableInsert::kCrowded: break;
  }
  return fail(ErrorKind::kCorrupt, "tokenizer.crowded", kTokensKey, index);
}

Status index_pieces(FileVocabulary& vocabulary) {
  vocabulary.table = PieceTable(vocabulary.size());
  constexpr size_t kBlock = 32;
  std::array<uint64_t, kBlock> hashes;
  for (size_t begin = 0; begin < vocabulary.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, vocabulary.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = hash_bytes(vocabulary.pieces[begin + i]);
      vocabulary.table.prefetch(hashes[i]);
    }
    for (size_t i = 0; i < count; ++i) SLM_TRY_STATUS(index_piece(vocabulary, begin + i, hashes[i]));
  }
  return {};
}

// Pieces that end a turn in the templates of known families. The long ones mean nothing else, whatever kind a converter
// gave them; the short ones only as control tokens ("</s>" is an HTML tag in Gemma 3).
constexpr std::array<std::string_view, 6> kEndPieces = {"<|im_end|>",    "<end_of_turn>",     "<|eot_id|>",
                                                        "<|endoftext|>", "<|end_of_text|>",   "<|eom_id|>"};
constexpr std::array<std::string_view, 3> kEndControlPieces = {"</s>", "<eos>", "<|end|>"};

Status load_roles(const gguf::File& file, FileVocabulary& vocabulary) {
  const size_t size = vocabulary.size();
  SLM_TRY(bos, find_token_id(file, "tokenizer.ggml.bos_token_id", size));
  SLM_TRY(eos, find_token_id(file, "tokenizer.ggml.eos_token_id", size));
  SLM_TRY(eot, find_token_id(file, "tokenizer.ggml.eot_token_id", size));
  SLM_TRY(eom, find_token_id(file, "tokenizer.ggml.eom_token_id", size));
  SLM_TRY(unknown, find_token_id(file, "tokenizer.ggml.unknown_token_id", size));
  SLM_TRY(add_bos, file.find_bool("tokenizer.ggml.add_bos_token"));
  SLM_TRY(add_space_prefix, file.find_bool("tokenizer.ggml.add_space_prefix"));
  vocabulary.bos = bos;
  vocabulary.eos = eos;
  vocabulary.unknown = unknown;
  vocabulary.add_bos = add_bos;
  vocabulary.add_space_prefix = add_space_prefix;
  if (add_bos.value_or(false) && !bos)
    return fail(ErrorKind::kCorrupt, "tokenizer.missing_bos", "tokenizer.ggml.bos_token_id", "tokenizer.ggml.add_bos_token");

  const auto add_end = [&vocabulary](TokenId id) {
    auto& ends = vocabulary.end_tokens;
    if (id >= 0 && std::ranges::find(ends, id) == ends.end()) ends.push_back(id);
  };
  for (const auto& role : {eos, eot, eom}) add_end(role.value_or(-1));
  for (const std::string_view piece : kEndPieces) add_end(vocabulary.find(piece));
  for (const std::string_view piece : kEndControlPieces) {
    const TokenId id = vocabulary.find(piece);
    if (id >= 0 && vocabulary.kind(id) == TokenKind::kControl) add_end(id);
  }
  return {};
}

}  // namespace

Result<std::optional<TokenId>> find_token_id(const gguf::File& file, std::string_view key, size_t vocabulary_size) {
  SLM_TRY(value, file.find_u64(key));
  if (!value) return std::optional<TokenId>{};
  if (*value >= vocabulary_size)
    return fail(ErrorKind::kCorrupt, "tokenizer.id_out_of_range", key, *value, vocabulary_size);
  return std::optional<TokenId>(static_cast<TokenId>(*value));
}

Result<FileVocabulary> FileVocabulary::load(const gguf::File& file) {
  FileVocabulary vocabulary;
  SLM_TRY(pieces, file.strings(kTokensKey));
  vocabulary.pieces = std::move(pieces);
  if (vocabulary.size() == 0 || vocabulary.size() > limits::kMaxVocabulary)
    return fail(ErrorKind::kCorrupt, "tokenizer.bad_size", kTokensKey, vocabulary.size(), limits::kMaxVocabulary);
  SLM_TRY_STATUS(load_kinds(file, vocabulary));
  SLM_TRY_STATUS(load_scores(file, vocabulary));
  SLM_TRY_STATUS(index_pieces(vocabulary));
  SLM_TRY_STATUS(load_roles(file, vocabulary));
  return vocabulary;
}

}  // namespace slm
