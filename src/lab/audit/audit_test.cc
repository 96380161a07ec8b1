#include "lab/audit/audit.h"

#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/temporary_directory.h"
#include "base/text.h"
#include "lab/audit/audit_report.h"
#include "lab/audit/built_in.h"
#include "lab/text_table.h"

namespace slm::lab::audit {
namespace {

AuditSetup without_store() {
  AuditSetup setup;
  setup.find_shape = shape_in_data;
  return setup;
}

// Once for all tests: most of an audit's time is the power of the counts' tests.
const Audit& article() {
  static const Audit audit = [] {
    auto result = audit_claims(article_claims(), without_store());
    EXPECT_TRUE(result.has_value()) << result.error().text();
    return result ? std::move(*result) : Audit{};
  }();
  return audit;
}

std::map<std::string, std::string> verdicts(const Audit& audit) {
  std::map<std::string, std::string> by_id;
  for (const AuditedClaim& claim : audit.claims) by_id[claim.id] = audit_verdict_name(claim.verdict);
  return by_id;
}

const AuditedClaim& claim_named(const Audit& audit, const std::string& id) {
  for (const AuditedClaim& claim : audit.claims) {
    if (claim.id == id) return claim;
  }
  ADD_FAILURE() << id;
  return audit.claims.front();
}

Evidence with_outcome(Outcome outcome, Basis basis = Basis::kArithmetic) {
  Evidence evidence;
  evidence.outcome = outcome;
  evidence.basis = basis;
  return evidence;
}

TEST(AuditVerdict, FollowsFromTheOutcomes) {
  const Evidence supports = with_outcome(Outcome::kSupports), refutes = with_outcome(Outcome::kRefutes), allows = with_outcome(Outcome::kAllows),
                 cannot_tell = with_outcome(Outcome::kCannotTell), silent = with_outcome(Outcome::kSilent),
                 not_measured = with_outcome(Outcome::kSilent, Basis::kMeasured);
  EXPECT_EQ(verdict_of({supports, supports}, false), AuditVerdict::kConfirmed);
  EXPECT_EQ(verdict_of({supports, not_measured}, false), AuditVerdict::kConfirmed);
  EXPECT_EQ(verdict_of({supports}, true), AuditVerdict::kPlausible);
  EXPECT_EQ(verdict_of({supports, silent}, false), AuditVerdict::kPlausible);
  EXPECT_EQ(verdict_of({supports, allows}, false), AuditVerdict::kPlausible);
  EXPECT_EQ(verdict_of({supports, cannot_tell}, false), AuditVerdict::kPlausible);
  EXPECT_EQ(verdict_of({allows}, false), AuditVerdict::kPlausible);
  EXPECT_EQ(verdict_of({supports, supports, refutes}, false), AuditVerdict::kContradicted);
  EXPECT_EQ(verdict_of({cannot_tell, refutes}, false), AuditVerdict::kContradicted);
  EXPECT_EQ(verdict_of({cannot_tell, not_measured}, true), AuditVerdict::kNotSignificant);
  EXPECT_EQ(verdict_of({silent, not_measured}, false), AuditVerdict::kNotTestable);
  EXPECT_EQ(verdict_of({}, false), AuditVerdict::kNotTestable);
}

// The cells of a table row of Markdown, as they stand.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '|') {
      const size_t first = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
      cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

TEST(ArticleClaims, EachIdOnceAndQuotedAsItStands) {
  const std::string path = std::string(SLM_SOURCE_DIR) + "/../shared/article.md";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << path << " is not here";
  const Audit& audit = article();
  std::map<std::string, std::string> quotes;
  for (const AuditedClaim& claim : audit.claims) quotes[claim.id] = claim.quote;
  size_t rows = 0;
  for (std::string line; std::getline(file, line);) {
    const auto cells = cells_of(line);
    if (cells.empty() || cells[0].size() < 2 || !std::isupper(static_cast<unsigned char>(cells[0][0])) ||
        !std::isdigit(static_cast<unsigned char>(cells[0][1]))) {
      continue;
    }
    ++rows;
    const auto found = quotes.find(cells[0]);
    ASSERT_NE(found, quotes.end()) << cells[0] << " is missing";
    // One whole cell, or the row's cells joined; a cell may be introduced by "quoted: ".
    std::string joined;
    bool matches = false;
    for (size_t i = 1; i < cells.size(); ++i) {
      const std::string cell = cells[i].starts_with("quoted: ") ? cells[i].substr(8) : cells[i];
      joined += (i == 1 ? "" : " | ") + cell;
      matches = matches || (cell == found->second && cell.size() > 6);
    }
    EXPECT_TRUE(matches || joined == found->second) << cells[0] << ": " << found->second;
    quotes.erase(found);
  }
  EXPECT_EQ(rows, audit.claims.size());
  EXPECT_TRUE(quotes.empty()) << quotes.begin()->first << " is not in the article";
}

// Answers worked out by hand in the article's own notes; each follows from a rule and numbers, as the checks' tests show.
TEST(ArticleClaims, VerdictsThatAreKnown) {
  const Audit& audit = article();
  const auto by_id = verdicts(audit);
  for (const char* id : {"Q1", "Q2", "Q5", "Q10", "G3", "G9", "D5", "X1", "X6"}) EXPECT_EQ(by_id.at(id), "confirmed") << id;
  for (const char* id : {"Q3", "G1", "G2", "G5", "G7", "D1", "D2", "S1", "S3", "L4", "M3", "X5"}) EXPECT_EQ(by_id.at(id), "contradicted") << id;
  for (const char* id : {"T1", "M1", "M2", "X3", "C3"}) EXPECT_EQ(by_id.at(id), "not_significant") << id;
  for (const char* id : {"Q8", "Q9", "G6", "S2", "M4"}) EXPECT_EQ(by_id.at(id), "plausible") << id;
  for (const char* id : {"Q12", "L1", "L3", "T2", "C6", "X4"}) EXPECT_EQ(by_id.at(id), "not_testable") << id;

  const auto says = [&](const char* id, const char* what) {
    std::string all;
    for (const Evidence& evidence : claim_named(audit, id).evidence) all += evidence.text_in(Language::kEnglish) + "\n";
    EXPECT_NE(all.find(what), std::string::npos) << id << ": " << all;
  };
  says("G1", "2,506,172,416 parameters");
  says("D1", "F16 5.02 GB");
  says("S1", "at most 71.7 tok/s");
  says("G5", "at most 63.8 tok/s");
  says("G2", "attention heads: Gemma-2B 8, Qwen2.5-0.5B 14");
  says("Q3", "Q4_0 352 MB, Q4_K_M 398 MB");
  says("T1", "p = 0.141; rates that far apart need about 23 each");
  says("M1", "p = 1.000");
  says("M3", "Gemma-2B 5.46 (instruct, 5-shot, without chat template), 17.7 (base, maj@1)");
}

TEST(ArticleClaims, EveryPieceOfEvidenceHasATextInBothLanguagesAndASource) {
  for (const AuditedClaim& claim : article().claims) {
    for (const Evidence& evidence : claim.evidence) {
      for (const Language language : {Language::kEnglish, Language::kChinese}) {
        const std::string text = evidence.text_in(language);
        EXPECT_FALSE(text.empty()) << claim.id;
        EXPECT_EQ(text.find("lab.audit"), std::string::npos) << claim.id << ": " << text;  // a key that the table lacks
      }
      EXPECT_TRUE(evidence.basis == Basis::kMeasured || !evidence.sources.empty()) << claim.id << " " << evidence.kind;
    }
  }
}

TEST(ArticleClaims, AComparisonOfTheSameModelsSpeaks) {
  AuditSetup setup = without_store();
  setup.measured = MeasuredComparison{"c.json", "gemma:2b", "qwen2.5:0.5b-instruct", {{"flores_bits_zho_Hans", "worse", "2", "1"}, {"bits_per_byte_en", "better", "1", "2"}}};
  const auto audit = audit_claims(article_claims(), setup);
  ASSERT_TRUE(audit.has_value());
  EXPECT_EQ(verdicts(*audit).at("L6"), "confirmed");
  setup.measured->rows[0].verdict = "better";
  const auto by_id = verdicts(*audit_claims(article_claims(), setup));
  EXPECT_EQ(by_id.at("L6"), "contradicted");
  EXPECT_EQ(by_id.at("X2"), "contradicted");
}

void expect_fits_a_terminal(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), kTerminalColumns) << line;
}

