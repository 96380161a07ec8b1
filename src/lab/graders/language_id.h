// Which language a text is written in, by libcld2: for answers that must be in one language, and for the share of answers that
// came in the wrong one.
#pragma once

#include <string>
#include <string_view>

namespace slm::lab {

struct LanguageGuess {
  std::string code;       // ISO 639-1 where it has one ("en", "he", "zh" in either script), else 639-2 or -3 ("ceb"); empty: no letters
  double share = 0;       // of the text in that language, in bytes of letters, 0 to 1
  bool reliable = false;  // long and plain enough to trust; a wrong-language rate counts only these
};

// The language most of `text` is in. Short texts get a guess that is not reliable. Bytes that are not UTF-8 are passed over; of a
// long text the first kLanguageMaxBytes decide. Any number of threads may call it.
LanguageGuess identify_language(std::string_view text);

inline constexpr size_t kLanguageMaxBytes = 256u << 10;

}  // namespace slm::lab
