#include "lab/audit/evidence.h"

namespace slm::lab::audit {

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSupports: return "supports";
    case Outcome::kRefutes: return "refutes";
    case Outcome::kAllows: return "allows";
    case Outcome::kCannotTell: return "cannot_tell";
    case Outcome::kSilent: return "silent";
  }
  return {};
}

std::string_view basis_name(Basis basis) {
  switch (basis) {
    case Basis::kArithmetic: return "arithmetic";
    case Basis::kRoofline: return "roofline";
    case Basis::kPublished: return "published";
    case Basis::kMeasured: return "measured";
  }
  return {};
}

std::string Evidence::text_in(Language language) const {
  const std::string rendered = render(text, language);
  if (label.empty()) return rendered;
  return label.in(language) + (language == Language::kChinese ? "\uFF1A" : ": ") + rendered;
}

std::string_view audit_verdict_name(AuditVerdict verdict) {
  switch (verdict) {
    case AuditVerdict::kConfirmed: return "confirmed";
    case AuditVerdict::kContradicted: return "contradicted";
    case AuditVerdict::kNotSignificant: return "not_significant";
    case AuditVerdict::kPlausible: return "plausible";
    case AuditVerdict::kNotTestable: return "not_testable";
  }
  return {};
}

Message audit_verdict_text(AuditVerdict verdict) {
  switch (verdict) {
    case AuditVerdict::kConfirmed: return msg("lab.audit.confirmed");
    case AuditVerdict::kContradicted: return msg("lab.audit.contradicted");
    case AuditVerdict::kNotSignificant: return msg("lab.audit.not_significant");
    case AuditVerdict::kPlausible: return msg("lab.audit.plausible");
    case AuditVerdict::kNotTestable: return msg("lab.audit.not_testable");
  }
  return {};
}

AuditVerdict verdict_of(const std::vector<Evidence>& evidence, bool has_untested_part) {
  bool speaks = false, all_support = !has_untested_part, all_cannot_tell = true;
  for (const Evidence& one : evidence) {
    if (one.outcome == Outcome::kRefutes) return AuditVerdict::kContradicted;
    if (one.outcome == Outcome::kSilent) {
      if (one.basis != Basis::kMeasured) all_support = false;
      continue;
    }
    speaks = true;
    if (one.outcome != Outcome::kSupports) all_support = false;
    if (one.outcome != Outcome::kCannotTell) all_cannot_tell = false;
  }
  if (!speaks) return AuditVerdict::kNotTestable;
  if (all_cannot_tell) return AuditVerdict::kNotSignificant;
  return all_support ? AuditVerdict::kConfirmed : AuditVerdict::kPlausible;
}

}  // namespace slm::lab::audit