TEST(AuditReport, FitsATerminalInBothLanguages) {
  const Audit& audit = article();
  for (const Language language : {Language::kEnglish, Language::kChinese}) {
    set_language(language);
    expect_fits_a_terminal(audit_table(audit));
    expect_fits_a_terminal(audit_summary(audit));
    const std::string markdown = audit_markdown(audit);
    for (const AuditedClaim& claim : audit.claims) EXPECT_NE(markdown.find("| " + claim.id + " | "), std::string::npos) << claim.id;
  }
  set_language(Language::kChinese);
  EXPECT_NE(audit_summary(audit).find("不成立"), std::string::npos);
  set_language(Language::kEnglish);
  EXPECT_NE(audit_summary(audit).find("contradicted (Q3"), std::string::npos);
}

TEST(AuditReport, JsonHoldsTheContract) {
  const Audit& audit = article();
  set_language(Language::kChinese);  // must not matter
  const Json json = audit_json(audit);
  set_language(Language::kEnglish);
  ASSERT_EQ(json.at("claims").size(), audit.claims.size());
  size_t counted = 0;
  for (const auto& [name, count] : json.at("counts").items()) counted += count.get<size_t>();
  EXPECT_EQ(counted, audit.claims.size());
  for (const Json& claim : json.at("claims")) {
    const std::string verdict = claim.at("verdict");
    EXPECT_TRUE(verdict == "confirmed" || verdict == "contradicted" || verdict == "not_significant" || verdict == "plausible" || verdict == "not_testable");
    EXPECT_FALSE(claim.at("quote").get<std::string>().empty());
    for (const Json& evidence : claim.at("evidence")) {
      EXPECT_EQ(evidence.at("text"), evidence.at("texts").at("en"));
      EXPECT_NE(evidence.at("texts").at("en"), evidence.at("texts").at("zh"));
    }
  }
}

