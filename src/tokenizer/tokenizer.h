// Text <-> token ids, built from a GGUF's own data: byte-level BPE (tokenizer.ggml.model "gpt2") and SentencePiece BPE
// ("llama"). Immutable after open(); shared by threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/file.h"

namespace slm {

using TokenId = int32_t;

enum class TokenKind : uint8_t { kNormal, kUnknown, kControl, kUserDefined, kUnused, kByte };

struct EncodeOptions {
  bool special = false;   // CONTROL tokens' texts in the input become those tokens; else they stay text
  bool add_bos = true;    // prepend BOS where the model asks for it (add_bos_token)
};

class Tokenizer {
 public:
  // `file` outlives the tokenizer: pieces stay in it.
  // Errors: kCorrupt (missing key, lengths that differ, merges of unknown pieces, ids out of range, unknown pre-tokenizer).
  static Result<std::shared_ptr<const Tokenizer>> open(const gguf::File& file);
  virtual ~Tokenizer() = default;

  // Any byte string: invalid UTF-8 goes through byte by byte. Linear in the length of the text (BPE: n log n within a word).
  virtual std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options = {}) const = 0;

  // The bytes a token stands for in text (U+2581 back to a space, byte tokens to their byte). Control tokens give "" here
  // unless `show_special`, which gives their text.
  virtual std::string_view bytes(TokenId id, bool show_special = false) const = 0;
  std::string decode(std::span<const TokenId> ids, bool show_special = false) const;

  // The piece as stored in the file.
  virtual std::string_view piece(TokenId id) const = 0;
  virtual TokenKind kind(TokenId id) const = 0;
  virtual std::optional<TokenId> find(std::string_view piece) const = 0;

  size_t size() const { return size_; }                 // tokens in the file (padding included)
  std::optional<TokenId> bos() const { return bos_; }
  std::optional<TokenId> eos() const { return eos_; }
  bool adds_bos() const { return adds_bos_; }
  // Tokens that end a turn or a text, whatever eos the file names: eos, eot, and the end-of-turn pieces of known templates
  // ("<|im_end|>", "<end_of_turn>", "<|eot_id|>", "<|endoftext|>", ...).
  std::span<const TokenId> end_tokens() const { return end_tokens_; }
  bool is_end(TokenId id) const;
  std::string_view model_name() const { return model_name_; }  // "gpt2 / qwen2", "llama"

 protected:
  size_t size_ = 0;
  std::optional<TokenId> bos_, eos_;
  bool adds_bos_ = false;
  bool space_prefix_ = false;  // a space was put before the text; decode() takes it away again
  std::vector<TokenId> end_tokens_;
  std::string model_name_;
};

// Turns ids into text piece by piece and never splits a character: bytes of a character not complete yet are held back;
// bytes that can never become one come out as U+FFFD.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool show_special = false)
      : tokenizer_(tokenizer), show_special_(show_special) {}
  std::string push(TokenId id);
  std::string finish();  // what is still held back, as U+FFFD

 private:
  const Tokenizer& tokenizer_;
  bool show_special_;
  std::string held_;
};

}  // namespace slm
