#include "lab/comparison.h"
#include "lab/testing/choices_row.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/bench.h"
#include "lab/comparison_table.h"
#include "lab/report_json.h"
#include "lab/text_table.h"

namespace slm::lab {
namespace {

TEST(Verdicts, FiguresWithinTheirMargin) {
  EXPECT_EQ(verdict_of_figures(98, 253, Direction::kLessIsBetter, 0), Verdict::kBetter);
  EXPECT_EQ(verdict_of_figures(253, 98, Direction::kLessIsBetter, 0), Verdict::kWorse);
  EXPECT_EQ(verdict_of_figures(5, 5, Direction::kLessIsBetter, 0), Verdict::kNoDifference);
  EXPECT_EQ(verdict_of_figures(100, 101.9, Direction::kLessIsBetter, 0.02), Verdict::kNoDifference);
  EXPECT_EQ(verdict_of_figures(100, 103, Direction::kLessIsBetter, 0.02), Verdict::kBetter);
}

std::vector<ChoiceRecord> answers(size_t n, size_t right) {
  std::vector<ChoiceRecord> records(n);
  for (size_t i = 0; i < n; ++i) {
    records[i].id = static_cast<uint32_t>(i);
    records[i].answer = i < right ? 0 : 1;
  }
  return records;
}

TEST(Rows, ChoicesCarryTheTestAndTheRecords) {
  const ComparisonRow row = testing::choices_row("hellaswag", msg("lab.row.task_items", "HellaSwag", "HellaSwag", 50), answers(50, 30), answers(50, 24));
  EXPECT_NEAR(row.effect, 0.12, 1e-12);
  EXPECT_NEAR(*row.p, 0.03125, 1e-12);
  EXPECT_EQ(row.verdict, Verdict::kBetter);
  ASSERT_EQ(row.records.size(), 100u);
  double a = 0, b = 0;
  for (const ItemRecord& record : row.records) (record.model == 'a' ? a : b) += record.grade;
  EXPECT_EQ(a, 30);
  EXPECT_EQ(b, 24);
}

TEST(Rows, LooksHaveTheLastWordOnP) {
  const ComparisonRow row = testing::choices_row("hellaswag", msg("lab.row.task_items", "HellaSwag", "HellaSwag", 50), answers(50, 30), answers(50, 24), 0.06);
  EXPECT_EQ(row.p, 0.06);
  EXPECT_EQ(row.verdict, Verdict::kLikelyBetter);
}

TEST(Rows, GuessingIsMarked) {
  std::vector<ChoiceRecord> a = answers(80, 50), b = answers(80, 22);
  for (size_t i = 0; i < a.size(); ++i) a[i].scores = b[i].scores = {-1, -2, -3, -4};
  const ComparisonRow row = testing::choices_row("hellaswag", msg("lab.row.task_items", "HellaSwag", "HellaSwag", 80), a, b);
  EXPECT_EQ(row.chance, 0.25);
  EXPECT_FALSE(row.a.at_chance);
  EXPECT_TRUE(row.b.at_chance);
}

// Alone, 6 to 0 is better (p = .031); as one of two rows of its table it is not shown any more, and likely. A ratio keeps its verdict.
TEST(Rows, AreJudgedTogether) {
  std::vector<ComparisonRow> rows = {testing::choices_row("hellaswag", msg("lab.row.task_items", "HellaSwag", "HellaSwag", 50), answers(50, 30), answers(50, 24)),
                                     testing::choices_row("piqa", msg("lab.row.task_items", "PIQA", "PIQA", 50), answers(50, 30), answers(50, 30)),
                                     runs_row("decode", msg("lab.row.decode"), {{9, 10, 11, 10}, {5, 5, 4, 5}}, Direction::kMoreIsBetter, 1)};
  EXPECT_EQ(rows[0].verdict, Verdict::kBetter);
  judge_together(rows);
  EXPECT_NEAR(*rows[0].p_adjusted, 0.0625, 1e-12);
  EXPECT_EQ(rows[0].verdict, Verdict::kLikelyBetter);
  EXPECT_EQ(rows[1].p_adjusted, 1);
  EXPECT_EQ(rows[1].verdict, Verdict::kTooFew);
  EXPECT_GT(rows[1].more_items, 0u);
  EXPECT_EQ(rows[2].p_adjusted, std::nullopt);
  EXPECT_EQ(rows[2].verdict, Verdict::kBetter);
}

TEST(Rows, SentencesWeighByTheirBytes) {
  const ComparisonRow row = sentences_row("x", msg("lab.row.context"), {{4, 9}, {"p", "q"}, {{10, 10}, {60, 30}}, {{20, 10}, {60, 30}}}, 1);
  EXPECT_NEAR(*row.a.number, 70.0 / 40, 1e-12);
  EXPECT_NEAR(*row.b.number, 80.0 / 40, 1e-12);
  EXPECT_NEAR(row.effect, -0.25, 1e-12);
  EXPECT_EQ(row.verdict, Verdict::kTooFew);  // two sentences show nothing, whatever they say
  EXPECT_GT(row.more_items, 0u);
  EXPECT_EQ(row.records[2].item, 9u);
  EXPECT_EQ(row.records[2].transcript, "q");
  EXPECT_EQ(row.records[2].weight, 30);  // anyone can work the mean out
}

TEST(Rows, RunsCompareMedians) {
  const ComparisonRow row = runs_row("decode", msg("lab.row.decode"), {{9, 10, 11, 10}, {5, 5, 4, 5}}, Direction::kMoreIsBetter, 1);
  EXPECT_EQ(row.effect, 2);
  EXPECT_NEAR(row.a.slow_end->value, 9.15, 1e-12);  // of speeds the 5th percentile, of times the 95th
  EXPECT_NEAR(row.b.slow_end->value, 4.15, 1e-12);
  EXPECT_EQ(row.a.slow_end->interval.low, 9);
  const ComparisonRow times = runs_row("first_token", msg("lab.row.first_token", 512), {{80, 90}, {70, 70}}, Direction::kLessIsBetter, 1);
  EXPECT_NEAR(times.a.slow_end->value, 89.5, 1e-12);
  EXPECT_EQ(row.verdict, Verdict::kBetter);
  EXPECT_EQ(row.records.size(), 8u);
}

Comparison example() {
  Comparison c;
  c.cpu = "AMD EPYC";
  c.isa = "avx2";
  c.threads = 2;
  c.tier = "smoke";
  c.a = {"smollm2:135m", "/a.gguf", "", "llama", "Apache-2.0", {"Q4_1", "", 0}, 98'362'432, 134'515'008, 8'192, true};
  c.b = {"/models/一个名字很长很长的模型文件-这里还有更多.gguf\n\x1b[31m", "/b.gguf", "", "gemma3", "Gemma Terms of Use", {"Q4_K_M", "Q8_0", 0.71}, 253'113'024,
         268'098'176, 32'768, false};
  c.rows.push_back(figure_row("file_size", "deployment", msg("lab.row.file_size"), {"98.4 MB", 98e6}, {"253.1 MB", 253e6},
                              Direction::kLessIsBetter, 0));
  c.rows.push_back(fact_row("license", "deployment", msg("lab.row.license"), {c.a.license, {}}, {c.b.license, {}}));
  c.rows.push_back(runs_row("decode", msg("lab.row.decode"), {{1234.5, 1240, 1229, 1233}, {5.123, 5.2, 5.05, 5.1}}, Direction::kMoreIsBetter, 1));
  c.rows.push_back(runs_row("first_token", msg("lab.row.first_token", 512), {{81, 80}, {81, 80}}, Direction::kLessIsBetter, 1));
  c.rows.push_back(sentences_row("en", msg("lab.row.context"), {{1, 2}, {"p", "q"}, {{10, 10}, {60, 30}}, {{20, 10}, {60, 30}}}, 1));
  c.rows.push_back(testing::choices_row("hellaswag", msg("lab.row.task_items", "HellaSwag", "HellaSwag", 100), answers(100, 43), answers(100, 38)));
  c.rows.push_back(testing::choices_row("piqa", msg("lab.row.task_items", "PIQA", "PIQA", 100), answers(100, 100), answers(100, 0)));
  c.rows.push_back(figure_row("context", "deployment", msg("lab.row.context"), {"8192", 8192}, {"32768", 32768}, Direction::kMoreIsBetter, 0));
  c.rows.push_back(unmeasured_row("zh", "language", msg("lab.row.decode"), msg("lab.reason.no_data")));
  c.rows.push_back(testing::choices_row("same", msg("lab.row.task_items", "HellaSwag", "HellaSwag", 200), answers(200, 90), answers(200, 90)));
  c.rows.push_back(testing::choices_row("few", msg("lab.row.task_items", "PIQA", "PIQA", 20), answers(20, 11), answers(20, 10)));
  c.rows.back().b.at_chance = true;
  judge_together(c.rows);
  c.sources = {"/work/data/smoke/hellaswag.jsonl"};
  c.seconds = 123.4;
  return c;
}

class InLanguage : public ::testing::TestWithParam<Language> {
 protected:
  void SetUp() override { set_language(GetParam()); }
  void TearDown() override { set_language(Language::kEnglish); }
};

// Columns by utf8proc, character by character; fails on one that terminals disagree about: beyond ASCII every
// character must be wide (East Asian Ambiguous ones have width 1 in utf8proc).
size_t columns_of(const std::string& line) {
  size_t columns = 0;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(line.data());
  for (auto left = static_cast<utf8proc_ssize_t>(line.size()); left > 0;) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(at, left, &code);
    EXPECT_GT(length, 0) << line;
    if (length <= 0) break;
    EXPECT_FALSE(code < 0x20 || code == 0x7F) << "a control character in: " << line;
    if (code >= 0x80) {
      EXPECT_EQ(utf8proc_charwidth(code), 2) << "U+" << std::hex << code << " in: " << line;
    }
    columns += static_cast<size_t>(utf8proc_charwidth(code));
    at += length;
    left -= length;
  }
  return columns;
}

TEST_P(InLanguage, TerminalLinesAreAllEightyColumns) {
  const std::string table = terminal_table(example());
  size_t lines = 0;
  for (size_t begin = 0; begin < table.size(); ++lines) {
    const size_t end = table.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    const std::string line = table.substr(begin, end - begin);
    EXPECT_EQ(columns_of(line), kTerminalColumns) << line;
    begin = end + 1;
  }
  EXPECT_GT(lines, 20u);
}

TEST_P(InLanguage, EveryRowHasItsVerdict) {
  const std::string table = terminal_table(example()), report = markdown_report(example());
  for (const char* key : {"lab.verdict.better", "lab.verdict.worse", "lab.verdict.not_measured"}) {
    EXPECT_NE(table.find(tr(key)), std::string::npos) << key << table;
    EXPECT_NE(report.find(tr(key)), std::string::npos) << key << report;
  }
  for (const std::string& words : {tr("lab.verdict.no_difference"), tr("lab.verdict.likely_better", "0.98"), tr("lab.verdict.too_few_items", 340),
                                   tr("lab.verdict.too_few_runs", 4), tr("lab.table.at_chance"), tr("lab.table.chance_legend")}) {
    EXPECT_NE(report.find(words), std::string::npos) << words << report;
  }
  EXPECT_NE(report.find(tr("lab.kind.base")), std::string::npos);
  EXPECT_NE(report.find(example().b.quantization.text()), std::string::npos);
  EXPECT_EQ(report.find('\x1b'), std::string::npos);
}

TEST_P(InLanguage, EveryTableTellsInstructFromBase) {
  const std::string heads = fmt::format("|  | A {} | B {} |", tr("lab.kind.instruct"), tr("lab.kind.base")), report = markdown_report(example());
  size_t sections = 0, told = 0;
  for (size_t at = report.find("\n## "); at != std::string::npos; at = report.find("\n## ", at + 1)) ++sections;
  for (size_t at = report.find(heads); at != std::string::npos; at = report.find(heads, at + 1)) ++told;
  EXPECT_GT(sections, 2u);
  EXPECT_EQ(told, sections);
  EXPECT_NE(terminal_table(example()).find("| A " + tr("lab.kind.instruct")), std::string::npos);
}

TEST_P(InLanguage, ABusyMachineIsNamed) {
  Comparison comparison = example();
  comparison.share_on_fewer_threads = 0.42;
  EXPECT_NE(markdown_report(comparison).find(busy_text(0.42)), std::string::npos);
  EXPECT_NE(busy_text(0.42).find("42 %"), std::string::npos);
  comparison.share_on_fewer_threads = 0.02;
  EXPECT_EQ(markdown_report(comparison).find(busy_text(0.02)), std::string::npos);
}

TEST_P(InLanguage, MarkdownRowsHaveTheirCells) {
  const std::string report = markdown_report(example());
  for (size_t begin = 0; begin < report.size();) {
    const size_t end = report.find('\n', begin);
    const std::string line = report.substr(begin, end - begin);
    if (line.starts_with('|')) {
      EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 6) << line;
    }
    begin = end + 1;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, InLanguage, ::testing::Values(Language::kEnglish, Language::kChinese));

TEST(MarkdownRow, EscapesWhatEndsACell) { EXPECT_EQ(markdown_row({"a|b", "c\\"}), "| a\\|b | c\\\\ |\n"); }

TEST(WrapText, BreaksAtSpacesAndBetweenWideCharacters) {
  EXPECT_EQ(wrap_text("no detectable difference", 14), (std::vector<std::string>{"no detectable", "difference"}));
  EXPECT_EQ(wrap_text("中文换行测试", 5), (std::vector<std::string>{"中文", "换行", "测试"}));
  EXPECT_EQ(wrap_text("中文。", 4), (std::vector<std::string>{"中", "文。"}));
  EXPECT_EQ(wrap_text("中文, 0.5: 文(a)。", 6), (std::vector<std::string>{"中文,", "0.5:", "文", "(a)。"}));
  EXPECT_EQ(wrap_text("中文字(现为)", 7), (std::vector<std::string>{"中文字", "(现为)"}));
  EXPECT_EQ(wrap_text("abcdefgh ij", 3), (std::vector<std::string>{"abc", "def", "gh", "ij"}));
  EXPECT_EQ(wrap_text("", 3), (std::vector<std::string>{""}));
  EXPECT_EQ(wrap_text("a\nb\x1b\xFF", 10), (std::vector<std::string>{"a?b??"}));
  EXPECT_EQ(wrap_text("exact fit", 9), (std::vector<std::string>{"exact fit"}));
}

TEST(ComparisonJson, HasTheFieldsOfItsContract) {
  const Json json = comparison_json(example());
  EXPECT_EQ(json["models"][0]["name"], "smollm2:135m");
  EXPECT_EQ(json["models"][1]["kind"], "base");
  EXPECT_EQ(json["rows"][0]["verdict"], "better");
  EXPECT_EQ(json["rows"][1]["a"], "Apache-2.0");
  EXPECT_EQ(json["rows"][2]["records"].size(), 8u);
  EXPECT_GT(json["rows"][2]["slow_end"]["b"]["interval"][1], json["rows"][2]["slow_end"]["b"]["value"]);
  EXPECT_TRUE(json["rows"][5]["slow_end"].is_null());
  EXPECT_EQ(json["rows"][5]["records"][0]["grade"], true);
  EXPECT_EQ(json["rows"][5]["records"][1]["model"], example().b.name);
  EXPECT_EQ(json["rows"][8]["verdict"], "not_measured");
  EXPECT_TRUE(json["rows"][8]["a"].is_null());
  for (const Json& row : json["rows"]) {
    for (const char* field : {"id", "table", "a", "b", "difference", "interval", "p", "verdict", "records"}) EXPECT_TRUE(row.contains(field));
  }
  EXPECT_FALSE(to_text(json).empty());  // hostile names included
}

TEST(BenchPlan, MakesEveryCombination) {
  const auto rows = plan_rows({.prefill = {128, 512}, .decode = {16}, .depth = {0, 1024}, .sequences = {1, 4}, .repetitions = 3});
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->size(), 2u * 2 * 2 + 2 * 2);
  EXPECT_EQ(context_needed(*rows), 1024u + 512 + 2);
  EXPECT_EQ(sequences_needed(*rows), 4u);
  EXPECT_EQ(plan_rows({.prefill = {0}, .decode = {8}})->size(), 1u);
}

TEST(BenchPlan, RefusesNonsense) {
  EXPECT_FALSE(plan_rows({.prefill = {0}, .decode = {0}}));
  EXPECT_FALSE(plan_rows({.sequences = {0}}));
  EXPECT_FALSE(plan_rows({.repetitions = 0}));
  EXPECT_FALSE(plan_rows({.prefill = {4'000'000'000u}}));
  EXPECT_FALSE(plan_rows({.depth = {4'000'000'000u}}));
  EXPECT_FALSE(plan_rows({.prefill = std::vector<uint32_t>(300, 8)}));
}

TEST(BenchJson, HasTheFieldsOfItsContract) {
  const std::vector<BenchRow> rows = {{BenchWork::kDecode, 16, 0, 1, {3, 1, 2}}};
  const Json json = bench_json({"cpu", "scalar", 2, 12.5, 0.25}, rows);
  EXPECT_EQ(to_text(json),
            R"({"cpu":"cpu","isa":"scalar","threads":2,"read_gb_per_s":12.5,"share_on_fewer_threads":0.25,"rows":[{"work":"decode","tokens":16,"depth":0,)"
            R"("sequences":1,"tokens_per_second":{"median":2.0,"min":1.0,"max":3.0}}]})");
}

TEST(PerplexityJson, InfinityIsNull) {
  EXPECT_EQ(to_text(perplexity_json({std::numeric_limits<double>::infinity(), 0, 1.5, 3})),
            R"({"perplexity":null,"standard_error":0.0,"bits_per_byte":1.5,"tokens":3})");
}

}  // namespace
}  // namespace slm::lab