constexpr const char* kOneClaim =
    "title: {en: T, zh: T}\n"
    "models:\n"
    "  m: {name: \"qwen2.5:0.5b-instruct\"}\n"
    "claims:\n"
    "  - id: A\n"
    "    quote: text\n"
    "    evidence: [{kind: context, model: m, claimed: {value: 32768}}]\n";

Error audit_error(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  const auto root = parse_yaml(text, "c.yaml");
  EXPECT_TRUE(root.has_value()) << root.error().text();
  const auto audit = audit_claims(*root, without_store());
  EXPECT_FALSE(audit.has_value()) << text;
  return audit ? Error{} : audit.error();
}

TEST(ClaimsFile, OneOfItsOwn) {
  const auto audit = audit_claims(*parse_yaml(kOneClaim, "c.yaml"), without_store());
  ASSERT_TRUE(audit.has_value()) << audit.error().text();
  EXPECT_EQ(verdicts(*audit).at("A"), "confirmed");
}

TEST(ClaimsFile, BringsItsOwnModelsDevicesAndFigures) {
  const auto root = parse_yaml(
      "title: {en: T, zh: T}\n"
      "devices:\n"
      "  - {id: box, class: board, name: Box, memory: {value: 1e9, source: s}, bandwidth: {value: 1e9, source: s}}\n"
      "published:\n"
      "  facts: [{id: tag, says: {en: tag, zh: tag}, is: [a, b], source: s}]\n"
      "models:\n"
      "  tiny: {name: tiny, shape: {layers: 1, width: 32, heads: 1, kv_heads: 1, head_dim: 32, ffn: 32, vocabulary: 1000, context: 128}}\n"
      "claims:\n"
      "  - id: A\n"
      "    quote: text\n"
      "    evidence:\n"
      "      - {kind: decode_speed, model: tiny, quantization: F16, device: box, claimed: {value: 1000000}}\n"
      "  - id: B\n"
      "    quote: text\n"
      "    evidence: [{kind: published_fact, fact: tag, claimed: [b]}]\n",
      "c.yaml");
  ASSERT_TRUE(root.has_value()) << root.error().text();
  const auto audit = audit_claims(*root, without_store());
  ASSERT_TRUE(audit.has_value()) << audit.error().text();
  EXPECT_EQ(verdicts(*audit).at("A"), "contradicted");
  EXPECT_EQ(verdicts(*audit).at("B"), "confirmed");
}

TEST(ClaimsFile, MistakesNameTheirPlace) {
  const Error key = audit_error(kOneClaim, "quote", "qoute");
  EXPECT_EQ(key.kind, ErrorKind::kCorrupt);
  EXPECT_EQ(key.text(Language::kEnglish), "c.yaml:6:5: unknown key qoute");
  EXPECT_NE(key.hint_text(Language::kEnglish).find("quote"), std::string::npos);
  EXPECT_EQ(audit_error(kOneClaim, "    quote: text\n", "").text(Language::kEnglish), "c.yaml:5:5: the key quote is missing here");
  EXPECT_EQ(audit_error(kOneClaim, "zh: T", "zz: T").text(Language::kEnglish), "c.yaml:1:16: unknown key zz");
  const Error model = audit_error(kOneClaim, "qwen2.5:0.5b-instruct", "unheard:of");
  EXPECT_EQ(model.kind, ErrorKind::kNotFound);
  EXPECT_NE(model.hint_text(Language::kEnglish).find("shape"), std::string::npos);
  EXPECT_EQ(audit_error(kOneClaim, "[{kind: context, model: m, claimed: {value: 32768}}]", "{}").text(Language::kEnglish),
            "c.yaml:7:15: expected a list, found {...}");
  const std::string twice = std::string(kOneClaim) + "  - {id: A, quote: text, evidence: []}\n";
  EXPECT_EQ(audit_error(twice, "title", "title").text(Language::kEnglish), "c.yaml:8:5: the id A stands twice");
  EXPECT_EQ(audit_error(kOneClaim, "{name: \"qwen2.5:0.5b-instruct\"}", "{name: x, shape: {layers: 0}}").text(Language::kEnglish),
            "c.yaml:3:32: 0 is not between 1 and 512");
}

