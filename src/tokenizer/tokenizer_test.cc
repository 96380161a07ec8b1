#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <thread>

#include "tokenizer/vocabulary_file.h"

namespace slm {
namespace {

using Ids = std::vector<TokenId>;

OpenedVocabulary opened(const VocabularyFile& file) {
  auto result = open_vocabulary(file);
  EXPECT_TRUE(result) << (result ? "" : result.error().text(Language::kEnglish));
  return result ? std::move(*result) : OpenedVocabulary{};
}

// The key of the error's message.
std::string error_of(const VocabularyFile& file) {
  const auto result = open_vocabulary(file);
  if (result) return "opened";
  EXPECT_EQ(result.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(result.error().text(Language::kEnglish).find("{"), std::string::npos);
  return std::string(result.error().message.key);
}

TEST(ByteLevel, MergesByRankAndComesBack) {
  const auto made = opened(byte_level_file({{"a", "b"}, {"b", "c"}, {"ab", "c"}, {" ", "a"}}));
  const Tokenizer& tokenizer = *made.tokenizer;
  EXPECT_EQ(tokenizer.encode("abc"), (Ids{258}));
  EXPECT_EQ(tokenizer.encode("bc abc"), (Ids{257, ' ', 258}));  // (a, b) comes before (space, a)
  EXPECT_EQ(tokenizer.encode(" ac"), (Ids{259, 'c'}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("bc abc \u4f60")), "bc abc \u4f60");
  EXPECT_EQ(tokenizer.piece(259), "\u0120a");
  EXPECT_EQ(tokenizer.bytes(259), " a");
  EXPECT_EQ(tokenizer.find("\u0120a"), 259);
  EXPECT_EQ(tokenizer.find("zz"), std::nullopt);
  EXPECT_EQ(tokenizer.model_name(), "gpt2 / gpt-2");
  EXPECT_EQ(tokenizer.size(), 260u);
}

TEST(ByteLevel, AnyBytesComeBack) {
  const auto made = opened(byte_level_file({{"\xE4", "\xBD"}}));
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  bytes += bytes;
  EXPECT_EQ(made.tokenizer->decode(made.tokenizer->encode(bytes)), bytes);
}

TEST(ByteLevel, ControlTokensAreTextUnlessAskedFor) {
  VocabularyFile file = byte_level_file();
  file.add("<|end|>", 3);
  file.add("<tool_call>", 4);
  file.add("<tool", 4);
  const auto made = opened(file);
  const Tokenizer& tokenizer = *made.tokenizer;
  EXPECT_EQ(tokenizer.encode("a<|end|>b").size(), 9u);
  EXPECT_EQ(tokenizer.encode("a<|end|>b", {.special = true, .add_bos = true}), (Ids{'a', 256, 'b'}));
  EXPECT_EQ(tokenizer.encode("a<tool_call>b<tool>"), (Ids{'a', 257, 'b', 258, '>'}));  // always; the longest wins
  EXPECT_EQ(tokenizer.decode(Ids{'a', 256, 257}), "a<tool_call>");
  EXPECT_EQ(tokenizer.decode(Ids{'a', 256, 257}, true), "a<|end|><tool_call>");
  EXPECT_EQ(tokenizer.kind(256), TokenKind::kControl);
  EXPECT_TRUE(tokenizer.is_end(256));
}

TEST(ByteLevel, TextNeverMergesIntoAControlToken) {
  VocabularyFile file = byte_level_file({{"a", "b"}});
  file.types[256] = 3;
  const auto made = opened(file);
  EXPECT_EQ(made.tokenizer->encode("ab"), (Ids{'a', 'b'}));
}

TEST(ByteLevel, Llama3TakesWholeWordsThatAreTokens) {
  VocabularyFile file = byte_level_file({{"b", "c"}});
  file.add("abc");  // no merges lead to it
  file.add("<s>", 3);
  file.bos = 258;
  file.pre = "llama-bpe";
  const auto made = opened(file);
  EXPECT_EQ(made.tokenizer->encode("abc"), (Ids{258, 257}));
  EXPECT_EQ(made.tokenizer->encode("abc", {.special = false, .add_bos = false}), (Ids{257}));
  EXPECT_EQ(made.tokenizer->encode("abcd", {.special = false, .add_bos = false}), (Ids{'a', 256, 'd'}));
  EXPECT_EQ(made.tokenizer->encode(""), (Ids{258}));
  file.pre = "qwen2";
  EXPECT_EQ(opened(file).tokenizer->encode("abc"), (Ids{'a', 256}));
}

TEST(ByteLevel, AByteWithoutTokenDisappearsAndItsNeighboursMeet) {
  VocabularyFile file = byte_level_file({{"!", "!"}});
  file.tokens[4] = "unused4";
  const auto made = opened(file);
  EXPECT_EQ(made.tokenizer->encode("!\x04!"), (Ids{256}));
  EXPECT_EQ(made.tokenizer->encode("(((((((((((((((((((((((((((((((!\x04!").back(), 256);
}

TEST(ByteLevel, QwenNormalizes) {
  VocabularyFile file = byte_level_file({{"\xC3", "\xA9"}});
  file.pre = "qwen2";
  EXPECT_EQ(opened(file).tokenizer->encode("e\u0301"), (Ids{256}));
  file.pre = "llama-bpe";
  EXPECT_EQ(opened(file).tokenizer->encode("e\u0301"), (Ids{'e', 0xCC, 0x81}));
}

// Words cut at safe places, from caches and merged whole: the same ids.
TEST(ByteLevel, CutWordsGiveTheIdsOfWholeOnes) {
  const std::string a = "\u4f60", b = "\u597d", c = "\u6211";
  const auto made = opened(byte_level_file({{"\xE4", "\xBD"}, {"\xE4\xBD", "\xA0"}, {"\xE5", "\xA5"}, {"\xE5\xA5", "\xBD"},
                                            {a, b}, {"\xA0", "\xE4"}, {"\xE6", "\x88"}, {"\xE6\x88", "\x91"}, {c, "\xE4"}}));
  uint32_t state = 7;
  for (int round = 0; round < 500; ++round) {
    std::string word;
    for (int i = 0; i < 12; ++i) {
      state = state * 1664525 + 1013904223;
      const std::string* const samples[] = {&a, &b, &c};
      word += *samples[(state >> 20) % 3];
    }
    const Ids first = made.tokenizer->encode(word), again = made.tokenizer->encode(word);
    EXPECT_EQ(first, again);
    EXPECT_EQ(made.tokenizer->decode(first), word);
    // The same word through one-word merging: a file whose every place is unsafe gives the reference.
    VocabularyFile other = byte_level_file({{"\xE4", "\xBD"}, {"\xE4\xBD", "\xA0"}, {"\xE5", "\xA5"}, {"\xE5\xA5", "\xBD"},
                                            {a, b}, {"\xA0", "\xE4"}, {"\xE6", "\x88"}, {"\xE6\x88", "\x91"}, {c, "\xE4"}});
    for (const std::string& left : {a, b, c})
      for (const std::string& right : {a, b, c}) if (left + right != a + b) other.add(stand_ins(left + right));
    static const auto reference = opened(other);
    EXPECT_EQ(first, reference.tokenizer->encode(word)) << word;
  }
}

TEST(ByteLevel, ThreadsShareATokenizer) {
  const auto made = opened(byte_level_file({{"a", "b"}, {"ab", "c"}}));
  std::vector<std::thread> threads;
  std::vector<size_t> counts(4);
  for (size_t t = 0; t < counts.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) counts[t] += made.tokenizer->encode("abc abd " + std::to_string(i)).size();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const size_t count : counts) EXPECT_EQ(count, counts[0]);
}

TEST(SentencePiece, HighestScoreFirstThenLeftmost) {
  const auto made = opened(sentencepiece_file(
      {{"a", 0}, {"b", 0}, {"\u2581", 0}, {"ab", -2}, {"ba", -1}, {"aa", -3}, {"\u2581a", -4}, {"c", 0}}));
  const Tokenizer& tokenizer = *made.tokenizer;
  const auto pieces = [&](std::string_view text) {
    std::string out;
    for (const TokenId id : tokenizer.encode(text, {.special = false, .add_bos = false})) out += std::string(tokenizer.piece(id)) + "|";
    return out;
  };
  EXPECT_EQ(pieces("aba"), "a|ba|");
  EXPECT_EQ(pieces("aaa"), "aa|a|");
  EXPECT_EQ(pieces("c a"), "c|\u2581a|");
  EXPECT_EQ(pieces("\u4f60"), "<0xE4>|<0xBD>|<0xA0>|");
  EXPECT_EQ(pieces("\xFF"), "<0xFF>|");
  EXPECT_EQ(tokenizer.encode("a")[0], 1);  // BOS, by default
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("ab \u4f60 a")), "ab \u4f60 a");
}

