#include "cli/instruct.h"

#include <string>

namespace slm::cli {

std::optional<bool> instruct_by_words(std::string_view name) {
  std::string word;
  std::optional<bool> found;
  const auto take = [&] {
    if (word == "it" || word == "instruct" || word == "chat") found = true;
    if ((word == "base" || word == "pt") && !found) found = false;
    word.clear();
  };
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += c;
    } else {
      take();
    }
  }
  take();
  return found;
}

InstructDecision decide_instruct(const hub::CatalogueEntry* entry, const hub::StoredModel& stored, bool has_template_flag,
                                 const ModelFacts& facts) {
  if (entry != nullptr) return {entry->instruct, InstructReason::kCatalogue};
  if (stored.instruct_known) return {stored.instruct, InstructReason::kCatalogue};
  if (has_template_flag) return {true, InstructReason::kTemplateFlag};
  if (!facts.chat_template.empty()) return {true, InstructReason::kFileTemplate};
  const std::string file_name = facts.path.substr(facts.path.find_last_of('/') + 1);
  for (const std::string& name : {stored.name, file_name, facts.name}) {
    if (const auto by_name = instruct_by_words(name)) return {*by_name, InstructReason::kName};
  }
  return {};
}

}  // namespace slm::cli
