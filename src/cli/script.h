// Which language a text may be in, by the scripts it is written in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slm::cli {

// The language whose script most letters of `text` are in, as "zh", "ja", "ko", "ru", "ar", "he", "hi", "bn", "ta", "th", "el" ...;
// "" where most are Latin or nothing is a letter: Latin scripts do not tell languages apart.
std::string language_by_script(std::string_view text);

// The message key of a language's name; the key for "another language" where we know none.
std::string_view language_name_key(std::string_view code);

}  // namespace slm::cli
