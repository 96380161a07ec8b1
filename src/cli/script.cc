#include "cli/script.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <utf8proc.h>

namespace slm::cli {
namespace {

struct ScriptRange {
  int32_t first, last;
  std::string_view language;
};

// Blocks of the scripts that name a language, or one that stands for those written in it.
constexpr ScriptRange kRanges[] = {
    {0x0370, 0x03FF, "el"}, {0x0400, 0x052F, "ru"}, {0x0530, 0x058F, "hy"}, {0x0590, 0x05FF, "he"}, {0x0600, 0x06FF, "ar"},
    {0x0750, 0x077F, "ar"}, {0x0900, 0x097F, "hi"}, {0x0980, 0x09FF, "bn"}, {0x0A00, 0x0A7F, "pa"}, {0x0A80, 0x0AFF, "gu"},
    {0x0B80, 0x0BFF, "ta"}, {0x0C00, 0x0C7F, "te"}, {0x0C80, 0x0CFF, "kn"}, {0x0D00, 0x0D7F, "ml"}, {0x0E00, 0x0E7F, "th"},
    {0x0E80, 0x0EFF, "lo"}, {0x1000, 0x109F, "my"}, {0x10A0, 0x10FF, "ka"}, {0x1100, 0x11FF, "ko"}, {0x1200, 0x137F, "am"},
    {0x1780, 0x17FF, "km"}, {0x3040, 0x30FF, "ja"}, {0x3400, 0x4DBF, "zh"}, {0x4E00, 0x9FFF, "zh"}, {0xAC00, 0xD7AF, "ko"},
    {0xF900, 0xFAFF, "zh"}, {0x20000, 0x3FFFF, "zh"},
};
constexpr size_t kRangeCount = std::size(kRanges);

bool is_letter(int32_t code_point) {
  const utf8proc_category_t category = utf8proc_category(code_point);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

}  // namespace

std::string language_by_script(std::string_view text) {
  std::array<size_t, kRangeCount> letters = {};
  size_t others = 0;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code_point = -1;
    const utf8proc_ssize_t used = std::max<utf8proc_ssize_t>(utf8proc_iterate(at, left, &code_point), 1);
    at += used;
    left -= used;
    if (code_point < 0 || !is_letter(code_point)) continue;
    const auto* range = std::find_if(std::begin(kRanges), std::end(kRanges), [&](const ScriptRange& one) {
      return code_point >= one.first && code_point <= one.last;
    });
    if (range == std::end(kRanges)) {
      ++others;
    } else {
      ++letters[static_cast<size_t>(range - std::begin(kRanges))];
    }
  }
  // Japanese is written with Han characters too: any kana makes them its own.
  size_t kana = 0, han = 0;
  for (size_t i = 0; i < kRangeCount; ++i) {
    if (kRanges[i].language == "ja") kana += letters[i];
    if (kRanges[i].language == "zh") han += letters[i];
  }
  std::string_view best;
  size_t most = others;
  for (size_t i = 0; i < kRangeCount; ++i) {
    size_t count = 0;
    for (size_t j = 0; j < kRangeCount; ++j) count += kRanges[j].language == kRanges[i].language ? letters[j] : 0;
    if (kRanges[i].language == "ja" && kana > 0) count += han;
    // A Han character says as much as several Latin letters.
    const size_t weight = kRanges[i].language == "zh" || kRanges[i].language == "ja" ? 3 : 1;
    if (count * weight > most) {
      most = count * weight;
      best = kRanges[i].language;
    }
  }
  return std::string(best);
}

std::string_view language_name_key(std::string_view code) {
  static constexpr std::pair<std::string_view, std::string_view> kKeys[] = {
      {"en", "cli.language.en"},
      {"zh", "cli.language.zh"},
      {"ja", "cli.language.ja"},
      {"ko", "cli.language.ko"},
      {"el", "cli.language.el"},
      {"ru", "cli.language.ru"},
      {"hy", "cli.language.hy"},
      {"he", "cli.language.he"},
      {"ar", "cli.language.ar"},
      {"hi", "cli.language.hi"},
      {"bn", "cli.language.bn"},
      {"pa", "cli.language.pa"},
      {"gu", "cli.language.gu"},
      {"ta", "cli.language.ta"},
      {"te", "cli.language.te"},
      {"kn", "cli.language.kn"},
      {"ml", "cli.language.ml"},
      {"th", "cli.language.th"},
      {"lo", "cli.language.lo"},
      {"my", "cli.language.my"},
      {"ka", "cli.language.ka"},
      {"am", "cli.language.am"},
      {"km", "cli.language.km"},
      {"fr", "cli.language.fr"},
      {"de", "cli.language.de"},
      {"es", "cli.language.es"},
      {"pt", "cli.language.pt"},
      {"it", "cli.language.it"},
  };
  for (const auto& [known, key] : kKeys) {
    if (known == code) return key;
  }
  return "cli.language.other";
}

}  // namespace slm::cli
