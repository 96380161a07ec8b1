#include "lab/audit/audit.h"

#include <algorithm>

#include "lab/audit/built_in.h"
#include "lab/audit/by_id.h"
#include "lab/audit/checks.h"

namespace slm::lab::audit {
namespace {

// Declares its own shape, or has one that is known by its name.
Result<KnownShape> shape_in(const YamlNode& node, const std::string& name, const FindShape& find_shape) {
  if (const YamlNode* own = node.find("shape")) {
    SLM_TRY(shape, read_shape(*own));
    return KnownShape{shape, own->place()};
  }
  if (const auto known = find_shape(name)) return *known;
  return fail_with_hint(ErrorKind::kNotFound, msg("lab.audit.no_shape", node.place(), printable(name)), msg("lab.audit.give_shape"));
}

Result<AuditModel> read_model(const YamlEntry& entry, const FindShape& find_shape) {
  const YamlNode& node = entry.value;
  SLM_TRY_STATUS(node.refuse_unknown_keys({"name", "also", "label", "shape"}));
  AuditModel model;
  SLM_TRY(name, node.need_string("name"));
  SLM_TRY(also, node.strings_or("also", {}));
  SLM_TRY(label, node.string_or("label", name));
  SLM_TRY(known, shape_in(node, name, find_shape));
  model.id = entry.key;
  model.label = printable(label);
  model.names = {name};
  model.names.insert(model.names.end(), also.begin(), also.end());
  model.shape = known.shape;
  model.shape_source = known.source;
  return model;
}

Result<AuditSources> read_sources(const YamlNode& root, const AuditSetup& setup) {
  AuditSources sources;
  sources.measured = setup.measured;
  sources.devices = built_in_devices();
  if (root.find("devices") != nullptr) {
    SLM_TRY(list, root.need_sequence("devices"));
    SLM_TRY(devices, read_device_list(*list, std::move(sources.devices)));
    sources.devices = std::move(devices);
  }
  sources.published = built_in_published();
  if (const YamlNode* node = root.find("published")) {
    SLM_TRY(published, read_published(*node, std::move(sources.published)));
    sources.published = std::move(published);
  }
  SLM_TRY(models, root.need_mapping("models"));
  for (const YamlEntry& entry : models->entries) {
    SLM_TRY(model, read_model(entry, setup.find_shape));
    sources.models.push_back(std::move(model));
  }
  return sources;
}

Result<AuditedClaim> read_claim(const YamlNode& node, const AuditSources& sources) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"id", "quote", "evidence", "untested", "opinion"}));
  AuditedClaim claim;
  SLM_TRY(id, node.need_string("id"));
  SLM_TRY(quote, node.need_string("quote"));
  SLM_TRY(items, node.need_sequence("evidence"));
  for (const YamlNode& item : items->items) {
    SLM_TRY(evidence, evidence_of(item, sources));
    claim.evidence.push_back(std::move(evidence));
  }
  SLM_TRY(untested, bilingual_or_empty(node, "untested"));
  SLM_TRY(opinion, bilingual_or_empty(node, "opinion"));
  claim.id = id;
  claim.quote = quote;
  claim.verdict = verdict_of(claim.evidence, !untested.empty());
  claim.untested = untested;
  claim.opinion = opinion;
  return claim;
}

}  // namespace

size_t Audit::count(AuditVerdict verdict) const {
  return static_cast<size_t>(
      std::count_if(claims.begin(), claims.end(), [&](const AuditedClaim& claim) { return claim.verdict == verdict; }));
}

Result<Audit> audit_claims(const YamlNode& claims_file, const AuditSetup& setup) {
  SLM_TRY_STATUS(claims_file.refuse_unknown_keys({"title", "models", "devices", "published", "claims"}));
  Audit audit;
  SLM_TRY(title_node, claims_file.need("title"));
  SLM_TRY(title, read_bilingual(*title_node));
  audit.title = title;
  SLM_TRY(sources, read_sources(claims_file, setup));
  SLM_TRY(claims, claims_file.need_sequence("claims"));
  for (const YamlNode& node : claims->items) {
    SLM_TRY(claim, read_claim(node, sources));
    SLM_TRY_STATUS(refuse_twice(audit.claims, claim.id, node));
    audit.claims.push_back(std::move(claim));
  }
  if (audit.claims.empty()) return claims->wrong("lab.audit.empty_list");
  return audit;
}

YamlNode article_claims() {
  auto root = parse_yaml(article_yaml(), "data/claims/article.yaml");
  SLM_CHECK(root.has_value());  // a file of ours, tested
  return std::move(*root);
}

Result<Audit> only_claims(Audit audit, const std::vector<std::string>& ids) {
  std::vector<std::string> known;
  for (const AuditedClaim& claim : audit.claims) known.push_back(claim.id);
  for (const std::string& id : ids) {
    if (find_by_id(audit.claims, id) != nullptr) continue;
    return fail_with_hint(ErrorKind::kNotFound, msg("lab.audit.no_claim", printable(id)), nearest_or_all(id, known));
  }
  std::erase_if(audit.claims, [&](const AuditedClaim& claim) { return std::find(ids.begin(), ids.end(), claim.id) == ids.end(); });
  return audit;
}

}  // namespace slm::lab::audit
