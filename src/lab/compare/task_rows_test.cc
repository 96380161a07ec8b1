#include "lab/compare/task_rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"

namespace slm::lab {
namespace {

// A row's task, and the data it points at.
struct Example {
  explicit Example(TaskKind kind, std::string_view grader = "number") {
    task.grader = find_grader(grader);
    task.name = "sums";
    task.table = "maths";
    task.kind = kind;
    task.title_en = "Sums: what they come to";
    task.title_zh = "加法";
    task.rows.push_back({});
    data.task = &task;
    data.row = &task.rows.front();
  }
  Task task;
  RowData data;
};

// Records of items 0, 1, ... with these grades.
std::vector<TaskRecord> graded(const std::vector<double>& grades) {
  std::vector<TaskRecord> records;
  for (double grade : grades) {
    TaskRecord record;
    record.item = static_cast<uint32_t>(records.size());
    record.grade = grade;
    record.bytes = 10;
    record.extracted = "x";
    record.transcript = "t" + std::to_string(record.item);
    records.push_back(std::move(record));
  }
  return records;
}

std::vector<TaskRecord> rights(size_t right, size_t n) {
  std::vector<double> grades(n, 0);
  std::fill(grades.begin(), grades.begin() + static_cast<ptrdiff_t>(right), 1);
  return graded(grades);
}

ComparisonRow row_of(const Example& example, const std::vector<TaskRecord>& a, const std::vector<TaskRecord>& b,
                     const std::vector<Look>& looks = {}) {
  return task_row({"sums", task_label(example.task, example.task.rows.front(), 0), &example.data, &a, &b, looks}, 1);
}

TEST(TaskRows, YesAndNoIsJudgedByPairs) {
  const Example example(TaskKind::kGenerate);
  const ComparisonRow row = row_of(example, rights(30, 40), rights(10, 40));
  EXPECT_EQ(row.table, "maths");
  EXPECT_TRUE(row.is_rate);
  EXPECT_EQ(*row.a.number, 0.75);
  EXPECT_EQ(row.effect, 0.5);
  EXPECT_EQ(row.verdict, Verdict::kBetter);
  EXPECT_EQ(*row.p, mcnemar_exact(20, 0));
  ASSERT_EQ(row.records.size(), 80u);
  EXPECT_EQ(row.records[1].model, 'b');
  EXPECT_EQ(row.records[2].transcript, "t1");
}

TEST(TaskRows, ItemsThatOneWasNotGradedOnCountForNeither) {
  const Example example(TaskKind::kGenerate);
  std::vector<TaskRecord> a = rights(30, 40);
  for (size_t i = 0; i < 10; ++i) a[i].is_graded = false;
  const ComparisonRow row = row_of(example, a, rights(10, 40));
  EXPECT_EQ(row.records.size(), 60u);
  EXPECT_NEAR(*row.a.number, 20.0 / 30, 1e-12);
  EXPECT_EQ(*row.b.number, 0);
}

TEST(TaskRows, AShorterSideEndsThePairs) {
  const Example example(TaskKind::kGenerate);
  EXPECT_EQ(row_of(example, rights(3, 12), rights(3, 9)).records.size(), 18u);  // stopped in the middle of B's turn
}

TEST(TaskRows, LooksMakeThePLarger) {
  const Example example(TaskKind::kGenerate);
  const auto a = rights(17, 40), b = rights(5, 40);
  const ComparisonRow at_once = row_of(example, a, b), looked = row_of(example, a, b, {{8, 0, 0.5}, {12, 0, 1}});
  EXPECT_GT(*looked.p, *at_once.p);
}

TEST(TaskRows, ScoresAreJudgedByTheirMeans) {
  const Example example(TaskKind::kGenerate, "chrf");
  std::vector<double> high, low;
  for (int i = 0; i < 30; ++i) {
    high.push_back(50 + i % 7);
    low.push_back(30 + i % 5);
  }
  const ComparisonRow row = row_of(example, graded(high), graded(low));
  EXPECT_FALSE(row.is_rate);
  EXPECT_NEAR(row.effect, *row.a.number - *row.b.number, 1e-12);
  EXPECT_EQ(row.verdict, Verdict::kBetter);
  EXPECT_EQ(row_of(example, graded(high), graded(high)).verdict, Verdict::kNoDifference);
}

TEST(TaskRows, BitsAreABytesAndLessIsBetter) {
  const Example example(TaskKind::kBits);
  std::vector<double> few, many;
  for (int i = 0; i < 40; ++i) {
    few.push_back(8 + i % 3);
    many.push_back(19 + i % 4);
  }
  const ComparisonRow row = row_of(example, graded(few), graded(many));
  EXPECT_LT(*row.a.number, 1);
  EXPECT_EQ(row.verdict, Verdict::kBetter);
}

// Followed instructions over all instructions, resampled by prompts.
TEST(TaskRows, AReadingByPartsIsWeighedByThem) {
  Example example(TaskKind::kGenerate, "ifeval");
  example.task.also = {find_grader("ifeval_instances")};
  example.task.compared = {{find_grader("ifeval_instances"), "instances", "instructions", "单条指令"}};
  std::vector<TaskRecord> a = rights(40, 40), b = rights(0, 40);
  for (size_t i = 0; i < 40; ++i) {
    const double parts = i % 2 == 0 ? 1 : 3;
    a[i].also = {{"ifeval_instances", 1, parts}};
    b[i].also = {{"ifeval_instances", i % 2 == 0 ? 0 : 1.0 / 3, parts}};  // 20 of 80
  }
  const std::vector<ComparisonRow> rows = reading_rows({"sums", {}, &example.data, &a, &b, {}}, 1);
  ASSERT_EQ(rows.size(), 1u);
  const ComparisonRow& row = rows[0];
  EXPECT_EQ(row.id, "sums_instances");
  EXPECT_EQ(render(row.label, Language::kEnglish), "Sums: instructions");
  EXPECT_EQ(render(row.label, Language::kChinese), "加法: 单条指令");
  EXPECT_NEAR(*row.a.number, 100, 1e-9);
  EXPECT_NEAR(*row.b.number, 25, 1e-9);
  EXPECT_NEAR(row.effect, 75, 1e-9);
  EXPECT_EQ(row.verdict, Verdict::kBetter);
  EXPECT_EQ(*row.margin, 5);
  ASSERT_EQ(row.records.size(), 80u);
  EXPECT_EQ(row.records[3].weight, 3);
  // The interval of B's share is that of the items' sums, resampled by item.
  const Bootstrap by_hand = bootstrap_items(40, 1, [&](std::span<const size_t> items) {
    double followed = 0, asked = 0;
    for (const size_t i : items) {
      followed += i % 2 == 0 ? 0 : 1;
      asked += i % 2 == 0 ? 1 : 3;
    }
    return 100 * followed / asked;
  });
  EXPECT_EQ(row.b.text, fmt::format("25 [{:.0f}, {:.0f}]", by_hand.bca().low, by_hand.bca().high));
}

TEST(TaskRows, AnswersInAnotherLanguageAreARate) {
  Example example(TaskKind::kGenerate, "chrf");
  example.task.compared = {{nullptr, "language", "in the language asked for", "所用语言正确"}};
  TaskRow part;
  part.id = "fra_Latn";
  example.task.rows = {part};
  example.data.row = &example.task.rows.front();
  std::vector<TaskRecord> a = graded(std::vector<double>(30, 50)), b = a;
  for (size_t i = 0; i < 12; ++i) b[i].marks = {i % 2 == 0 ? "wrong_language" : "empty"};
  const std::vector<ComparisonRow> rows = reading_rows({"sums", {}, &example.data, &a, &b, {}}, 1);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].id, "sums_language.fra_Latn");
  EXPECT_TRUE(rows[0].is_rate);
  EXPECT_EQ(*rows[0].a.number, 1);
  EXPECT_EQ(*rows[0].b.number, 0.6);
  EXPECT_EQ(*rows[0].p, mcnemar_exact(12, 0));
  EXPECT_EQ(rows[0].verdict, Verdict::kBetter);
  EXPECT_EQ(reading_rows({"sums", {}, &example.data, &a, &b, {}}, 1)[0].records[1].grade, 0);
  b.clear();
  EXPECT_EQ(reading_rows({"sums", {}, &example.data, &a, &b, {}}, 1)[0].verdict, Verdict::kNotMeasured);
}

