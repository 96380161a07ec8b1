// A vocabulary made of the input's first part, opened, and the rest as text: ids lie inside the vocabulary, what every
// byte has a token for comes back, and a stream gives the text of the whole.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gguf/writer.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary_file.h"

namespace {

using slm::TokenId;

// Reads the input from its start; zeros once it is used up.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
  std::string text(size_t length) {
    std::string out;
    for (size_t i = 0; i < length && at_ < size_; ++i) out += static_cast<char>(data_[at_++]);
    return out;
  }
  std::string rest() { return text(size_); }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
};

slm::VocabularyFile any_vocabulary(Input& input) {
  const uint8_t flags = input.byte();
  const bool pieces = flags & 1;
  slm::VocabularyFile file = pieces ? slm::sentencepiece_file() : slm::byte_level_file();
  const char* const names[] = {"gpt-2", "smollm", "qwen2", "llama-bpe", "default", "none"};
  if (!pieces) file.pre = names[(flags >> 1) % std::size(names)];
  if (flags & 16) file.add_space_prefix = true;
  if (flags & 32) file.tokens.resize(file.tokens.size() - input.byte() % 64);
  for (int count = input.byte() % 32; count > 0; --count) {
    const uint8_t how = input.byte();
    if (pieces || how % 4 == 0) {
      file.add(input.text(how / 32 + 1), how % 4 == 0 ? 1 + input.byte() % 7 : 1, static_cast<float>(input.byte()) - 128);
    } else {
      // A merge of two pieces that are there, mostly.
      const std::string left = file.tokens[(input.byte() * 3u + how) % file.tokens.size()];
      const std::string right = file.tokens[(input.byte() * 5u) % file.tokens.size()];
      file.merges.push_back(left + " " + right);
      if (how % 16 != 15) file.add(left + right);
    }
  }
  return file;
}

void check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const slm::VocabularyFile file = any_vocabulary(input);
  const auto opened = slm::open_vocabulary(file);
  if (!opened) {
    check(!opened.error().text(slm::Language::kEnglish).empty());
    return 0;
  }
  const slm::Tokenizer& tokenizer = *opened->tokenizer;
  const std::string text = input.rest();
  for (const bool special : {false, true}) {
    const std::vector<TokenId> ids = tokenizer.encode(text, {.special = special, .add_bos = false});
    check(ids == tokenizer.encode(text, {.special = special, .add_bos = false}));
    std::string streamed;
    slm::StreamDecoder stream(tokenizer, true);
    for (const TokenId id : ids) {
      check(id >= 0 && static_cast<size_t>(id) < tokenizer.size());
      check(special || tokenizer.kind(id) != slm::TokenKind::kControl);
      streamed += stream.push(id);
    }
    streamed += stream.finish();
    const std::string decoded = tokenizer.decode(ids, true);
    check(streamed.size() + 1 >= decoded.size());
    // Nothing is lost where every byte has a token and nothing is normalised.
    const bool keeps_all = file.model == "gpt2" && file.pre != "qwen2" && file.tokens.size() >= 256 && file.tokens[255] == slm::stand_in(255);
    check(!keeps_all || decoded == text);
  }
  return 0;
}
