#include "lab/comparison_details.h"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "lab/text_table.h"

namespace slm::lab {
namespace {

constexpr size_t kShownPrompts = 5, kPromptLines = 4, kAnswerLines = 12;
constexpr size_t kMostSeriesLines = 20;
constexpr size_t kColumnA = 36, kColumnB = 37;  // with the frame: 80 columns

struct AnsweredPrompt {
  const ItemRecord *a = nullptr, *b = nullptr;
  bool is_graded = false;
};

// By item, in the order of the file.
std::map<uint32_t, AnsweredPrompt> answered_prompts(const Comparison& comparison) {
  std::map<uint32_t, AnsweredPrompt> prompts;
  for (const ComparisonRow& row : comparison.rows) {
    for (const ItemRecord& record : row.records) {
      if (record.prompt.empty()) continue;
      AnsweredPrompt& prompt = prompts[record.item];
      (record.model == 'a' ? prompt.a : prompt.b) = &record;
      prompt.is_graded = row.is_rate;
    }
  }
  std::erase_if(prompts, [](const auto& entry) { return entry.second.a == nullptr || entry.second.b == nullptr; });
  return prompts;
}

// The text's own lines, wrapped; empty ones left out.
std::vector<std::string> lines_of(std::string_view text, size_t columns) {
  std::vector<std::string> lines;
  std::string clean;
  for (const char c : text) {
    if (c == '\t') clean += "    ";
    else if (c != '\r') clean += c;
  }
  std::string_view rest = clean;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::vector<std::string> wrapped = wrap_text(line, columns);
    lines.insert(lines.end(), wrapped.begin(), wrapped.end());
  }
  std::erase(lines, "");
  return lines;
}

std::vector<std::string> cut_to(std::vector<std::string> lines, size_t most) {
  if (lines.size() <= most) return lines;
  const size_t left_out = lines.size() - (most - 1);
  lines.resize(most - 1);
  lines.push_back(tr("lab.answers.more_lines", left_out));
  return lines;
}

std::string side_title(const ItemRecord& record, bool is_graded) {
  const std::string letter = record.model == 'a' ? "A" : "B";
  return is_graded ? letter + ": " + tr(record.grade == 1 ? "lab.report.page.right" : "lab.report.page.wrong") : letter;
}

std::string or_empty_mark(const std::string& answer) {
  return answer.find_first_not_of(" \t\r\n") == std::string::npos ? tr("lab.answers.nothing") : answer;
}

void add_prompt(TextTable& table, size_t number, const AnsweredPrompt& prompt) {
  table.add_line();
  const std::string head = std::to_string(number) + ". ";
  for (const std::string& line : cut_to(lines_of(head + prompt.a->prompt, kColumnA + kColumnB + 3), kPromptLines)) table.add_row({line});
  table.add_line();
  table.add_row({side_title(*prompt.a, prompt.is_graded), side_title(*prompt.b, prompt.is_graded)});
  const auto a = cut_to(lines_of(or_empty_mark(prompt.a->answer), kColumnA), kAnswerLines);
  const auto b = cut_to(lines_of(or_empty_mark(prompt.b->answer), kColumnB), kAnswerLines);
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) table.add_row({i < a.size() ? a[i] : "", i < b.size() ? b[i] : ""});
}

// A fence longer than any in the text.
std::string fenced(const std::string& text) {
  size_t longest = 2, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  return fence + "text\n" + text + (text.ends_with('\n') ? "" : "\n") + fence + "\n";
}

