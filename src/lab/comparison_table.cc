#include "lab/comparison_table.h"

#include <fmt/format.h>

#include "base/text.h"
#include "lab/text_table.h"

namespace slm::lab {
namespace {

std::string verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter: return tr("lab.verdict.better");
    case Verdict::kWorse: return tr("lab.verdict.worse");
    case Verdict::kNoDifference: return tr("lab.verdict.no_difference");
    case Verdict::kNotMeasured: return tr("lab.verdict.not_measured");
    case Verdict::kFact: break;
  }
  return {};
}

// "x2.02 [1.98, 2.06]", "+5.0 [-6.0, +16.0] p=0.47"; rates in points of a hundred.
std::string effect_text(const ComparisonRow& row) {
  if (row.effect_kind == Effect::kNone) return {};
  if (row.effect_kind == Effect::kRatio) {
    std::string text = "x" + format_figure(row.effect);
    if (row.interval) text += fmt::format(" [{}, {}]", format_figure(row.interval->low), format_figure(row.interval->high));
    return text;
  }
  const bool is_rate = row.p.has_value();
  const auto signed_figure = [&](double value) { return is_rate ? fmt::format("{:+.0f}", 100 * value) : fmt::format("{:+.3f}", value); };
  std::string text = signed_figure(row.effect);
  if (row.interval) text += fmt::format(" [{}, {}]", signed_figure(row.interval->low), signed_figure(row.interval->high));
  if (row.p) text += *row.p < 0.001 ? " p<0.001" : fmt::format(" p={:.{}f}", *row.p, *row.p < 0.1 ? 3 : 2);
  return text;
}

std::string last_cell(const ComparisonRow& row) {
  if (row.verdict == Verdict::kNotMeasured) return tr("lab.verdict.not_measured") + ": " + render(row.reason, language());
  const std::string verdict = verdict_text(row.verdict), effect = effect_text(row);
  return verdict.empty() || effect.empty() ? verdict + effect : verdict + " " + effect;
}

std::string kind_text(const ComparedModel& model) {
  return tr(model.is_instruct ? "lab.kind.instruct" : "lab.kind.base");
}

std::string model_line(const char* letter, const ComparedModel& model) {
  return fmt::format("{}: {} ({}, {}, {})", letter, printable(model.name), kind_text(model), model.architecture, model.quantization);
}

std::string device_line(const Comparison& comparison) {
  return tr("lab.table.device", comparison.cpu, comparison.isa, comparison.threads);
}

std::string table_title(const std::string& table) {
  if (table == "deployment") return tr("lab.table.deployment");
  if (table == "speed") return tr("lab.table.speed");
  if (table == "language") return tr("lab.table.language");
  return tr("lab.table.ability");
}

// What a reader must know, one paragraph each.
std::vector<std::string> notes_of(const Comparison& comparison) {
  std::vector<std::string> notes;
  if (comparison.a.is_instruct != comparison.b.is_instruct) {
    const bool a_is_base = !comparison.a.is_instruct;
    notes.push_back(tr("lab.table.mixed_kinds", a_is_base ? "A" : "B", a_is_base ? "B" : "A"));
  }
  notes.push_back(tr("lab.table.legend", kComparisonContext));
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
  table.add_row({"", "A", "B", tr("lab.table.a_against_b")});
  std::string section;
  for (const ComparisonRow& row : comparison.rows) {
    if (row.table != section) {
      section = row.table;
      table.add_line();
      table.add_row({table_title(section)});
    }
    table.add_row({render(row.label, language()), row.a.text, row.b.text, last_cell(row)});
  }
  table.add_line();
  for (const std::string& note : notes_of(comparison)) table.add_row({note});
  table.add_line();
  return table.render();
}

std::string markdown_report(const Comparison& comparison) {
  std::string out = "# " + tr("lab.table.heading", printable(comparison.a.name), printable(comparison.b.name)) + "\n\n";
  out += "- " + model_line("A", comparison.a) + "\n- " + model_line("B", comparison.b) + "\n- " + device_line(comparison) + "\n";
  std::string section;
  for (const ComparisonRow& row : comparison.rows) {
    if (row.table != section) {
      section = row.table;
      out += "\n## " + table_title(section) + "\n\n";
      out += markdown_row({"", "A", "B", tr("lab.table.a_against_b"), tr("lab.table.effect")}) + markdown_rule(5);
    }
    const std::string verdict = row.verdict == Verdict::kNotMeasured ? last_cell(row) : verdict_text(row.verdict);
    out += markdown_row({render(row.label, language()), row.a.text, row.b.text, verdict, effect_text(row)});
  }
  out += "\n";
  for (const std::string& note : notes_of(comparison)) out += note + "\n\n";
  out.pop_back();
  return out;
}

}  // namespace slm::lab
