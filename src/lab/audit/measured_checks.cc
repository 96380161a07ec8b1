// Evidence from measurements: counts that a text reports, and a comparison made here.
#include <algorithm>

#include "base/text.h"
#include "lab/audit/checks.h"
#include "lab/graders/ascii_text.h"
#include "lab/statistics/intervals.h"
#include "lab/statistics/power.h"
#include "lab/statistics/significance.h"

namespace slm::lab::audit {
namespace {

constexpr int64_t kMostTrials = 1'000'000;  // Fisher's test walks over every table with the same margins

struct Count {
  const AuditModel* model = nullptr;
  uint64_t yes = 0, of = 0;

  double rate() const { return static_cast<double>(yes) / static_cast<double>(of); }
  std::string text() const {
    const Interval interval = wilson_interval(yes, of);
    return fmt::format("{} {}/{} [{:.2f}, {:.2f}]", model->label, yes, of, interval.low, interval.high);
  }
};

Result<Count> count_in(const YamlNode& item, std::string_view key, const AuditSources& sources) {
  SLM_TRY(node, item.need_mapping(key));
  SLM_TRY_STATUS(node->refuse_unknown_keys({"model", "yes", "of"}));
  SLM_TRY(model, model_in(*node, "model", sources));
  SLM_TRY(of, node->need_integer("of", 1, kMostTrials));
  SLM_TRY(yes, node->need_integer("yes", 0, of));
  return Count{model, static_cast<uint64_t>(yes), static_cast<uint64_t>(of)};
}

// What a row's verdict, turned to the model said to be better, does to the claim.
Outcome outcome_of_verdict(std::string_view verdict, bool better_is_a) {
  const std::string_view for_it = better_is_a ? "better" : "worse", against = better_is_a ? "worse" : "better";
  if (verdict == for_it) return Outcome::kSupports;
  if (verdict == against || verdict == "no_difference") return Outcome::kRefutes;
  if (verdict.starts_with("likely_")) return verdict.substr(7) == for_it ? Outcome::kAllows : Outcome::kCannotTell;
  return verdict == "too_few" ? Outcome::kCannotTell : Outcome::kSilent;
}

// "q4_k_m", "iq4_nl", "fp16", "f16", "bf16": what may follow a model's name, which is the same model still.
bool is_quantisation(std::string_view text) {
  if (text == "f16" || text == "fp16" || text == "bf16" || text == "f32") return true;
  if (text.starts_with('i')) text.remove_prefix(1);
  return text.size() >= 4 && text[0] == 'q' && text[1] >= '1' && text[1] <= '8' && text[2] == '_';
}

// By any of its names, in either case, with or without how it is quantised.
bool is_one_of(const std::string& name, const AuditModel& model) {
  const std::string given = ascii_lower(name);
  return std::any_of(model.names.begin(), model.names.end(), [&](const std::string& one) {
    const std::string known = ascii_lower(one);
    if (given == known) return true;
    return given.size() > known.size() && given.starts_with(known) && given[known.size()] == '-' &&
           is_quantisation(std::string_view(given).substr(known.size() + 1));
  });
}

}  // namespace

Result<Evidence> check_counts(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(a, count_in(item, "a", sources));
  SLM_TRY(b, count_in(item, "b", sources));
  SLM_TRY(better, model_in(item, "better", sources));
  if (a.model == b.model) return item.wrong("lab.audit.same_model", a.model->id);
  if (better != a.model && better != b.model) return item.find("better")->wrong("lab.audit.not_counted", better->id);
  SLM_TRY(about, bilingual_or_empty(item, "about"));
  const double p = fisher_exact({a.yes, a.of, b.yes, b.of});
  const bool leads = better == a.model ? a.rate() > b.rate() : b.rate() > a.rate();
  const uint64_t needed = fisher_items_needed(a.rate(), b.rate());
  Evidence evidence;
  evidence.label = about;
  evidence.outcome = p >= kSignificance ? Outcome::kCannotTell : leads ? Outcome::kSupports : Outcome::kRefutes;
  evidence.text = needed == 0 ? msg("lab.audit.counts_equal", a.text(), b.text(), fmt::format("{:.3f}", p))
                              : msg("lab.audit.counts", a.text(), b.text(), fmt::format("{:.3f}", p), needed);
  evidence.numbers = {{"p", p}, {"needed_each", static_cast<double>(needed)}};
  return evidence;
}

Result<Evidence> check_measured(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(id, item.need_string("row"));
  SLM_TRY(better, model_in(item, "better", sources));
  SLM_TRY(than, model_in(item, "than", sources));
  SLM_TRY(protocol, item.string_or("protocol", ""));
  Evidence evidence;
  evidence.row = id;
  if (!sources.measured) {
    evidence.text = msg("lab.audit.not_measured", printable(id), better->names.front(), than->names.front());
    return evidence;
  }
  const MeasuredComparison& measured = *sources.measured;
  evidence.sources = {measured.file};
  const bool better_is_a = is_one_of(measured.name_a, *better) && is_one_of(measured.name_b, *than);
  if (!better_is_a && !(is_one_of(measured.name_b, *better) && is_one_of(measured.name_a, *than))) {
    evidence.text = msg("lab.audit.other_models", measured.name_a, measured.name_b);
    return evidence;
  }
  if (!protocol.empty() && measured.tier != protocol) {
    evidence.text = msg("lab.audit.other_protocol", printable(id), printable(protocol));
    return evidence;
  }
  for (const MeasuredRow& row : measured.rows) {
    if (row.id != id) continue;
    evidence.outcome = outcome_of_verdict(row.verdict, better_is_a);
    evidence.text = msg("lab.audit.measured", row.id, measured.name_a, row.shown_a, measured.name_b, row.shown_b, row.verdict);
    return evidence;
  }
  evidence.text = msg("lab.audit.no_row", printable(id));
  return evidence;
}

}  // namespace slm::lab::audit
