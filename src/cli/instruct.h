// Whether a model follows instructions or continues text.
#pragma once

#include <optional>
#include <string_view>

#include "hub/catalogue.h"
#include "hub/store.h"
#include "runtime/runtime.h"

namespace slm::cli {

// What decided it: the catalogue, then --template, then the file's template, then words in its name. A missing template alone
// never makes a model base: without any sign it is taken for instruct.
enum class InstructReason { kCatalogue, kTemplateFlag, kFileTemplate, kName, kDefault };

struct InstructDecision {
  bool instruct = true;
  InstructReason reason = InstructReason::kDefault;
};

// `entry` may be null. `has_template_flag`: --template was given.
InstructDecision decide_instruct(const hub::CatalogueEntry* entry, const hub::StoredModel& stored, bool has_template_flag,
                                 const ModelFacts& facts);

// "it", "instruct", "chat" as a word of a name: true; "base", "pt": false; neither: nothing.
std::optional<bool> instruct_by_words(std::string_view name);

}  // namespace slm::cli
