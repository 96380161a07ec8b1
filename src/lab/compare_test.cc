// The whole way of a measurement, on tiny models of random weights: what is said about them is noise, but it is the same noise each time.
#include "lab/compare.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "lab/bench.h"
#include "lab/compare/measured_model.h"
#include "lab/datasets.h"
#include "lab/perplexity.h"
#include "lab/tasks/task.h"
#include "runtime/testing/tiny_chat_model.h"

namespace slm::lab {
namespace {

class TinyModels : public ::testing::Test {
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
    setup.run_process = [](const ProcessWork& work) -> Result<ProcessRun> {
      const uint64_t peak = work.subject->model.name == "one" ? 100'000'000 : 150'000'000;
      return ProcessRun{peak, peak / 4, peak - peak / 4, 1};
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

// What data/smoke holds, a few items of each.
const ComparisonTier kTinyTier{.name = "tiny",
                               .context = 2'048,
                               .repetitions = 2,
                               .decode_tokens = 3,
                               .prompts = {32, kMeasuredPrompt},
                               .tasks = {{"flores_bits", {"eng_Latn", "zho_Hans"}}, {"hellaswag", {}}, {"piqa", {}}},
                               .least_items = 3,
                               .most_items = 6,
                               .budget_seconds = std::numeric_limits<double>::infinity()};
constexpr const char* kTaskRows[] = {"flores_bits_eng_Latn", "flores_bits_zho_Hans", "hellaswag", "piqa"};

TEST(Tiers, NameTasksAndRowsThatThereAre) {
  for (const ComparisonTier& tier : comparison_tiers()) {
    EXPECT_NE(std::find(tier.prompts.begin(), tier.prompts.end(), kMeasuredPrompt), tier.prompts.end()) << tier.name;
    for (const TierTask& wanted : tier.tasks) {
      const auto task = find_task(std::string(wanted.task));
      ASSERT_TRUE(task) << task.error().text();
      for (const std::string_view row : wanted.rows) EXPECT_NE(task->find_row(row), nullptr) << wanted.task << " " << row;
    }
  }
}

TEST_F(TinyModels, AComparisonHasAllItsRows) {
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), setup(kTinyTier), {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  std::vector<std::string> ids;
  for (const ComparisonRow& r : comparison->rows) ids.push_back(r.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"file_size", "size_q4_0", "size_q4_k_m", "size_q8_0", "size_f16", "parameters", "license", "context",
                                           "start_command", "peak_memory", "anonymous_memory", "file_memory", "minimum_memory",
                                           "devices_phone", "devices_board", "devices_laptop",
                                           "prefill", "decode", "chinese_characters", "first_token_32", "first_token",
                                           "energy_per_token", "flores_bits_eng_Latn", "flores_bits_zho_Hans",
                                           "flores_bits_gap.zho_Hans", "hellaswag", "piqa"}));
  EXPECT_EQ(row(*comparison, "peak_memory").verdict, Verdict::kBetter);
  EXPECT_EQ(row(*comparison, "context").verdict, Verdict::kNoDifference);
  EXPECT_EQ(row(*comparison, "prefill").records.size(), 4u);
  EXPECT_EQ(row(*comparison, "flores_bits_zho_Hans").records.size(), 12u);
  EXPECT_EQ(row(*comparison, "hellaswag").records.size(), 12u);
  EXPECT_EQ(row(*comparison, "flores_bits_zho_Hans").language, "zh");
  for (const ItemRecord& record : row(*comparison, "hellaswag").records) {
    EXPECT_NE(record.transcript.find("\n> "), std::string::npos) << "the ending chosen is marked: " << record.transcript;
  }
  EXPECT_EQ(comparison->sources.size(), 3u);
  for (const char* id : {"prefill", "decode", "first_token"}) EXPECT_GT(row(*comparison, id).a.number, 0) << id;
}

TEST_F(TinyModels, DevicesFitByHalfOfTheirMemory) {
  ComparisonSetup measured = setup(kTinyTier);
  // Half of 2 GiB to the byte, and one byte more.
  measured.run_process = [](const ProcessWork& work) -> Result<ProcessRun> {
    return ProcessRun{(uint64_t{1} << 30) + (work.subject->model.name == "two"), 0, 0, 1};
  };
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), measured, {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  const ComparisonRow& boards = row(*comparison, "devices_board");
  EXPECT_EQ(boards.verdict, Verdict::kFact);
  EXPECT_EQ(*boards.a.number, *boards.b.number + 1);
  EXPECT_EQ(render(boards.reason, Language::kEnglish), "too small for A: -; for B: Raspberry Pi 4 (2 GB)");
  EXPECT_TRUE(row(*comparison, "devices_laptop").reason.empty());
  ASSERT_EQ(boards.records.size(), 2 * static_cast<size_t>(std::stoul(boards.a.text.substr(boards.a.text.find('/') + 1))));
  for (const ItemRecord& record : boards.records) {
    EXPECT_EQ(record.grade > 0.5, record.model == 'b' && record.answer == "Raspberry Pi 4 (2 GB)") << record.answer;
    EXPECT_NE(record.transcript.find("raspberrypi.com"), std::string::npos) << "the source: " << record.transcript;
  }
  EXPECT_LT(*row(*comparison, "size_q4_0").a.number, *row(*comparison, "size_q8_0").a.number);
  EXPECT_LT(*row(*comparison, "size_q8_0").a.number, *row(*comparison, "size_f16").a.number);
}

TEST_F(TinyModels, TheArticlesProtocolWantsFp16) {
  ComparedSubject one = subject("one", 1), two = subject("two", 2);
  ComparisonTier few = article_tier();
  few.repetitions = 2;
  few.decode_tokens = 3;
  const auto with = [&](const std::string& a, const std::string& b) {
    one.model.quantization.name = a;
    two.model.quantization.name = b;
    return run_comparison(one, two, setup(few), {});
  };
  const auto refused = with("F16", "Q4_K_M");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  EXPECT_NE(refused.error().text().find("two: Q4_K_M"), std::string::npos);
  EXPECT_EQ(refused.error().text().find("one"), std::string::npos);
  const auto measured = with("F16", "BF16");
  ASSERT_TRUE(measured) << measured.error().text();
  EXPECT_EQ(measured->tier, "article");
  ASSERT_EQ(measured->warnings.size(), 1u);
  EXPECT_EQ(measured->warnings[0].key, "lab.protocol.bf16");
  for (const ComparisonRow& r : measured->rows) EXPECT_TRUE(r.table == "deployment" || r.table == "speed") << r.id;
}

TEST_F(TinyModels, TheSameModelTwiceShowsNoDifferenceInWhatItSays) {
  const ComparedSubject one = subject("one", 1);
  const auto comparison = run_comparison(one, one, setup(kTinyTier), {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  for (const char* id : kTaskRows) {
    EXPECT_EQ(row(*comparison, id).effect, 0) << id;
    EXPECT_EQ(row(*comparison, id).p, 1) << id;
    EXPECT_EQ(row(*comparison, id).p_adjusted, 1) << id;
  }
  // Six sentences that all read alike show as much; of four answers nobody can say what the fifth would be.
  EXPECT_EQ(row(*comparison, "flores_bits_eng_Latn").verdict, Verdict::kNoDifference);
  EXPECT_EQ(row(*comparison, "hellaswag").verdict, Verdict::kTooFew);
}

TEST_F(TinyModels, TheSameSeedGivesTheSameAnswers) {
  const ComparedSubject one = subject("one", 1), two = subject("two", 2);
  const auto first = run_comparison(one, two, setup(kTinyTier), {}), again = run_comparison(one, two, setup(kTinyTier), {});
  for (const char* id : {"flores_bits_eng_Latn", "hellaswag"}) {
    const ComparisonRow &a = row(*first, id), &b = row(*again, id);
    EXPECT_EQ(a.a.text, b.a.text);
    EXPECT_EQ(a.interval->low, b.interval->low);
    for (size_t i = 0; i < a.records.size(); ++i) EXPECT_EQ(a.records[i].grade, b.records[i].grade);
  }
}

// Kept from the answer before, a prompt would seem to be read ten times as fast.
TEST_F(TinyModels, APromptThatIsTimedIsReadAnew) {
  OpenOptions options = subject("one", 1).options;
  options.context = 512;
  const auto model = LocalModel::open(options, "one", "");
  ASSERT_TRUE(model) << model.error().text();
  for (int i = 0; i < 3; ++i) {
    const auto timings = (*model)->time_answer(200, 3, {});
    ASSERT_TRUE(timings) << timings.error().text();
    EXPECT_EQ(timings->prompt_tokens, 200u);
    EXPECT_EQ(timings->cached_tokens, 0u);
    EXPECT_EQ(timings->tokens, 3u);
  }
}

TEST_F(TinyModels, MissingDataIsARowThatSaysSo) {
  ComparisonSetup without = setup(kTinyTier);
  without.data_directories = {directory_};
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), without, {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  for (const char* id : kTaskRows) {
    EXPECT_EQ(row(*comparison, id).verdict, Verdict::kNotMeasured) << id;
    EXPECT_FALSE(row(*comparison, id).reason.empty());
  }
  EXPECT_GT(row(*comparison, "decode").a.number, 0);
}

TEST_F(TinyModels, ADamagedSetIsNamedAndTheOthersAreMeasured) {
  ComparisonSetup damaged = setup(kTinyTier);
  damaged.data_directories.insert(damaged.data_directories.begin(), directory_);
  temporary_.write("hellaswag/hellaswag_val_full.txt.bz2", "another set of this name\n");
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), damaged, {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  EXPECT_EQ(row(*comparison, "hellaswag").verdict, Verdict::kNotMeasured);
  EXPECT_EQ(row(*comparison, "hellaswag").reason.key, "lab.task.digest");
  ASSERT_EQ(comparison->warnings.size(), 1u);
  EXPECT_NE(render(comparison->warnings[0], Language::kEnglish).find("/hellaswag/hellaswag_val_full.txt.bz2"), std::string::npos);
  EXPECT_EQ(row(*comparison, "piqa").records.size(), 12u);
  EXPECT_GT(row(*comparison, "decode").a.number, 0);
}

// Progress reports are where tests step in: cancels at the first one of this stage that is `done` so far.
class CancelAt {
 public:
  CancelAt(std::string_view stage, uint64_t done) : stage_(stage), done_(done) {}
  Watch watch() {
    return {[this](const Progress& progress) { cancelled_ = cancelled_ || (progress.stage.key == stage_ && progress.done >= done_); },
            &cancelled_};
  }

 private:
  std::string_view stage_;
  uint64_t done_;
  std::atomic<bool> cancelled_{false};
};

TEST_F(TinyModels, AnInterruptBeforeTheTasksKeepsWhatIsMeasured) {
  CancelAt cancel("lab.stage.speed", 1);
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), setup(kTinyTier), cancel.watch());
  ASSERT_TRUE(comparison) << comparison.error().text();
  EXPECT_TRUE(comparison->interrupted);
  EXPECT_EQ(comparison->a.name, "one");
  EXPECT_FALSE(comparison->isa.empty());
  EXPECT_EQ(row(*comparison, "peak_memory").verdict, Verdict::kBetter);
  EXPECT_EQ(row(*comparison, "minimum_memory").table, "deployment");
  for (const ComparisonRow& r : comparison->rows) EXPECT_EQ(r.table, "deployment") << r.id;
}

TEST_F(TinyModels, AnInterruptBeforeAnythingIsMeasuredStops) {
  CancelAt cancel("lab.stage.memory", 0);
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), setup(kTinyTier), cancel.watch());
  ASSERT_FALSE(comparison);
  EXPECT_EQ(comparison.error().message.key, "lab.interrupted");
}

