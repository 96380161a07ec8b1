// Sentences, by the decisions of Kiss and Strunk, "Unsupervised Multilingual Sentence Boundary Detection" (2006), on which NLTK's
// Punkt rests, with short lists of our own in place of its trained model:
//
// - A mark (. ? !) may end a sentence where white space and more text follow, or closing or opening punctuation; of several in one
//   run of letters the last decides. The full-width marks and the danda end one anywhere.
// - ? and ! end it. So does a full stop, unless an abbreviation, an initial, a number or an ellipsis stands before it.
// - After an abbreviation or an ellipsis it ends where a word follows that is common and written with a capital: "at 5 p.m. The",
//   not "Dr. Smith".
// - After an initial it goes on before a small letter, punctuation and a capital that begins no common word: "J. Smith".
// - After a number it goes on before a small letter and punctuation: "no. 5. of". So "1. Buy milk." is two sentences, as with Punkt.
// - Line ends mean nothing: a heading without a full stop belongs to the sentence below it.
// - Quotation marks and brackets that close after the mark belong to the sentence before. What is left at the end is a sentence.
#include <algorithm>
#include <array>
#include <string>

#include "chat/unicode.h"
#include "lab/graders/ifeval_text.h"

namespace slm::lab::ifeval {
namespace {

// Without their last full stop; in order.
constexpr std::array<std::string_view, 80> kAbbreviations = {
    "a.d", "a.m", "adm",  "approx", "apr",  "assn", "aug",  "ave", "b.c",  "b.s",  "bros", "capt", "cf",   "co",   "col",  "corp",
    "cpl", "ct",  "d.c",  "dec",  "dept",   "dr",   "e.g",  "est", "etc",  "feb",  "fig",  "fri",  "ft",   "gen",  "gov",  "hon",
    "hr",  "i.e", "inc",  "jan",  "jr",     "jul",  "jun",  "l.a", "lb",   "lt",   "ltd",  "m.d",  "maj",  "messrs", "min", "mon",
    "mr",  "mrs", "ms",   "mt",   "n.y",    "nov",  "oct",  "p.m", "ph.d", "pp",   "prof", "rep",  "rev",  "sec",  "sen",  "sep",
    "sept", "sgt", "sr",  "st",   "thu",    "tue",  "u.k",  "u.n", "u.s",  "u.s.a", "univ", "vol", "vs",   "wed",  "yr",   "yrs"};

// Words that begin sentences and are otherwise written small; in order.
constexpr std::array<std::string_view, 96> kCommonWords = {
    "a",       "about",   "after",   "all",    "also",    "although", "an",     "and",     "another", "any",     "are",     "as",
    "at",      "be",      "because", "before", "both",    "but",      "by",     "can",     "could",   "despite", "did",     "do",
    "during",  "each",    "even",    "every",  "finally", "first",    "for",    "from",    "get",     "he",      "her",     "here",
    "his",     "how",     "however", "if",     "in",      "indeed",   "into",   "is",      "it",      "its",     "just",    "let",
    "like",    "make",    "many",    "maybe",  "more",    "most",     "my",     "next",    "no",      "not",     "now",     "of",
    "on",      "once",    "one",     "or",     "our",     "she",      "since",  "so",      "some",    "such",    "that",    "the",
    "their",   "then",    "there",   "these",  "they",    "this",     "those",  "though",  "to",      "try",     "use",     "was",
    "we",      "were",    "what",    "when",   "where",   "while",    "who",    "why",     "with",    "yet",     "you",     "your"};

static_assert(std::is_sorted(kAbbreviations.begin(), kAbbreviations.end()));
static_assert(std::is_sorted(kCommonWords.begin(), kCommonWords.end()));

template <size_t N>
bool is_among(const std::array<std::string_view, N>& sorted, std::string_view word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

bool is_mark(char32_t c) { return c == '.' || c == '?' || c == '!'; }
bool is_mark_anywhere(char32_t c) { return c == U'\u3002' || c == U'\uFF01' || c == U'\uFF1F' || c == U'\u0964'; }

bool is_quote(char32_t c) {
  return (c >= 0x2018 && c <= 0x2019) || (c >= 0x201C && c <= 0x201D) || c == 0xAB || c == 0xBB || c == '"' || c == '\'';
}
// Closes what the sentence before the mark opened.
bool is_closing(char32_t c) { return is_quote(c) || c == ')' || c == ']' || c == '}'; }
// Parts words wherever it stands; a full stop does not.
bool is_punctuation(char32_t c) {
  constexpr std::u32string_view kMarks = U")\";}]*:@'({[?!";
  return is_quote(c) || kMarks.find(c) != kMarks.npos;
}

enum class Follows { kOther, kSmall, kPunctuation, kCommonCapital, kOtherCapital };

// What the next sentence would begin with.
Follows what_follows(std::string_view text, size_t offset) {
  const char32_t c = character_at(text, offset);
  if (std::u32string_view(U";:,.!?").find(c) != std::u32string_view::npos) return Follows::kPunctuation;
  if (chat::is_lower(c)) return Follows::kSmall;
  if (!chat::is_upper(c)) return Follows::kOther;
  constexpr size_t kLongestCommonWord = 8;
  size_t end = offset;
  while (end < text.size() && end - offset <= kLongestCommonWord && chat::is_alpha(character_at(text, end))) {
    chat::next_code_point(text, end);
  }
  const bool common = is_among(kCommonWords, chat::lower(text.substr(offset, end - offset)));
  return common ? Follows::kCommonCapital : Follows::kOtherCapital;
}

bool is_number(std::string_view word) {
  constexpr std::string_view kInNumbers = "0123456789,.-";
  return word.find_first_not_of(kInNumbers) == std::string_view::npos && word.find_first_of("0123456789") < 3;
}

bool is_initial(std::string_view word) {
  size_t end = 0;
  return !word.empty() && chat::is_alpha(chat::next_code_point(word, end)) && end == word.size();
}

bool is_abbreviation(std::string_view word) {
  constexpr size_t kLongest = 8;
  const size_t hyphen = word.rfind('-');
  const std::string_view last = hyphen == std::string_view::npos ? word : word.substr(hyphen + 1);
  return last.size() <= kLongest && is_among(kAbbreviations, chat::lower(last));
}

// Whether a full stop after `word` ends a sentence when `next` follows it.
bool full_stop_ends(std::string_view word, bool ellipsis, Follows next) {
  if (ellipsis) return next == Follows::kCommonCapital;
  const bool goes_on = next == Follows::kSmall || next == Follows::kPunctuation;
  if (is_initial(word)) return !goes_on && next != Follows::kOtherCapital;
  if (is_abbreviation(word)) return next == Follows::kCommonCapital;
  return !(goes_on && is_number(word));
}

// A place where a sentence may end.
struct Candidate {
  bool ends = false;
  size_t mark = 0;  // where the mark stands
  size_t next = 0;  // where the sentence after it would begin
};

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  size_t count() {
    for (size_t at = 0; at < text_.size();) {
      const size_t here = at;
      const char32_t c = chat::next_code_point(text_, at);
      if (is_mark_anywhere(c)) {
        candidate_ = {true, here, skip_spaces(text_, at)};
        take_candidate();
      } else if (is_mark(c)) {
        consider(c, here, at);
      } else if (chat::is_space(c)) {
        take_candidate();
      }
      if (chat::is_space(c) || is_punctuation(c) || is_mark_anywhere(c)) word_begin_ = at;
    }
    take_candidate();
    return sentences_ + (skip_spaces(text_, begin_) < text_.size() ? 1 : 0);
  }

 private:
  // The mark `c` at [here, end).
  void consider(char32_t c, size_t here, size_t end) {
    const char32_t after = character_at(text_, end);
    const size_t next = skip_spaces(text_, end);
    const bool before_space = next > end && next < text_.size();
    if (!before_space && !is_punctuation(after)) return;
    bool ends = true;
    if (c == '.') {
      const std::string_view word = text_.substr(word_begin_, here - word_begin_);
      ends = full_stop_ends(word, !word.empty() && word.back() == '.', what_follows(text_, before_space ? next : end));
    }
    // One "?" in a run of letters is enough, whatever comes after it.
    candidate_ = {candidate_.ends || ends, here, next};
  }

  void take_candidate() {
    if (candidate_.ends) {
      // Something must stand in it: a mark alone belongs to the sentence before.
      if (begin_ < candidate_.mark) ++sentences_;
      begin_ = after_closing(candidate_.next);
    }
    candidate_ = {};
  }

  // Past marks that close the sentence before, where white space or the end follows them; else `offset`.
  size_t after_closing(size_t offset) const {
    size_t end = offset;
    while (end < text_.size() && is_closing(character_at(text_, end))) chat::next_code_point(text_, end);
    const size_t next = skip_spaces(text_, end);
    return end > offset && (next > end || next == text_.size()) ? next : offset;
  }

  std::string_view text_;
  size_t begin_ = 0;       // of the sentence
  size_t word_begin_ = 0;  // of the run of letters
  Candidate candidate_;    // of the run between two white spaces
  size_t sentences_ = 0;
};

}  // namespace

size_t count_sentences(std::string_view text) { return Splitter(text).count(); }

}  // namespace slm::lab::ifeval
