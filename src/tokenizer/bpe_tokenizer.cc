#include "tokenizer/bpe_tokenizer.h"

#include "base/limits.h"

namespace slm {
namespace {

// Set in the key of a word's part where a part may encode otherwise than the same bytes as a word; the key's last byte is
// a length below 128.
constexpr uint64_t kPartBit = uint64_t{1} << 63;

// Buffers that one huge word made are not kept.
constexpr size_t kMaxIdleSymbols = 1u << 16;

// A part of a word that is not too large to merge, ending with a whole character.
std::string_view bounded(std::string_view part) {
  if (part.size() <= limits::kMaxWordBytes) return part;
  size_t end = limits::kMaxWordBytes;
  for (int i = 0; i < 3 && unicode::is_continuation(part[end]); ++i) --end;
  return part.substr(0, end);
}

}  // namespace

// A scratch for the time of one encode().
class BpeTokenizer::Lease {
 public:
  explicit Lease(const BpeTokenizer& owner) : owner_(owner) {
    {
      const std::lock_guard lock(owner.mutex_);
      if (!owner.idle_.empty()) {
        scratch_ = std::move(owner.idle_.back());
        owner.idle_.pop_back();
      }
    }
    if (!scratch_) scratch_ = std::make_unique<Scratch>();
  }
  ~Lease() {
    if (scratch_->symbols.capacity() > kMaxIdleSymbols) {
      scratch_->symbols = {};
      scratch_->merging = {};
    }
    if (scratch_->text.capacity() > kMaxIdleSymbols) scratch_->text = {};
    if (scratch_->filtered.capacity() > kMaxIdleSymbols) scratch_->filtered = {};
    const std::lock_guard lock(owner_.mutex_);
    owner_.idle_.push_back(std::move(scratch_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Scratch& operator*() { return *scratch_; }

 private:
  const BpeTokenizer& owner_;
  std::unique_ptr<Scratch> scratch_;
};

BpeTokenizer::BpeTokenizer(FileVocabulary vocabulary, bool adds_bos) : vocabulary_(std::move(vocabulary)) {
  size_ = vocabulary_.size();
  bos_ = vocabulary_.bos;
  eos_ = vocabulary_.eos;
  adds_bos_ = adds_bos && bos_.has_value();
  end_tokens_ = vocabulary_.end_tokens;
  text_ends_.reserve(size_);
}

void BpeTokenizer::add_text(std::string_view bytes) {
  texts_ += bytes;
  text_ends_.push_back(static_cast<uint32_t>(texts_.size()));
}

Status BpeTokenizer::add_literal(TokenId id, std::string_view text) {
  const TokenKind kind = vocabulary_.kind(id);
  const bool always = kind == TokenKind::kUserDefined;
  if ((!always && kind != TokenKind::kControl && kind != TokenKind::kUnknown) || text.empty()) return {};
  if (text.size() > limits::kMaxAddedTokenBytes)
    return fail(ErrorKind::kCorrupt, "tokenizer.long_token", kTokensKey, id, text.size(), limits::kMaxAddedTokenBytes);
  special_.add(text, id);
  if (always) literal_.add(text, id);
  return {};
}

std::vector<TokenId> BpeTokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  std::vector<TokenId> out;
  out.reserve(text.size() / 4 + 8);
  if (options.add_bos && adds_bos_) out.push_back(*bos_);
  Lease scratch(*this);
  const AddedTokens& added = options.special ? special_ : literal_;
  bool first = true;
  for (size_t at = 0; at < text.size();) {
    const AddedTokens::Match match = added.find(text, at);
    if (match.begin > at) encode_section(text.substr(at, match.begin - at), first, *scratch, out);
    if (match.id >= 0) out.push_back(match.id);
    first = match.id >= 0 && kind(match.id) == TokenKind::kControl;
    at = match.begin + match.length;
  }
  return out;
}

void BpeTokenizer::encode_short(std::string_view word, size_t readable, bool whole, Scratch& scratch,
                                std::vector<TokenId>& out) const {
  auto& cache = scratch.short_words;
  auto key = cache.key_of(word, readable);
  if (!whole) key.back() |= kPartBit;
  if (const auto* entry = cache.find(key)) {
    out.insert(out.end(), entry->ids.begin(), entry->ids.begin() + entry->count);
    return;
  }
  const size_t before = out.size();
  merge_word(word, whole, scratch, out);
  if (out.size() - before <= cache.kMaxIds) cache.insert(key, std::span(out).subspan(before));
}

void BpeTokenizer::encode_long(std::string_view word, size_t readable, Scratch& scratch,
                               std::vector<TokenId>& out) const {
  if (drops_bytes_ && !std::ranges::all_of(word, [this](char byte) { return has_token(byte); })) {
    std::string& filtered = scratch.filtered;
    filtered.clear();
    std::ranges::copy_if(word, std::back_inserter(filtered), [this](char byte) { return has_token(byte); });
    encode_parts(filtered, filtered.size(), scratch, out);
    return;
  }
  encode_parts(word, readable, scratch, out);
}

void BpeTokenizer::encode_parts(std::string_view word, size_t readable, Scratch& scratch,
                                std::vector<TokenId>& out) const {
  const bool cut = cuts_words_ && !std::ranges::all_of(word, is_ascii);
  for (size_t at = 0; at < word.size();) {
    std::string_view part = word.substr(at);
    const size_t part_readable = readable - at;
    if (cut) part = part.substr(0, boundaries_.first_part(part));
    part = bounded(part);
    const bool whole = part.size() == word.size();
    at += part.size();
    if (part.size() <= decltype(scratch.short_words)::kMaxBytes) {
      encode_short(part, part_readable, whole, scratch, out);
      continue;
    }
    auto& cache = scratch.long_words;
    if (part.size() > cache.kMaxBytes) {
      merge_word(part, whole, scratch, out);
      continue;
    }
    auto key = cache.key_of(part, part_readable);
    if (!whole) key.back() |= kPartBit;
    if (const auto* entry = cache.find(key)) {
      out.insert(out.end(), entry->ids.begin(), entry->ids.begin() + entry->count);
      continue;
    }
    const size_t before = out.size();
    merge_word(part, whole, scratch, out);
    if (out.size() - before <= cache.kMaxIds) cache.insert(key, std::span(out).subspan(before));
  }
}

std::string_view BpeTokenizer::bytes(TokenId id, bool show_special) const {
  if (id < 0 || static_cast<size_t>(id) >= size_) return {};
  const TokenKind kind = vocabulary_.kind(id);
  if (!show_special && (kind == TokenKind::kControl || kind == TokenKind::kUnknown)) return {};
  const auto i = static_cast<size_t>(id);
  const size_t begin = i == 0 ? 0 : text_ends_[i - 1];
  return std::string_view(texts_).substr(begin, text_ends_[i] - begin);
}

std::string_view BpeTokenizer::piece(TokenId id) const {
  if (id < 0 || static_cast<size_t>(id) >= size_) return {};
  return vocabulary_.piece(id);
}

TokenKind BpeTokenizer::kind(TokenId id) const {
  if (id < 0 || static_cast<size_t>(id) >= size_) return TokenKind::kUnused;
  return vocabulary_.kind(id);
}

std::optional<TokenId> BpeTokenizer::find(std::string_view piece) const {
  const TokenId id = vocabulary_.find(piece);
  return id >= 0 ? std::optional(id) : std::nullopt;
}

}  // namespace slm