// Chinese against English: A loses 6 of 20 and wins 1, B loses none. Item 20 is there in one language only.
TEST(TaskRows, ARateIsHeldAgainstItsTwins) {
  Example example(TaskKind::kGenerate);
  TaskRow english, chinese;
  english.id = "en", english.title_en = "English", english.title_zh = "英语";
  chinese.id = "zh", chinese.title_en = "Chinese", chinese.title_zh = "中文";
  example.task.rows = {english, chinese};
  RowData there = example.data;
  there.row = &example.task.rows[0];
  example.data.row = &example.task.rows[1];
  std::vector<TaskRecord> here_a = rights(5, 21), there_a = rights(10, 20), here_b = rights(10, 21), there_b = rights(10, 20);
  here_a[4].grade = 0, here_a[15].grade = 1;
  const ComparisonRow row = gap_row({"x", {}, &example.data, &here_a, &here_b, {}}, {"y", {}, &there, &there_a, &there_b, {}}, 1);
  EXPECT_EQ(row.id, "sums_gap.zh");
  EXPECT_EQ(row.table, "language");
  EXPECT_EQ(render(row.label, Language::kEnglish), "Sums: Chinese against English (20)");
  EXPECT_EQ(render(row.label, Language::kChinese), "加法: 中文对英语 (20 题)");
  EXPECT_EQ(row.verdict, Verdict::kFact);
  EXPECT_NEAR(*row.a.number, -25, 1e-9);
  EXPECT_EQ(*row.b.number, 0);
  EXPECT_NEAR(row.effect, -25, 1e-9);
  const Interval newcombe = paired_difference_interval({4, 1, 6, 9});
  EXPECT_EQ(row.a.text, fmt::format("-25 [{:+.0f}, {:+.0f}]", 100 * newcombe.low, 100 * newcombe.high));
  EXPECT_EQ(render(row.reason, Language::kEnglish), fmt::format("McNemar: A p={:.3f}, B p=1.000", mcnemar_exact(1, 6)));
  ASSERT_EQ(row.records.size(), 40u);
  double sum = 0;
  for (const ItemRecord& record : row.records) sum += record.model == 'a' ? record.grade : 0;
  EXPECT_NEAR(sum / 20, *row.a.number, 1e-9);
  EXPECT_LT(row.interval->low, -25);
  EXPECT_GT(row.interval->high, -25);
}

