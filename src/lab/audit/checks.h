// The kinds of evidence a claims file may ask for. A new one is a function and a row here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/audit/claimed_value.h"
#include "lab/audit/evidence.h"
#include "lab/audit/sources.h"

namespace slm::lab::audit {

// Reads what the item asks and answers it. The item's "kind" key is the caller's. Errors: kCorrupt with the place (a key missing, of the wrong
// type, an impossible number), kNotFound (a model, device, fact or benchmark nobody declared).
using Check = Result<Evidence> (*)(const YamlNode& item, const AuditSources& sources);

struct CheckKind {
  std::string_view name;            // "decode_speed"
  std::vector<std::string> keys;    // that an item may have, beside "kind"
  Basis basis;
  Check check;
};
const std::vector<CheckKind>& check_kinds();

// The evidence of one item: its kind looked up, its keys held against the kind's.
Result<Evidence> evidence_of(const YamlNode& item, const AuditSources& sources);

// arithmetic.cc
Result<Evidence> check_parameters(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_parameter_ratio(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_context(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_compare(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_file_size(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_memory_floor(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_fits(const YamlNode& item, const AuditSources& sources);

// roofline.cc
Result<Evidence> check_decode_speed(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_first_token(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_power(const YamlNode& item, const AuditSources& sources);

// published_checks.cc
Result<Evidence> check_published_rank(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_published_near(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_published_fact(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_fewer(const YamlNode& item, const AuditSources& sources);

// measured_checks.cc
Result<Evidence> check_counts(const YamlNode& item, const AuditSources& sources);
Result<Evidence> check_measured(const YamlNode& item, const AuditSources& sources);

// What items share. Errors as above.
Result<const AuditModel*> model_in(const YamlNode& item, std::string_view key, const AuditSources& sources);
Result<const Device*> device_in(const YamlNode& item, const AuditSources& sources);
Result<Quantization> quantization_in(const YamlNode& node);  // a scalar
Result<ClaimedValue> claimed_in(const YamlNode& item);
Result<uint64_t> tokens_in(const YamlNode& item);            // "tokens", 0 where absent

}  // namespace slm::lab::audit
