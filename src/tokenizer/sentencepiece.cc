#include "tokenizer/sentencepiece.h"

#include <bit>

namespace slm {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

void map_spaces(std::string_view text, std::string& out) {
  for (size_t at = 0; at < text.size();) {
    const size_t space = std::min(text.find(' ', at), text.size());
    out.append(text, at, space - at);
    if (space < text.size()) out += kSpaceMark;
    at = space + 1;
  }
}

void unmap_spaces(std::string_view piece, std::string& out) {
  out.clear();
  for (size_t at = 0; at < piece.size();) {
    const size_t mark = std::min(piece.find(kSpaceMark, at), piece.size());
    out.append(piece, at, mark - at);
    if (mark < piece.size()) out += ' ';
    at = mark + kSpaceMark.size();
  }
}

// "<0xAB>", digits in upper case as SentencePiece writes them; nothing else.
std::optional<uint8_t> parse_byte_piece(std::string_view piece) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return std::nullopt;
  const int high = digit(piece[3]), low = digit(piece[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<uint8_t>(high << 4 | low);
}

// Numbers ordered against the scores: the highest score first. Never Candidate::kNever, which only a NaN would give.
uint32_t priority_of(float score) {
  const uint32_t bits = std::bit_cast<uint32_t>(score + 0.0f);  // one zero
  return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> SentencePieceTokenizer::create(FileVocabulary vocabulary) {
  if (vocabulary.scores.empty()) return fail(ErrorKind::kCorrupt, "gguf.missing_key", kScoresKey);
  const bool adds_bos = vocabulary.add_bos.value_or(true), space_prefix = vocabulary.add_space_prefix.value_or(true);
  std::shared_ptr<SentencePieceTokenizer> made(
      new SentencePieceTokenizer(std::move(vocabulary), adds_bos, space_prefix));
  SLM_TRY_STATUS(made->load_texts());
  return std::shared_ptr<const Tokenizer>(std::move(made));
}

SentencePieceTokenizer::SentencePieceTokenizer(FileVocabulary vocabulary, bool adds_bos, bool space_prefix)
    : BpeTokenizer(std::move(vocabulary), adds_bos) {
  model_name_ = "llama";
  space_prefix_ = space_prefix;
  byte_ids_.fill(-1);
}

Status SentencePieceTokenizer::load_texts() {
  std::string text;
  for (size_t i = 0; i < vocabulary_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view piece = vocabulary_.piece(id);
    switch (vocabulary_.kind(id)) {
      case TokenKind::kByte: {
        const std::optional<uint8_t> byte = parse_byte_piece(piece);
        if (!byte) return fail(ErrorKind::kCorrupt, "tokenizer.bad_byte", kTokensKey, i, piece);
        byte_ids_[*byte] = id;
        add_text(std::string(1, static_cast<char>(*byte)));
        break;
      }
      case TokenKind::kNormal:
        unmap_spaces(piece, text);
        add_text(text);
        boundaries().add_piece(piece);
        break;
      case TokenKind::kUserDefined:
        unmap_spaces(piece, text);
        add_text(text);
        text.clear();
        map_spaces(piece, text);
        SLM_TRY_STATUS(add_literal(id, text));
        if (text.find(kSpaceMark) != std::string::npos) spaced_.add(text, id);
        break;
      default:
        add_text(piece);
        SLM_TRY_STATUS(add_literal(id, piece));
    }
  }
  // A character of one byte that is a piece itself never falls back, so its byte token is not missed.
  for (size_t byte = 0; byte < 0x80; ++byte) {
    const char character = static_cast<char>(byte);
    const TokenId id = vocabulary_.find({&character, 1});
    if (id < 0 || byte_ids_[byte] >= 0) continue;
    const TokenKind kind = vocabulary_.kind(id);
    if (kind == TokenKind::kNormal || kind == TokenKind::kUserDefined) byte_ids_[byte] = id;
  }
  // Unknown tokens in a row become one, which parts encoded apart could not see.
  cuts_words_ = std::ranges::find(byte_ids_, -1) == byte_ids_.end();
  if (!cuts_words_ && !vocabulary_.unknown)
    return fail(ErrorKind::kCorrupt, "tokenizer.no_fallback", kTokensKey, "tokenizer.ggml.unknown_token_id");
  return {};
}

void SentencePieceTokenizer::encode_section(std::string_view section, bool first, Scratch& scratch,
                                            std::vector<TokenId>& out) const {
  std::string& text = scratch.text;
  text.clear();
  if (space_prefix_ && first) text = kSpaceMark;
  map_spaces(section, text);
  const std::string_view mapped = text;
  for (size_t at = 0; at < mapped.size();) {
    const AddedTokens::Match match = spaced_.find(mapped, at);
    if (match.begin > at) encode_word(mapped.substr(at, match.begin - at), mapped.size() - at, scratch, out);
    if (match.id >= 0) out.push_back(match.id);
    at = match.begin + match.length;
  }
}

void SentencePieceTokenizer::merge_word(std::string_view word, bool, Scratch& scratch,
                                        std::vector<TokenId>& out) const {
  const auto find_piece = [this](std::string_view piece) {
    const TokenId id = vocabulary_.find(piece);
    return id >= 0 && vocabulary_.kind(id) == TokenKind::kNormal ? id : -1;
  };
  auto& symbols = scratch.symbols;
  symbols.clear();
  const char* const end = word.data() + word.size();
  for (const char* at = word.data(); at < end;) {
    const uint32_t length = unicode::decode(at, end).length;
    symbols.push_back({find_piece({at, length}), static_cast<uint32_t>(at - word.data()), length});
    at += length;
  }
  const auto rules = [&](const Symbol& left, const Symbol& right) {
    if (left.id < 0 || right.id < 0) return Candidate{};
    const TokenId product = find_piece(word.substr(left.begin, left.length + right.length));
    return product >= 0 ? Candidate{priority_of(vocabulary_.scores[static_cast<size_t>(product)]), product}
                        : Candidate{};
  };
  merge_symbols(symbols, rules, scratch.merging);
  const size_t first = out.size();
  for (const Symbol& symbol : symbols) {
    if (symbol.id >= 0) out.push_back(symbol.id);
    else push_bytes(word.substr(symbol.begin, symbol.length), first, out);
  }
}

// The byte tokens of a character, or the unknown token, once for a row of unknown characters since out[first].
void SentencePieceTokenizer::push_bytes(std::string_view bytes, size_t first, std::vector<TokenId>& out) const {
  const auto id_of = [this](char byte) { return byte_ids_[static_cast<uint8_t>(byte)]; };
  if (std::ranges::all_of(bytes, [&](char byte) { return id_of(byte) >= 0; })) {
    for (const char byte : bytes) out.push_back(id_of(byte));
  } else if (out.size() == first || out.back() != *vocabulary_.unknown) {
    out.push_back(*vocabulary_.unknown);
  }
}

}  // namespace slm
