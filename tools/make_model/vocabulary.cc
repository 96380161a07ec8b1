#include "make_model/vocabulary.h"

#include <algorithm>

#include "base/text.h"

namespace slm {
namespace {

// GPT-2's letters for bytes: printable Latin-1 stands for itself, the rest follow from U+0100.
std::vector<std::string> byte_letters() {
  std::vector<std::string> letters(256);
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
    append_utf8(letters[static_cast<size_t>(byte)], printable ? static_cast<char32_t>(byte) : next++);
  }
  return letters;
}

std::string in_letters(std::string_view text, const std::vector<std::string>& letters) {
  std::string out;
  for (const char c : text) out += letters[static_cast<uint8_t>(c)];
  return out;
}

constexpr std::string_view kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

constexpr std::string_view kTurns =
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

}  // namespace

std::optional<uint32_t> Vocabulary::find(std::string_view piece) const {
  const auto at = std::find(pieces.begin(), pieces.end(), piece);
  if (at == pieces.end()) return std::nullopt;
  return static_cast<uint32_t>(at - pieces.begin());
}

Vocabulary small_byte_level(std::string pre) {
  // Each pair joins what stands before it; in this order.
  static constexpr std::string_view kPairs[][2] = {
      {" ", "t"}, {"h", "e"}, {"i", "n"}, {" t", "he"}, {" ", "a"}, {"e", "r"}, {"o", "n"}, {"r", "e"},
      {"a", "t"}, {"n", "d"}, {" a", "nd"}, {"in", "g"}, {"o", "r"}, {"l", "l"}, {"he", "ll"}, {"hell", "o"},
      {" ", "w"}, {" w", "or"}, {"l", "d"}, {" wor", "ld"}, {"\xe4", "\xbd"}, {"\xe4\xbd", "\xa0"}, {"\xe5", "\xa5"},
      {"\xe5\xa5", "\xbd"},
  };
  Vocabulary out;
  out.model = "gpt2";
  out.pre = std::move(pre);
  const std::vector<std::string> letters = byte_letters();
  for (const std::string& letter : letters) out.add(letter, PieceType::kNormal);
  for (const auto& [left, right] : kPairs) {
    out.add(in_letters(left, letters) + in_letters(right, letters), PieceType::kNormal);
    out.merges.push_back(in_letters(left, letters) + " " + in_letters(right, letters));
  }
  for (const std::string_view special : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) {
    out.add(std::string(special), PieceType::kControl);
  }
  out.bos = out.padding = out.find("<|endoftext|>");
  out.eos = out.find("<|im_end|>");
  out.chat_template = kChatMl;
  return out;
}

Vocabulary small_sentencepiece() {
  Vocabulary out;
  out.model = "llama";
  out.pre = "default";
  for (const std::string_view special : {"<pad>", "<eos>", "<bos>"}) out.add(std::string(special), PieceType::kControl);
  out.add("<unk>", PieceType::kUnknown);
  for (const std::string_view special : {"<start_of_turn>", "<end_of_turn>"}) {
    out.add(std::string(special), PieceType::kControl);
  }
  for (const std::string_view literal : {"\n\n", "\n\n\n", "\t\t", "\xe2\x96\x81\xe2\x96\x81"}) {
    out.add(std::string(literal), PieceType::kUserDefined);
  }
  for (int byte = 0; byte < 256; ++byte) out.add(fmt::format("<0x{:02X}>", byte), PieceType::kByte);
  const size_t first_scored = out.pieces.size();
  static constexpr std::string_view kJoined[] = {
      "he", "th", "\xe2\x96\x81t", "in", "er", "an", "the", "\xe2\x96\x81the", "on", "re", "and", "\xe2\x96\x81" "a",
      "\xe2\x96\x81" "and", "ing", "ll", "hell", "hello", "or", "ld", "wor", "world", "\xe2\x96\x81world",
      "\xe4\xbd\xa0\xe5\xa5\xbd",
  };
  for (const std::string_view piece : kJoined) out.add(std::string(piece), PieceType::kNormal);
  out.scores.assign(first_scored, -1000.0f);
  for (size_t i = first_scored; i < out.pieces.size(); ++i) out.scores.push_back(-static_cast<float>(i - first_scored));
  // Single characters are never the product of a merge: below every joined piece.
  std::string singles = "\xe2\x96\x81";
  out.add(singles, PieceType::kNormal);
  for (char c = 0x21; c < 0x7f; ++c) out.add(std::string(1, c), PieceType::kNormal);
  for (const std::string_view han : {"\xe4\xbd\xa0", "\xe5\xa5\xbd"}) out.add(std::string(han), PieceType::kNormal);
  for (size_t i = out.scores.size(); i < out.pieces.size(); ++i) out.scores.push_back(-static_cast<float>(i));
  out.padding = 0;
  out.eos = 1;
  out.bos = 2;
  out.unknown = 3;
  out.add_bos = true;
  out.chat_template = kTurns;
  return out;
}

Status pad_vocabulary(Vocabulary& vocabulary, size_t size) {
  if (vocabulary.pieces.size() > size) {
    return fail(ErrorKind::kUsage, "tools.vocabulary_larger", vocabulary.pieces.size(), size);
  }
  while (vocabulary.pieces.size() < size) {
    vocabulary.add(fmt::format("[PAD{}]", vocabulary.pieces.size()), PieceType::kUnused);
    if (vocabulary.model == "llama") vocabulary.scores.push_back(-1000.0f);
  }
  return {};
}

void write_vocabulary(const Vocabulary& vocabulary, gguf::Writer& writer) {
  writer.set_string("tokenizer.ggml.model", vocabulary.model);
  writer.set_string("tokenizer.ggml.pre", vocabulary.pre);
  writer.set_strings("tokenizer.ggml.tokens", vocabulary.pieces);
  if (vocabulary.model == "llama") writer.set_floats("tokenizer.ggml.scores", vocabulary.scores);
  std::vector<int32_t> types;
  types.reserve(vocabulary.types.size());
  for (const PieceType type : vocabulary.types) types.push_back(static_cast<int32_t>(type));
  writer.set_i32s("tokenizer.ggml.token_type", types);
  if (vocabulary.model == "gpt2") writer.set_strings("tokenizer.ggml.merges", vocabulary.merges);
  const std::pair<const char*, std::optional<uint32_t>> ids[] = {
      {"tokenizer.ggml.bos_token_id", vocabulary.bos},
      {"tokenizer.ggml.eos_token_id", vocabulary.eos},
      {"tokenizer.ggml.unknown_token_id", vocabulary.unknown},
      {"tokenizer.ggml.padding_token_id", vocabulary.padding},
  };
  for (const auto& [key, id] : ids) {
    if (id) writer.set_u32(key, *id);
  }
  writer.set_bool("tokenizer.ggml.add_bos_token", vocabulary.add_bos);
  if (vocabulary.model == "llama") writer.set_bool("tokenizer.ggml.add_space_prefix", false);
  if (!vocabulary.chat_template.empty()) writer.set_string("tokenizer.chat_template", vocabulary.chat_template);
}

}  // namespace slm
