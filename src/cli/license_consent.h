// Consent to a model's licence: asked once, remembered in the store.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "hub/store.h"

namespace slm::cli {

// Whom the question is put to.
struct ConsentDialogue {
  bool terminal = false;                                    // somebody is there to answer
  std::function<void(const std::string& text)> show;
  std::function<std::optional<std::string>()> answer;       // a line; nothing at the end of input
  std::function<Result<std::string>()> full_text;           // of the licence
};

// Returns at once where the entry's licence asks for no consent or has it already (SLM_ACCEPT_LICENSE counts and is remembered).
// Else shows three lines in the user's language and asks: y agrees, n (or nothing) does not, t shows the full text and asks again.
// Errors: kFailed "hub.license_refused"; kUsage with how to agree where nobody can be asked.
Status ask_for_consent(hub::Store& store, const hub::CatalogueEntry& entry, const ConsentDialogue& dialogue);

// The same on stdin and stderr.
Status ask_for_consent(hub::Store& store, const hub::CatalogueEntry& entry);

}  // namespace slm::cli
