#include "lab/tasks/run_task.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/temporary_directory.h"
#include "lab/choices.h"
#include "lab/perplexity.h"
#include "lab/testing/scripted_generator.h"
#include "lab/testing/word_scorer.h"

namespace slm::lab {
namespace {

using testing::answer_text;
using testing::ScriptedGenerator;
using testing::WordScorer;

constexpr const char* kSumsTask =
    "name: sums\ntitle: {en: Sums}\ntable: maths\nkind: generate\ndata: {file: sums.tsv, columns: [q, a]}\ngrader: number\nreference: \"{{a}}\"\n"
    "max_tokens: 64\nstop: [\"Question:\"]\nprompt: {chat: \"What is {{q}}?\", system: \"Be brief.\", text: \"Question: {{q}}\\nAnswer:\"}\n";

// A row over data of its own.
struct GivenTask {
  TemporaryDirectory directory;
  Task task;
  RowData data;

  GivenTask(const std::string& yaml, const std::string& file, const std::string& content) {
    directory.write(file, content);
    auto parsed = parse_task(yaml, "t.yaml");
    EXPECT_TRUE(parsed) << parsed.error().text();
    task = std::move(*parsed);
    auto loaded = load_row(task, task.rows[0], {directory.path()}, {});
    EXPECT_TRUE(loaded) << loaded.error().text();
    data = std::move(*loaded);
  }
  static GivenTask sums(int n) {
    std::string lines;
    for (int i = 0; i < n; ++i) lines += "1+" + std::to_string(i) + "\t" + std::to_string(1 + i) + "\n";
    return GivenTask(kSumsTask, "sums.tsv", lines);
  }
  std::unique_ptr<AnswerCache> cache(uint64_t max_bytes = limits::kAnswerCacheMaxBytes) const {
    auto opened = AnswerCache::open(directory / "answers.db", max_bytes);
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }
};

std::string user_text(const GenerateRequest& request) { return request.messages.empty() ? request.text : request.messages.back().content; }

// "1+4" in the question -> 5.
GeneratedAnswer right_answer(const GenerateRequest& request) {
  const std::string text = user_text(request);
  const size_t plus = text.rfind("1+");
  return answer_text("#### " + std::to_string(1 + std::stoi(text.substr(plus + 2))));
}

// One record for a scripted answer.
TaskRecord record_of(const GivenTask& given, GeneratedAnswer answer, bool chat = true) {
  ScriptedGenerator generator([&](const GenerateRequest&) { return Result<GeneratedAnswer>(answer); }, chat, "");
  const auto record = run_item(given.data, given.data.items[0], {&generator, nullptr, "", "m"}, nullptr, {});
  EXPECT_TRUE(record) << record.error().text();
  return record.value_or(TaskRecord());
}

TEST(RunItem, ChatModelsAreAskedAndBaseModelsContinue) {
  const GivenTask given = GivenTask::sums(1);
  ScriptedGenerator chat(right_answer), base(right_answer, false);
  const TaskSubject as_chat{&chat, nullptr, "", "chat"}, as_base{&base, nullptr, "", "base"};
  const auto asked = run_item(given.data, given.data.items[0], as_chat, nullptr, {});
  ASSERT_TRUE(asked) << asked.error().text();
  ASSERT_EQ(chat.calls[0].messages.size(), 2u);
  EXPECT_EQ(chat.calls[0].messages[0].role, "system");
  EXPECT_EQ(chat.calls[0].messages[1].content, "What is 1+0?");
  EXPECT_TRUE(chat.calls[0].stop.empty());   // its end-of-turn token ends it
  EXPECT_EQ(asked->transcript, "[system]\nBe brief.\n\n[user]\nWhat is 1+0?\n\n[assistant]\n#### 1");
  EXPECT_EQ(asked->prompt, "What is 1+0?");
  EXPECT_EQ(asked->grade, 1);
  EXPECT_EQ(asked->extracted, "1");
  const auto continued = run_item(given.data, given.data.items[0], as_base, nullptr, {});
  EXPECT_EQ(base.calls[0].text, "Question: 1+0\nAnswer:");
  EXPECT_EQ(base.calls[0].stop, (std::vector<std::string>{"Question:"}));
  EXPECT_EQ(base.calls[0].max_tokens, 64u);
  EXPECT_EQ(continued->transcript, "Question: 1+0\nAnswer:#### 1");
  EXPECT_EQ(prompting_of(given.task, as_chat), "chat");
  EXPECT_EQ(prompting_of(given.task, as_base), "text");
}

// Its end-of-turn token not recognised, the model goes on to a second question, whose number is the last one.
TEST(RunItem, TextAfterTheEndOfTheTurnDoesNotCount) {
  const GivenTask given = GivenTask::sums(1);
  const TaskRecord record = record_of(given, answer_text("It is 1.<|im_end|>\n<|im_start|>user\nWhat is 5+5?<|im_end|> 10"));
  EXPECT_EQ(record.answer, "It is 1.");
  EXPECT_EQ(record.grade, 1);
  EXPECT_TRUE(record.has_mark("ran_on"));
  EXPECT_EQ(record_of(given, answer_text("It is 1.<end_of_turn>\n10")).grade, 1);
  const TaskRecord base = record_of(given, answer_text(" 1\nQuestion: 5+5\nAnswer: 10"), false);
  EXPECT_EQ(base.answer, " 1\n");
  EXPECT_TRUE(base.has_mark("ran_on"));
  EXPECT_FALSE(record_of(given, answer_text("1")).has_mark("ran_on"));
}

TEST(RunItem, TruncationIsShown) {
  const GivenTask given = GivenTask::sums(1);
  GeneratedAnswer cut = answer_text("First we take 7 and");
  cut.truncated = true;
  const TaskRecord record = record_of(given, cut);
  EXPECT_EQ(record.grade, 0);
  EXPECT_EQ(std::count(record.marks.begin(), record.marks.end(), "truncated"), 1);
  cut.text += " done<|im_end|>";   // it had ended before the limit
  EXPECT_FALSE(record_of(given, cut).has_mark("truncated"));
}

TEST(RunItem, FullWidthDigitsAndEmptyAnswers) {
  const GivenTask given = GivenTask::sums(1);
  EXPECT_EQ(record_of(given, answer_text("答案是１。")).grade, 1);
  const TaskRecord empty = record_of(given, answer_text(" \n"));
  EXPECT_EQ(empty.grade, 0);
  EXPECT_TRUE(empty.is_graded);
  EXPECT_TRUE(empty.has_mark("empty") && empty.has_mark("no_answer"));
  EXPECT_EQ(record_of(given, answer_text("1 \xFF\xFE")).grade, 1);
}

TEST(RunItem, APromptLongerThanTheContextIsWrongAndSaysSo) {
  const GivenTask given = GivenTask::sums(1);
  ScriptedGenerator generator([](const GenerateRequest&) -> Result<GeneratedAnswer> { return fail(ErrorKind::kDoesNotFit, "lab.longer_than_context", 9, 8); });
  const auto record = run_item(given.data, given.data.items[0], {&generator, nullptr, "", "m"}, nullptr, {});
  ASSERT_TRUE(record) << record.error().text();
  EXPECT_TRUE(record->is_graded && record->has_mark("too_long"));
  EXPECT_EQ(record->grade, 0);
}

TEST(RunItem, APromptLongerThanTheContextHasAGradeOfEachFurtherGrader) {
  const std::string yaml =
      "name: t\ntitle: {en: T}\ntable: language\nkind: generate\ndata: {file: d.tsv, columns: [q, a]}\ngrader: contains\nalso: [chrf]\n"
      "reference: \"{{a}}\"\nprompt: {chat: \"{{q}}\", text: \"{{q}}\"}\n";
  const GivenTask given(yaml, "d.tsv", "a question\tan answer\n");
  ScriptedGenerator generator([](const GenerateRequest&) -> Result<GeneratedAnswer> { return fail(ErrorKind::kDoesNotFit, "lab.longer_than_context", 9, 8); });
  const auto record = run_item(given.data, given.data.items[0], {&generator, nullptr, "", "m"}, nullptr, {});
  ASSERT_TRUE(record) << record.error().text();
  ASSERT_EQ(record->also.size(), 1u);
  EXPECT_EQ(record->also[0].name, "chrf");
  EXPECT_EQ(record->also[0].grade, 0);
}

TEST(RunItem, AnAnswerInTheWrongLanguageIsMarked) {
  const std::string yaml =
      "name: t\ntitle: {en: T}\ntable: language\nkind: generate\ndata: {file: d.tsv, columns: [q, a]}\ngrader: chrf\nreference: \"{{a}}\"\n"
      "answer_language: de\nprompt: {chat: \"{{q}}\"}\n";
  const GivenTask given(yaml, "d.tsv", "The dog ran through the forest.\tDer Hund lief durch den Wald und suchte seinen Ball.\n");
  EXPECT_FALSE(record_of(given, answer_text("Der Hund lief durch den Wald und suchte seinen Ball.")).has_mark("wrong_language"));
  EXPECT_TRUE(record_of(given, answer_text("The dog ran through the forest and looked for its ball.")).has_mark("wrong_language"));
  EXPECT_FALSE(record_of(given, answer_text("ok")).has_mark("wrong_language"));  // too short to tell
  ScriptedGenerator base(right_answer, false);
  const auto none = run_item(given.data, given.data.items[0], {&base, nullptr, "", "m"}, nullptr, {});
  ASSERT_FALSE(none);   // no prompt for a model that continues text
  EXPECT_EQ(none.error().kind, ErrorKind::kNotFound);
}

TEST(RunItem, WhatTheSubjectLacksIsNotMeasurable) {
  const GivenTask given = GivenTask::sums(1);
  WordScorer scorer;
  const auto record = run_item(given.data, given.data.items[0], {nullptr, &scorer, "", "m"}, nullptr, {});
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().kind, ErrorKind::kNotFound);
}

TEST(RunRow, CountsMarksAndFurtherGraders) {
  const GivenTask given(std::string(kSumsTask) + "also: [gsm8k_strict, gsm8k_flexible]\n", "sums.tsv", "1+0\t1\n1+1\t2\n1+2\t3\n1+3\t4\n");
  ScriptedGenerator generator([](const GenerateRequest& request) -> Result<GeneratedAnswer> {
    GeneratedAnswer answer = right_answer(request);
    if (answer.text == "#### 2") answer.text = "So 2";
    if (answer.text == "#### 3") answer.truncated = true;
    if (answer.text == "#### 4") answer.text = "none";
    return answer;
  });
  std::vector<std::string> running;
  const Watch watch{[&](const Progress& progress) { running.push_back(progress.running); }, nullptr};
  const auto result = run_row(given.data, {&generator, nullptr, "", "m"}, {}, watch);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->score.items, 4u);
  EXPECT_EQ(result->score.score, 0.75);
  EXPECT_EQ(result->score.interval.low, wilson_interval(3, 4).low);
  EXPECT_EQ(result->score.marks, (std::vector<std::pair<std::string, uint64_t>>{{"no_answer", 1}, {"not_strict", 1}, {"truncated", 1}}));
  EXPECT_EQ(result->score.also, (std::vector<std::pair<std::string, double>>{{"gsm8k_flexible", 0.75}, {"gsm8k_strict", 0.5}}));
  EXPECT_FALSE(result->score.chance);
  ASSERT_EQ(running.size(), 4u);
  EXPECT_EQ(running.back(), format_score(result->score));
  EXPECT_EQ(running.back(), "75.0 % [30.1, 95.4]");
}