// How much dearer a sentence is: all its bits over all those of the twins.
TEST(TaskRows, BitsAreHeldAgainstTheirTwins) {
  Example example(TaskKind::kBits);
  const std::vector<TaskRecord> there_a = graded({10, 30}), here_a = graded({30, 30}), there_b = graded({10, 10}), here_b = graded({20, 20});
  const ComparisonRow row = gap_row({"x", {}, &example.data, &here_a, &here_b, {}}, {"y", {}, &example.data, &there_a, &there_b, {}}, 1);
  EXPECT_EQ(*row.a.number, 1.5);
  EXPECT_EQ(*row.b.number, 2);
  EXPECT_EQ(row.effect, -0.5);
  EXPECT_EQ(row.b.text, "2.00 [2.00, 2.00]");
  EXPECT_TRUE(row.reason.empty());
  EXPECT_EQ(row.records[0].grade, 3);
  EXPECT_EQ(row.records[0].weight, 10);
  const std::vector<TaskRecord> none;
  EXPECT_EQ(gap_row({"x", {}, &example.data, &here_a, &here_b, {}}, {"y", {}, &example.data, &none, &none, {}}, 1).verdict, Verdict::kNotMeasured);
}

// tests/golden/rows: the same records, joined and worked out by Python.
Json golden_rows() {
  const auto text = read_text_file(SLM_SOURCE_DIR "/tests/golden/rows/rows.json");
  return text ? parse_json(*text).value_or(Json::array()) : Json::array();
}

std::vector<TaskRecord> golden_records(const Json& list) {
  std::vector<TaskRecord> records;
  for (const Json& one : list) {
    TaskRecord record;
    record.item = one["item"];
    record.grade = one["grade"];
    record.is_graded = one["is_graded"];
    if (one.contains("marks")) record.marks = one["marks"].get<std::vector<std::string>>();
    records.push_back(std::move(record));
  }
  return records;
}

constexpr double kGoldenClose = 1e-9;

void expect_interval(const std::optional<Interval>& interval, const Json& expected, const std::string& what) {
  ASSERT_TRUE(interval) << what;
  EXPECT_NEAR(interval->low, expected[0].get<double>(), kGoldenClose) << what;
  EXPECT_NEAR(interval->high, expected[1].get<double>(), kGoldenClose) << what;
}

