// Evidence from what others published: scores and facts.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "lab/audit/by_id.h"
#include "lab/audit/checks.h"
#include "lab/statistics/significance.h"

namespace slm::lab::audit {
namespace {

std::string scores_text(const std::string& label, const std::vector<const PublishedScore*>& scores) {
  std::string out = label;
  for (size_t i = 0; i < scores.size(); ++i) {
    out += fmt::format("{} {:g} ({}, {})", i == 0 ? "" : ",", scores[i]->percent, scores[i]->is_instruct ? "instruct" : "base", scores[i]->setting);
  }
  return out;
}

uint64_t successes(const PublishedScore& score, uint64_t items) {
  return static_cast<uint64_t>(std::llround(score.percent / 100 * static_cast<double>(items)));
}

// Every pair of published scores, better against than: all beyond chance one way, all the other, or no such agreement.
Outcome rank_outcome(const std::vector<const PublishedScore*>& better, const std::vector<const PublishedScore*>& than, uint64_t items,
                     double& largest_p) {
  bool all_support = true, all_refute = true;
  largest_p = 0;
  for (const PublishedScore* a : better) {
    for (const PublishedScore* b : than) {
      const double p = fisher_exact({successes(*a, items), items, successes(*b, items), items});
      largest_p = std::max(largest_p, p);
      if (p >= kSignificance || a->percent < b->percent) all_support = false;
      if (p >= kSignificance || a->percent > b->percent) all_refute = false;
    }
  }
  if (all_support) return Outcome::kSupports;
  return all_refute ? Outcome::kRefutes : Outcome::kCannotTell;
}

std::string value_text(const Fact& fact) {
  if (const auto* number = std::get_if<double>(&fact.value)) return format_quantity(*number, Unit::kCount);
  return fmt::format("{}", fmt::join(std::get<std::vector<std::string>>(fact.value), ", "));
}

// How many things the fact names.
double size_of(const Fact& fact) {
  if (const auto* number = std::get_if<double>(&fact.value)) return *number;
  return static_cast<double>(std::get<std::vector<std::string>>(fact.value).size());
}

}  // namespace

Result<Evidence> check_published_rank(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(benchmark, named(item, "benchmark", sources.published.benchmarks, "lab.audit.no_benchmark"));
  SLM_TRY(better, model_in(item, "better", sources));
  SLM_TRY(than, model_in(item, "than", sources));
  const auto better_scores = sources.published.scores_of(better->names, benchmark->id);
  const auto than_scores = sources.published.scores_of(than->names, benchmark->id);
  Evidence evidence;
  if (better_scores.empty() || than_scores.empty()) {
    evidence.text = msg("lab.audit.no_scores", benchmark->name);
    return evidence;
  }
  double largest_p = 0;
  evidence.outcome = rank_outcome(better_scores, than_scores, benchmark->items, largest_p);
  evidence.text = msg("lab.audit.published_rank", benchmark->name, scores_text(better->label, better_scores), scores_text(than->label, than_scores),
                      largest_p < 0.001 ? "< 0.001" : fmt::format("= {:.3f}", largest_p));
  evidence.numbers = {{better->id, better_scores.front()->percent}, {than->id, than_scores.front()->percent}, {"largest_p", largest_p}};
  for (const auto* score : better_scores) evidence.sources.push_back(score->source);
  for (const auto* score : than_scores) evidence.sources.push_back(score->source);
  return evidence;
}

Result<Evidence> check_published_near(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(model, model_in(item, "model", sources));
  SLM_TRY(near, item.need_strings("near"));
  SLM_TRY(list, item.need_sequence("benchmarks"));
  SLM_TRY(within, item.need_number("within"));
  if (within < 0 || within > 100) return item.find("within")->wrong("lab.audit.impossible", item.find("within")->text);
  Evidence evidence;
  std::string shown;
  size_t compared = 0, near_ones = 0;
  const auto by_percent = [](const PublishedScore* a, const PublishedScore* b) { return a->percent < b->percent; };
  for (const YamlNode& node : list->items) {
    SLM_TRY(id, node.as_string());
    const Benchmark* benchmark = find_by_id(sources.published.benchmarks, id);
    if (benchmark == nullptr) return fail(ErrorKind::kNotFound, "lab.audit.no_benchmark", node.place(), printable(id));
    const auto own = sources.published.scores_of(model->names, id), others = sources.published.scores_of(near, id);
    if (own.empty() || others.empty()) continue;
    // The claim's best case: its highest score against the other's lowest.
    const PublishedScore& a = **std::max_element(own.begin(), own.end(), by_percent);
    const PublishedScore& b = **std::min_element(others.begin(), others.end(), by_percent);
    ++compared;
    if (a.percent >= b.percent - within) ++near_ones;
    shown += fmt::format("{}{} {:g} / {:g}", shown.empty() ? "" : ", ", benchmark->name, a.percent, b.percent);
    evidence.numbers.emplace_back(id + "_difference", a.percent - b.percent);
    evidence.sources.push_back(a.source);
    evidence.sources.push_back(b.source);
  }
  if (compared == 0) {
    evidence.text = msg("lab.audit.no_scores", item.find("near")->items.empty() ? "" : near.front());
    return evidence;
  }
  evidence.outcome = near_ones == compared ? Outcome::kSupports : near_ones == 0 ? Outcome::kRefutes : Outcome::kCannotTell;
  evidence.text = msg("lab.audit.published_near", model->label, near.front(), shown, fmt::format("{:g}", within));
  return evidence;
}

Result<Evidence> check_published_fact(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(fact, named(item, "fact", sources.published.facts, "lab.audit.no_fact"));
  SLM_TRY(claimed, item.need("claimed"));
  Evidence evidence;
  evidence.label = fact->says;
  evidence.sources = {fact->source};
  std::string shown;
  if (const auto* number = std::get_if<double>(&fact->value)) {
    SLM_TRY(value, read_claimed_value(*claimed));
    evidence.outcome = value.holds(*number) ? Outcome::kSupports : Outcome::kRefutes;
    evidence.numbers = {{"published", *number}, {"claimed_low", value.low}, {"claimed_high", value.high}};
    shown = format_claimed(value, Unit::kCount);
  } else {
    SLM_TRY(words, claimed->as_strings());
    if (words.empty()) return claimed->wrong("lab.audit.empty_list");
    const auto& known = std::get<std::vector<std::string>>(fact->value);
    const bool all = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      return std::find(known.begin(), known.end(), word) != known.end();
    });
    evidence.outcome = all ? Outcome::kSupports : fact->is_whole ? Outcome::kRefutes : Outcome::kSilent;
    shown = fmt::format("{}", fmt::join(words, ", "));
  }
  evidence.text = msg("lab.audit.published_fact", value_text(*fact), shown);
  return evidence;
}

Result<Evidence> check_fewer(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(fact, named(item, "fact", sources.published.facts, "lab.audit.no_fact"));
  SLM_TRY(than, named(item, "than", sources.published.facts, "lab.audit.no_fact"));
  Evidence evidence;
  evidence.label = {fact->says.english + " / " + than->says.english, fact->says.chinese + " / " + than->says.chinese};
  const double a = size_of(*fact), b = size_of(*than);
  evidence.outcome = a < b ? Outcome::kSupports : Outcome::kRefutes;
  evidence.text = msg("lab.audit.fewer", format_quantity(a, Unit::kCount), format_quantity(b, Unit::kCount));
  evidence.numbers = {{fact->id, a}, {than->id, b}};
  evidence.sources = {fact->source, than->source};
  return evidence;
}

}  // namespace slm::lab::audit
