// The whole way of a measurement, on tiny models of random weights: what is said about them is noise, but it is the same noise each time.
#include "lab/compare.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "lab/bench.h"
#include "lab/datasets.h"
#include "lab/perplexity.h"
#include "runtime/testing/tiny_chat_model.h"

namespace slm::lab {
namespace {

class TinyModels : public testing::Test {
 protected:
  ComparedSubject subject(const std::string& name, uint64_t seed) {
    ComparedSubject subject;
    subject.options.path = directory_ + "/" + name + ".gguf";
    subject.options.threads = 1;
    EXPECT_TRUE(tiny::write_tiny_chat_model(subject.options.path, {.context = 2'048, .seed = seed}));
    const auto facts = Runtime::facts(subject.options.path);
    EXPECT_TRUE(facts);
    subject.model.name = name;
    subject.model.bytes = facts->file_bytes;
    subject.model.context = facts->context;
    subject.model.parameters = facts->parameters;
    return subject;
  }

  std::unique_ptr<Runtime> open(uint32_t context, uint32_t sequences) {
    OpenOptions options = subject("one", 1).options;
    options.context = context;
    options.sequences = sequences;
    auto runtime = Runtime::open(options);
    EXPECT_TRUE(runtime) << runtime.error().text();
    return std::move(*runtime);
  }

  static ComparisonSetup setup(const ComparisonTier& tier) {
    ComparisonSetup setup;
    setup.tier = &tier;
    setup.data_directories = {SLM_SOURCE_DIR "/data/smoke"};
    setup.measure_peak = [](const ComparedSubject& subject, uint32_t, const std::string&, uint32_t) -> Result<uint64_t> {
      return subject.model.name == "one" ? 100'000'000 : 150'000'000;
    };
    return setup;
  }

  static const ComparisonRow& row(const Comparison& comparison, std::string_view id) {
    for (const ComparisonRow& row : comparison.rows) {
      if (row.id == id) return row;
    }
    ADD_FAILURE() << "no row " << id;
    return comparison.rows.front();
  }

  const TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path();
};

constexpr ComparisonTier kTinyTier{.name = "tiny", .sentences = 6, .choices = 4, .repetitions = 2, .decode_tokens = 3};

TEST_F(TinyModels, AComparisonHasAllItsRows) {
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), setup(kTinyTier), {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  std::vector<std::string> ids;
  for (const ComparisonRow& r : comparison->rows) ids.push_back(r.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"file_size", "parameters", "license", "context", "peak_memory", "prefill", "decode",
                                           "first_token", "bits_per_byte_en", "bits_per_byte_zh", "hellaswag", "piqa"}));
  EXPECT_EQ(row(*comparison, "peak_memory").verdict, Verdict::kBetter);
  EXPECT_EQ(row(*comparison, "context").verdict, Verdict::kNoDifference);
  EXPECT_EQ(row(*comparison, "prefill").records.size(), 4u);
  EXPECT_EQ(row(*comparison, "bits_per_byte_zh").records.size(), 12u);
  EXPECT_EQ(row(*comparison, "hellaswag").records.size(), 8u);
  for (const ItemRecord& record : row(*comparison, "hellaswag").records) {
    EXPECT_NE(record.transcript.find("\n> "), std::string::npos) << "the ending chosen is marked: " << record.transcript;
  }
  EXPECT_EQ(comparison->sources.size(), 3u);
  for (const char* id : {"prefill", "decode", "first_token"}) EXPECT_GT(row(*comparison, id).a.number, 0) << id;
}

TEST_F(TinyModels, TheSameModelTwiceShowsNoDifferenceInWhatItSays) {
  const ComparedSubject one = subject("one", 1);
  const auto comparison = run_comparison(one, one, setup(kTinyTier), {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  for (const char* id : {"bits_per_byte_en", "bits_per_byte_zh", "hellaswag", "piqa"}) {
    EXPECT_EQ(row(*comparison, id).verdict, Verdict::kNoDifference) << id;
    EXPECT_EQ(row(*comparison, id).effect, 0) << id;
  }
}

TEST_F(TinyModels, TheSameSeedGivesTheSameAnswers) {
  const ComparedSubject one = subject("one", 1), two = subject("two", 2);
  const auto first = run_comparison(one, two, setup(kTinyTier), {}), again = run_comparison(one, two, setup(kTinyTier), {});
  for (const char* id : {"bits_per_byte_en", "hellaswag"}) {
    const ComparisonRow &a = row(*first, id), &b = row(*again, id);
    EXPECT_EQ(a.a.text, b.a.text);
    EXPECT_EQ(a.interval->low, b.interval->low);
    for (size_t i = 0; i < a.records.size(); ++i) EXPECT_EQ(a.records[i].grade, b.records[i].grade);
  }
}

TEST_F(TinyModels, MissingDataIsARowThatSaysSo) {
  ComparisonSetup without = setup(kTinyTier);
  without.data_directories = {directory_};
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), without, {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  for (const char* id : {"bits_per_byte_en", "bits_per_byte_zh", "hellaswag", "piqa"}) {
    EXPECT_EQ(row(*comparison, id).verdict, Verdict::kNotMeasured) << id;
    EXPECT_FALSE(row(*comparison, id).reason.empty());
  }
  EXPECT_GT(row(*comparison, "decode").a.number, 0);
}

TEST_F(TinyModels, AnInterruptedComparisonStops) {
  std::atomic<bool> cancelled{false};
  const Watch watch{[&](const Progress& progress) { cancelled = progress.stage.key == "lab.stage.speed"; }, &cancelled};
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), setup(kTinyTier), watch);
  ASSERT_FALSE(comparison);
  EXPECT_EQ(comparison.error().message.key, "lab.interrupted");
}

TEST_F(TinyModels, AFailedMemoryMeasurementIsTold) {
  ComparisonSetup failing = setup(kTinyTier);
  failing.measure_peak = [](const ComparedSubject&, uint32_t, const std::string&, uint32_t) -> Result<uint64_t> {
    return fail(ErrorKind::kDoesNotFit, "lab.peak_failed", "x", "y");
  };
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), failing, {});
  ASSERT_FALSE(comparison);
  EXPECT_EQ(comparison.error().kind, ErrorKind::kDoesNotFit);
}

TEST_F(TinyModels, BenchMeasuresEveryRowAsOftenAsAsked) {
  auto rows = plan_rows({.prefill = {5, 300}, .decode = {3}, .depth = {0, 70}, .sequences = {1, 3}, .repetitions = 2});
  ASSERT_TRUE(rows);
  const auto runtime = open(context_needed(*rows), sequences_needed(*rows));
  std::vector<uint64_t> done;
  const Status measured = run_bench(*runtime, *rows, 2, {[&](const Progress& p) { done.push_back(p.done); }, nullptr});
  ASSERT_TRUE(measured) << measured.error().text();
  for (const BenchRow& r : *rows) {
    ASSERT_EQ(r.rates.size(), 2u);
    EXPECT_GT(r.lowest_rate(), 0);
  }
  EXPECT_EQ(done.size(), 2 * rows->size());
}

TEST_F(TinyModels, PerplexityIsTheSameByWindowsAndByHand) {
  const auto runtime = open(256, 1);
  RuntimeScorer scorer(*runtime);
  std::string text;
  for (int i = 0; i < 40; ++i) text += "the rain has stopped " + std::to_string(i) + "\n";
  const auto measured = measure_perplexity(scorer, text, {.window = 64}, {});
  ASSERT_TRUE(measured) << measured.error().text();
  const std::vector<TokenId> ids = runtime->encode(std::string_view(text).substr(0, text.size() - 1));
  double sum = 0;
  uint64_t tokens = 0;
  for (size_t begin = 0; begin + 64 <= ids.size(); begin += 64) {
    const std::vector<TokenId> part(ids.begin() + static_cast<ptrdiff_t>(begin), ids.begin() + static_cast<ptrdiff_t>(begin) + 64);
    for (uint32_t at = 33; at < 64; ++at, ++tokens) {
      sum -= runtime->score(std::span(part).first(at + 1), at).value().front();
    }
  }
  EXPECT_EQ(measured->tokens, tokens);
  EXPECT_NEAR(measured->perplexity, std::exp(sum / static_cast<double>(tokens)), 1e-3 * measured->perplexity);
}

}  // namespace
}  // namespace slm::lab