// Readings are weighed by what they count: 1 of 1 and 1 of 3 instructions are 2 of 4, where the mean of the shares is 2 / 3.
TEST(ScoreRecords, ReadingsHaveTheirWeights) {
  Task task;
  task.kind = TaskKind::kGenerate;
  task.grader = find_grader("ifeval");
  task.also = {find_grader("ifeval_instances")};
  task.mean = {"ifeval", "ifeval_instances"};
  std::vector<TaskRecord> records(3);
  records[0].grade = 1;
  records[0].also = {{"ifeval_instances", 1, 1}};
  records[1].also = {{"ifeval_instances", 1.0 / 3, 3}};
  records[2].is_graded = false;
  records[2].also = {{"ifeval_instances", 1, 100}};
  const TaskScore score = score_records(task, records, 1);
  ASSERT_EQ(score.also.size(), 1u);
  EXPECT_DOUBLE_EQ(score.also[0].second, 0.5);
  EXPECT_DOUBLE_EQ(score.score, 0.5);
  EXPECT_DOUBLE_EQ(*score.mean, 0.5);
  EXPECT_FALSE(score_records(task, {}, 1).mean);
}

TEST(RunRow, KeptAnswersAreNotAskedAgain) {
  const GivenTask given = GivenTask::sums(6);
  const auto cache = given.cache();
  ScriptedGenerator generator(right_answer), again([](const GenerateRequest&) -> Result<GeneratedAnswer> {
    ADD_FAILURE() << "asked again";
    return answer_text("");
  });
  const auto first = run_row(given.data, {&generator, nullptr, "", "m"}, {4, 1, cache.get()}, {});
  ASSERT_TRUE(first) << first.error().text();
  const auto second = run_row(given.data, {&again, nullptr, "", "m"}, {4, 1, cache.get()}, {});
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(second->from_cache, 4u);
  ASSERT_EQ(second->records.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(second->records[i].transcript, first->records[i].transcript);
    EXPECT_EQ(second->records[i].seconds, first->records[i].seconds);
    EXPECT_EQ(second->records[i].tokens, first->records[i].tokens);
  }
  const auto more = run_row(given.data, {&generator, nullptr, "", "m"}, {6, 1, cache.get()}, {});
  EXPECT_EQ(more->from_cache, 4u);
  EXPECT_EQ(generator.calls.size(), 6u);
}

