// Texts for people that come from a file of data, in both languages.
#pragma once

#include <string>

#include "base/message.h"
#include "base/yaml.h"

namespace slm::lab::audit {

struct Bilingual {
  std::string english, chinese;

  bool empty() const { return english.empty(); }
  const std::string& in(Language language) const { return language == Language::kChinese ? chinese : english; }
};

// {en, zh}. Errors: kCorrupt with the place.
inline Result<Bilingual> read_bilingual(const YamlNode& node) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"en", "zh"}));
  SLM_TRY(english, node.need_string("en"));
  SLM_TRY(chinese, node.need_string("zh"));
  return Bilingual{english, chinese};
}

// The text under `key`, or an empty one where the key is absent.
inline Result<Bilingual> bilingual_or_empty(const YamlNode& node, std::string_view key) {
  const YamlNode* found = node.find(key);
  return found != nullptr ? read_bilingual(*found) : Result<Bilingual>(Bilingual{});
}

}  // namespace slm::lab::audit
