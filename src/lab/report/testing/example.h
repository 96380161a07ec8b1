// Comparisons for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"

namespace slm::lab::testing {

// tests/golden/report/comparison.json.
inline Json example() {
  const auto text = read_text_file(SLM_SOURCE_DIR "/tests/golden/report/comparison.json");
  EXPECT_TRUE(text.has_value());
  auto json = parse_json(*text);
  EXPECT_TRUE(json.has_value());
  return *json;
}

inline Json row_of(const std::string& table, const std::string& id, const std::string& verdict) {
  return {{"id", id}, {"table", table}, {"label", id}, {"a", 1}, {"b", 2}, {"shown", {{"a", "1"}, {"b", "2"}}}, {"difference", nullptr},
          {"ratio", 0.5}, {"interval", nullptr}, {"p", nullptr}, {"verdict", verdict}, {"records", Json::array()}};
}

// Of the models "one" and "other", both instruct.
inline Json comparison_of(std::vector<Json> rows) {
  const auto model = [](const char* name) { return Json{{"name", name}, {"kind", "instruct"}, {"sha256", std::string(64, 'a')}, {"bytes", 10}}; };
  return {{"tier", "smoke"}, {"device", {{"cpu", "cpu"}, {"isa", "avx2"}, {"threads", 2}}}, {"models", {model("one"), model("other")}},
          {"sources", Json::array()}, {"seed", 1}, {"seconds", 1.5}, {"rows", std::move(rows)}};
}

}  // namespace slm::lab::testing
