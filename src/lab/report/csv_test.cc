#include "lab/report/csv.h"

#include <gtest/gtest.h>

#include <map>

#include "lab/report/testing/example.h"

namespace slm::lab {
namespace {

// RFC 4180, read back.
std::vector<std::vector<std::string>> read_csv(const std::string& csv) {
  std::vector<std::vector<std::string>> lines{{""}};
  bool quoted = false;
  for (size_t i = csv.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < csv.size(); ++i) {
    if (quoted && csv[i] == '"' && i + 1 < csv.size() && csv[i + 1] == '"') {
      lines.back().back() += csv[++i];
    } else if (csv[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && csv[i] == ',') {
      lines.back().emplace_back();
    } else if (!quoted && csv.compare(i, 2, "\r\n") == 0) {
      lines.push_back({""});
      ++i;
    } else {
      lines.back().back() += csv[i];
    }
  }
  lines.pop_back();
  return lines;
}

TEST(Csv, OneLineARowAndOneARecord) {
  const Json comparison = testing::example();
  const auto csv = comparison_csv(comparison);
  ASSERT_TRUE(csv.has_value());
  EXPECT_TRUE(csv->starts_with("\xEF\xBB\xBFline,"));
  const auto lines = read_csv(*csv);
  size_t line = 0;
  std::map<std::string, size_t> column;
  for (size_t i = 0; i < lines[0].size(); ++i) column[lines[0][i]] = i;
  for (const Json& row : comparison["rows"]) {
    const auto& cells = lines.at(++line);
    ASSERT_EQ(cells.size(), lines[0].size());
    EXPECT_EQ(cells[column["line"]], "row");
    EXPECT_EQ(cells[column["row"]], row["id"]);
    if (row["a"].is_number()) {
      EXPECT_EQ(std::stod(cells[column["a"]]), row["a"].get<double>());
    }
    if (row["interval"].is_array()) {
      EXPECT_EQ(std::stod(cells[column["low"]]), row["interval"][0].get<double>());
    }
    for (const Json& record : row["records"]) {
      const auto& found = lines.at(++line);
      EXPECT_EQ(found[column["line"]], "record");
      EXPECT_EQ(found[column["item"]], to_text(record["item"]));
      EXPECT_EQ(found[column["model"]], record["model"]);
      EXPECT_EQ(found[column["transcript"]], record["transcript"].is_null() ? "" : record["transcript"].get<std::string>());
      if (record["grade"].is_boolean()) {
        EXPECT_EQ(found[column["grade"]], record["grade"].get<bool>() ? "1" : "0");
      }
    }
  }
  EXPECT_EQ(line + 1, lines.size());
}

TEST(Csv, NoTextIsAFormula) {
  Json row = testing::row_of("maths", "gsm8k", "better");
  row["records"] = {{{"item", 1}, {"model", "one"}, {"answer", "-5"}, {"grade", true}, {"transcript", "=HYPERLINK(\"x\")\nline, two"}},
                    {{"item", 1}, {"model", "other"}, {"answer", "@SUM(1)"}, {"grade", false}, {"transcript", "+1+1"}}};
  const auto lines = read_csv(*comparison_csv(testing::comparison_of({row})));
  EXPECT_EQ(lines[2][15], "-5");  // a number stays one
  EXPECT_EQ(lines[2][17], "'=HYPERLINK(\"x\")\nline, two");
  EXPECT_EQ(lines[3][15], "'@SUM(1)");
  EXPECT_EQ(lines[3][17], "'+1+1");
}

}  // namespace
}  // namespace slm::lab
