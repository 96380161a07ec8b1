#include "lab/audit/checks.h"

#include "base/limits.h"
#include "lab/audit/by_id.h"

namespace slm::lab::audit {

const std::vector<CheckKind>& check_kinds() {
  static const std::vector<CheckKind> kinds = {
      {"parameters", {"model", "claimed"}, Basis::kArithmetic, check_parameters},
      {"parameter_ratio", {"model", "than", "more_by", "claimed"}, Basis::kArithmetic, check_parameter_ratio},
      {"context", {"model", "claimed"}, Basis::kArithmetic, check_context},
      {"compare", {"field", "model", "relation", "than", "quantization"}, Basis::kArithmetic, check_compare},
      {"file_size", {"model", "quantizations", "claimed"}, Basis::kArithmetic, check_file_size},
      {"memory_floor", {"model", "quantization", "tokens", "claimed"}, Basis::kArithmetic, check_memory_floor},
      {"fits", {"model", "quantization", "tokens", "memory", "device"}, Basis::kArithmetic, check_fits},
      {"decode_speed", {"model", "quantization", "device", "tokens", "claimed"}, Basis::kRoofline, check_decode_speed},
      {"first_token", {"model", "quantization", "device", "tokens", "claimed"}, Basis::kRoofline, check_first_token},
      {"power", {"device", "claimed"}, Basis::kRoofline, check_power},
      {"published_rank", {"benchmark", "better", "than"}, Basis::kPublished, check_published_rank},
      {"published_near", {"model", "near", "benchmarks", "within"}, Basis::kPublished, check_published_near},
      {"published_fact", {"fact", "claimed"}, Basis::kPublished, check_published_fact},
      {"fewer", {"fact", "than"}, Basis::kPublished, check_fewer},
      {"counts", {"about", "a", "b", "better"}, Basis::kMeasured, check_counts},
      {"measured", {"row", "better", "than", "protocol"}, Basis::kMeasured, check_measured},
  };
  return kinds;
}

Result<Evidence> evidence_of(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(name, item.need_string("kind"));
  std::vector<std::string> names;
  for (const CheckKind& kind : check_kinds()) {
    names.emplace_back(kind.name);
    if (kind.name != name) continue;
    std::vector<std::string> keys = kind.keys;
    keys.emplace_back("kind");
    SLM_TRY_STATUS(item.refuse_unknown_keys(keys));
    SLM_TRY(evidence, kind.check(item, sources));
    evidence.kind = kind.name;
    evidence.basis = kind.basis;
    return evidence;
  }
  return fail_with_hint(ErrorKind::kCorrupt, msg("lab.audit.no_kind", item.find("kind")->place(), printable(name)),
                        nearest_or_all(name, names));
}

Result<const AuditModel*> model_in(const YamlNode& item, std::string_view key, const AuditSources& sources) {
  return named(item, key, sources.models, "lab.audit.no_model");
}

Result<const Device*> device_in(const YamlNode& item, const AuditSources& sources) {
  return named(item, "device", sources.devices, "lab.audit.no_device");
}

Result<Quantization> quantization_in(const YamlNode& node) {
  SLM_TRY(name, node.as_string());
  if (const auto found = find_quantization(name)) return *found;
  return node.wrong("lab.audit.no_class", printable(name), fmt::format("{}", fmt::join(quantization_names(), ", ")));
}

Result<ClaimedValue> claimed_in(const YamlNode& item) {
  SLM_TRY(node, item.need_mapping("claimed"));
  return read_claimed_value(*node);
}

Result<uint64_t> tokens_in(const YamlNode& item) {
  SLM_TRY(tokens, item.integer_or("tokens", 0, 0, limits::kMaxContext));
  return static_cast<uint64_t>(tokens);
}

}  // namespace slm::lab::audit
