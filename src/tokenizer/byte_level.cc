#include "tokenizer/byte_level.h"

#include "base/limits.h"
#include "base/text.h"
#include "tokenizer/nfc.h"

namespace slm {
namespace {

// The printable stand-ins of GPT-2: bytes that show something stand for themselves (as Latin-1), the others, in order,
// for U+0100 and on.
constexpr size_t kStandInEnd = 0x144;
struct StandIns {
  std::array<char32_t, 256> of_byte{};
  std::array<int16_t, kStandInEnd> byte_of{};
};
constexpr StandIns make_stand_ins() {
  StandIns made;
  made.byte_of.fill(-1);
  char32_t next = 0x100;
  for (size_t byte = 0; byte < 256; ++byte) {
    const bool shows = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    made.of_byte[byte] = shows ? static_cast<char32_t>(byte) : next++;
    made.byte_of[made.of_byte[byte]] = static_cast<int16_t>(byte);
  }
  return made;
}
constexpr StandIns kStandIns = make_stand_ins();

// The bytes a piece stands for; the piece itself when some character of it is no stand-in.
void decode_piece(std::string_view piece, std::string& out) {
  out.clear();
  const char* const end = piece.data() + piece.size();
  for (const char* at = piece.data(); at < end;) {
    const unicode::Decoded decoded = unicode::decode(at, end);
    if (!decoded.valid() || decoded.code >= kStandInEnd || kStandIns.byte_of[decoded.code] < 0) {
      out.assign(piece);
      return;
    }
    out.push_back(static_cast<char>(kStandIns.byte_of[decoded.code]));
    at += decoded.length;
  }
}

std::string encode_piece(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) append_utf8(out, kStandIns.of_byte[static_cast<uint8_t>(byte)]);
  return out;
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> ByteLevelTokenizer::create(const gguf::File& file, FileVocabulary vocabulary) {
  SLM_TRY(pre_name, file.find_string(kPreKey));
  const std::string_view name = pre_name.value_or("default");
  const std::optional<PreTokenizer> pre = find_pre_tokenizer(name);
  if (!pre) return fail(ErrorKind::kCorrupt, "tokenizer.unknown_pre", kPreKey, name);
  SLM_TRY(merges, file.strings(kMergesKey));
  if (merges.size() > limits::kMaxMerges)
    return fail(ErrorKind::kCorrupt, "tokenizer.bad_size", kMergesKey, merges.size(), limits::kMaxMerges);

  const bool adds_bos = vocabulary.add_bos.value_or(*pre == PreTokenizer::kLlama3);
  std::shared_ptr<ByteLevelTokenizer> made(new ByteLevelTokenizer(std::move(vocabulary), *pre, adds_bos));
  made->model_name_ = "gpt2 / " + std::string(name);
  SLM_TRY_STATUS(made->load_texts());
  SLM_TRY_STATUS(made->load_merges(merges));
  return std::shared_ptr<const Tokenizer>(std::move(made));
}

ByteLevelTokenizer::ByteLevelTokenizer(FileVocabulary vocabulary, PreTokenizer pre, bool adds_bos)
    : BpeTokenizer(std::move(vocabulary), adds_bos),
      pre_(pre),
      normalizes_(pre == PreTokenizer::kQwen2),
      ignores_merges_(pre == PreTokenizer::kLlama3) {}

Status ByteLevelTokenizer::load_texts() {
  std::string bytes;
  for (size_t i = 0; i < vocabulary_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view piece = vocabulary_.piece(id);
    if (vocabulary_.kind(id) == TokenKind::kNormal) {
      decode_piece(piece, bytes);
      add_text(bytes);
      boundaries().add_piece(bytes);
    } else {
      add_text(piece);
      boundaries().add_piece(piece);
      SLM_TRY_STATUS(add_literal(id, piece));
    }
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    const TokenId id = vocabulary_.find(encode_piece(std::string(1, static_cast<char>(byte))));
    byte_ids_[byte] = id >= 0 && vocabulary_.kind(id) == TokenKind::kNormal ? id : -1;
    drops_bytes_ |= byte_ids_[byte] < 0;
  }
  return {};
}

// The two pieces of a merge.
struct ByteLevelTokenizer::Halves {
  std::string_view left, right;
  uint64_t left_hash, right_hash;

  static Result<Halves> split(std::string_view merge, size_t index) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size())
      return fail(ErrorKind::kCorrupt, "tokenizer.bad_merge", kMergesKey, index);
    const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
    return Halves{left, right, hash_bytes(left), hash_bytes(right)};
  }
};