TEST(RunRow, AnotherModelPromptOrLimitIsAskedAnew) {
  GivenTask given = GivenTask::sums(1);
  const auto cache = given.cache();
  const auto calls = [&](const std::string& identity, bool chat) {
    ScriptedGenerator generator(right_answer, chat, identity);
    EXPECT_TRUE(run_row(given.data, {&generator, nullptr, "", "m"}, {1, 1, cache.get()}, {}));
    return generator.calls.size();
  };
  EXPECT_EQ(calls("one", true), 1u);
  EXPECT_EQ(calls("one", true), 0u);
  EXPECT_EQ(calls("two", true), 1u);
  EXPECT_EQ(calls("one", false), 1u);
  EXPECT_EQ(calls("", true), 1u);   // an identity that cannot be said: nothing is kept
  EXPECT_EQ(calls("", true), 1u);
  given.task.max_tokens = 65;
  EXPECT_EQ(calls("one", true), 1u);
  given.task.stop = {"\n"};
  EXPECT_EQ(calls("one", false), 1u);
  given.data.items[0].fields["q"].text = "1+1";
  EXPECT_EQ(calls("one", true), 1u);
}

// Grades are worked out anew: a grader that has learnt better needs no new answers.
TEST(RunRow, WhatIsKeptIsTheAnswerNotItsGrade) {
  GivenTask given = GivenTask::sums(1);
  const auto cache = given.cache();
  ScriptedGenerator generator(right_answer);
  EXPECT_EQ(run_row(given.data, {&generator, nullptr, "", "m"}, {1, 1, cache.get()}, {})->score.score, 1);
  given.data.items[0].fields["a"].text = "77";
  EXPECT_EQ(run_row(given.data, {&generator, nullptr, "", "m"}, {1, 1, cache.get()}, {})->score.score, 0);
  EXPECT_EQ(generator.calls.size(), 1u);
}