TEST(SentencePiece, SpacePrefix) {
  VocabularyFile file = sentencepiece_file({{"a", 0}, {"\u2581", 0}, {"\u2581a", -1}});
  file.add_space_prefix = true;
  file.add("<x>", 3);
  const auto made = opened(file);
  const TokenId with_space = *made.tokenizer->find("\u2581a");
  EXPECT_EQ(made.tokenizer->encode("a"), (Ids{1, with_space}));
  EXPECT_EQ(made.tokenizer->decode(made.tokenizer->encode("a")), "a");
  file.add_space_prefix = false;
  EXPECT_EQ(opened(file).tokenizer->encode("a"), (Ids{1, 258}));
}

TEST(SentencePiece, UserDefinedPiecesAreLiteralAfterSpacesAreMapped) {
  VocabularyFile file = sentencepiece_file({{"\u2581", 0}, {"x", 0}, {"\u2581x", -1}});
  file.add("  ", 4);
  file.add("   ", 4);
  file.add("\n\n", 4);
  const auto made = opened(file);
  const TokenId two = *made.tokenizer->find("  "), three = *made.tokenizer->find("   "), lines = *made.tokenizer->find("\n\n");
  const auto encode = [&](std::string_view text) { return made.tokenizer->encode(text, {.special = false, .add_bos = false}); };
  EXPECT_EQ(encode("x   x"), (Ids{259, three, 259}));
  EXPECT_EQ(encode("     "), (Ids{three, two}));
  EXPECT_EQ(encode("\n\n x"), (Ids{lines, 260}));
  EXPECT_EQ(encode("\u2581\u2581x"), (Ids{two, 259}));
  EXPECT_EQ(made.tokenizer->bytes(three), "   ");
}

