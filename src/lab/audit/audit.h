// A claims file answered: each claim with its evidence and the verdict that follows. docs/formats/claims.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "lab/audit/evidence.h"
#include "lab/audit/sources.h"

namespace slm::lab::audit {

struct AuditedClaim {
  std::string id;
  std::string quote;             // the sentence or the table row, as it stands in its source
  AuditVerdict verdict = AuditVerdict::kNotTestable;
  std::vector<Evidence> evidence;
  Bilingual untested;            // a part that is a matter of fact and has no evidence; may be empty
  Bilingual opinion;             // a part that no evidence can settle; may be empty
};

struct Audit {
  Bilingual title;
  std::vector<AuditedClaim> claims;

  size_t count(AuditVerdict verdict) const;
};

struct AuditSetup {
  FindShape find_shape = shape_in_store_or_data;
  std::optional<MeasuredComparison> measured;
};

// Errors: kCorrupt with file, line and column: keys missing, unknown (with the nearest spelling) or of the wrong type, an id twice, an
// impossible number; kNotFound: a model without a known shape, or a device, fact or benchmark that nobody declared.
Result<Audit> audit_claims(const YamlNode& claims_file, const AuditSetup& setup);

// data/claims/article.yaml, as it was when the program was built.
YamlNode article_claims();

// The audit with only these claims, in its own order. Error: kNotFound with the nearest spelling.
Result<Audit> only_claims(Audit audit, const std::vector<std::string>& ids);

}  // namespace slm::lab::audit
