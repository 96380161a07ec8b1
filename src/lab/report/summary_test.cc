#include "lab/report/summary.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "lab/report/comparison_shape.h"
#include "lab/report/testing/example.h"

namespace slm::lab {
namespace {

using testing::comparison_of;
using testing::example;
using testing::row_of;

std::string text_of(const Json& comparison, Language language) {
  std::string text;
  for (const SummaryPart& part : summarize_comparison(comparison, language)) text += part.text + " ";
  return text;
}

AreaLead lead_of(const Json& comparison, const std::string& area) {
  for (const AreaLead& lead : area_leads(comparison)) {
    if (lead.area == area) return lead;
  }
  ADD_FAILURE() << area;
  return {};
}

TEST(Summary, LeadsFollowVerdictsAlone) {
  const Json comparison = comparison_of({
      row_of("deployment", "file_size", "better"), row_of("deployment", "license", "fact"), row_of("deployment", "minimum_memory", "no_difference"),
      row_of("speed", "prefill", "better"), row_of("speed", "decode", "worse"),
      row_of("language", "bits_zh", "likely_worse"), row_of("language", "bits_en", "no_difference"), row_of("language", "flores_bits_deu_Latn", "worse"),
      row_of("language", "flores_bits_zho_Hans", "worse"), row_of("language", "flores_bits_eng_Latn", "too_few"), row_of("deployment", "size_q4_0", "better"),
      row_of("maths", "gsm8k", "too_few"), row_of("maths", "cmath", "not_measured"),
      row_of("code", "humaneval", "not_measured")});
  ASSERT_TRUE(check_comparison(comparison).has_value());
  EXPECT_EQ(area_leads(comparison).size(), 7u);
  EXPECT_EQ(lead_of(comparison, "memory").lead, Lead::kA);
  EXPECT_EQ(lead_of(comparison, "speed").lead, Lead::kSplit);
  EXPECT_EQ(lead_of(comparison, "speed").rows_a, 1);
  EXPECT_EQ(lead_of(comparison, "speed").rows_b, 1);
  EXPECT_EQ(lead_of(comparison, "chinese").lead, Lead::kB);
  EXPECT_EQ(lead_of(comparison, "english").lead, Lead::kNoDifference);
  EXPECT_EQ(lead_of(comparison, "languages").lead, Lead::kB);
  EXPECT_EQ(lead_of(comparison, "maths").lead, Lead::kTooFew);
  EXPECT_EQ(lead_of(comparison, "code").lead, Lead::kNotMeasured);
}

TEST(Summary, ARowIsOfTheLanguageItSaysAndIfevalOfInstructions) {
  Json dialogue = row_of("language", "c3_d", "better");
  dialogue["language"] = "zh";
  const Json comparison = comparison_of({dialogue, row_of("language", "ifeval", "worse"), row_of("language", "ifeval_instances", "worse")});
  EXPECT_EQ(lead_of(comparison, "chinese").lead, Lead::kA);
  EXPECT_EQ(lead_of(comparison, "instructions").lead, Lead::kB);
  EXPECT_EQ(area_leads(comparison).size(), 2u);
}

TEST(Summary, EvidenceIsASureRowBeforeALikelyOne) {
  const Json comparison = comparison_of({row_of("maths", "first", "likely_better"), row_of("maths", "second", "better"), row_of("maths", "third", "better")});
  EXPECT_EQ((*lead_of(comparison, "maths").evidence)["id"], "second");
}

TEST(Summary, SaysWhatToChooseInBothLanguages) {
  const Json comparison = example();
  const std::string english = text_of(comparison, Language::kEnglish), chinese = text_of(comparison, Language::kChinese);
  EXPECT_EQ(summarize_comparison(comparison, Language::kEnglish).front().text,
            "Choose tiny:10m for memory, speed, Chinese, ability and maths; choose small:20m-base for long contexts and English.");
  EXPECT_NE(english.find("tiny:10m leads by file size (10.5 MB against 20.9 MB); prefill, tok/s (807 against 395)"), std::string::npos) << english;
  // The leader's value comes first.
  EXPECT_NE(english.find("small:20m-base leads by context, tokens (8192 against 2048)"), std::string::npos) << english;
  EXPECT_NE(english.find("9 rows decide this (exact or single figures: 3; shown by a test at 5 %: 5; only likely: 1)"),
            std::string::npos) << english;
  EXPECT_NE(english.find("an instruct version of small:20m-base"), std::string::npos) << english;
  EXPECT_NE(chinese.find("看重内存占用、速度、中文、综合能力和数学, 选 tiny:10m"), std::string::npos) << chinese;
}

TEST(Summary, SaysWhenItCannotTell) {
  const Json comparison = comparison_of({row_of("speed", "decode", "no_difference"), row_of("maths", "gsm8k", "too_few")});
  const std::string text = text_of(comparison, Language::kEnglish);
  EXPECT_NE(text.find("it cannot be told whether one or other is the better choice"), std::string::npos) << text;
  EXPECT_NE(text.find("No detectable difference: speed."), std::string::npos) << text;
  EXPECT_NE(text.find("Too few items to tell: maths."), std::string::npos) << text;
  EXPECT_NE(text.find("no row decides anything"), std::string::npos) << text;
}

TEST(Summary, OneModelAheadEverywhere) {
  const Json comparison = comparison_of({row_of("speed", "decode", "worse"), row_of("maths", "gsm8k", "worse")});
  EXPECT_NE(text_of(comparison, Language::kEnglish).find("Choose other: it leads in speed and maths, and one leads in nothing"), std::string::npos);
}

TEST(Summary, NamesCannotTurnTheTextAround) {
  Json comparison = comparison_of({row_of("speed", "decode", "better")});
  comparison["models"][0]["name"] = "a\u202Eb\nc\u2066";
  comparison["rows"][0]["shown"]["a"] = "\u200F1";
  const std::string text = text_of(comparison, Language::kEnglish);
  EXPECT_NE(text.find("Choose ab?c:"), std::string::npos) << text;
  for (const char* mark : {"\u202E", "\u2066", "\u200F", "\n"}) EXPECT_EQ(text.find(mark), std::string::npos);
}

}  // namespace
}  // namespace slm::lab