TEST(SentencePiece, WithoutByteTokensUnknownCharactersAreOne) {
  VocabularyFile file;
  file.model = "llama";
  file.add("<unk>", 2);
  file.add("a");
  file.unknown = 0;
  file.add_space_prefix = false;
  const auto made = opened(file);
  EXPECT_EQ(made.tokenizer->encode("a\u4f60\u597da"), (Ids{1, 0, 1}));
  EXPECT_EQ(made.tokenizer->encode("<unk>\u4f60", {.special = true, .add_bos = true}), (Ids{0, 0}));
  EXPECT_EQ(made.tokenizer->encode("\u4f60"), (Ids{0}));
  file.unknown.reset();
  EXPECT_EQ(error_of(file), "tokenizer.no_fallback");
}

TEST(StreamDecoder, NeverSplitsACharacter) {
  const auto made = opened(byte_level_file());
  const std::string text = "a\u00e9\u4f60\U0001F600z";
  std::string streamed;
  StreamDecoder decoder(*made.tokenizer);
  for (const char byte : text) {
    const std::string piece = decoder.push(static_cast<uint8_t>(byte));
    EXPECT_TRUE(piece.empty() || piece.find('\xEF') == std::string::npos);
    streamed += piece;
  }
  EXPECT_EQ(streamed + decoder.finish(), text);

  StreamDecoder broken(*made.tokenizer);
  EXPECT_EQ(broken.push(0xE4), "");
  EXPECT_EQ(broken.push('x'), "\uFFFDx");
  EXPECT_EQ(broken.push(0xF0), "");
  EXPECT_EQ(broken.push(0x9F), "");
  EXPECT_EQ(broken.finish(), "\uFFFD");
  EXPECT_EQ(broken.finish(), "");
}