TEST(RunRow, AnAnswerCutByTheContextIsNotKept) {
  const GivenTask given = GivenTask::sums(1);
  const auto cache = given.cache();
  ScriptedGenerator generator([](const GenerateRequest&) -> Result<GeneratedAnswer> {
    GeneratedAnswer answer = answer_text("1");
    answer.truncated = answer.context_full = true;
    return answer;
  });
  EXPECT_TRUE(run_row(given.data, {&generator, nullptr, "", "m"}, {1, 1, cache.get()}, {}));
  EXPECT_EQ(*cache->size(), 0u);
}

TEST(RunRow, CancelledItKeepsWhatIsDone) {
  const GivenTask given = GivenTask::sums(6);
  const auto cache = given.cache();
  ScriptedGenerator generator(right_answer);
  std::atomic<bool> cancelled{false};
  const Watch watch{[&](const Progress& progress) { cancelled = progress.done == 3; }, &cancelled};
  const auto result = run_row(given.data, {&generator, nullptr, "", "m"}, {6, 1, cache.get()}, watch);
  ASSERT_TRUE(result) << result.error().text();
  ASSERT_TRUE(result->stopped);
  EXPECT_EQ(result->records.size(), 3u);
  EXPECT_EQ(result->asked_for, 6u);
  EXPECT_EQ(result->score.score, 1);
  EXPECT_EQ(*cache->size(), 3u);
  const auto rest = run_row(given.data, {&generator, nullptr, "", "m"}, {6, 1, cache.get()}, {});
  EXPECT_FALSE(rest->stopped);
  EXPECT_EQ(rest->records.size(), 6u);
  EXPECT_EQ(generator.calls.size(), 6u);
}

