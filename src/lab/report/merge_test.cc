#include "lab/report/merge.h"
#include "lab/testing/choices_row.h"

#include <numeric>

#include <gtest/gtest.h>

#include "lab/comparison.h"
#include "lab/planning/plan.h"
#include "lab/report/diff.h"
#include "lab/report/merged_looks.h"
#include "lab/report/read_comparison.h"
#include "lab/report/testing/example.h"
#include "lab/report_json.h"
#include "lab/statistics/random.h"

namespace slm::lab {
namespace {

struct Answers {
  uint32_t first = 0;                   // item
  std::vector<bool> a, b;
};

std::vector<ChoiceRecord> choices(const Answers& answers, bool is_a) {
  std::vector<ChoiceRecord> records;
  for (size_t i = 0; i < answers.a.size(); ++i) {
    ChoiceRecord record;
    record.id = answers.first + static_cast<uint32_t>(i);
    record.answer = (is_a ? answers.a : answers.b)[i] ? 0 : 1;
    record.scores = {-1, -2};
    record.characters = {1, 1};
    record.transcript = "item " + std::to_string(record.id);
    records.push_back(record);
  }
  return records;
}

Comparison frame() {
  Comparison comparison;
  comparison.cpu = "cpu";
  comparison.isa = "avx2";
  comparison.threads = 2;
  comparison.tier = "smoke";
  comparison.a = {.name = "one", .path = "", .sha256 = std::string(64, '1'), .architecture = "", .license = "", .quantization = {"Q8_0", "", 0}};
  comparison.b = {.name = "other", .path = "", .sha256 = std::string(64, '2'), .architecture = "", .license = "", .quantization = {"Q4_K_M", "Q8_0", 0.71}};
  comparison.seed = 7;
  comparison.seconds = 2;
  return comparison;
}

ComparisonRow answer_row(const Answers& answers) {
  return testing::choices_row("hellaswag", msg("lab.row.task_items", "HellaSwag", "HellaSwag", answers.a.size()), choices(answers, true), choices(answers, false));
}

ComparisonRow bits_row(uint32_t first, size_t count) {
  PairedSentences sentences;
  for (uint32_t i = 0; i < count; ++i) {
    sentences.ids.push_back(first + i);
    sentences.texts.push_back(std::string(20 + (first + i) % 7, 'x'));
    const auto bytes = static_cast<double>(sentences.texts.back().size());
    sentences.a.push_back({bytes * (1.2 + 0.01 * (i % 5)), sentences.texts.back().size()});
    sentences.b.push_back({bytes * (1.3 - 0.01 * (i % 3)), sentences.texts.back().size()});
  }
  return sentences_row("bits_per_byte_en", msg("lab.row.context"), sentences, 7);
}

Json comparison_with(std::vector<ComparisonRow> rows) {
  Comparison comparison = frame();
  comparison.rows = std::move(rows);
  judge_together(comparison.rows);
  return comparison_json(comparison);
}

Result<Json> merge(const std::vector<Json>& comparisons) {
  std::vector<RunToMerge> runs;
  for (const Json& comparison : comparisons) runs.push_back({static_cast<int64_t>(runs.size() + 1), &comparison});
  return merge_comparisons(runs);
}

std::vector<bool> pattern(size_t n, size_t every) {
  std::vector<bool> right(n);
  for (size_t i = 0; i < n; ++i) right[i] = i % every != 0;
  return right;
}

// The numbers of a row, without its texts.
Json numbers_of(Json row) {
  row.erase("label");
  row.erase("labels");
  return row;
}

TEST(Read, IsTheInverseOfWriting) {
  Json json = comparison_with({answer_row({0, pattern(40, 3), pattern(40, 2)}), bits_row(0, 30),
                               runs_row("decode", msg("lab.row.decode"), {{9, 10, 11}, {5, 5, 4}}, Direction::kMoreIsBetter, 1),
                               unmeasured_row("piqa", "ability", msg("lab.row.context"), msg("lab.reason.no_data"))});
  json["share_on_fewer_threads"] = 0.25;
  const auto read = read_comparison(json);
  ASSERT_TRUE(read.has_value()) << read.error().text();
  const Json again = comparison_json(*read);
  for (size_t i = 0; i < json["rows"].size(); ++i) {
    Json expected = numbers_of(json["rows"][i]), found = numbers_of(again["rows"][i]);
    expected.erase("reasons");
    found.erase("reasons");
    EXPECT_EQ(found, expected);
  }
  for (const char* key : {"device", "models", "sources", "seed", "seconds", "share_on_fewer_threads", "tier"}) EXPECT_EQ(again[key], json[key]) << key;
}

TEST(Read, RefusesAVerdictItDoesNotKnow) {
  Json json = testing::example();
  json["rows"][2]["verdict"] = "splendid";
  EXPECT_NE(read_comparison(json).error().text(Language::kEnglish).find("rows[2].verdict"), std::string::npos);
}

TEST(Merge, GivesWhatOneRunOfAllItemsWouldHaveGiven) {
  const auto a = pattern(60, 5), b = pattern(60, 2);
  const auto part = [&](size_t from, size_t to) {
    return Answers{static_cast<uint32_t>(from), {a.begin() + static_cast<long>(from), a.begin() + static_cast<long>(to)},
                   {b.begin() + static_cast<long>(from), b.begin() + static_cast<long>(to)}};
  };
  // Items 20 to 29 are in both.
  Json busy = comparison_with({answer_row(part(20, 60))});
  busy["share_on_fewer_threads"] = 0.25;
  const auto merged = merge({comparison_with({answer_row(part(0, 30))}), busy});
  ASSERT_TRUE(merged.has_value()) << merged.error().text();
  EXPECT_EQ((*merged)["share_on_fewer_threads"], 0.25);
  EXPECT_EQ((*merged)["rows"][0], comparison_with({answer_row(part(0, 60))})["rows"][0]);  // its label, too: (60)
  EXPECT_EQ((*merged)["merged_from"], Json({1, 2}));
  EXPECT_EQ((*merged)["seconds"], 4);
  EXPECT_EQ((*merged)["rows"][0]["labels"]["zh"].get<std::string>().find("(30"), std::string::npos);
}

TEST(Merge, WithItselfChangesNothing) {
  const Json one = comparison_with({answer_row({0, pattern(40, 3), pattern(40, 2)}), bits_row(0, 30)});
  const auto merged = merge({one, one});
  ASSERT_TRUE(merged.has_value());
  EXPECT_EQ((*merged)["rows"], one["rows"]);
}

// A row whose answers were looked at after each `step` of them, in a plan of `planned`.
ComparisonRow looked_row(const Answers& answers, size_t step, size_t planned) {
  std::vector<Look> looks;
  Look now;
  for (size_t i = 0; i < answers.a.size(); ++i) {
    now.only_a += answers.a[i] && !answers.b[i];
    now.only_b += answers.b[i] && !answers.a[i];
    now.items = i + 1;
    now.share = static_cast<double>(i + 1) / static_cast<double>(planned);
    if ((i + 1) % step == 0) looks.push_back(now);
  }
  constexpr double kAlpha = kSignificance / 2;
  ComparisonRow row = testing::choices_row("hellaswag", msg("lab.row.task_items", "HellaSwag", "HellaSwag", answers.a.size()), choices(answers, true),
                                           choices(answers, false), sequential_mcnemar(looks, kAlpha).p);
  row.looks = looks;
  row.looks_alpha = kAlpha;
  return row;
}

TEST(Merge, AllowsForTheLooksThatRunsTook) {
  std::vector<bool> a(100), b(100);
  for (size_t i = 0; i < 100; ++i) {
    a[i] = i % 8 != 0;
    b[i] = i % 4 == 1;
  }
  const auto part = [&](size_t from, size_t to) {
    return Answers{static_cast<uint32_t>(from), {a.begin() + static_cast<long>(from), a.begin() + static_cast<long>(to)},
                   {b.begin() + static_cast<long>(from), b.begin() + static_cast<long>(to)}};
  };
  // Items 40 to 49 are in both: of the second run's 60 half a look brings nothing new.
  const Json first = comparison_with({looked_row(part(0, 50), 10, 50)}), second = comparison_with({looked_row(part(40, 100), 20, 60)});
  const auto merged = merge({first, second});
  ASSERT_TRUE(merged) << merged.error().text();
  const Json& row = (*merged)["rows"][0];
  EXPECT_EQ(row["looks"]["items"], Json({10, 20, 30, 40, 50, 60, 80, 100}));
  EXPECT_EQ(row["looks"]["alpha"], 0.025);
  std::vector<Look> looks;
  for (const uint64_t n : {10, 20, 30, 40, 50, 60, 80, 100}) {
    Look look{0, 0, 0.01 * static_cast<double>(n), n};
    if (n > 50) look.share = 0.5 + 0.5 * static_cast<double>(n - 40) / 60;
    for (size_t i = 0; i < n; ++i) {
      look.only_a += a[i] && !b[i];
      look.only_b += b[i] && !a[i];
    }
    looks.push_back(look);
    EXPECT_NEAR(row["looks"]["shares"][looks.size() - 1].get<double>(), look.share, 1e-12) << n;
  }
  EXPECT_EQ(row["p"], sequential_mcnemar(looks, 0.025).p);
  EXPECT_GT(row["p"].get<double>(), mcnemar_exact(looks.back().only_a, looks.back().only_b)) << "looking costs";
  // Itself again, or merged once more: nothing new came.
  EXPECT_EQ((*merge({first, first}))["rows"], first["rows"]);
  EXPECT_EQ((*merge({*merged, second}))["rows"], (*merged)["rows"]);
}

// Equal models, two runs of 60 items looked at five times and each ended by the rule, merged, 4,000 times.
TEST(MergedLooks, ErrAsRarelyAsOneRun) {
  constexpr int kTrials = 4'000;
  constexpr uint32_t kItems = 60;
  SeededRandom random(11);
  int found = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    LookedAnswers runs[2];
    for (uint32_t r : {0u, 1u}) {
      Look now;
      for (uint32_t i = 0; i < kItems; ++i) {
        const double u = random.uniform();
        runs[r].items.push_back(r * kItems + i);
        runs[r].a.push_back(u < 0.2);
        runs[r].b.push_back(u >= 0.2 && u < 0.4);
        now.only_a += runs[r].a.back();
        now.only_b += runs[r].b.back();
        if ((i + 1) * kLooks % kItems != 0) continue;
        now.items = i + 1;
        now.share = static_cast<double>(i + 1) / kItems;
        runs[r].looks.push_back(now);
        if (sequential_mcnemar(runs[r].looks).stop) break;
      }
    }
    found += sequential_mcnemar(join_looks(runs)).p < kSignificance;
  }
  RecordProperty("error", std::to_string(static_cast<double>(found) / kTrials));
  EXPECT_LE(found, kTrials * (0.05 + 3 * std::sqrt(0.05 * 0.95 / kTrials)));
  EXPECT_GE(found, kTrials * 0.02) << "the rule must not be safe by never finding anything";
}

TEST(Read, RefusesLooksThatCannotBe) {
  const Json good = comparison_with({looked_row({0, pattern(20, 3), pattern(20, 2)}, 5, 20)});
  ASSERT_TRUE(read_comparison(good));
  for (const auto& [key, value] : {std::pair{"items", Json({5, 4, 15, 20})}, {"items", Json({5})}, {"items", Json({5, 10, 15, -1})},
                                   {"shares", Json({0.1, 0.2, 0.3, 2.0})}, {"alpha", Json(0)}, {"alpha", Json("x")}}) {
    Json bad = good;
    bad["rows"][0]["looks"][key] = value;
    const auto read = read_comparison(bad);
    ASSERT_FALSE(read) << key << value.dump();
    EXPECT_NE(read.error().text(Language::kEnglish).find("looks"), std::string::npos);
  }
}

TEST(Merge, OneFileMayHaveBeenCalledOtherwise) {
  const Json one = comparison_with({answer_row({0, pattern(40, 3), pattern(40, 2)})});
  Json earlier = one, other = one;
  earlier["models"][1]["quantization"] = "Q8_0";
  earlier["models"][1].erase("most_bytes");
  EXPECT_TRUE(merge({one, earlier}));
  for (Json* json : {&other, &earlier}) (*json)["models"][1]["sha256"] = "";
  const auto refused = merge({other, earlier});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text(Language::kEnglish).find("quantization"), std::string::npos);
}

