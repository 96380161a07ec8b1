// An audit for people and for programs.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/message.h"
#include "lab/audit/audit.h"

namespace slm::lab::audit {

// For a terminal of 80 columns, in the language set for the process: a row a claim, its evidence below it.
std::string audit_table(const Audit& audit);
// One paragraph: how many claims got which verdict, and which were contradicted or shown by too little.
std::string audit_summary(const Audit& audit);
std::string audit_markdown(const Audit& audit);
// docs/json.md, `audit`.
nlohmann::ordered_json audit_json(const Audit& audit);
// One claim of it: {id, quote, verdict, evidence[], untested, opinion}.
nlohmann::ordered_json claim_json(const AuditedClaim& claim);

}  // namespace slm::lab::audit
