#include "runtime/stop_strings.h"

#include <gtest/gtest.h>

namespace slm {
namespace {

// What comes out when `text` is pushed in pieces of `size` bytes.
std::string filtered(const std::vector<std::string>& stop, const std::string& text, size_t size, bool* stopped = nullptr) {
  StopFilter filter(stop);
  std::string out;
  for (size_t at = 0; at < text.size(); at += size) out += filter.push(text.substr(at, size));
  if (stopped != nullptr) *stopped = filter.stopped();
  if (!filter.stopped()) out += filter.finish();
  return out;
}

TEST(StopFilter, CutsAtTheStopStringWhateverThePieces) {
  const std::string text = "one two ENDING three";
  for (size_t size = 1; size <= text.size(); ++size) {
    bool stopped = false;
    EXPECT_EQ(filtered({"END"}, text, size, &stopped), "one two ") << size;
    EXPECT_TRUE(stopped);
  }
}

TEST(StopFilter, LetsThroughWhatOnlyBeganLikeOne) {
  const std::string text = "aab aaab aa";
  for (size_t size = 1; size <= text.size(); ++size) {
    bool stopped = true;
    EXPECT_EQ(filtered({"aac", "aaaa"}, text, size, &stopped), text) << size;
    EXPECT_FALSE(stopped);
  }
}

TEST(StopFilter, FindsAStopStringThatOverlapsAFalseBeginning) {
  for (size_t size = 1; size < 8; ++size) EXPECT_EQ(filtered({"aab"}, "aaab", size), "a") << size;
}

TEST(StopFilter, TakesTheEarliestOfSeveral) {
  EXPECT_EQ(filtered({"three", "two"}, "one two three", 13), "one ");
}

TEST(StopFilter, HoldsBackNoMoreThanItMust) {
  StopFilter filter({"\n\nUser:"});
  EXPECT_EQ(filter.push("Hello.\n"), "Hello.");
  EXPECT_EQ(filter.push("Bye.\n\nUs"), "\nBye.");
  EXPECT_EQ(filter.push("ual"), "\n\nUsual");
  EXPECT_EQ(filter.finish(), "");
}

TEST(StopFilter, RefusesWhatItCannotTake) {
  EXPECT_TRUE(validate_stop_strings({"a", "b"}).has_value());
  EXPECT_FALSE(validate_stop_strings({""}).has_value());
  EXPECT_FALSE(validate_stop_strings({std::string(2000, 'x')}).has_value());
  EXPECT_FALSE(validate_stop_strings(std::vector<std::string>(17, "x")).has_value());
}

}  // namespace
}  // namespace slm
