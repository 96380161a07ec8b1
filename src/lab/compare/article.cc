#include "lab/compare/article.h"

#include <algorithm>

#include "base/json.h"
#include "lab/audit/audit.h"
#include "lab/audit/audit_report.h"

namespace slm::lab {
namespace {

bool is_measured(const audit::AuditedClaim& claim) {
  return std::any_of(claim.evidence.begin(), claim.evidence.end(), [](const audit::Evidence& evidence) {
    return evidence.basis == audit::Basis::kMeasured && evidence.kind == "measured" && evidence.outcome != audit::Outcome::kSilent;
  });
}

}  // namespace

Result<Json> article_json(const Json& comparison) {
  SLM_TRY(measured, audit::measured_in(comparison, "comparison"));
  audit::AuditSetup setup;
  setup.measured = std::move(measured);
  SLM_TRY(audited, audit::audit_claims(audit::article_claims(), setup));
  Json article = Json::array();
  if (std::none_of(audited.claims.begin(), audited.claims.end(), is_measured)) return article;
  for (const audit::AuditedClaim& claim : audited.claims) {
    Json one = audit::claim_json(claim);
    Json entry = {{"claim", one["id"]}};
    for (const auto& [key, value] : one.items()) {
      if (key != "id") entry[key] = value;
    }
    article.push_back(std::move(entry));
  }
  return article;
}

}  // namespace slm::lab
