#include "runtime/chat_ids.h"

#include <string>

namespace slm {
namespace {

constexpr EncodeOptions kWithSpecial{.special = true, .add_bos = false};
constexpr EncodeOptions kPlain{.special = false, .add_bos = false};

// Appends text and control tokens in turn; the text between two control tokens is encoded in one go.
class PieceEncoder {
 public:
  explicit PieceEncoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  void add_input(std::string_view text) { pending_ += text; }

  void add_template_text(std::string_view text) {
    // Encoding shows which control tokens stand in the text, in order; their texts show where.
    for (const TokenId id : tokenizer_.encode(text, kWithSpecial)) {
      if (tokenizer_.kind(id) != TokenKind::kControl) continue;
      const std::string_view written = tokenizer_.bytes(id, true);
      const size_t at = text.find(written);
      if (written.empty() || at == std::string_view::npos) continue;
      pending_ += text.substr(0, at);
      text.remove_prefix(at + written.size());
      flush();
      ids_.push_back(id);
    }
    pending_ += text;
  }

  std::vector<TokenId> take() {
    flush();
    if (tokenizer_.adds_bos() && tokenizer_.bos() && (ids_.empty() || ids_.front() != *tokenizer_.bos())) {
      ids_.insert(ids_.begin(), *tokenizer_.bos());
    }
    return std::move(ids_);
  }

 private:
  void flush() {
    if (pending_.empty()) return;
    const std::vector<TokenId> ids = tokenizer_.encode(pending_, kPlain);
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    pending_.clear();
  }

  const Tokenizer& tokenizer_;
  std::string pending_;
  std::vector<TokenId> ids_;
};

}  // namespace

std::vector<TokenId> encode_pieces(const Tokenizer& tokenizer, const std::vector<chat::PromptPiece>& pieces) {
  PieceEncoder encoder(tokenizer);
  std::string template_text;  // of neighbouring pieces: a control token may be written in two steps
  for (const chat::PromptPiece& piece : pieces) {
    if (!piece.from_input) {
      template_text += piece.text;
      continue;
    }
    encoder.add_template_text(template_text);
    template_text.clear();
    encoder.add_input(piece.text);
  }
  encoder.add_template_text(template_text);
  return encoder.take();
}

}  // namespace slm
