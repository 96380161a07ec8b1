#include "lab/audit/audit_report.h"

#include "base/json.h"
#include "base/text.h"
#include "lab/text_table.h"

namespace slm::lab::audit {
namespace {

// One character a terminal and a Markdown cell can show; audit_legend says what it means.
std::string_view mark_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSupports: return "+";
    case Outcome::kRefutes: return "-";
    case Outcome::kAllows: return "~";
    case Outcome::kCannotTell: return "?";
    case Outcome::kSilent: return ".";
  }
  return {};
}

std::string verdict_text(AuditVerdict verdict) { return render(audit_verdict_text(verdict), language()); }

// The lines below a claim: its evidence, then what is left.
std::vector<std::string> lines_below(const AuditedClaim& claim) {
  std::vector<std::string> lines;
  for (const Evidence& evidence : claim.evidence) {
    lines.push_back(std::string(mark_of(evidence.outcome)) + " " + evidence.text_in(language()));
  }
  if (!claim.untested.empty()) lines.push_back(". " + tr("lab.audit.untested", claim.untested.in(language())));
  if (!claim.opinion.empty()) lines.push_back(". " + tr("lab.audit.opinion", claim.opinion.in(language())));
  if (claim.evidence.empty()) lines.push_back(". " + tr("lab.audit.no_evidence"));
  return lines;
}

std::string ids_of(const Audit& audit, AuditVerdict verdict) {
  std::string ids;
  for (const AuditedClaim& claim : audit.claims) {
    if (claim.verdict == verdict) ids += (ids.empty() ? "" : " ") + printable(claim.id);
  }
  return ids;
}

Json both(const Bilingual& text) {
  if (text.empty()) return nullptr;
  return Json{{"en", text.english}, {"zh", text.chinese}};
}

Json evidence_json(const Evidence& evidence) {
  Json numbers = Json::object();
  for (const auto& [name, value] : evidence.numbers) numbers[name] = value;
  Json json;
  json["kind"] = evidence.kind;
  json["basis"] = basis_name(evidence.basis);
  json["outcome"] = outcome_name(evidence.outcome);
  json["text"] = evidence.text_in(Language::kEnglish);
  json["texts"] = Json{{"en", evidence.text_in(Language::kEnglish)}, {"zh", evidence.text_in(Language::kChinese)}};
  json["numbers"] = std::move(numbers);
  json["sources"] = evidence.sources;
  json["row"] = evidence.row.empty() ? Json(nullptr) : Json(evidence.row);
  return json;
}

}  // namespace

std::string audit_table(const Audit& audit) {
  constexpr size_t kId = 4, kVerdict = 16;
  TextTable table({kId, kVerdict, kTerminalColumns - 10 - kId - kVerdict});  // "| a | b | c |"
  table.add_line();
  table.add_row({audit.title.in(language())});
  table.add_line();
  for (const AuditedClaim& claim : audit.claims) {
    table.add_row({claim.id, verdict_text(claim.verdict), claim.quote});
    for (std::string& line : lines_below(claim)) table.add_row({"", "", std::move(line)});
    table.add_line();
  }
  std::string out = table.render();
  for (const std::string& line : wrap_text(tr("lab.audit.legend"), kTerminalColumns)) out += line + "\n";
  return out + "\n" + audit_summary(audit);
}

std::string audit_summary(const Audit& audit) {
  std::string text = tr("lab.audit.summary.heading", audit.title.in(language()), audit.claims.size());
  for (const AuditVerdict verdict : kAuditVerdicts) {
    const size_t count = audit.count(verdict);
    if (count == 0) continue;
    text += tr("lab.audit.summary.verdict", count, verdict_text(verdict), ids_of(audit, verdict));
  }
  std::string out;
  for (const std::string& line : wrap_text(text, kTerminalColumns)) out += line + "\n";
  return out;
}

std::string audit_markdown(const Audit& audit) {
  std::string out = "# " + tr("lab.audit.heading", printable(audit.title.in(language()))) + "\n\n" + audit_summary(audit) + "\n" +
                    tr("lab.audit.legend") + "\n\n";
  out += markdown_row({"id", tr("lab.audit.column.claim"), tr("lab.audit.column.verdict"), tr("lab.audit.column.evidence")}) + markdown_rule(4);
  for (const AuditedClaim& claim : audit.claims) {
    std::string evidence;
    for (const std::string& line : lines_below(claim)) evidence += (evidence.empty() ? "" : "; ") + line;
    out += markdown_row({claim.id, claim.quote, verdict_text(claim.verdict), evidence});
  }
  return out;
}

Json claim_json(const AuditedClaim& claim) {
  Json json;
  json["id"] = claim.id;
  json["quote"] = claim.quote;
  json["verdict"] = audit_verdict_name(claim.verdict);
  json["evidence"] = Json::array();
  for (const Evidence& evidence : claim.evidence) json["evidence"].push_back(evidence_json(evidence));
  json["untested"] = both(claim.untested);
  json["opinion"] = both(claim.opinion);
  return json;
}

Json audit_json(const Audit& audit) {
  Json json;
  json["title"] = both(audit.title);
  json["counts"] = Json::object();
  for (const AuditVerdict verdict : kAuditVerdicts) json["counts"][std::string(audit_verdict_name(verdict))] = audit.count(verdict);
  json["claims"] = Json::array();
  for (const AuditedClaim& claim : audit.claims) json["claims"].push_back(claim_json(claim));
  return json;
}

}  // namespace slm::lab::audit