TEST_F(TinyModels, AnInterruptInTheTasksKeepsWhatIsDone) {
  CancelAt cancel("lab.stage.item", 5);
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), setup(kTinyTier), cancel.watch());
  ASSERT_TRUE(comparison) << comparison.error().text();
  EXPECT_TRUE(comparison->interrupted);
  EXPECT_GT(row(*comparison, "decode").a.number, 0);
  EXPECT_EQ(row(*comparison, "flores_bits_eng_Latn").records.size() % 2, 0u);
  EXPECT_LT(row(*comparison, "piqa").records.size(), 12u);
}

TEST_F(TinyModels, AnswersAreKeptForTheNextRun) {
  ComparisonSetup keeping = setup(kTinyTier);
  keeping.cache_path = directory_ + "/cache/answers.db";
  const ComparedSubject one = subject("one", 1), two = subject("two", 2);
  CancelAt cancel("lab.stage.item", 5);
  ASSERT_TRUE(run_comparison(one, two, keeping, cancel.watch()));
  const auto resumed = run_comparison(one, two, keeping, {}), fresh = run_comparison(one, two, setup(kTinyTier), {});
  ASSERT_TRUE(resumed);
  ASSERT_TRUE(fresh);
  for (const char* id : kTaskRows) {
    const ComparisonRow &a = row(*resumed, id), &b = row(*fresh, id);
    EXPECT_EQ(a.a.text, b.a.text) << id;
    ASSERT_EQ(a.records.size(), b.records.size()) << id;
    for (size_t i = 0; i < a.records.size(); ++i) EXPECT_EQ(a.records[i].transcript, b.records[i].transcript) << id;
  }
}

