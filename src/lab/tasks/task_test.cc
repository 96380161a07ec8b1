#include "lab/tasks/task.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "lab/tasks/task_data.h"

namespace slm::lab {
namespace {

constexpr std::string_view kSums = R"(name: sums
title: {en: Sums, zh: 加法}
table: maths
kind: generate
data: {file: sums.jsonl}
grader: number
reference: "{{answer}}"
prompt:
  chat: "{{question}}"
  text: "Q: {{question}}\nA:"
)";

constexpr std::string_view kPairs = R"(name: pairs
title: {en: Pairs}
table: knowledge
kind: choices
data: {file: pairs.csv}
prompt: {text: "{{premise}}"}
endings: ["{{a}}", "{{b}}"]
label: "{{right}}"
)";

std::string complaint(const std::string& yaml) {
  const auto task = parse_task(yaml, "t.yaml");
  return task ? "no error" : task.error().text(Language::kEnglish) + " | " + task.error().hint_text(Language::kEnglish);
}

// The file with `from` replaced by `to`.
std::string with(std::string_view yaml, std::string_view from, std::string_view to) {
  std::string text(yaml);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Task, ReadsWhatTheFileSays) {
  const auto task = parse_task(kSums, "t.yaml");
  ASSERT_TRUE(task) << task.error().text();
  EXPECT_EQ(task->name, "sums");
  EXPECT_EQ(task->title(Language::kChinese), "加法");
  EXPECT_EQ(task->kind, TaskKind::kGenerate);
  EXPECT_EQ(task->grader, find_grader("number"));
  EXPECT_EQ(task->max_tokens, 512u);
  ASSERT_EQ(task->rows.size(), 1u);
  EXPECT_EQ(task->rows[0].id, "");
  EXPECT_FALSE(task->shipped);
  const auto pairs = parse_task(kPairs, "t.yaml");
  ASSERT_TRUE(pairs) << pairs.error().text();
  EXPECT_EQ(pairs->title(Language::kChinese), "Pairs");
  EXPECT_EQ(pairs->endings.size(), 2u);
  EXPECT_EQ(pairs->data[0].shape.format, DataFormat::kCsv);
}

struct Mistake {
  std::string_view base, from, to;
  std::vector<std::string> said;   // each must be in the complaint
};

TEST(Task, MistakesAreNamedWithTheirPlace) {
  const Mistake mistakes[] = {
      {kSums, "grader: number", "greader: number", {"t.yaml:6:1", "greader", "grader"}},
      {kSums, "grader: number", "grader: nunber", {"t.yaml:6:9", "nunber", "\"number\""}},
      {kSums, "kind: generate", "kind: generates", {"t.yaml:4:7", "\"generate\""}},
      {kSums, "name: sums", "name: My Sums", {"t.yaml:1:7", "My Sums"}},
      {kSums, "table: maths\n", "", {"table"}},
      {kSums, "sums.jsonl", "sums.parquet", {"t.yaml:5:7", "sums.parquet"}},
      {kSums, "sums.jsonl}", "sums.tsv}", {"t.yaml:5:7", "columns"}},
      {kSums, "sums.jsonl}", "sums.jsonl, sha256: abc}", {"t.yaml:5", "abc"}},
      {kSums, "sums.jsonl}", "sums.jsonl, each: \"*\"}", {"t.yaml:5", "each"}},
      {kSums, "sums.jsonl}", "sums.jsonl, rows: [de]}", {"t.yaml:5", "de"}},
      {kSums, "\"{{answer}}\"", "\"{{answer\"", {"t.yaml:7:12", "}}"}},
      {kSums, "\"{{answer}}\"", "\"{{an swer}}\"", {"t.yaml:7:12", "an swer"}},
      {kSums, "\"{{answer}}\"", "\"{{answer | strop}}\"", {"t.yaml:7:12", "strop", "\"strip\""}},
      {kSums, "prompt:", "label: x\nprompt:", {"t.yaml:8:8", "label", "generate"}},
      {kSums, "prompt:", "max_tokens: 0\nprompt:", {"t.yaml:8"}},
      {kSums, "prompt:", "max_tokens: 40000\nprompt:", {"t.yaml:8"}},
      {kSums, "prompt:", "stop: [\"\"]\nprompt:", {"t.yaml:8"}},
      {kSums, "prompt:", "chance: 1\nprompt:", {"t.yaml:8"}},
      {kSums, "prompt:", "shots: {count: 2, shot: x, examples: [{question: 1}]}\nprompt:", {"t.yaml:8", "1 examples", "2"}},
      {kSums, "prompt:", "shots: {count: 2}\nprompt:", {"t.yaml:8", "shot"}},
      {kSums, "prompt:", "rows: [{id: a}, {id: a}]\nprompt:", {"t.yaml:8", "\"a\""}},
      {kSums, "prompt:", "rows: []\nprompt:", {"t.yaml:8", "rows"}},
      {kSums, "  chat: \"{{question}}\"\n  text: \"Q: {{question}}\\nA:\"\n", "  system: x\n", {"t.yaml:9"}},
      {kSums, "prompt:", "rows: [{id: en}, {id: zh}]\ntwins: fr\nprompt:", {"t.yaml:9:8", "\"fr\""}},
      {kSums, "prompt:", "mean: [number, ifeval]\nprompt:", {"t.yaml:8:7", "ifeval"}},
      {kSums, "prompt:", "compared: [{reading: gsm8k_strict, id: x, title: {en: x}}]\nprompt:", {"t.yaml:8:22", "gsm8k_strict"}},
      {kSums, "prompt:", "compared: [{reading: number, id: x, title: {en: x}}]\nprompt:", {"t.yaml:8:22", "number"}},
      {kSums, "prompt:", "compared: [{reading: language, id: x, title: {en: x}}]\nprompt:", {"t.yaml:8:22", "language"}},
      {kSums, "prompt:", "also: [gsm8k_strict]\ncompared: [{reading: gsm8k_strict, id: A b, title: {en: x}}]\nprompt:", {"t.yaml:9:40", "A b"}},
      {kSums, "prompt:", "also: [gsm8k_strict]\ncompared: [{reading: gsm8k_strict, id: x}]\nprompt:", {"t.yaml:9", "title"}},
      {kPairs, "label:", "compared: [{reading: number, id: x, title: {en: x}}]\nlabel:", {"t.yaml:8", "compared", "choices"}},
      {kPairs, "text: \"{{premise}}\"", "chat: \"{{premise}}\"", {"t.yaml:6", "chat"}},
      {kPairs, "label: \"{{right}}\"\n", "", {"label"}},
      {kPairs, "[\"{{a}}\", \"{{b}}\"]", "[\"{{a}}\"]", {"t.yaml:7", "two"}},
      {kPairs, "label:", "label_by: name\nlabel:", {"t.yaml:8:11", "number, letter, text"}},
      {kPairs, "label:", "grader: number\nlabel:", {"t.yaml:8", "grader", "choices"}},
      {kPairs, "label:", "name: again\nlabel:", {"t.yaml:8"}},
  };
  for (const Mistake& mistake : mistakes) {
    const std::string said = complaint(with(mistake.base, mistake.from, mistake.to));
    for (const std::string& part : mistake.said) EXPECT_NE(said.find(part), std::string::npos) << part << " not in: " << said;
  }
}

