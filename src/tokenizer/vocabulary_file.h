// Tests only: a GGUF in memory with nothing but a tokenizer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gguf/file.h"
#include "gguf/writer.h"
#include "tokenizer/tokenizer.h"

namespace slm {

struct VocabularyFile {
  std::string model = "gpt2";
  std::optional<std::string> pre;
  std::vector<std::string> tokens, merges;
  std::vector<int32_t> types;      // empty: no such key
  std::vector<float> scores;       // empty: no such key
  std::optional<uint32_t> bos, eos, unknown;
  std::optional<bool> add_bos, add_space_prefix;

  // Keys common to all: the 256 byte tokens of byte-level BPE, or of SentencePiece.
  void add(const std::string& token, int32_t type = 1, float score = 0) {
    tokens.push_back(token);
    types.push_back(type);
    if (model == "llama") scores.push_back(score);
  }

  std::vector<std::byte> bytes() const {
    gguf::Writer writer;
    writer.set_string("tokenizer.ggml.model", model);
    if (pre) writer.set_string("tokenizer.ggml.pre", *pre);
    writer.set_strings("tokenizer.ggml.tokens", tokens);
    if (!types.empty()) writer.set_i32s("tokenizer.ggml.token_type", types);
    if (!scores.empty()) writer.set_floats("tokenizer.ggml.scores", scores);
    if (model == "gpt2") writer.set_strings("tokenizer.ggml.merges", merges);
    if (bos) writer.set_u32("tokenizer.ggml.bos_token_id", *bos);
    if (eos) writer.set_u32("tokenizer.ggml.eos_token_id", *eos);
    if (unknown) writer.set_u32("tokenizer.ggml.unknown_token_id", *unknown);
    if (add_bos) writer.set_bool("tokenizer.ggml.add_bos_token", *add_bos);
    if (add_space_prefix) writer.set_bool("tokenizer.ggml.add_space_prefix", *add_space_prefix);
    return writer.to_bytes().value();
  }
};

// A tokenizer and the bytes it lives on.
struct OpenedVocabulary {
  std::vector<std::byte> bytes;
  std::shared_ptr<const gguf::File> file;
  std::shared_ptr<const Tokenizer> tokenizer;
};

inline Result<OpenedVocabulary> open_vocabulary(const VocabularyFile& vocabulary) {
  OpenedVocabulary opened{vocabulary.bytes(), nullptr, nullptr};
  SLM_TRY(file, gguf::File::parse(opened.bytes));
  opened.file = file;
  SLM_TRY(tokenizer, Tokenizer::open(*opened.file));
  opened.tokenizer = tokenizer;
  return opened;
}

// The printable stand-in of a byte in byte-level BPE.
inline std::string stand_in(uint8_t byte) {
  const auto shows = [](int b) { return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE; };
  int code = byte;
  if (!shows(byte)) {
    code = 0x100;
    for (int b = 0; b < byte; ++b) code += shows(b) ? 0 : 1;
  }
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

inline std::string stand_ins(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += stand_in(static_cast<uint8_t>(byte));
  return out;
}

// All 256 bytes as ids 0 to 255, and merges of the words given, each from its first characters on.
inline VocabularyFile byte_level_file(std::initializer_list<std::pair<std::string, std::string>> merges = {}) {
  VocabularyFile file;
  file.pre = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) file.add(stand_in(static_cast<uint8_t>(byte)));
  for (const auto& [left, right] : merges) {
    file.merges.push_back(stand_ins(left) + " " + stand_ins(right));
    file.add(stand_ins(left + right));
  }
  return file;
}

// <unk>, <s>, the 256 byte tokens as ids 2 to 257, then pieces with scores.
inline VocabularyFile sentencepiece_file(std::initializer_list<std::pair<std::string, float>> pieces = {}) {
  VocabularyFile file;
  file.model = "llama";
  file.add("<unk>", 2);
  file.add("<s>", 3);
  for (int byte = 0; byte < 256; ++byte) file.add(fmt::format("<0x{:02X}>", byte), 6);
  for (const auto& [piece, score] : pieces) file.add(piece, 1, score);
  file.bos = 1;
  file.unknown = 0;
  file.add_space_prefix = false;
  return file;
}

}  // namespace slm
