// Words in capitals, in the words of the Penn Treebank's tokenization as NLTK carries it out. Only what can change the number of
// words with letters in them is done here: where a text is parted, not what becomes of quotation marks. There it is done sentence by
// sentence, so that a last full stop stands alone; here one after any word does.
#include <algorithm>
#include <array>
#include <string>

#include "chat/unicode.h"
#include "lab/graders/ifeval_text.h"

namespace slm::lab::ifeval {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

bool starts_with_no_case(std::string_view text, std::string_view small) {
  return text.size() >= small.size() && std::equal(small.begin(), small.end(), text.begin(), [](char wanted, char c) {
           return wanted == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
         });
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// 's, 'll, ...: a whole word after an apostrophe that stays with its letters.
bool is_clitic(std::string_view after_apostrophe) {
  constexpr std::array<std::string_view, 8> kClitics = {"re", "ve", "ll", "m", "t", "s", "d", "n"};
  return std::any_of(kClitics.begin(), kClitics.end(), [after_apostrophe](std::string_view one) {
    return starts_with_no_case(after_apostrophe, one) && !is_word_character(character_at(after_apostrophe, one.size()));
  });
}

bool always_parts(char32_t c) {
  constexpr std::u32string_view kMarks = U"\u00AB\u00BB\u2018\u2019\u201C\u201D\u201E`\";@#$%&?!*[](){}<>";
  return chat::is_space(c) || (c >= 0x2012 && c <= 0x2015) || kMarks.find(c) != kMarks.npos;
}

// Whether the text is parted at `c`, which ends at `end`; `before` is the character before it, 0 at the beginning.
bool parts_words(std::string_view text, char32_t before, char32_t c, size_t end) {
  const char32_t after = character_at(text, end);
  switch (c) {
    case ':':
    case ',':
      return !chat::is_decimal(after);
    case '-':
    case '.':
      return before == c || after == c;  // dashes, an ellipsis
    case '\'':  // a doubled quotation mark, or one that opens a word
      return before == c || after == c || (!is_word_character(before) && is_word_character(after) && !is_clitic(text.substr(end)));
    default:
      return always_parts(c);
  }
}

// "CANNOT": two words that are written as one, wherever they stand whole.
struct Contraction {
  std::string_view whole;
  size_t first_bytes;
  bool only_at_end;
};
constexpr std::array<Contraction, 8> kContractions = {{{"cannot", 3, false},
                                                       {"d'ye", 1, false},
                                                       {"gimme", 3, false},
                                                       {"gonna", 3, false},
                                                       {"gotta", 3, false},
                                                       {"lemme", 3, false},
                                                       {"more'n", 4, false},
                                                       {"wanna", 3, true}}};

const Contraction* contraction_at(std::string_view text, size_t at) {
  const std::string_view rest = text.substr(at);
  for (const Contraction& one : kContractions) {
    if (!starts_with_no_case(rest, one.whole) || is_word_character(character_at(rest, one.whole.size()))) continue;
    if (!one.only_at_end || rest.size() == one.whole.size()) return &one;
  }
  return nullptr;
}

size_t count_if_capital(std::string_view word) { return is_all_capital(word) ? 1 : 0; }

// Words in capitals in `piece`, in which only contractions are left to part.
size_t count_in_piece(std::string_view piece) {
  size_t count = 0, begin = 0;
  char32_t before = 0;
  for (size_t at = 0; at < piece.size();) {
    const Contraction* found = is_word_character(before) ? nullptr : contraction_at(piece, at);
    if (found == nullptr) {
      before = chat::next_code_point(piece, at);
      continue;
    }
    count += count_if_capital(piece.substr(begin, at - begin)) + count_if_capital(piece.substr(at, found->first_bytes)) +
             count_if_capital(piece.substr(at + found->first_bytes, found->whole.size() - found->first_bytes));
    at += found->whole.size();
    begin = at;
    before = 0;
  }
  return count + count_if_capital(piece.substr(begin));
}

// Takes one of `endings` off the end of `word`, where something other than an apostrophe stands before it. Returns what it took.
template <size_t N>
std::string_view take_ending(std::string_view& word, const std::array<std::string_view, N>& endings) {
  for (std::string_view ending : endings) {
    if (word.size() <= ending.size() || !ends_with(word, ending)) continue;
    const size_t at = word.size() - ending.size();
    if (word[at - 1] == '\'') continue;
    const std::string_view taken = word.substr(at);
    word = word.substr(0, at);
    return taken;
  }
  return {};
}

// A run without white space and marks: endings come off it, "DIDN'T'S" first of 'S, then of N'T.
size_t count_in_run(std::string_view run) {
  while (!run.empty() && (run.back() == '.' || run.back() == '\'')) run.remove_suffix(1);
  constexpr std::array<std::string_view, 6> kShort = {"'s", "'S", "'m", "'M", "'d", "'D"};
  constexpr std::array<std::string_view, 8> kLong = {"'ll", "'LL", "'re", "'RE", "'ve", "'VE", "n't", "N'T"};
  const std::string_view short_ending = take_ending(run, kShort);
  const std::string_view long_ending = take_ending(run, kLong);
  return count_in_piece(run) + count_if_capital(short_ending) + count_if_capital(long_ending);
}

}  // namespace

size_t count_capital_words(std::string_view text) {
  size_t count = 0, begin = 0;
  char32_t before = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    const char32_t c = chat::next_code_point(text, at);
    if (parts_words(text, before, c, at)) {
      count += count_in_run(text.substr(begin, here - begin));
      begin = at;
    }
    before = c;
  }
  return count + count_in_run(text.substr(begin));
}

}  // namespace slm::lab::ifeval