const ComparisonRow* find_row(const Comparison& comparison, std::string_view id) {
  for (const ComparisonRow& row : comparison.rows) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

const ItemRecord* find_record(const ComparisonRow* row, uint32_t item, char model) {
  if (row == nullptr) return nullptr;
  for (const ItemRecord& record : row->records) {
    if (record.item == item && record.model == model) return &record;
  }
  return nullptr;
}

struct Series {
  std::vector<std::vector<std::string>> lines;  // when, A, B
  size_t whole = 0;                             // lines there are
};

// "25.3 (2445, 61)": what is known of one model in one bucket.
std::string bucket_text(const Comparison& comparison, const ItemRecord* rate) {
  if (rate == nullptr) return "-";
  std::string state;
  for (const char* id : {"sustained_clock", "sustained_temperature"}) {
    const ItemRecord* record = find_record(find_row(comparison, id), rate->item, rate->model);
    if (record != nullptr) state += (state.empty() ? "" : ", ") + fmt::format("{:.0f}", record->grade);
  }
  return format_figure(rate->grade) + (state.empty() ? "" : " (" + state + ")");
}

Series series_of(const Comparison& comparison, size_t most_lines) {
  Series series;
  const ComparisonRow* decode = find_row(comparison, "sustained_decode");
  if (decode == nullptr) return series;
  std::map<uint32_t, std::string> buckets;  // and when each was
  for (const ItemRecord& record : decode->records) buckets.emplace(record.item, record.answer);
  series.whole = buckets.size();
  const size_t shown = std::min(most_lines, buckets.size());
  size_t number = 0;
  for (const auto& [item, when] : buckets) {
    // The lines at whole steps of whole / shown, counted from the last.
    const bool is_shown = (number + 1) * shown / buckets.size() > number * shown / buckets.size();
    ++number;
    if (!is_shown) continue;
    series.lines.push_back({when, bucket_text(comparison, find_record(decode, item, 'a')), bucket_text(comparison, find_record(decode, item, 'b'))});
  }
  return series;
}

}  // namespace

std::string terminal_series(const Comparison& comparison) {
  const Series series = series_of(comparison, kMostSeriesLines);
  if (series.lines.empty()) return {};
  TextTable table({20, 25, 25});  // with the frame: 80 columns
  table.add_line();
  table.add_row({tr("lab.series.title")});
  table.add_line();
  table.add_row({"", "A", "B"});
  for (const auto& line : series.lines) table.add_row(line);
  table.add_line();
  if (series.lines.size() < series.whole) {
    table.add_row({tr("lab.series.part", series.lines.size(), series.whole)});
    table.add_line();
  }
  return table.render();
}

std::string markdown_series(const Comparison& comparison) {
  const Series series = series_of(comparison, std::numeric_limits<uint32_t>::max());
  if (series.lines.empty()) return {};
  std::string out = "\n## " + tr("lab.series.title") + "\n\n" + markdown_row({"", "A", "B"}) + markdown_rule(3);
  for (const auto& line : series.lines) out += markdown_row(line);
  return out;
}

std::string terminal_answers(const Comparison& comparison) {
  const auto prompts = answered_prompts(comparison);
  if (prompts.empty()) return {};
  TextTable table({kColumnA, kColumnB});
  table.add_line();
  const size_t shown = std::min(kShownPrompts, prompts.size());
  table.add_row({shown < prompts.size() ? tr("lab.answers.first", shown, prompts.size()) : tr("lab.answers.title")});
  size_t number = 0;
  for (const auto& [item, prompt] : prompts) {
    if (number == shown) break;
    add_prompt(table, ++number, prompt);
  }
  table.add_line();
  table.add_row({tr("lab.answers.where")});
  table.add_line();
  return table.render();
}

std::string markdown_answers(const Comparison& comparison) {
  const auto prompts = answered_prompts(comparison);
  if (prompts.empty()) return {};
  std::string out = "\n## " + tr("lab.answers.title") + "\n";
  size_t number = 0;
  for (const auto& [item, prompt] : prompts) {
    out += "\n### " + std::to_string(++number) + "\n\n" + fenced(to_valid_utf8(prompt.a->prompt));
    for (const ItemRecord* record : {prompt.a, prompt.b}) {
      out += "\n" + side_title(*record, prompt.is_graded) + "\n\n" + fenced(to_valid_utf8(or_empty_mark(record->answer)));
    }
  }
  return out;
}

}  // namespace slm::lab
