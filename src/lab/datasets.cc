#include "lab/datasets.h"

#include <cctype>

#include "lab/statistics.h"

namespace slm::lab {

std::string clean_hellaswag(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  // " [title]" first: what is left of brackets goes without a trace.
  constexpr std::string_view kTitle = " [title]";
  std::string titled;
  for (size_t i = 0; i < text.size();) {
    const bool is_title = text.substr(i).starts_with(kTitle);
    titled += is_title ? std::string(". ") : std::string(1, text[i]);
    i += is_title ? kTitle.size() : 1;
  }
  std::string bare;
  const size_t last_close = titled.rfind(']');
  for (size_t i = 0; i < titled.size();) {
    if (titled[i] == '[' && last_close != std::string::npos && last_close > i) {
      i = titled.find(']', i) + 1;
    } else {
      bare += titled[i++];
    }
  }
  // One pass, as the original: of four spaces two are left.
  std::string out;
  for (size_t i = 0; i < bare.size(); ++i) {
    out += bare[i];
    if (bare[i] == ' ' && i + 1 < bare.size() && bare[i + 1] == ' ') ++i;
  }
  return out;
}

std::string hellaswag_context(std::string_view line) {
  std::string text(line);
  const size_t stop = text.rfind(". ");
  const size_t at = stop == std::string::npos ? std::string::npos : stop + 2;
  if (at < text.size() && text[at] >= 'a' && text[at] <= 'z') text[at] = static_cast<char>(text[at] - 'a' + 'A');
  return clean_hellaswag(text);
}

uint64_t item_rank(uint64_t seed, uint32_t id) { return SeededRandom(SeededRandom(seed).next() ^ id).next(); }

}  // namespace slm::lab