TEST(Merge, WeighsSentencesByTheirBytes) {
  const auto merged = merge({comparison_with({bits_row(0, 20)}), comparison_with({bits_row(20, 20)})});
  ASSERT_TRUE(merged.has_value());
  const Json& row = (*merged)["rows"][0];
  EXPECT_EQ(row["records"].size(), 80u);
  EXPECT_EQ(row["verdict"], "better");  // fewer bits
  double bits = 0, bytes = 0;
  for (const Json& record : row["records"]) {
    if (record["model"] != "one") continue;
    const auto length = static_cast<double>(record["transcript"].get<std::string>().size());
    bits += record["grade"].get<double>() * length;
    bytes += length;
  }
  EXPECT_NEAR(row["a"].get<double>(), bits / bytes, 1e-12);
}

TEST(Merge, WeighsSharesByTheirRecords) {
  const auto shares = [](uint32_t first, uint32_t n) {
    std::vector<double> a, b, weights;
    ComparisonRow row = fact_row("ifeval_instances", "language", msg("lab.row.context"), {}, {});
    for (uint32_t i = first; i < first + n; ++i) {
      const double weight = 1 + i % 3, share_a = i % 4 == 0 ? 0 : 100, share_b = i % 2 == 0 ? 0 : 100;
      a.push_back(share_a * weight);
      b.push_back(share_b * weight);
      weights.push_back(weight);
      row.records.push_back({i, 'a', "x", share_a});
      row.records.back().weight = weight;
      row.records.push_back({i, 'b', "x", share_b});
      row.records.back().weight = weight;
    }
    const auto value = [&](const std::vector<double>& side) {
      return std::accumulate(side.begin(), side.end(), 0.0) / std::accumulate(weights.begin(), weights.end(), 0.0);
    };
    row.a = {format_figure(value(a)), value(a)};
    row.b = {format_figure(value(b)), value(b)};
    judge_sums(row, {a, b, weights}, Direction::kMoreIsBetter, 5, 7);
    return row;
  };
  const auto merged = merge({comparison_with({shares(0, 30)}), comparison_with({shares(20, 40)})});
  ASSERT_TRUE(merged.has_value()) << merged.error().text();
  EXPECT_EQ(numbers_of((*merged)["rows"][0]), numbers_of(comparison_with({shares(0, 60)})["rows"][0]));
}