TEST(ClaimsFile, OnlySome) {
  const auto two = only_claims(article(), {"X1", "Q3"});
  ASSERT_TRUE(two.has_value());
  ASSERT_EQ(two->claims.size(), 2u);
  EXPECT_EQ(two->claims[0].id, "Q3");
  EXPECT_EQ(only_claims(article(), {"Q99"}).error().kind, ErrorKind::kNotFound);
}

TEST(Measured, ReadsWhatCompareWrites) {
  TemporaryDirectory directory;
  const auto read = [&](const std::string& text) {
    const std::string path = directory.path() + "/c.json";
    std::ofstream(path) << text;
    return read_measured(path);
  };
  const auto good = read(R"({"models": [{"name": "a"}, {"name": "b"}], "rows": [{"id": "r", "verdict": "better", "shown": {"a": "1", "b": "2"}}]})");
  ASSERT_TRUE(good.has_value()) << good.error().text();
  EXPECT_EQ(good->name_b, "b");
  EXPECT_EQ(good->rows.at(0).shown_b, "2");
  for (const char* text : {"[]", "{}", R"({"models": [{"name": "a"}], "rows": []})", R"({"models": [1, 2], "rows": []})",
                           R"({"models": [{"name": "a"}, {"name": "b"}], "rows": [{"id": "r"}]})", R"({"models": [{"name": "a"}, {"name": "b"}], "rows": {}})", "{"}) {
    const auto bad = read(text);
    ASSERT_FALSE(bad.has_value()) << text;
    EXPECT_EQ(bad.error().kind, ErrorKind::kCorrupt) << text;
  }
  EXPECT_EQ(read_measured(directory.path() + "/none.json").error().kind, ErrorKind::kNotFound);
}

TEST(Devices, ShippedOnesAreWhole) {
  EXPECT_GE(built_in_devices().size(), 8u);
  for (const Device& device : built_in_devices()) {
    EXPECT_FALSE(device.memory.source.empty());
    EXPECT_FALSE(device.bandwidth.source.empty());
    EXPECT_GT(device.memory.value, 1e9);
  }
}

TEST(Devices, MistakesNameTheirPlace) {
  const auto refused = [](const char* text) {
    const auto root = parse_yaml(text, "d.yaml");
    EXPECT_TRUE(root.has_value());
    const auto devices = read_devices(*root);
    EXPECT_FALSE(devices.has_value()) << text;
    return devices ? std::string() : devices.error().text(Language::kEnglish);
  };
  EXPECT_EQ(refused("devices: [{id: a, class: toaster, name: A}]"), "d.yaml:1:26: there is no toaster here; there are: phone, board, laptop, gpu");
  EXPECT_EQ(refused("devices: [{id: a, class: gpu, name: A, memory: {value: 0, source: s}}]"), "d.yaml:1:56: impossible: 0");
  EXPECT_EQ(refused("devices: [{id: a, class: gpu, name: A, memory: {value: 1}}]"), "d.yaml:1:48: the key source is missing here");
  EXPECT_EQ(refused("devices: [{id: a, colour: red}]"), "d.yaml:1:19: unknown key colour");
}

TEST(PublishedFigures, MistakesNameTheirPlace) {
  const auto refused = [](const char* text) {
    const auto root = parse_yaml(text, "p.yaml");
    EXPECT_TRUE(root.has_value());
    const auto published = read_published(*root);
    EXPECT_FALSE(published.has_value()) << text;
    return published ? std::string() : published.error().text(Language::kEnglish);
  };
  EXPECT_EQ(refused("benchmarks: [{id: a, name: A, items: 3}]\nscores: [{model: m, benchmark: a, value: 101, kind: base, setting: s, source: s}]"),
            "p.yaml:2:42: impossible: 101");
  EXPECT_EQ(refused("scores: [{model: m, benchmark: a, value: 1, kind: base, setting: s, source: s}]"), "p.yaml:1:32: unknown benchmark a");
  EXPECT_EQ(refused("facts: [{id: f, says: {en: a, zh: b}, is: {x: 1}, source: s}]"), "p.yaml:1:43: expected a number, found {...}");
}

}  // namespace
}  // namespace slm::lab::audit
