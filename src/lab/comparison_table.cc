#include "lab/comparison_table.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "lab/bench.h"
#include "lab/comparison_details.h"
#include "lab/text_table.h"

namespace slm::lab {
namespace {

// Rounded up to two figures: 40, 350, 12000.
std::string round_count(uint64_t count) {
  uint64_t unit = 1;
  while (count / unit >= 100) unit *= 10;
  return std::to_string((count + unit - 1) / unit * unit);
}

std::string verdict_text(const ComparisonRow& row) {
  // Rounding must not make certain what is only likely.
  const auto probability = [](double value) { return fmt::format("{:.2f}", std::min(value, 0.99)); };
  switch (row.verdict) {
    case Verdict::kBetter: return tr("lab.verdict.better");
    case Verdict::kWorse: return tr("lab.verdict.worse");
    case Verdict::kLikelyBetter: return tr("lab.verdict.likely_better", probability(row.probability.value_or(0)));
    case Verdict::kLikelyWorse: return tr("lab.verdict.likely_worse", probability(1 - row.probability.value_or(1)));
    case Verdict::kNoDifference: return tr("lab.verdict.no_difference");
    case Verdict::kTooFew: {
      if (!row.more_items) return tr("lab.verdict.too_few");
      return tr(row.effect_kind == Effect::kRatio ? "lab.verdict.too_few_runs" : "lab.verdict.too_few_items", round_count(*row.more_items));
    }
    case Verdict::kNotMeasured: return tr("lab.verdict.not_measured");
    case Verdict::kFact: return row.reason.empty() ? "" : render(row.reason, language());
  }
  return {};
}

std::string value_text(const Value& value) {
  if (value.at_chance) return value.text + " " + tr("lab.table.at_chance");
  return value.slow_end ? fmt::format("{} ({})", value.text, format_figure(value.slow_end->value)) : value.text;
}

std::string p_text(double p) { return p < 0.001 ? "<0.001" : fmt::format("={:.{}f}", p, p < 0.1 ? 3 : 2); }

// "x2.02 [1.98, 2.06]", "+5 [-6, +16] p=0.020 Holm=0.040"; rates in points of a hundred.
std::string effect_text(const ComparisonRow& row) {
  if (row.effect_kind == Effect::kNone) return {};
  if (row.effect_kind == Effect::kRatio) {
    std::string text = "x" + format_figure(row.effect);
    if (row.interval) text += fmt::format(" [{}, {}]", format_figure(row.interval->low), format_figure(row.interval->high));
    return text;
  }
  const auto signed_figure = [&](double value) {
    return row.is_rate ? fmt::format("{:+.0f}", 100 * value) : (std::signbit(value) ? "" : "+") + format_figure(value);
  };
  std::string text = signed_figure(row.effect);
  if (row.interval) text += fmt::format(" [{}, {}]", signed_figure(row.interval->low), signed_figure(row.interval->high));
  if (row.p) text += " p" + p_text(*row.p);
  if (row.p && row.p_adjusted && p_text(*row.p) != p_text(*row.p_adjusted)) text += " Holm" + p_text(*row.p_adjusted);
  return text;
}

std::string last_cell(const ComparisonRow& row) {
  if (row.verdict == Verdict::kNotMeasured) return tr("lab.verdict.not_measured") + ": " + render(row.reason, language());
  const std::string verdict = verdict_text(row), effect = effect_text(row);
  return verdict.empty() || effect.empty() ? verdict + effect : verdict + " " + effect;
}

std::string kind_text(const ComparedModel& model) {
  return tr(model.is_instruct ? "lab.kind.instruct" : "lab.kind.base");
}

// Of a column, so that instruct against base is seen in every table.
std::string head(const char* letter, const ComparedModel& model) { return fmt::format("{} {}", letter, kind_text(model)); }

std::string model_line(const char* letter, const ComparedModel& model) {
  std::string facts = kind_text(model);
  if (!model.endpoint.empty()) facts += ", " + tr("lab.endpoint.kind", printable(model.endpoint));
  for (const std::string& fact : {model.architecture, model.quantization.text()}) {
    if (!fact.empty()) facts += ", " + printable(fact);
  }
  return fmt::format("{}: {} ({})", letter, printable(model.name), facts);
}

std::string device_line(const Comparison& comparison) {
  if (comparison.isa.empty()) return comparison.cpu;  // endpoints alone: nothing is computed by this program
  return tr("lab.table.device", comparison.cpu, comparison.isa, comparison.threads);
}

// A task names its table; one we have no title for is shown by that name.
std::string table_title(const std::string& table) {
  static const std::map<std::string_view, std::string_view> titles = {
      {"deployment", "lab.table.deployment"}, {"speed", "lab.table.speed"},       {"language", "lab.table.language"},
      {"ability", "lab.table.ability"},       {"knowledge", "lab.table.knowledge"}, {"maths", "lab.table.maths"},
      {"code", "lab.table.code"},             {"safety", "lab.table.safety"},         {"prompts", "lab.table.prompts"}};
  const auto found = titles.find(table);
  return found == titles.end() ? printable(table) : tr(found->second);
}

// What a reader must know, one paragraph each.
std::vector<std::string> notes_of(const Comparison& comparison) {
  std::vector<std::string> notes;
  if (comparison.a.is_instruct != comparison.b.is_instruct) {
    const bool a_is_base = !comparison.a.is_instruct;
    const bool prompts_only = std::all_of(comparison.rows.begin(), comparison.rows.end(), [](const ComparisonRow& row) {
      return row.table == "deployment" || row.table == "speed" || row.table == "prompts";
    });
    notes.push_back(tr(prompts_only ? "lab.table.mixed_kinds_prompts" : "lab.table.mixed_kinds", a_is_base ? "A" : "B", a_is_base ? "B" : "A"));
  }
  if (comparison.interrupted) notes.push_back(tr("lab.warning.interrupted"));
  if (is_busy(comparison.share_on_fewer_threads)) notes.push_back(busy_text(comparison.share_on_fewer_threads));
  for (const Message& warning : comparison.warnings) notes.push_back(render(warning, language()));
  if (comparison.tier == "article") notes.push_back(tr("lab.table.article_protocol"));
  notes.push_back(tr("lab.table.legend", kComparisonContext));
  if (!comparison.a.endpoint.empty() || !comparison.b.endpoint.empty()) notes.push_back(tr("lab.endpoint.legend"));
  const auto has_slow_end = [](const ComparisonRow& row) { return row.a.slow_end.has_value(); };
  if (std::any_of(comparison.rows.begin(), comparison.rows.end(), has_slow_end)) notes.push_back(tr("lab.table.slow_end_legend"));
  const auto guesses = [](const ComparisonRow& row) { return row.a.at_chance || row.b.at_chance; };
  if (std::any_of(comparison.rows.begin(), comparison.rows.end(), guesses)) notes.push_back(tr("lab.table.chance_legend"));
  std::string sources;
  for (const std::string& source : comparison.sources) sources += (sources.empty() ? "" : ", ") + source;
  if (!sources.empty()) notes.push_back(tr("lab.table.sources", sources));
  notes.push_back(tr("lab.table.took", fmt::format("{:.0f}", comparison.seconds), comparison.seed));
  return notes;
}

}  // namespace

std::string terminal_table(const Comparison& comparison) {
  TextTable table({20, 11, 11, 25});  // with the frame: 80 columns
  table.add_line();
  table.add_row({model_line("A", comparison.a)});
  table.add_row({model_line("B", comparison.b)});
  table.add_row({device_line(comparison)});
  table.add_line();
  table.add_row({"", head("A", comparison.a), head("B", comparison.b), tr("lab.table.a_against_b")});
  std::string section;
  for (const ComparisonRow& row : comparison.rows) {
    if (row.table != section) {
      section = row.table;
      table.add_line();
      table.add_row({table_title(section)});
    }
    table.add_row({render(row.label, language()), value_text(row.a), value_text(row.b), last_cell(row)});
  }
  table.add_line();
  for (const std::string& note : notes_of(comparison)) table.add_row({note});
  table.add_line();
  return table.render() + terminal_series(comparison) + terminal_answers(comparison);
}

std::string markdown_report(const Comparison& comparison) {
  std::string out = "# " + tr("lab.table.heading", printable(comparison.a.name), printable(comparison.b.name)) + "\n\n";
  out += "- " + model_line("A", comparison.a) + "\n- " + model_line("B", comparison.b) + "\n- " + device_line(comparison) + "\n";
  std::string section;
  for (const ComparisonRow& row : comparison.rows) {
    if (row.table != section) {
      section = row.table;
      out += "\n## " + table_title(section) + "\n\n";
      out += markdown_row({"", head("A", comparison.a), head("B", comparison.b), tr("lab.table.a_against_b"), tr("lab.table.effect")}) + markdown_rule(5);
    }
    const std::string verdict = row.verdict == Verdict::kNotMeasured ? last_cell(row) : verdict_text(row);
    out += markdown_row({render(row.label, language()), value_text(row.a), value_text(row.b), verdict, effect_text(row)});
  }
  out += "\n";
  for (const std::string& note : notes_of(comparison)) out += note + "\n\n";
  out.pop_back();
  return out + markdown_series(comparison) + markdown_answers(comparison);
}

}  // namespace slm::lab