TEST(Merge, PoolsTimedRunsOfOneDevice) {
  const auto runs = [](std::vector<double> a, std::vector<double> b) {
    return comparison_with({runs_row("first_token", msg("lab.row.first_token"), {std::move(a), std::move(b)}, Direction::kLessIsBetter, 7)});
  };
  const Json first = runs({10, 11, 12}, {20, 21, 22});
  Json second = runs({13, 14, 15}, {23, 24, 25});
  const auto merged = merge({first, second});
  ASSERT_TRUE(merged.has_value());
  EXPECT_EQ((*merged)["rows"][0]["a"], 12.5);
  EXPECT_EQ((*merged)["rows"][0]["b"], 22.5);
  EXPECT_EQ((*merged)["rows"][0]["verdict"], "better");
  EXPECT_EQ((*merged)["rows"][0]["records"].size(), 12u);
  second["device"]["cpu"] = "another";
  const auto apart = merge({first, second});
  ASSERT_TRUE(apart.has_value());
  EXPECT_EQ((*apart)["rows"][0]["verdict"], "not_measured");
  EXPECT_EQ((*apart)["rows"][0]["reason"], "not merged: runs 1 and 2 were made on different devices");
  EXPECT_NE((*apart)["rows"][0]["reasons"]["zh"], (*apart)["rows"][0]["reason"]);
}

