#include "lab/report/html.h"

#include <gtest/gtest.h>

#include <set>

#include "lab/report/page_template.h"
#include "lab/report/page_texts.h"
#include "lab/report/testing/example.h"
#include "lab/report/comparison_shape.h"

namespace slm::lab {
namespace {

using testing::example;

// What stands between two marks.
std::string between(const std::string& text, const std::string& start, const std::string& end) {
  const size_t from = text.find(start);
  if (from == std::string::npos) return "";
  const size_t begin = from + start.size(), to = text.find(end, begin);
  return to == std::string::npos ? "" : text.substr(begin, to - begin);
}

std::string data_of(const std::string& page) { return between(page, "id=\"data\">", "</script>"); }

TEST(Html, HoldsTheComparisonAsItIs) {
  const Json comparison = example();
  const auto page = html_report(comparison);
  ASSERT_TRUE(page.has_value());
  const auto data = parse_json(data_of(*page));
  ASSERT_TRUE(data.has_value());
  EXPECT_EQ((*data)["comparison"], comparison);
  EXPECT_EQ(*html_report(comparison), *page);
  EXPECT_EQ(page->find("{{"), std::string::npos);
}

TEST(Html, HostileTextsStayData) {
  Json comparison = example();
  const std::string hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)><!--\u2028\u2029{{data}}";
  comparison["models"][0]["name"] = hostile;
  for (Json& row : comparison["rows"]) {
    row["label"] = hostile;
    for (Json& record : row["records"]) {
      record["transcript"] = hostile;
      if (record["model"] == "tiny:10m") record["model"] = hostile;
    }
  }
  const auto page = html_report(comparison);
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->find("<img"), std::string::npos);
  EXPECT_EQ(page->find("alert(1)<"), std::string::npos);
  // The page's own two script elements and the data.
  size_t scripts = 0;
  for (size_t at = 0; (at = page->find("</script", at)) != std::string::npos; ++at) ++scripts;
  EXPECT_EQ(scripts, 2u);
  const auto data = parse_json(data_of(*page));
  ASSERT_TRUE(data.has_value());
  EXPECT_EQ((*data)["comparison"], comparison);
  EXPECT_EQ(data_of(*page).find("\u2028"), std::string::npos);
}

TEST(Html, EscapesTextAndScripts) {
  EXPECT_EQ(html_text("<a b='c\"'>&\xFF"), "&lt;a b=&#39;c&quot;&#39;&gt;&amp;\uFFFD");
  EXPECT_EQ(json_in_script(Json("a</script>\u2028<!--")), "\"a\\u003c/script>\\u2028\\u003c!--\"");
}

TEST(Html, PolicyAllowsThePagesOwnPartsByHash) {
  const auto page = html_report(example());
  ASSERT_TRUE(page.has_value());
  const std::string policy = between(*page, "Content-Security-Policy\" content=\"", "\"");
  EXPECT_TRUE(policy.starts_with("default-src 'none';")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(page->find(" style=\""), std::string::npos);
  // 44 characters of base64 for each of the two.
  EXPECT_EQ(between(policy, "script-src 'sha256-", "'").size(), 44u);
  EXPECT_EQ(between(policy, "style-src 'sha256-", "'").size(), 44u);
}

TEST(Html, NothingPointsOutOfThePage) {
  const auto page = html_report(example());
  for (const char* mark : {"http://", "https://", "src=", "url(", "@import", "fetch(", "XMLHttpRequest", "innerHTML", "eval("}) {
    std::string text = *page;
    const std::string svg = "http://www.w3.org/2000/svg";  // a name, not an address
    while (text.find(svg) != std::string::npos) text.erase(text.find(svg), svg.size());
    EXPECT_EQ(text.find(mark), std::string::npos) << mark;
  }
}

TEST(Html, EveryTextThePageAsksForIsThere) {
  const std::string script(page_script());
  const Json texts = page_texts();
  std::set<std::string> asked;
  for (const char* call : {"t(\"", "t(`"}) {
    for (size_t at = 0; (at = script.find(call, at)) != std::string::npos; ++at) {
      const size_t begin = at + 3;
      const std::string key = script.substr(begin, script.find_first_of("\"`$", begin) - begin);
      if (key.starts_with("lab.")) asked.insert(key);
    }
  }
  EXPECT_GT(asked.size(), 30u);
  for (const char* language : {"en", "zh"}) {
    for (const std::string& key : asked) {
      bool found = false;  // a key made at run time: its beginning
      for (const auto& [known, text] : texts[language].items()) found = found || (key.ends_with(".") || key.ends_with("_") ? known.starts_with(key) : known == key);
      EXPECT_TRUE(found) << key;
    }
  }
  for (const auto& [key, text] : texts["en"].items()) {
    EXPECT_NE(text, key);
    EXPECT_TRUE(texts["zh"].contains(key));
  }
}

TEST(Shape, NamesThePlaceThatIsWrong) {
  const auto place = [](Json comparison) {
    const auto page = html_report(comparison);
    EXPECT_FALSE(page.has_value());
    return page ? "" : page.error().text(Language::kEnglish);
  };
  Json bad = example();
  bad["rows"][3]["interval"] = {1};
  EXPECT_NE(place(bad).find("\"rows[3].interval\""), std::string::npos) << place(bad);
  bad = example();
  bad["rows"][5]["records"][2]["model"] = "third";
  EXPECT_NE(place(bad).find("\"rows[5].records[2].model\""), std::string::npos) << place(bad);
  bad = example();
  bad["models"].erase(1);
  EXPECT_NE(place(bad).find("\"models\""), std::string::npos);
  bad = example();
  bad["rows"][5]["records"][2]["item"] = -1;
  EXPECT_NE(place(bad).find("records[2].item"), std::string::npos);
  bad = example();
  bad["article"][1].erase("quote");
  EXPECT_NE(place(bad).find("\"article[1].quote\""), std::string::npos);
  EXPECT_FALSE(html_report(Json::array()).has_value());
  EXPECT_FALSE(html_report(Json()).has_value());
  // Each key of the shape taken away or turned into something else never crashes.
  const Json good = example();
  for (const auto& [key, value] : good.items()) {
    for (const Json& other : {Json(), Json(1), Json("x"), Json::array({1}), Json::object()}) {
      bad = good;
      bad[key] = other;
      static_cast<void>(html_report(bad));
    }
  }
  for (const auto& [key, value] : good["rows"][10].items()) {
    for (const Json& other : {Json(), Json(1), Json("x"), Json::array({1}), Json::object()}) {
      bad = good;
      bad["rows"][10][key] = other;
      static_cast<void>(html_report(bad));
    }
  }
}

}  // namespace
}  // namespace slm::lab
