#include "lab/report/csv.h"

#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "lab/report/comparison_shape.h"

namespace slm::lab {
namespace {

constexpr std::string_view kColumns[] = {"line", "table", "row", "label", "a",     "b",     "difference", "ratio", "low",
                                         "high", "p",     "verdict", "reason", "item", "model", "answer", "grade", "transcript"};

bool is_number(const std::string& text) {
  char* end = nullptr;
  static_cast<void>(std::strtod(text.c_str(), &end));
  return !text.empty() && *end == '\0';
}

std::string cell(const std::string& text) {
  const bool is_formula = !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos && !is_number(text);
  std::string out = is_formula ? "'" : "";
  bool needs_quotes = is_formula;
  for (const char c : text) {
    if (c == '"') out += '"';
    needs_quotes = needs_quotes || c == '"' || c == ',' || c == '\n' || c == '\r';
    out += c;
  }
  return needs_quotes ? '"' + out + '"' : out;
}

std::string cell_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  if (found->is_boolean()) return found->get<bool>() ? "1" : "0";
  return cell(found->is_string() ? found->get<std::string>() : to_text(*found));
}

std::string line_of(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& one : cells) line += (line.empty() ? "" : ",") + one;
  return line + "\r\n";
}

std::string row_line(const Json& row) {
  const Json& interval = row["interval"];
  const auto end = [&](size_t i) { return interval.is_null() || interval[i].is_null() ? "" : to_text(interval[i]); };
  return line_of({"row", cell_of(row, "table"), cell_of(row, "id"), cell_of(row, "label"), cell_of(row, "a"), cell_of(row, "b"),
                  cell_of(row, "difference"), cell_of(row, "ratio"), end(0), end(1), cell_of(row, "p"), cell_of(row, "verdict"),
                  cell_of(row, "reason"), "", "", "", "", ""});
}

std::string record_line(const Json& row, const Json& record) {
  return line_of({"record", cell_of(row, "table"), cell_of(row, "id"), "", "", "", "", "", "", "", "", "", "", cell_of(record, "item"),
                  cell_of(record, "model"), cell_of(record, "answer"), cell_of(record, "grade"), cell_of(record, "transcript")});
}

}  // namespace

Result<std::string> comparison_csv(const Json& comparison) {
  SLM_TRY_STATUS(check_comparison(comparison));
  std::string csv = "\xEF\xBB\xBF" + line_of({std::begin(kColumns), std::end(kColumns)});
  for (const Json& row : comparison["rows"]) {
    csv += row_line(row);
    for (const Json& record : row["records"]) csv += record_line(row, record);
  }
  return csv;
}

}  // namespace slm::lab
