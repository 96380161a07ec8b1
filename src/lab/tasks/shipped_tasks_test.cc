#include <gtest/gtest.h>

#include <set>

#include "base/temporary_directory.h"
#include "hub/data/data_sets.h"
#include "lab/data_directories.h"
#include "lab/datasets.h"
#include "lab/tasks/run_task.h"
#include "lab/testing/scripted_generator.h"

namespace slm::lab {
namespace {

TEST(ShippedTasks, AllParseAndNamesDiffer) {
  const auto tasks = shipped_tasks();
  ASSERT_TRUE(tasks) << tasks.error().text();
  std::set<std::string> names;
  for (const Task& task : *tasks) {
    EXPECT_TRUE(names.insert(task.name).second) << task.name;
    EXPECT_EQ(task.file, "data/tasks/" + task.name + ".yaml");
    EXPECT_FALSE(task.license.empty()) << task.name;
    EXPECT_FALSE(task.source.empty()) << task.name;
    EXPECT_TRUE(task.shipped);
  }
  EXPECT_EQ(names.size(), 16u);
}

struct Expected {
  const char* task;
  std::vector<size_t> items;   // of each row; one for all where they agree
};

// Items a row has when nothing but its shots is left out.
const Expected kExpected[] = {
    {"gsm8k", {1319}},       {"mgsm", {245}},      {"cmath", {600}},          {"cmmlu", {11582}},         {"xcopa_zh", {500}},     {"c3", {1890, 2002}},
    {"flores_bits", {1012}}, {"hellaswag", {10042}}, {"piqa", {1838}},        {"safetybench_zh", {2100}}, {"ifeval", {541}},       {"humaneval", {164}},
    {"humanevalplus", {164}}, {"mbppplus", {378}}, {"flores_to_english", {1008}}, {"flores_from_english", {1008}},
};

void check_item(const RowData& data, const TaskItem& item) {
  const Task& task = *data.task;
  const std::string where = task.name + " " + data.row->id + " " + item.name;
  EXPECT_TRUE(preamble_of(data, item)) << where;
  for (const TextTemplate* part : {&task.chat, &task.system, &task.text, &task.reference, &task.answer_language}) {
    const auto text = part->render(item.fields);
    EXPECT_TRUE(text) << where << (text ? "" : text.error().text());
  }
  if (task.kind == TaskKind::kChoices) {
    const auto endings = endings_of(task, item.fields);
    EXPECT_TRUE(endings) << where << (endings ? "" : endings.error().text());
  }
  // Text graders know whether a reference is one; the others are tried by their own tests.
  const bool is_text_grader = task.kind == TaskKind::kGenerate && (task.grader->name == "number" || task.grader->name == "chrf");
  if (is_text_grader) {
    const auto reference = task.reference.render(item.fields);
    const auto right = task.grader->grade({"", *reference, *reference});
    ASSERT_TRUE(right) << where;
    EXPECT_GE(right->value, 1) << where;   // a reference is right about itself
  }
}

class ShippedTask : public ::testing::TestWithParam<Expected> {};

TEST_P(ShippedTask, ReadsTheWholeSet) {
  const std::string directory = SLM_SOURCE_DIR "/../shared/datasets";
  const auto directories = data_directories(directory);
  if (!directories) GTEST_SKIP() << "no evaluation sets at " << directory;
  const auto task = find_task(GetParam().task);
  ASSERT_TRUE(task) << task.error().text();
  for (size_t i = 0; i < task->rows.size(); ++i) {
    const auto data = load_row(*task, task->rows[i], {directory}, {});
    ASSERT_TRUE(data) << data.error().text();
    EXPECT_EQ(data->items.size(), GetParam().items[std::min(i, GetParam().items.size() - 1)]) << task->rows[i].id;
    const size_t step = std::max<size_t>(1, data->items.size() / 200);
    for (size_t k = 0; k < data->items.size(); k += step) check_item(*data, data->items[k]);
  }
}
INSTANTIATE_TEST_SUITE_P(All, ShippedTask, ::testing::ValuesIn(kExpected), [](const auto& tested) { return std::string(tested.param.task); });

// So that `slm pull data:NAME` has whatever a shipped task wants.
TEST(ShippedTasks, LieInSetsThatCanBePulled) {
  const auto tasks = shipped_tasks();
  ASSERT_TRUE(tasks) << tasks.error().text();
  for (const Task& task : *tasks) {
    EXPECT_FALSE(data_folders(task).empty()) << task.name;
    for (const std::string& folder : data_folders(task)) EXPECT_NE(hub::find_data_set(folder), nullptr) << task.name << ": " << folder;
  }
  EXPECT_EQ(data_folders(*find_task("cmmlu")), std::vector<std::string>{"cmmlu"});
}

TEST(ShippedTasks, KnowTheDigestsOfTheirFiles) {
  const TemporaryDirectory directory;
  directory.write("xcopa/test.zh.jsonl", "{\"premise\": \"x\"}\n");
  const auto task = find_task("xcopa_zh");
  ASSERT_TRUE(task) << task.error().text();
  const auto data = load_row(*task, task->rows[0], {directory.path()}, {});
  ASSERT_FALSE(data);
  EXPECT_EQ(data.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(data.error().text(Language::kEnglish).find("sha256"), std::string::npos);
}

// As lm-evaluation-harness puts them: the context with its last fragment capitalised and cleaned, the endings cleaned.
TEST(ShippedTasks, HellaSwagIsPutAsTheHarnessDoes) {
  const TemporaryDirectory directory;
  directory.write("hellaswag.jsonl", R"({"id": 7, "context": "Cook: She stirs. she", "label": 2, "endings": ["a [x] b", "flies.", "eats.", "sleeps."]})" "\n");
  const auto task = find_task("hellaswag");
  ASSERT_TRUE(task) << task.error().text();
  const auto data = load_row(*task, task->rows[0], {directory.path()}, {});
  ASSERT_TRUE(data) << data.error().text();
  ASSERT_EQ(data->items.size(), 1u);
  EXPECT_EQ(data->items[0].id, 7u);
  EXPECT_EQ(*task->text.render(data->items[0].fields), "Cook: She stirs. She");
  const auto endings = endings_of(*task, data->items[0].fields);
  ASSERT_TRUE(endings) << endings.error().text();
  EXPECT_EQ(endings->texts, (std::vector<std::string>{"a b", "flies.", "eats.", "sleeps."}));
  EXPECT_EQ(endings->label, 2u);
}

// The smoke items are the first of the whole sets, word for word.
TEST(ShippedTasks, SmokeItemsAreTheFirstOfTheWhole) {
  const std::string smoke = SLM_SOURCE_DIR "/data/smoke", whole = SLM_SOURCE_DIR "/../shared/datasets";
  if (!data_directories(whole)) GTEST_SKIP() << "no evaluation sets at " << whole;
  for (const char* name : {"gsm8k", "cmath", "humaneval", "ifeval", "xcopa_zh", "hellaswag", "piqa"}) {
    const auto task = find_task(name);
    ASSERT_TRUE(task) << task.error().text();
    const auto few = load_row(*task, task->rows[0], {smoke}, {kSubsetSeed, {}}), all = load_row(*task, task->rows[0], {whole}, {kSubsetSeed, {}});
    ASSERT_TRUE(few) << few.error().text();
    ASSERT_TRUE(all) << all.error().text();
    EXPECT_GE(few->items.size(), 60u) << name;
    for (size_t i = 0; i < few->items.size(); ++i) {
      const TaskItem &a = few->items[i], &b = all->items[i];
      ASSERT_EQ(a.id, b.id) << name << " " << i;
      EXPECT_EQ(a.stratum, b.stratum);
      for (const auto& [field, value] : b.fields) {
        if (field == "line" || field == "file") continue;  // of the file it stood in
        ASSERT_TRUE(a.fields.contains(field)) << name << " " << field;
        EXPECT_EQ(a.fields.at(field).text, value.text) << name << " " << field;
      }
    }
  }
}

// Translations that are right are in the right language: what the wrong-language rate says of the references is its error.
TEST(ShippedTasks, ReferencesAreNotInAWrongLanguage) {
  const std::string directory = SLM_SOURCE_DIR "/../shared/datasets";
  if (!data_directories(directory)) GTEST_SKIP() << "no evaluation sets at " << directory;
  const auto task = find_task("flores_from_english");
  ASSERT_TRUE(task) << task.error().text();
  for (const TaskRow& row : task->rows) {
    const auto data = load_row(*task, row, {directory}, {});
    ASSERT_TRUE(data) << data.error().text();
    std::string reference;
    testing::ScriptedGenerator echo([&](const GenerateRequest&) { return Result<GeneratedAnswer>(testing::answer_text(reference)); }, true, "");
    size_t wrong = 0;
    for (size_t i = 0; i < 100; ++i) {
      reference = data->items[i].fields.at("translation").text;
      const auto record = run_item(*data, data->items[i], {&echo, nullptr, "", "echo"}, nullptr, {});
      ASSERT_TRUE(record) << record.error().text();
      EXPECT_EQ(record->grade, 100);
      wrong += record->has_mark("wrong_language");
    }
    EXPECT_LE(wrong, 3u) << row.id;
  }
}

// One sentence in 29 languages under one number.
TEST(ShippedTasks, TwinsHaveTheSameNumbersInEveryRow) {
  const std::string directory = SLM_SOURCE_DIR "/../shared/datasets";
  if (!data_directories(directory)) GTEST_SKIP() << "no evaluation sets at " << directory;
  for (const char* name : {"mgsm", "flores_bits"}) {
    const auto task = find_task(name);
    ASSERT_TRUE(task && task->find_row(task->twins) != nullptr);
    std::vector<uint32_t> first;
    for (const TaskRow& row : task->rows) {
      const auto data = load_row(*task, row, {directory}, {3, {}});
      ASSERT_TRUE(data) << data.error().text();
      std::vector<uint32_t> ids;
      for (const TaskItem& item : data->items) ids.push_back(item.id);
      if (first.empty()) first = ids;
      EXPECT_EQ(ids, first) << row.id;
    }
  }
}

}  // namespace
}  // namespace slm::lab