TEST(Task, TheExampleOfTheDocumentationIsOne) {
  const auto text = read_text_file(SLM_SOURCE_DIR "/docs/formats/task.md");
  ASSERT_TRUE(text) << text.error().text();
  constexpr std::string_view kFence = "```yaml\n";
  const size_t begin = text->find(kFence) + kFence.size();
  const auto task = parse_task(std::string_view(*text).substr(begin, text->find("```", begin) - begin), "task.md");
  ASSERT_TRUE(task) << task.error().text();
  const TemporaryDirectory directory;
  directory.write("capitals.tsv", "France\tParis\nJapan\tTokyo\nPeru\tLima\n");
  const auto data = load_row(*task, task->rows[0], {directory.path()}, {});
  ASSERT_TRUE(data) << data.error().text();
  ASSERT_EQ(data->items.size(), 1u);
  EXPECT_EQ(*task->chat.render(data->items[0].fields), "What is the capital of Peru? Answer with its name only.");
}

// Every filter and every grader.
TEST(Task, TheDocumentationNamesAll) {
  const auto text = read_text_file(SLM_SOURCE_DIR "/docs/formats/task.md");
  ASSERT_TRUE(text) << text.error().text();
  std::vector<std::string> names = template_filter_names();
  for (const Grader& grader : graders()) names.emplace_back(grader.name);
  for (const std::string& name : names) EXPECT_NE(text->find("`" + name + "`"), std::string::npos) << name;
}

TEST(Task, FilesAreReadByTheirPath) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("mine.yaml", std::string(kSums));
  const auto task = find_task(path);
  ASSERT_TRUE(task) << task.error().text();
  EXPECT_EQ(task->name, "sums");
  const auto missing = find_task(directory / "other.yaml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
}

TEST(Task, AWrongNameGetsTheNearest) {
  const auto task = find_task("gsmk8");
  ASSERT_FALSE(task);
  EXPECT_EQ(task.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(task.error().hint_text(Language::kEnglish).find("gsm8k"), std::string::npos);
}

Fields fields_for_templates() {
  Fields fields = {{"a", text_field(" x{{b}} ")}, {"b", text_field("\u4E66\u3002")}, {"c", {}}};
  fields["c"].is_list = true;
  fields["c"].list = {"one", " two"};
  return fields;
}

Result<std::string> rendered(const std::string& text) {
  const auto node = parse_yaml("'" + text + "'", "t");
  auto parsed = TextTemplate::parse(*node);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  return parsed->render(fields_for_templates());
}

TEST(TextTemplate, FieldsAndFilters) {
  EXPECT_EQ(*rendered("<{{a}}>"), "< x{{b}} >");  // what is put in is not a template
  EXPECT_EQ(*rendered("{{ a | strip }}!"), "x{{b}}!");
  EXPECT_EQ(*rendered("{{b | chop}}"), "\u4E66");
  EXPECT_EQ(*rendered("{{c}}"), "one\n two");
  EXPECT_EQ(*rendered("{{c | lettered}}"), "A. one\nB.  two");
  EXPECT_EQ(*rendered("{not} }}"), "{not} }}");
  EXPECT_FALSE(rendered("{{missing}}"));
  const auto node = parse_yaml("'{{c | strip}}'", "t");
  EXPECT_EQ(*TextTemplate::parse(*node)->render_list(fields_for_templates()), (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace slm::lab