TEST_F(TinyModels, ACacheThatCannotBeMadeIsAWarning) {
  ComparisonSetup setup_with = setup(kTinyTier);
  setup_with.cache_path = "/dev/null/answers.db";
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), setup_with, {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  EXPECT_EQ(comparison->warnings.size(), 1u);
  EXPECT_EQ(row(*comparison, "piqa").records.size(), 12u);
}

TEST_F(TinyModels, ThePlanIsShownAndMayBeCut) {
  ComparisonSetup asking = setup(kTinyTier);
  int shown = 0;
  asking.approve = [&](const Plan& plan, const std::vector<Message>& labels) -> std::optional<double> {
    EXPECT_EQ(plan.rows.size(), 4u);
    EXPECT_EQ(labels.size(), 4u);
    ++shown;
    return 1e-4;  // no time for anything
  };
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), asking, {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  EXPECT_EQ(shown, 2);  // planned anew, and shown again
  for (const char* id : kTaskRows) EXPECT_EQ(row(*comparison, id).reason.key, "lab.reason.no_time") << id;
}

TEST_F(TinyModels, APlanThatIsRefusedKeepsTheSpeeds) {
  ComparisonSetup refusing = setup(kTinyTier);
  refusing.approve = [](const Plan&, const std::vector<Message>&) { return std::optional<double>(); };
  const auto comparison = run_comparison(subject("one", 1), subject("two", 2), refusing, {});
  ASSERT_TRUE(comparison) << comparison.error().text();
  EXPECT_TRUE(comparison->interrupted);
  EXPECT_GT(row(*comparison, "decode").a.number, 0);
}

TEST_F(TinyModels, AFailedMemoryMeasurementIsTold) {
  ComparisonSetup failing = setup(kTinyTier);
  failing.run_process = [](const ProcessWork&) -> Result<ProcessRun> { return fail(ErrorKind::kDoesNotFit, "lab.peak_failed", "x", "y"); };
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
