// What both kinds of BPE share: the vocabulary, the text of each token, added tokens found literally, and words encoded
// part by part through caches.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/boundaries.h"
#include "tokenizer/merging.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"
#include "tokenizer/word_cache.h"

namespace slm {

class BpeTokenizer : public Tokenizer {
 public:
  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const final;
  std::string_view bytes(TokenId id, bool show_special) const final;
  std::string_view piece(TokenId id) const final;
  TokenKind kind(TokenId id) const final;
  std::optional<TokenId> find(std::string_view piece) const final;

 protected:
  explicit BpeTokenizer(FileVocabulary vocabulary, bool adds_bos);

  // What encoding one text needs; kept from one text to the next.
  struct Scratch {
    WordCache<2, 3, 14> short_words;  // 1 MiB
    WordCache<4, 7, 12> long_words;   // 512 KiB
    std::vector<Symbol> symbols;
    MergeBuffers merging;
    std::string text;                 // the text as words are cut from it, where it is not the input itself
    std::string filtered;
  };

  // Adds the text a token stands for; called once for each id in order by the constructors of derived classes.
  void add_text(std::string_view bytes);
  // Registers the token's text for literal matching, by its kind. Error: kCorrupt when it is too long.
  Status add_literal(TokenId id, std::string_view text);
  Boundaries& boundaries() { return boundaries_; }

  // A stretch of text between literal tokens -> ids. `first`: nothing but control tokens stands before it.
  virtual void encode_section(std::string_view section, bool first, Scratch& scratch,
                              std::vector<TokenId>& out) const = 0;
  // Merges one word, or a part of it that merges by itself (`whole` false).
  virtual void merge_word(std::string_view word, bool whole, Scratch& scratch, std::vector<TokenId>& out) const = 0;

  // One word -> ids. `readable`: bytes that may be read from word.data(), at least its size.
  void encode_word(std::string_view word, size_t readable, Scratch& scratch, std::vector<TokenId>& out) const {
    // Longer words of scripts without spaces rarely come again, but their parts do.
    if (word.size() <= kMaxWholeBytes || (word.size() <= decltype(scratch.short_words)::kMaxBytes && is_ascii(word[0])))
      encode_short(word, readable, true, scratch, out);
    else
      encode_long(word, readable, scratch, out);
  }

  const FileVocabulary vocabulary_;
  bool cuts_words_ = true;    // words may be encoded part by part
  bool drops_bytes_ = false;  // some bytes have no token: encode_long() takes them out before it cuts

 private:
  static constexpr size_t kMaxWholeBytes = 8;
  class Lease;

  static bool is_ascii(char byte) { return static_cast<uint8_t>(byte) < 0x80; }
  void encode_short(std::string_view word, size_t readable, bool whole, Scratch& scratch,
                    std::vector<TokenId>& out) const;
  void encode_long(std::string_view word, size_t readable, Scratch& scratch, std::vector<TokenId>& out) const;
  void encode_parts(std::string_view word, size_t readable, Scratch& scratch, std::vector<TokenId>& out) const;
  virtual bool has_token(char byte) const = 0;

  std::string texts_;                // of all tokens, one after the other
  std::vector<uint32_t> text_ends_;  // of each token in texts_
  AddedTokens literal_;              // user-defined tokens: always found
  AddedTokens special_;              // and control tokens: found where the caller wants them
  Boundaries boundaries_;

  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Scratch>> idle_;  // at most one for each text encoded at the same time
};

}  // namespace slm
