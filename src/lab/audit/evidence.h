// What a claim is held against, and what came of it. A verdict is never data: it follows from the outcomes by verdict_of().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/message.h"
#include "lab/audit/bilingual.h"

namespace slm::lab::audit {

// What one piece of evidence does to a claim.
enum class Outcome : uint8_t {
  kSupports,    // shows it
  kRefutes,     // shows that it does not hold
  kAllows,      // leaves it possible: a bound that it keeps
  kCannotTell,  // a test of counts that finds nothing
  kSilent,      // says nothing of it here
};
std::string_view outcome_name(Outcome outcome);  // "supports", "refutes", "allows", "cannot_tell", "silent"

// Which of the four kinds of evidence it is.
enum class Basis : uint8_t { kArithmetic, kRoofline, kPublished, kMeasured };
std::string_view basis_name(Basis basis);        // "arithmetic", "roofline", "published", "measured"

struct Evidence {
  std::string kind;                 // of the claims file: "decode_speed"
  Basis basis = Basis::kArithmetic;
  Outcome outcome = Outcome::kSilent;
  Bilingual label;                  // what it is about, from the data; may be empty
  Message text;                     // names the formula and what went into it
  std::vector<std::pair<std::string, double>> numbers;  // what was derived, by name: {"bytes", 988e6}
  std::vector<std::string> sources;
  std::string row;                  // of a comparison, where the evidence is one of its rows; else ""

  std::string text_in(Language language) const;  // label and text
};

enum class AuditVerdict : uint8_t { kConfirmed, kContradicted, kNotSignificant, kPlausible, kNotTestable };
std::string_view audit_verdict_name(AuditVerdict verdict);  // "confirmed", ..., "not_testable"
Message audit_verdict_text(AuditVerdict verdict);
inline constexpr AuditVerdict kAuditVerdicts[] = {AuditVerdict::kConfirmed, AuditVerdict::kContradicted, AuditVerdict::kNotSignificant,
                                                  AuditVerdict::kPlausible, AuditVerdict::kNotTestable};

// In this order: anything that refutes -> contradicted; nothing but silence -> not testable; all that speaks cannot tell -> not
// significant; all of it supports and nothing is left untested -> confirmed; else plausible. Silence counts as a part left
// untested, unless it is a measurement's: that none was given takes nothing from the rest.
AuditVerdict verdict_of(const std::vector<Evidence>& evidence, bool has_untested_part);

}  // namespace slm::lab::audit
