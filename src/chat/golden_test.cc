// Byte for byte what jinja2 renders under transformers' settings: tests/golden/templates.
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "base/process.h"
#include "chat/prompt.h"
#include "chat/template.h"

namespace slm::chat {
namespace {

const std::string kFolder = SLM_SOURCE_DIR "/tests/golden/templates/";
const std::string kShared = SLM_SOURCE_DIR "/../shared/tokenizers/";

std::string text_of(const std::string& path) {
  auto text = read_text_file(path);
  EXPECT_TRUE(text) << path;
  return text ? *text : std::string();
}

Json json_of(const std::string& path) {
  auto json = parse_json(text_of(path));
  EXPECT_TRUE(json) << path;
  return json ? *json : Json();
}

// 2026-07-04 13:05:09, a Saturday, as generate.py has it.
std::tm fixed_clock() {
  std::tm now{};
  now.tm_year = 126, now.tm_mon = 6, now.tm_mday = 4, now.tm_hour = 13, now.tm_min = 5, now.tm_sec = 9;
  now.tm_wday = 6, now.tm_yday = 184;
  return now;
}

// What a template gives in a context: its text, or null for any error.
Json rendered(const std::string& source, const Json& context) {
  const auto compiled = Template::compile(source);
  if (!compiled) return nullptr;
  const std::tm now = fixed_clock();
  const auto pieces = (*compiled)->render(to_text(context), &now);
  return pieces ? Json(joined(*pieces)) : Json(nullptr);
}

void expect_all(const std::string& name, const std::string& source, const Json& contexts, const Json& expected) {
  ASSERT_EQ(expected.size(), contexts.size());
  size_t i = 0;
  for (const auto& [context_name, context] : contexts.items()) {
    EXPECT_EQ(rendered(source, context), expected[i++]) << name << " in " << context_name;
  }
}

// The chat_template of a tokenizer in ../shared.
Result<std::string> shared_template(const std::string& name) {
  ChildOptions options;
  options.argv = {"xz", "-dc", kShared + name + "/tokenizer_config.json.xz"};
  SLM_TRY(child, run_child(options));
  SLM_TRY(config, parse_json(child.output));
  return config["chat_template"].get<std::string>();
}

bool has_shared() { return bool(read_text_file(kShared + "README.md")); }

TEST(Golden, OwnTemplates) {
  const Json contexts = json_of(kFolder + "contexts.json");
  const Json expected = json_of(kFolder + "expected-own.json");
  ASSERT_EQ(contexts.size(), 12u);
  ASSERT_GE(expected.size(), 61u);
  for (const auto& [name, outputs] : expected.items()) {
    const std::string file = name == "smollm2" ? "smollm2.jinja" : "own/" + name + ".jinja";
    expect_all(name, text_of(kFolder + file), contexts, outputs);
  }
}

TEST(Golden, TemplatesOfSharedTokenizers) {
  if (!has_shared()) GTEST_SKIP() << "no " << kShared;
  const Json contexts = json_of(kFolder + "contexts.json");
  const Json golden = json_of(kFolder + "expected-shared.json");
  for (const auto& [name, outputs] : golden["expected"].items()) {
    const auto source = shared_template(name);
    ASSERT_TRUE(source) << source.error().text();
    expect_all(name, *source, contexts, outputs);
  }
}

// The kept text is the one in the model file.
TEST(Golden, SmolLm2TemplateIsTheFiles) {
  const char* weights = std::getenv("SLM_TEST_WEIGHTS");
  if (weights == nullptr) GTEST_SKIP() << "SLM_TEST_WEIGHTS is not set";
  const std::string file = text_of(std::string(weights) + "/smollm2-135m.gguf");
  EXPECT_NE(file.find(text_of(kFolder + "smollm2.jinja")), std::string::npos);
}

// Ours say what the families' own say, wherever both know the construct (ours take content as text only).
TEST(Golden, BuiltInTemplatesAgreeWithTheFamilies) {
  const Json contexts = json_of(kFolder + "contexts.json");
  const Json own = json_of(kFolder + "expected-own.json");
  const Json shared = json_of(kFolder + "expected-shared.json")["expected"];
  const auto compare = [&](const char* built_in, const Json& expected) {
    const auto source = built_in_template(built_in);
    ASSERT_TRUE(source);
    size_t i = 0;
    for (const auto& [name, context] : contexts.items()) {
      const Json& wanted = expected[i++];
      if (name == "parts" || wanted.is_null()) continue;
      EXPECT_EQ(rendered(std::string(*source), context), wanted) << built_in << " in " << name;
    }
  };
  compare("smollm2", own["smollm2"]);
  compare("qwen2.5", shared["qwen2_5"]);
  compare("qwen3", shared["qwen3"]);
  compare("gemma3", shared["gemma3"]);
}

}  // namespace
}  // namespace slm::chat