TEST(Merge, SaysWhatItCannotJoin) {
  const Json one = comparison_with({answer_row({0, pattern(20, 3), pattern(20, 2)})});
  Json other = one;
  other["rows"][0]["records"][4]["grade"] = !other["rows"][0]["records"][4]["grade"].get<bool>();
  const auto merged = merge({one, other});
  ASSERT_TRUE(merged.has_value());
  EXPECT_EQ((*merged)["rows"][0]["reason"], "not merged: the runs grade item 2 of A differently");
  EXPECT_EQ((*merged)["rows"][0]["a"], nullptr);

  other = one;
  other["models"][1]["sha256"] = std::string(64, '9');
  const auto refused = merge({one, other});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(refused.error().text(Language::kEnglish), "runs 1 and 2 cannot be merged: model B differs in sha256");
  EXPECT_FALSE(merge({one}).has_value());
}

TEST(Merge, FiguresMustAgreeAndMemoryIsAPeak) {
  const auto figures = [](double context, double peak) {
    return comparison_with({figure_row("context", "deployment", msg("lab.row.context"), {"c", context}, {"8", 8}, Direction::kMoreIsBetter, 0),
                            figure_row("peak_memory", "deployment", msg("lab.row.peak_memory"), {"p", peak}, {"100", 100}, Direction::kLessIsBetter, kMemoryMargin)});
  };
  const auto merged = merge({figures(4, 90), figures(4, 120)});
  ASSERT_TRUE(merged.has_value());
  EXPECT_EQ((*merged)["rows"][0]["verdict"], "worse");
  EXPECT_EQ((*merged)["rows"][1]["a"], 120);
  EXPECT_EQ((*merged)["rows"][1]["verdict"], "worse");
  const auto apart = merge({figures(4, 90), figures(5, 90)});
  EXPECT_EQ((*apart)["rows"][0]["verdict"], "not_measured");
}

