#include "lab/audit/checks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lab/audit/audit.h"

namespace slm::lab::audit {
namespace {

// Two models of the article, one device of round numbers, and the published figures slm ships.
AuditSources sources() {
  AuditSources sources;
  for (const auto& [id, names] : {std::pair<std::string, std::vector<std::string>>{"qwen", {"qwen2.5:0.5b-instruct"}},
                                  {"gemma", {"gemma:2b", "gemma:2b-base"}}}) {
    sources.models.push_back({id, id, names, shape_in_data(names.front())->shape, "test"});
  }
  Device device;
  device.id = device.name = "d";
  device.memory = {4e9, "m"};
  device.bandwidth = {100e9, "b"};
  device.fp16 = Figure{10e12, "f"};
  device.power = Figure{40, "p"};
  sources.devices = {device};
  device.id = "bare";
  device.fp16.reset();
  device.power.reset();
  sources.devices.push_back(device);
  sources.published = built_in_published();
  return sources;
}

Evidence evidence(std::string_view item, const AuditSources& from = sources()) {
  const auto root = parse_yaml(item, "f");
  EXPECT_TRUE(root.has_value()) << root.error().text();
  const auto result = evidence_of(*root, from);
  EXPECT_TRUE(result.has_value()) << item << ": " << result.error().text();
  return result ? *result : Evidence{};
}

Outcome outcome(std::string_view item) { return evidence(item).outcome; }

double number(const Evidence& evidence, std::string_view name) {
  for (const auto& [key, value] : evidence.numbers) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no number " << name;
  return NAN;
}

TEST(Checks, Arithmetic) {
  EXPECT_EQ(outcome("{kind: parameters, model: qwen, claimed: {value: 0.49e9, step: 0.01e9}}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: parameters, model: gemma, claimed: {value: 2e9, step: 0.1e9, about: true}}"), Outcome::kRefutes);
  EXPECT_EQ(outcome("{kind: parameter_ratio, model: gemma, than: qwen, claimed: {value: 5.07, step: 0.01}}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: parameter_ratio, model: gemma, than: qwen, more_by: true, claimed: {value: 5.07, step: 0.01}}"), Outcome::kRefutes);
  EXPECT_EQ(outcome("{kind: context, model: qwen, claimed: {value: 32768}}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: compare, field: heads, model: gemma, relation: more, than: qwen}"), Outcome::kRefutes);
  EXPECT_EQ(outcome("{kind: compare, field: heads, model: gemma, relation: less, than: qwen}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: compare, field: width, model: gemma, relation: more, than: gemma}"), Outcome::kRefutes);
  EXPECT_EQ(outcome("{kind: compare, field: bytes, quantization: F16, model: qwen, relation: less, than: gemma}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: file_size, model: gemma, quantizations: [F16], claimed: {value: 5.0e9, step: 0.1e9}}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: file_size, model: qwen, quantizations: [F16, Q4_0], claimed: {value: 0.4e9, step: 0.1e9}}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: file_size, model: qwen, quantizations: [Q4_0], claimed: {value: 0.3e9, step: 0.1e9}}"), Outcome::kRefutes);
}

TEST(Checks, Memory) {
  EXPECT_EQ(outcome("{kind: memory_floor, model: gemma, quantization: F16, tokens: 512, claimed: {value: 3.6e9, step: 0.1e9}}"), Outcome::kRefutes);
  EXPECT_EQ(outcome("{kind: memory_floor, model: gemma, quantization: F16, tokens: 512, claimed: {value: 5.1e9, step: 0.1e9}}"), Outcome::kAllows);
  EXPECT_EQ(outcome("{kind: fits, model: qwen, quantization: F16, memory: 2e9}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: fits, model: qwen, quantization: F16, memory: 1.5e9}"), Outcome::kAllows);
  EXPECT_EQ(outcome("{kind: fits, model: gemma, quantization: F16, device: d}"), Outcome::kRefutes);
}

TEST(Checks, Roofline) {
  const Evidence decode = evidence("{kind: decode_speed, model: gemma, quantization: F16, device: d, tokens: 512, claimed: {value: 21}}");
  EXPECT_EQ(decode.outcome, Outcome::kRefutes);
  EXPECT_NEAR(number(decode, "most_tokens_per_second"), 100e9 / (5.0125e9 + 512 * 18432), 0.01);
  EXPECT_EQ(outcome("{kind: decode_speed, model: gemma, quantization: F16, device: d, claimed: {value: 19}}"), Outcome::kAllows);
  EXPECT_EQ(outcome("{kind: decode_speed, model: gemma, quantization: F16, device: d, claimed: {from: 15, to: 100}}"), Outcome::kAllows);

  const Evidence first = evidence("{kind: first_token, model: gemma, quantization: F16, device: d, tokens: 512, claimed: {value: 0.2}}");
  EXPECT_EQ(first.outcome, Outcome::kRefutes);
  EXPECT_NEAR(number(first, "least_seconds"), 2 * (1.9818e9 * 512 + 0.5243e9) / 10e12, 1e-4);
  const Evidence bare = evidence("{kind: first_token, model: gemma, quantization: F16, device: bare, tokens: 512, claimed: {value: 0.2}}");
  EXPECT_EQ(bare.outcome, Outcome::kAllows);
  EXPECT_NEAR(number(bare, "least_seconds"), 0.050125, 1e-4);
  EXPECT_EQ(outcome("{kind: power, device: d, claimed: {value: 41}}"), Outcome::kRefutes);
  EXPECT_EQ(outcome("{kind: power, device: d, claimed: {value: 30}}"), Outcome::kAllows);
  EXPECT_EQ(outcome("{kind: power, device: bare, claimed: {value: 30}}"), Outcome::kSilent);
}

TEST(Checks, PublishedScores) {
  const Evidence maths = evidence("{kind: published_rank, benchmark: gsm8k, better: gemma, than: qwen}");
  EXPECT_EQ(maths.outcome, Outcome::kRefutes);
  EXPECT_LT(number(maths, "largest_p"), 1e-6);
  EXPECT_EQ(maths.sources.size(), 3u);
  EXPECT_NE(maths.text_in(Language::kEnglish).find("17.7 (base, maj@1)"), std::string::npos);
  EXPECT_EQ(outcome("{kind: published_rank, benchmark: humaneval, better: qwen, than: gemma}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: published_rank, benchmark: hellaswag, better: qwen, than: gemma}"), Outcome::kSilent);
  EXPECT_EQ(outcome("{kind: published_near, model: gemma, near: [\"llama3:8b\"], benchmarks: [mmlu, gsm8k], within: 5}"), Outcome::kRefutes);
  EXPECT_EQ(outcome("{kind: published_near, model: gemma, near: [\"llama3:8b\"], benchmarks: [mmlu], within: 30}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: published_near, model: gemma, near: [\"llama3:8b\"], benchmarks: [piqa], within: 30}"), Outcome::kSilent);
}

// A gap that chance can make decides nothing, whichever way it points.
TEST(Checks, PublishedScoresWithinChanceCannotTell) {
  AuditSources from = sources();
  from.published.benchmarks.push_back({"few", "Few", 20});
  from.published.scores.push_back({"qwen2.5:0.5b-instruct", "few", 60, true, "s", "x"});
  from.published.scores.push_back({"gemma:2b", "few", 45, true, "s", "x"});
  EXPECT_EQ(evidence("{kind: published_rank, benchmark: few, better: qwen, than: gemma}", from).outcome, Outcome::kCannotTell);
  EXPECT_EQ(evidence("{kind: published_rank, benchmark: few, better: gemma, than: qwen}", from).outcome, Outcome::kCannotTell);
}

TEST(Checks, PublishedFacts) {
  EXPECT_EQ(outcome("{kind: published_fact, fact: qwen2.5-languages, claimed: {value: 29}}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: published_fact, fact: qwen2.5-languages, claimed: {value: 100}}"), Outcome::kRefutes);
  EXPECT_EQ(outcome("{kind: published_fact, fact: qwen2.5-license, claimed: [Apache-2.0]}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: published_fact, fact: qwen2.5-license, claimed: [MIT]}"), Outcome::kRefutes);         // a whole list
  EXPECT_EQ(outcome("{kind: published_fact, fact: qwen2.5-trained-by, claimed: [magic]}"), Outcome::kSilent);     // not a whole one
  EXPECT_EQ(outcome("{kind: fewer, fact: qwen2.5-license-restricts, than: gemma-license-restricts}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: fewer, fact: gemma-license-restricts, than: qwen2.5-license-restricts}"), Outcome::kRefutes);
}

TEST(Checks, Counts) {
  const Evidence json = evidence("{kind: counts, a: {model: qwen, yes: 9, of: 10}, b: {model: gemma, yes: 5, of: 10}, better: qwen}");
  EXPECT_EQ(json.outcome, Outcome::kCannotTell);
  EXPECT_NEAR(number(json, "p"), 0.1409, 5e-4);
  EXPECT_EQ(number(json, "needed_each"), 23);
  EXPECT_EQ(outcome("{kind: counts, a: {model: qwen, yes: 10, of: 10}, b: {model: gemma, yes: 5, of: 10}, better: qwen}"), Outcome::kSupports);
  EXPECT_EQ(outcome("{kind: counts, a: {model: qwen, yes: 10, of: 10}, b: {model: gemma, yes: 5, of: 10}, better: gemma}"), Outcome::kRefutes);
  const Evidence five = evidence("{kind: counts, a: {model: qwen, yes: 3, of: 5}, b: {model: gemma, yes: 4, of: 5}, better: gemma}");
  EXPECT_NEAR(number(five, "p"), 1, 1e-12);
}

TEST(Checks, Measured) {
  const char* item = "{kind: measured, row: r, better: qwen, than: gemma}";
  EXPECT_EQ(outcome(item), Outcome::kSilent);
  AuditSources from = sources();
  const auto with = [&](const char* a, const char* b, const char* verdict) {
    from.measured = MeasuredComparison{"c.json", a, b, {{"r", verdict, "1", "2"}}};
    return evidence(item, from).outcome;
  };
  const char *qwen = "qwen2.5:0.5b-instruct", *gemma = "gemma:2b";
  EXPECT_EQ(with(qwen, gemma, "better"), Outcome::kSupports);
  EXPECT_EQ(with(gemma, qwen, "better"), Outcome::kRefutes);
  EXPECT_EQ(with(gemma, qwen, "worse"), Outcome::kSupports);
  EXPECT_EQ(with(gemma, qwen, "likely_worse"), Outcome::kAllows);
  EXPECT_EQ(with(qwen, gemma, "likely_worse"), Outcome::kCannotTell);
  EXPECT_EQ(with(qwen, gemma, "too_few"), Outcome::kCannotTell);
  EXPECT_EQ(with(qwen, gemma, "no_difference"), Outcome::kRefutes);
  EXPECT_EQ(with(qwen, gemma, "not_measured"), Outcome::kSilent);
  EXPECT_EQ(with("another", gemma, "better"), Outcome::kSilent);
  EXPECT_EQ(evidence("{kind: measured, row: absent, better: qwen, than: gemma}", from).outcome, Outcome::kSilent);
}

TEST(Checks, MeasuredByAProtocol) {
  const char* item = "{kind: measured, row: decode, better: qwen, than: gemma, protocol: article}";
  AuditSources from = sources();
  from.measured = MeasuredComparison{"c.json", "qwen2.5:0.5b-instruct", "gemma:2b", {{"decode", "better", "180", "95"}}};
  from.measured->tier = "smoke";
  EXPECT_EQ(evidence(item, from).outcome, Outcome::kSilent);
  from.measured->tier = "article";
  EXPECT_EQ(evidence(item, from).outcome, Outcome::kSupports);
}

struct Mistake {
  const char* item;
  ErrorKind kind;
  const char* says;
  const char* hints;
};

TEST(Checks, MistakesNameTheirPlace) {
  const Mistake mistakes[] = {
      {"{kind: decode_sped}", ErrorKind::kCorrupt, "f:1:8: there is no kind of evidence decode_sped", "decode_speed"},
      {"{kind: context, model: qwen, claimd: {value: 1}}", ErrorKind::kCorrupt, "f:1:30: unknown key claimd", "claimed"},
      {"{kind: context, model: qven, claimed: {value: 1}}", ErrorKind::kNotFound, "f:1:24: no model qven", "qwen"},
      {"{kind: power, device: rtx, claimed: {value: 1}}", ErrorKind::kNotFound, "f:1:23: unknown device rtx", "d, bare"},
      {"{kind: published_fact, fact: qwen2.5-licence, claimed: [a]}", ErrorKind::kNotFound, "unknown fact", "qwen2.5-license"},
      {"{kind: published_rank, benchmark: gsm8, better: qwen, than: gemma}", ErrorKind::kNotFound, "unknown benchmark gsm8", "gsm8k"},
      {"{kind: file_size, model: qwen, quantizations: [Q4], claimed: {value: 1}}", ErrorKind::kCorrupt, "there is no Q4 here", ""},
      {"{kind: file_size, model: qwen, quantizations: [], claimed: {value: 1}}", ErrorKind::kCorrupt, "the list is empty", ""},
      {"{kind: counts, a: {model: qwen, yes: 11, of: 10}, b: {model: gemma, yes: 5, of: 10}, better: qwen}", ErrorKind::kCorrupt, "11 is not between 0 and 10", ""},
      {"{kind: counts, a: {model: qwen, yes: 1, of: 0}, b: {model: gemma, yes: 5, of: 10}, better: qwen}", ErrorKind::kCorrupt, "0 is not between 1", ""},
      {"{kind: counts, a: {model: qwen, yes: 1, of: 2}, b: {model: qwen, yes: 1, of: 2}, better: qwen}", ErrorKind::kCorrupt, "both counts are of qwen", ""},
      {"{kind: fits, model: qwen, quantization: F16, memory: 1, device: d}", ErrorKind::kCorrupt, "either memory or device", ""},
      {"{kind: fits, model: qwen, quantization: F16, memory: -1}", ErrorKind::kCorrupt, "impossible: -1", ""},
      {"{kind: fits, model: qwen, quantization: F16, memory: 1, tokens: -5}", ErrorKind::kCorrupt, "-5 is not between", ""},
      {"{kind: compare, field: hedas, model: qwen, relation: more, than: gemma}", ErrorKind::kCorrupt, "there is no hedas here", ""},
      {"{kind: compare, field: heads, model: qwen, relation: bigger, than: gemma}", ErrorKind::kCorrupt, "there is no bigger here", ""},
      {"{kind: first_token, model: qwen, quantization: F16, device: d, claimed: {value: 1}}", ErrorKind::kCorrupt, "the key tokens is missing", ""},
      {"[]", ErrorKind::kCorrupt, "expected keys and values", ""},
  };
  for (const Mistake& mistake : mistakes) {
    const auto root = parse_yaml(mistake.item, "f");
    ASSERT_TRUE(root.has_value());
    const auto result = evidence_of(*root, sources());
    ASSERT_FALSE(result.has_value()) << mistake.item;
    EXPECT_EQ(result.error().kind, mistake.kind) << mistake.item;
    EXPECT_NE(result.error().text(Language::kEnglish).find(mistake.says), std::string::npos) << result.error().text(Language::kEnglish);
    EXPECT_NE(result.error().hint_text(Language::kEnglish).find(mistake.hints), std::string::npos) << result.error().hint_text(Language::kEnglish);
  }
}

}  // namespace
}  // namespace slm::lab::audit