TEST(RunRow, AnEndpointThatFailsIsCountedAndGivenUp) {
  const GivenTask given = GivenTask::sums(8);
  int calls = 0;
  ScriptedGenerator flaky([&](const GenerateRequest& request) -> Result<GeneratedAnswer> {
    if (++calls % 2 == 0) return fail(ErrorKind::kNetwork, "lab.no_answer", "endpoint");
    return right_answer(request);
  });
  const auto counted = run_row(given.data, {&flaky, nullptr, "", "m"}, {}, {});
  ASSERT_TRUE(counted) << counted.error().text();
  EXPECT_FALSE(counted->stopped);
  EXPECT_EQ(counted->score.failed, 4u);
  EXPECT_EQ(counted->score.items, 4u);   // not in the denominator
  EXPECT_EQ(counted->score.score, 1);
  ScriptedGenerator down([&](const GenerateRequest& request) -> Result<GeneratedAnswer> {
    if (++calls > 10) return fail(ErrorKind::kNetwork, "lab.no_answer", "endpoint");
    return right_answer(request);
  });
  const auto stopped = run_row(given.data, {&down, nullptr, "", "m"}, {}, {});
  ASSERT_TRUE(stopped) << stopped.error().text();
  ASSERT_TRUE(stopped->stopped);
  EXPECT_EQ(stopped->stopped->kind, ErrorKind::kNetwork);
  EXPECT_EQ(stopped->score.failed, 3u);
  EXPECT_EQ(stopped->records.size(), 5u);
}