TEST(Merge, TakesRowsThatOneRunAloneHas) {
  const auto missing = unmeasured_row("hellaswag", "ability", msg("lab.row.context"), msg("lab.reason.no_data"));
  const Json whole = comparison_with({answer_row({0, pattern(20, 3), pattern(20, 2)})});
  const auto merged = merge({comparison_with({missing, bits_row(0, 9)}), whole});
  ASSERT_TRUE(merged.has_value());
  ASSERT_EQ((*merged)["rows"].size(), 2u);
  EXPECT_EQ((*merged)["rows"][0], whole["rows"][0]);
  EXPECT_EQ((*merged)["rows"][1]["id"], "bits_per_byte_en");
}

TEST(Diff, ShowsRowsBeforeAndAfter) {
  const Json before = comparison_with({answer_row({0, pattern(20, 3), pattern(20, 2)}), bits_row(0, 9)});
  const Json after = comparison_with({answer_row({0, pattern(20, 2), pattern(20, 2)})});
  const auto diff = diff_comparisons(before, after);
  ASSERT_TRUE(diff.has_value());
  ASSERT_EQ((*diff)["rows"].size(), 2u);
  const Json& row = (*diff)["rows"][0];
  EXPECT_EQ(row["before"]["a"], before["rows"][0]["a"]);
  EXPECT_EQ(row["after"]["a"], after["rows"][0]["a"]);
  // Right before at i % 3 != 0, now at i % 2 != 0: 3, 9, 15 gained; 2, 4, 8, 10, 14, 16 lost.
  EXPECT_EQ(row["items"]["a"], (Json{{"shared", 20}, {"gained", 3}, {"lost", 6}}));
  EXPECT_EQ(row["items"]["b"], (Json{{"shared", 20}, {"gained", 0}, {"lost", 0}}));
  EXPECT_EQ((*diff)["rows"][1]["after"], nullptr);
  EXPECT_EQ((*diff)["rows"][1]["items"], nullptr);
  EXPECT_TRUE((*diff)["models"][0]["same_file"].get<bool>());
  EXPECT_NE(diff_table(*diff).find("(+3 -6)"), std::string::npos) << diff_table(*diff);
  Json other = after;
  other["models"][0]["name"] = "third";
  for (Json& record : other["rows"][0]["records"]) {
    if (record["model"] == "one") record["model"] = "third";
  }
  EXPECT_EQ(diff_comparisons(before, other).error().message.key, "lab.report.other_pair");
}

}  // namespace
}  // namespace slm::lab
