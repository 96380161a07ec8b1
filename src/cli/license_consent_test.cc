#include "cli/license_consent.h"

#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "base/message.h"
#include "base/temporary_directory.h"
#include "base/text.h"
#include "cli/hub_progress.h"

namespace slm::cli {
namespace {

class ConsentTest : public testing::Test {
 protected:
  ConsentTest() {
    setenv("SLM_HOME", home_.path().c_str(), 1);
    unsetenv("SLM_ACCEPT_LICENSE");
    set_language(Language::kEnglish);
    dialogue_.terminal = true;
    dialogue_.show = [this](const std::string& text) { shown_ += text; };
    dialogue_.answer = [this]() -> std::optional<std::string> {
      if (answers_.empty()) return std::nullopt;
      std::string answer = answers_.front();
      answers_.pop_front();
      return answer;
    };
    dialogue_.full_text = [this]() -> Result<std::string> {
      ++texts_;
      return std::string("THE FULL TEXT");
    };
  }
  ~ConsentTest() override {
    unsetenv("SLM_HOME");
    unsetenv("SLM_ACCEPT_LICENSE");
    set_language(Language::kEnglish);
  }
  Status ask() {
    hub::Store store = hub::Store::open();
    return ask_for_consent(store, *hub::find_entry("gemma3:270m-base"), dialogue_);
  }

  TemporaryDirectory home_;
  ConsentDialogue dialogue_;
  std::deque<std::string> answers_;
  std::string shown_;
  int texts_ = 0;
};

TEST_F(ConsentTest, IsAskedOnceInThreeLines) {
  answers_ = {"y\n"};
  ASSERT_TRUE(ask().has_value());
  const std::string before_question = shown_.substr(0, shown_.find("[y"));
  EXPECT_EQ(std::count(before_question.begin(), before_question.end(), '\n'), 3);
  shown_.clear();
  EXPECT_TRUE(ask().has_value());
  EXPECT_TRUE(shown_.empty());
}

TEST_F(ConsentTest, SpeaksChinese) {
  set_language(Language::kChinese);
  answers_ = {"\xE6\x98\xAF\n"};
  EXPECT_TRUE(ask().has_value());
  EXPECT_NE(shown_.find("Gemma"), std::string::npos);
  EXPECT_NE(shown_.find("\xE5\x90\x8C\xE6\x84\x8F"), std::string::npos);
}

TEST_F(ConsentTest, RefusalIsRespectedAndAskedAgainNextTime) {
  for (const char* answer : {"n\n", "no\n", "\n", "\xE5\x90\xA6\n"}) {
    answers_ = {answer};
    const Status refused = ask();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message.key, "hub.license_refused");
    EXPECT_FALSE(hub::Store::open().accepted("gemma"));
  }
  answers_ = {};  // end of input
  EXPECT_FALSE(ask().has_value());
}

TEST_F(ConsentTest, FullTextOnRequest) {
  answers_ = {"t\n", "what?\n", "T\n", "Y\n"};
  EXPECT_TRUE(ask().has_value());
  EXPECT_EQ(texts_, 2);
  EXPECT_NE(shown_.find("THE FULL TEXT"), std::string::npos);
}

TEST_F(ConsentTest, NonsenseIsNotAgreement) {
  answers_ = std::deque<std::string>(1000, "maybe\n");
  EXPECT_FALSE(ask().has_value());
  EXPECT_GT(answers_.size(), 900u);
}

TEST_F(ConsentTest, WithoutATerminalTheEnvironmentDecides) {
  dialogue_.terminal = false;
  const Status refused = ask();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  setenv("SLM_ACCEPT_LICENSE", "gemma", 1);
  EXPECT_TRUE(ask().has_value());
  unsetenv("SLM_ACCEPT_LICENSE");
  EXPECT_TRUE(ask().has_value());  // remembered
}

TEST_F(ConsentTest, FreeLicencesAreNotAsked) {
  hub::Store store = hub::Store::open();
  EXPECT_TRUE(ask_for_consent(store, *hub::find_entry("smollm2:135m"), dialogue_).has_value());
  EXPECT_TRUE(shown_.empty());
}

TEST(HubProgress, LinesFitTheirColumns) {
  for (const Language language : {Language::kEnglish, Language::kChinese}) {
    set_language(language);
    for (const uint64_t done : {uint64_t{0}, uint64_t{123'456'789}, uint64_t{238'175'024}}) {
      for (const size_t columns : {10u, 30u, 60u, 79u, 120u}) {
        const hub::Progress progress{"download", "1/4 a-package-with-a-rather-long-name-q4-k-m-gguf-part1", done, 238'175'024};
        EXPECT_LE(display_width(progress_line(progress, 12'345'678, columns, true)), columns);
      }
    }
  }
  set_language(Language::kEnglish);
  EXPECT_EQ(progress_line({"hash", "x", 50, 100}, 0, 79, true), "check  x  [##########..........]  50%  50 B / 100 B");
  EXPECT_EQ(progress_line({"hash", "x", 50, 100}, 0, 79, false), "check  x  50%  50 B / 100 B");
  EXPECT_EQ(progress_line({"hash", "x", 50, 100}, 10, 79, false), "check  x  50%  50 B / 100 B  10 B/s  0:05 left");
  EXPECT_EQ(progress_line({"hash", "x", 0, 100'000'000}, 10'000, 79, false), "check  x   0%  0 B / 100.0 MB  10.0 kB/s  2:46:40 left");
  EXPECT_EQ(progress_line({"hash", "x", 0, 100'000'000}, 1, 79, false), "check  x   0%  0 B / 100.0 MB  1 B/s");
}

}  // namespace
}  // namespace slm::cli
