// The tokenizer part of a model file: made up, or converted from tokenizer.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "gguf/writer.h"

namespace slm {

// tokenizer.ggml.token_type's numbers.
enum class PieceType : int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct Vocabulary {
  std::string model;                 // "gpt2" (byte-level BPE) or "llama" (SentencePiece)
  std::string pre;                   // "qwen2", "llama-bpe", "smollm", "default"
  std::vector<std::string> pieces;
  std::vector<PieceType> types;
  std::vector<float> scores;         // "llama" only
  std::vector<std::string> merges;   // "gpt2" only: "left right"
  std::optional<uint32_t> bos, eos, unknown, padding;
  bool add_bos = false;
  std::string chat_template;         // empty: none

  void add(std::string piece, PieceType type) {
    pieces.push_back(std::move(piece));
    types.push_back(type);
  }
  std::optional<uint32_t> find(std::string_view piece) const;
};

// 256 bytes, a few merges and ChatML's special tokens. `pre` is the name of the pre-tokenizer to state.
Vocabulary small_byte_level(std::string pre);
// Bytes, a few pieces, and Gemma's special tokens and template.
Vocabulary small_sentencepiece();

// From a folder with tokenizer.json and tokenizer_config.json, each plain or .xz (read through the xz program), laid out as
// llama.cpp's converter lays it out; the pre-tokenizer is told by its pattern.
// Errors: kNotFound, kCorrupt (the file and the place in it), kFailed (not a BPE tokenizer).
Result<Vocabulary> read_tokenizer(const std::string& folder);

// Fills up to `size` with unused pieces "[PAD<id>]", as converters do where the embedding has more rows than the vocabulary.
// Error: kUsage when there are more pieces than that.
Status pad_vocabulary(Vocabulary& vocabulary, size_t size);

void write_vocabulary(const Vocabulary& vocabulary, gguf::Writer& writer);

}  // namespace slm