TEST(HostileVocabulary, EveryLieIsNamed) {
  const VocabularyFile good = byte_level_file({{"a", "b"}});
  EXPECT_EQ(error_of(good), "opened");
  const auto with = [](VocabularyFile file, auto&& change) {
    change(file);
    return error_of(file);
  };
  EXPECT_EQ(with(good, [](auto& f) { f.model = "wordpiece"; }), "tokenizer.unknown_model");
  EXPECT_EQ(with(good, [](auto& f) { f.pre = "klingon"; }), "tokenizer.unknown_pre");
  EXPECT_EQ(with(good, [](auto& f) { f.tokens.clear(); f.types.clear(); }), "tokenizer.bad_size");
  EXPECT_EQ(with(good, [](auto& f) { f.types.pop_back(); }), "tokenizer.lengths_differ");
  EXPECT_EQ(with(good, [](auto& f) { f.scores = {1.0f}; }), "tokenizer.lengths_differ");
  EXPECT_EQ(with(good, [](auto& f) { f.types[9] = 7; }), "tokenizer.bad_type");
  EXPECT_EQ(with(good, [](auto& f) { f.types[9] = -1; }), "tokenizer.bad_type");
  EXPECT_EQ(with(good, [](auto& f) { f.tokens[9] = f.tokens[8]; }), "tokenizer.duplicate_token");
  EXPECT_EQ(with(good, [](auto& f) { f.merges.push_back("a zz"); }), "tokenizer.unknown_piece");
  EXPECT_EQ(with(good, [](auto& f) { f.merges.push_back("a c"); }), "tokenizer.unknown_piece");
  EXPECT_EQ(with(good, [](auto& f) { f.merges.push_back("a b"); }), "tokenizer.duplicate_merge");
  for (const char* const merge : {"", " ", "ab", "a ", " b"}) {
    EXPECT_NE(with(good, [&](auto& f) { f.merges.push_back(merge); }), "opened") << merge;
  }
  EXPECT_EQ(with(good, [](auto& f) { f.bos = 9999; }), "tokenizer.id_out_of_range");
  EXPECT_EQ(with(good, [](auto& f) { f.eos = 257; }), "tokenizer.id_out_of_range");
  EXPECT_EQ(with(good, [](auto& f) { f.add_bos = true; }), "tokenizer.missing_bos");
  EXPECT_EQ(with(good, [](auto& f) { f.add(std::string(5000, 'x'), 3); }), "tokenizer.long_token");

  const VocabularyFile pieces = sentencepiece_file({{"a", 0}});
  EXPECT_EQ(error_of(pieces), "opened");
  EXPECT_EQ(with(pieces, [](auto& f) { f.scores.clear(); }), "gguf.missing_key");
  EXPECT_EQ(with(pieces, [](auto& f) { f.scores[3] = std::numeric_limits<float>::quiet_NaN(); }), "tokenizer.bad_score");
  for (const char* const byte : {"<0xg1>", "<0xAB", "0xAB", "<0xab>", "<0x0AB>", "<0x-1>", "<0x A>", ""}) {
    EXPECT_EQ(with(pieces, [&](auto& f) { f.tokens[2 + 0xAB] = byte; }), "tokenizer.bad_byte") << byte;
  }
}

TEST(HostileVocabulary, IdsOutsideAreEmpty) {
  const auto made = opened(byte_level_file());
  EXPECT_EQ(made.tokenizer->bytes(-1), "");
  EXPECT_EQ(made.tokenizer->bytes(1 << 30), "");
  EXPECT_EQ(made.tokenizer->piece(256), "");
  EXPECT_EQ(made.tokenizer->kind(256), TokenKind::kUnused);
}

// One word of 2^20 letters costs little more than sixteen times one of 2^16.
TEST(ByteLevel, AHugeWordStaysNearLinear) {
  std::initializer_list<std::pair<std::string, std::string>> merges = {{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}};
  const auto made = opened(byte_level_file(merges));
  const auto seconds = [&](size_t length) {
    const std::string word(length, 'a');
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(made.tokenizer->encode(word).size(), length / 8);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double small = std::min(seconds(1 << 16), seconds(1 << 16));
  const double large = seconds(1 << 20);
  EXPECT_LT(large, 16 * small * 4 + 0.05);
}

}  // namespace
}  // namespace slm