Status ByteLevelTokenizer::load_merges(const gguf::StringArray& merges) {
  merges_ = MergeTable(merges.size());
  // In blocks, each step for the whole block before the next: every look-up misses the caches, and so they overlap.
  constexpr size_t kBlock = 32;
  std::array<Halves, kBlock> halves;
  std::array<MergeTable::Merge, kBlock> resolved;
  const PieceTable& table = vocabulary_.table;
  TokenId product = -1;
  for (size_t begin = 0; begin < merges.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, merges.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      SLM_TRY(split, Halves::split(merges[begin + i], begin + i));
      halves[i] = split;
      table.prefetch(split.left_hash);
      table.prefetch(split.right_hash);
    }
    for (size_t i = 0; i < count; ++i) {
      for (const uint64_t hash : {halves[i].left_hash, halves[i].right_hash}) {
        if (const TokenId id = table.likely(hash); id >= 0) __builtin_prefetch(vocabulary_.piece(id).data());
      }
    }
    for (size_t i = 0; i < count; ++i) {
      SLM_TRY(merge, resolve(halves[i], begin + i, product));
      resolved[i] = merge;
      product = merge.product;
      merges_.prefetch(merge.left, merge.right);
    }
    for (size_t i = 0; i < count; ++i) SLM_TRY_STATUS(insert(resolved[i]));
  }
  return {};
}

// The id of what a merge gives, or -1. Vocabularies mostly list products in the order of their merges, so the next id, or
// the same one again (another split of it), saves most look-ups.
TokenId ByteLevelTokenizer::find_product(const Halves& halves, TokenId previous_product, std::string& whole) const {
  for (const TokenId guess : {previous_product + 1, previous_product}) {
    if (guess < 0 || static_cast<size_t>(guess) >= vocabulary_.size()) continue;
    const std::string_view piece = vocabulary_.piece(guess);
    if (piece.size() == halves.left.size() + halves.right.size() && piece.starts_with(halves.left) &&
        piece.ends_with(halves.right))
      return guess;
  }
  whole.assign(halves.left).append(halves.right);
  return vocabulary_.find(whole);
}

Result<MergeTable::Merge> ByteLevelTokenizer::resolve(const Halves& halves, size_t index,
                                                      TokenId previous_product) const {
  const TokenId left = vocabulary_.find(halves.left, halves.left_hash);
  if (left < 0) return fail(ErrorKind::kCorrupt, "tokenizer.unknown_piece", kMergesKey, index, halves.left);
  const TokenId right = vocabulary_.find(halves.right, halves.right_hash);
  if (right < 0) return fail(ErrorKind::kCorrupt, "tokenizer.unknown_piece", kMergesKey, index, halves.right);
  std::string whole;
  const TokenId product = find_product(halves, previous_product, whole);
  if (product < 0) return fail(ErrorKind::kCorrupt, "tokenizer.unknown_piece", kMergesKey, index, whole);
  return MergeTable::Merge{left, right, static_cast<uint32_t>(index), product};
}

Status ByteLevelTokenizer::insert(const MergeTable::Merge& merge) {
  // Text must never merge into a control token.
  const TokenKind kind = vocabulary_.kind(merge.product);
  if (kind == TokenKind::kControl || kind == TokenKind::kUnknown) return {};
  switch (merges_.insert(merge)) {
    case TableInsert::kInserted: return {};
    case TableInsert::kDuplicate: return fail(ErrorKind::kCorrupt, "tokenizer.duplicate_merge", kMergesKey, merge.rank);
    case TableInsert::kCrowded: break;
  }
  return fail(ErrorKind::kCorrupt, "tokenizer.crowded", kMergesKey, merge.rank);
}

void ByteLevelTokenizer::encode_section(std::string_view section, bool, Scratch& scratch,
                                        std::vector<TokenId>& out) const {
  if (normalizes_ && unicode::first_nfc_check(section)) {
    scratch.text = unicode::to_nfc(section);
    section = scratch.text;
  }
  const char* const end = section.data() + section.size();
  for_each_word(pre_, section, [&](const char* begin, size_t length) {
    encode_word(std::string_view(begin, length), static_cast<size_t>(end - begin), scratch, out);
  });
}

// The id of a word that is a token of the text's kind, or -1.
TokenId ByteLevelTokenizer::find_word(std::string_view word) const {
  const TokenId id = vocabulary_.find(encode_piece(word));
  return id >= 0 && vocabulary_.kind(id) == TokenKind::kNormal ? id : -1;
}

void ByteLevelTokenizer::merge_word(std::string_view word, bool whole, Scratch& scratch,
                                    std::vector<TokenId>& out) const {
  if (ignores_merges_ && whole) {
    if (const TokenId id = find_word(word); id >= 0) {
      out.push_back(id);
      return;
    }
  }
  auto& symbols = scratch.symbols;
  symbols.clear();
  // A byte without a token disappears, as in the original tokenizers; its neighbours then meet.
  for (size_t i = 0; i < word.size(); ++i) {
    const TokenId id = byte_ids_[static_cast<uint8_t>(word[i])];
    if (id >= 0) symbols.push_back({id, static_cast<uint32_t>(i), 1});
  }
  const auto rules = [this](const Symbol& left, const Symbol& right) {
    const MergeTable::Merge merge = merges_.find(left.id, right.id);
    return merge.product >= 0 ? Candidate{merge.rank, merge.product} : Candidate{};
  };
  merge_symbols(symbols, rules, scratch.merging);
  for (const Symbol& symbol : symbols) out.push_back(symbol.id);
}

}  // namespace slm