std::string golden_side(const Json& side, bool is_rate) {
  const double value = side["value"], low = side["interval"][0], high = side["interval"][1];
  if (is_rate) return fmt::format("{:+.0f} [{:+.0f}, {:+.0f}]", value, low, high);
  return fmt::format("{} [{}, {}]", format_figure(value), format_figure(low), format_figure(high));
}

TEST(GoldenRows, OfALanguageAgainstEnglish) {
  size_t n = 0;
  for (const Json& c : golden_rows()) {
    if (c["kind"] == "language") continue;
    const bool is_rate = c["kind"] == "rate";
    Example example(is_rate ? TaskKind::kGenerate : TaskKind::kBits);
    const std::string what = fmt::format("case {}", n++);
    const std::vector<TaskRecord> here[2] = {golden_records(c["here"][0]), golden_records(c["here"][1])};
    const std::vector<TaskRecord> there[2] = {golden_records(c["there"][0]), golden_records(c["there"][1])};
    const ComparisonRow row = gap_row({"x", {}, &example.data, &here[0], &here[1], {}}, {"y", {}, &example.data, &there[0], &there[1], {}}, c["seed"]);
    EXPECT_EQ(row.a.text, golden_side(c["sides"][0], is_rate)) << what;
    EXPECT_EQ(row.b.text, golden_side(c["sides"][1], is_rate)) << what;
    EXPECT_NEAR(*row.a.number, c["sides"][0]["value"].get<double>(), kGoldenClose) << what;
    EXPECT_NEAR(*row.b.number, c["sides"][1]["value"].get<double>(), kGoldenClose) << what;
    EXPECT_NEAR(row.effect, c["difference"].get<double>(), kGoldenClose) << what;
    expect_interval(row.interval, c["interval"], what);
    ASSERT_EQ(row.records.size(), 2 * c["items"].size()) << what;
    for (size_t i = 0; i < c["items"].size(); ++i) EXPECT_EQ(row.records[2 * i].item, c["items"][i].get<uint32_t>()) << what;
    if (!is_rate) continue;
    const auto p = [](const Json& side) { return fmt::format("p={:.3f}", side["p"].get<double>()); };
    EXPECT_EQ(render(row.reason, Language::kEnglish), fmt::format("McNemar: A {}, B {}", p(c["sides"][0]), p(c["sides"][1]))) << what;
  }
  EXPECT_EQ(n, 5u);
}

TEST(GoldenRows, OfTheLanguageAnsweredIn) {
  size_t n = 0;
  for (const Json& c : golden_rows()) {
    if (c["kind"] != "language") continue;
    Example example(TaskKind::kGenerate, "chrf");
    example.task.compared = {{nullptr, "language", "in the language asked for", "所用语言正确"}};
    const std::string what = fmt::format("case {}", n++);
    const std::vector<TaskRecord> a = golden_records(c["here"][0]), b = golden_records(c["here"][1]);
    const ComparisonRow row = reading_rows({"x", {}, &example.data, &a, &b, {}}, 1).at(0);
    EXPECT_EQ(row.records.size(), 2 * c["n"].get<size_t>()) << what;
    EXPECT_NEAR(*row.a.number, c["a"].get<double>(), kGoldenClose) << what;
    EXPECT_NEAR(*row.b.number, c["b"].get<double>(), kGoldenClose) << what;
    EXPECT_NEAR(row.effect, c["difference"].get<double>(), kGoldenClose) << what;
    expect_interval(row.interval, c["interval"], what);
    EXPECT_NEAR(*row.p, c["p"].get<double>(), kGoldenClose) << what;
  }
  EXPECT_EQ(n, 3u);
}

TEST(TaskRows, NothingAnsweredByBothIsNotMeasured) {
  const Example example(TaskKind::kGenerate);
  EXPECT_EQ(row_of(example, {}, rights(1, 3)).verdict, Verdict::kNotMeasured);
}

TEST(TaskRows, LabelsAreInBothLanguages) {
  Example example(TaskKind::kGenerate);
  TaskRow part;
  part.id = "zh";
  part.title_en = "Chinese";
  part.title_zh = "中文";
  EXPECT_EQ(render(task_label(example.task, part, 7), Language::kEnglish), "Sums, Chinese (7)");
  EXPECT_EQ(render(task_label(example.task, part, 7), Language::kChinese), "加法, 中文 (7 题)");
  EXPECT_EQ(task_row_id(example.task, part), "sums_zh");
  EXPECT_EQ(task_row_id(example.task, example.task.rows.front()), "sums");
}

}  // namespace
}  // namespace slm::lab
