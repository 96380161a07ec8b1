#include "lab/graders/language_id.h"

#include <cstdio>  // the next header needs it

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include "base/text.h"
#include "chat/unicode.h"

namespace slm::lab {
namespace {

// cld2 reads nothing of a text with a character in it that is not for interchange: a control, a noncharacter.
bool is_for_interchange(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\f' || c == '\r';
  if (c >= 0x7F && c <= 0x9F) return false;
  return (c < 0xFDD0 || c > 0xFDEF) && (c & 0xFFFE) != 0xFFFE;
}

std::string interchange_text(std::string_view text) {
  const std::string valid = to_valid_utf8(text.substr(0, kLanguageMaxBytes));
  std::string clean;
  clean.reserve(valid.size());
  for (size_t at = 0; at < valid.size();) {
    const char32_t c = chat::next_code_point(valid, at);
    append_utf8(clean, is_for_interchange(c) ? c : U' ');
  }
  return clean;
}

// cld2 keeps a few codes from before ISO 639-1 was revised, tells scripts and countries apart, and names texts by their script
// ("xx-Runr") where it knows no language for it.
std::string iso_code(CLD2::Language language) {
  const std::string_view code = CLD2::LanguageCode(language);
  if (code == "un" || code == "xxx" || code.substr(0, 3) == "xx-") return {};
  if (code == "iw") return "he";
  if (code == "jw") return "jv";
  return std::string(code.substr(0, code.find('-')));
}

LanguageGuess guess_language(std::string_view text, int flags) {
  const CLD2::CLDHints hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  CLD2::Language languages[3] = {CLD2::UNKNOWN_LANGUAGE, CLD2::UNKNOWN_LANGUAGE, CLD2::UNKNOWN_LANGUAGE};
  int percents[3] = {0, 0, 0};
  double scores[3] = {0, 0, 0};
  int letters = 0, valid_bytes = 0;
  bool reliable = false;
  constexpr bool kPlainText = true;
  const CLD2::Language most = CLD2::ExtDetectLanguageSummaryCheckUTF8(text.data(), static_cast<int>(text.size()), kPlainText, &hints,
                                                                      flags, languages, percents, scores, nullptr, &letters,
                                                                      &reliable, &valid_bytes);
  LanguageGuess guess;
  guess.code = iso_code(most);
  if (guess.code.empty()) return guess;
  guess.reliable = reliable;
  for (int i = 0; i < 3; ++i) {
    if (languages[i] == most) guess.share = percents[i] / 100.0;
  }
  return guess;
}

}  // namespace

LanguageGuess identify_language(std::string_view text) {
  const std::string clean = interchange_text(text);
  constexpr int kNoFlags = 0;
  LanguageGuess guess = guess_language(clean, kNoFlags);
  if (!guess.code.empty()) return guess;
  // It would not say; its best effort then is a guess.
  guess = guess_language(clean, CLD2::kCLDFlagBestEffort);
  guess.reliable = false;
  return guess;
}

}  // namespace slm::lab