TEST(RunRow, AFullDiskIsNamedAndTheResultIsWhole) {
  const GivenTask given = GivenTask::sums(60);
  ScriptedGenerator generator([](const GenerateRequest& request) -> Result<GeneratedAnswer> {
    GeneratedAnswer answer = right_answer(request);
    answer.text += std::string(2'000, ' ');
    return answer;
  });
  const auto cache = given.cache(64u << 10);
  const auto result = run_row(given.data, {&generator, nullptr, "", "m"}, {60, 1, cache.get()}, {});
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->records.size(), 60u);
  EXPECT_EQ(result->score.score, 1);
  EXPECT_GT(result->not_kept, 10u);
  ASSERT_TRUE(result->not_kept_because);
  EXPECT_EQ(result->not_kept_because->kind, ErrorKind::kDoesNotFit);
  EXPECT_EQ(*cache->size() + result->not_kept, 60u);
}

TEST(RunRow, ACacheThatBreaksDownIsNamedAndTheModelAskedInItsPlace) {
  const GivenTask given = GivenTask::sums(6);
  ScriptedGenerator generator(right_answer);
  const auto cache = given.cache();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((given.directory / "answers.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "DROP TABLE answers", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  const auto result = run_row(given.data, {&generator, nullptr, "", "m"}, {6, 1, cache.get()}, {});
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->score.items, 6u);
  EXPECT_EQ(result->not_kept, 6u);
  ASSERT_TRUE(result->not_kept_because);
  EXPECT_NE(result->not_kept_because->text().find("answers.db"), std::string::npos);
}

TEST(RunRow, WhatAnotherProgramPutInTheCacheIsPassedOver) {
  const GivenTask given = GivenTask::sums(1);
  const auto cache = given.cache();
  ScriptedGenerator generator(right_answer);
  ASSERT_TRUE(run_row(given.data, {&generator, nullptr, "", "m"}, {1, 1, cache.get()}, {}));
  const std::string key = AnswerCache::key_of({"answer", "scripted", "64", "", "system", "Be brief.", "user", "What is 1+0?", "stop"});
  ASSERT_TRUE(cache->find(key)->has_value());
  for (const char* value : {"", "{", "[]", "{\"text\": 1}", "{\"text\": \"#### 9\"}"}) {
    ASSERT_TRUE(cache->keep(key, value));
    EXPECT_EQ(run_row(given.data, {&generator, nullptr, "", "m"}, {1, 1, cache.get()}, {})->score.score, 1) << value;
  }
}

constexpr const char* kPairsTask =
    "name: pairs\ntitle: {en: Pairs}\ntable: x\nkind: choices\ndata: {file: pairs.jsonl}\nprompt: {text: \"{{q}}\"}\nendings: \"{{e}}\"\nlabel: \"{{a}}\"\n";

TEST(RunRow, ChoicesEqualScoreItem) {
  const GivenTask given(kPairsTask, "pairs.jsonl", "{\"q\": \"Q :\", \"e\": [\"x2 x3\", \"x4\"], \"a\": 1}\n{\"q\": \"Q :\", \"e\": [\"x4\", \"x2\", \"x3\"], \"a\": 0}\n");
  WordScorer scorer, other;
  scorer.encode("Q : x0 x1 x2 x3 x4");
  other.encode("Q : x0 x1 x2 x3 x4");
  const auto cache = given.cache();
  const TaskSubject subject{nullptr, &scorer, "words", "m"};
  const auto result = run_row(given.data, subject, {SIZE_MAX, 1, cache.get()}, {});
  ASSERT_TRUE(result) << result.error().text();
  for (const TaskRecord& record : result->records) {
    const auto endings = endings_of(given.task, given.data.items[&record - result->records.data()].fields);
    const auto alone = score_item(other, {record.item, "Q :", endings->texts, endings->label});
    EXPECT_EQ(record.scores, alone->scores);
    EXPECT_EQ(record.extracted, std::to_string(alone->answer));
    EXPECT_EQ(record.grade == 1, alone->right());
    EXPECT_EQ(record.right_by_sum, alone->right_by_sum());
  }
  ASSERT_TRUE(result->score.chance);
  EXPECT_NEAR(*result->score.chance, (1 / 2.0 + 1 / 3.0) / 2, 1e-12);
  EXPECT_TRUE(result->score.at_chance);
  const size_t calls = scorer.calls.size();
  const auto again = run_row(given.data, subject, {SIZE_MAX, 1, cache.get()}, {});
  EXPECT_EQ(scorer.calls.size(), calls);
  EXPECT_EQ(again->records[0].scores, result->records[0].scores);
  EXPECT_EQ(again->records[0].transcript, result->records[0].transcript);
}

TEST(RunRow, BitsOfASentence) {
  const std::string yaml = "name: b\ntitle: {en: B}\ntable: x\nkind: bits\ndata: {file: s.txt, format: lines, columns: [s]}\nprompt: {text: \"{{s}}\"}\n";
  const GivenTask given(yaml, "s.txt", "one two\nthree\n");
  WordScorer scorer;
  const auto result = run_row(given.data, {nullptr, &scorer, "words", "m"}, {}, {});
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_FALSE(result->score.is_rate);
  for (const TaskRecord& record : result->records) {
    EXPECT_NEAR(record.grade, measure_sentence(scorer, record.transcript)->bits, 1e-12);
    EXPECT_EQ(record.bytes, record.transcript.size());
  }
  EXPECT_NEAR(result->score.score, (result->records[0].grade + result->records[1].grade) / 2, 1e-12);
  WordScorer small(1);
  const auto too_long = run_row(given.data, {nullptr, &small, "", "m"}, {}, {});
  EXPECT_EQ(too_long->score.items, 0u);   // 0 bits would be perfect
  EXPECT_EQ(too_long->score.failed, 2u);
}

TEST(RunRow, AScoreHasABootstrapInterval) {
  const std::string yaml =
      "name: t\ntitle: {en: T}\ntable: x\nkind: generate\ndata: {file: d.tsv, columns: [q, a]}\ngrader: chrf\nreference: \"{{a}}\"\nprompt: {chat: \"{{q}}\"}\n";
  const GivenTask given(yaml, "d.tsv", "a\tthe cat\nb\tthe dog\nc\ta house\n");
  ScriptedGenerator generator([](const GenerateRequest&) { return Result<GeneratedAnswer>(answer_text("the cat")); });
  const auto result = run_row(given.data, {&generator, nullptr, "", "m"}, {}, {});
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_FALSE(result->score.is_rate);
  EXPECT_GT(result->score.score, 33);
  EXPECT_LT(result->score.interval.low, result->score.score);
  EXPECT_GT(result->score.interval.high, result->score.score);
  EXPECT_EQ(run_row(given.data, {&generator, nullptr, "", "m"}, {}, {})->score.interval.low, result->score.interval.low);
}

TEST(ScoreRecords, NoRecordsAreNoScore) {
  const GivenTask given = GivenTask::sums(1);
  const TaskScore score = score_records(given.task, {}, 1);
  EXPECT_EQ(score.items, 0u);
  EXPECT_EQ(score.interval.low, 0);
  EXPECT_EQ(score.interval.high, 1);
}

TEST(ScoreRecords, ChanceIsCorrectedFor) {
  GivenTask given = GivenTask::sums(1);
  given.task.chance = 0.25;
  std::vector<TaskRecord> records(100);
  for (size_t i = 0; i < 70; ++i) records[i].grade = 1;
  TaskScore score = score_records(given.task, records, 1);
  EXPECT_NEAR(*score.corrected, (0.7 - 0.25) / 0.75, 1e-12);
  EXPECT_FALSE(score.at_chance);
  for (size_t i = 27; i < 70; ++i) records[i].grade = 0;
  EXPECT_TRUE(score_records(given.task, records, 1).at_chance);
}

}  // namespace
}  // namespace slm::lab
