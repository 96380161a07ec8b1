#include "lab/report/summary.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "lab/report/comparison_shape.h"

namespace slm::lab {
namespace {

constexpr const char* kA = "a";
constexpr const char* kB = "b";

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// "zh" of a row that says so, or whose id has _zh or _zho in it, by itself or before another part; "en" alike; else "".
std::string language_of(const Json& row) {
  const std::string stated = text_of(row, "language"), id = text_of(row, "id") + "_";
  if (!stated.empty()) return stated;
  for (const auto& [mark, code] : {std::pair{"_zh_", "zh"}, {"_zho_", "zh"}, {"_en_", "en"}, {"_eng_", "en"}}) {
    if (id.find(mark) != std::string::npos) return code;
  }
  return "";
}

std::string area_of(const Json& row) {
  const std::string table = text_of(row, "table"), id = text_of(row, "id");
  if (table == "deployment") {
    const bool is_memory = id.find("memory") != std::string::npos || id.starts_with("file_size") || id.starts_with("size_");
    return is_memory ? "memory" : id == "context" ? "context" : table;
  }
  if (table == "language" && id.starts_with("ifeval")) return "instructions";
  if (table == "language") {
    const std::string language = language_of(row);
    return language == "zh" ? "chinese" : language == "en" ? "english" : "languages";
  }
  return table;
}

struct Vote {
  char side = 0;        // 'a', 'b', 0
  bool is_sure = false;
};

Vote vote_of(const Json& row) {
  const std::string verdict = text_of(row, "verdict");
  if (verdict == "better") return {'a', true};
  if (verdict == "worse") return {'b', true};
  if (verdict == "likely_better") return {'a', false};
  if (verdict == "likely_worse") return {'b', false};
  return {};
}

// What rows that decide nothing make of their area.
Lead undecided(Lead before, const std::string& verdict) {
  const Lead now = verdict == "no_difference" ? Lead::kNoDifference : verdict == "too_few" ? Lead::kTooFew : Lead::kNotMeasured;
  return std::min(before, now);
}

// A name of a file may hold anything; marks that turn the direction of what follows are left out.
std::string plain(const std::string& text) {
  std::string out;
  const std::string safe = printable(text);
  for (size_t i = 0; i < safe.size(); ++i) {
    const std::string_view rest = std::string_view(safe).substr(i, 3);
    const bool turns = (rest >= "\u200E" && rest <= "\u200F") || (rest >= "\u202A" && rest <= "\u202E") || (rest >= "\u2066" && rest <= "\u2069");
    if (turns) {
      i += 2;
    } else {
      out += safe[i];
    }
  }
  return out;
}

// Words and sentences of one comparison in one language.
class Writer {
 public:
  Writer(const Json& comparison, Language language) : comparison_(comparison), language_(language), leads_(area_leads(comparison)) {}

  std::vector<SummaryPart> all() const {
    std::vector<SummaryPart> parts;
    for (const auto& [part, text] : {std::pair{"choose", choose()}, {"because", because()}, {"open", open()}, {"sure", sure()},
                                     {"change", change()}}) {
      if (!text.empty()) parts.push_back({part, text});
    }
    return parts;
  }

 private:
  template <class... Args>
  std::string say(std::string_view key, const Args&... args) const {
    return render(msg(key, args...), language_);
  }

  std::string model(size_t which) const { return plain(text_of(comparison_["models"][which], "name")); }

  std::string join(const std::vector<std::string>& words) const {
    std::string text;
    for (size_t i = 0; i < words.size(); ++i) {
      if (i > 0) text += say(i + 1 < words.size() ? "lab.report.list_next" : "lab.report.list_last");
      text += words[i];
    }
    return text;
  }

  // Clauses that have commas of their own.
  std::string join_clauses(const std::vector<std::string>& clauses) const {
    std::string text;
    for (const std::string& clause : clauses) text += (text.empty() ? "" : say("lab.report.list_clause")) + clause;
    return text;
  }

  std::string area_name(const std::string& area) const {
    static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
        {"memory", "lab.report.area.memory"},       {"speed", "lab.report.area.speed"},       {"chinese", "lab.report.area.chinese"},
        {"english", "lab.report.area.english"},     {"languages", "lab.report.area.languages"}, {"context", "lab.report.area.context"},
        {"deployment", "lab.report.area.deployment"}, {"ability", "lab.report.area.ability"}, {"knowledge", "lab.report.area.knowledge"},
        {"maths", "lab.report.area.maths"},         {"code", "lab.report.area.code"},         {"safety", "lab.report.area.safety"},
        {"instructions", "lab.report.area.instructions"}, {"reading", "lab.report.area.reading"},
        {"prompts", "lab.report.area.prompts"}};
    for (const auto& [name, key] : kNames) {
      if (name == area) return say(key);
    }
    return plain(area);
  }

  std::vector<std::string> areas(Lead lead) const {
    std::vector<std::string> names;
    for (const AreaLead& one : leads_) {
      if (one.lead == lead) names.push_back(area_name(one.area));
    }
    return names;
  }

  std::string choose() const {
    const auto a = areas(Lead::kA), b = areas(Lead::kB);
    if (!a.empty() && !b.empty()) return say("lab.report.choose_both", model(0), join(a), model(1), join(b));
    if (!a.empty()) return say("lab.report.choose_one", model(0), join(a), model(1));
    if (!b.empty()) return say("lab.report.choose_one", model(1), join(b), model(0));
    return say("lab.report.choose_none", model(0), model(1));
  }

  // "file size (98.4 MB against 253 MB)", the leader's value first.
  std::string evidence(const AreaLead& lead) const {
    const bool is_a = lead.lead == Lead::kA;
    const Json& row = *lead.evidence;
    return say("lab.report.evidence", plain(row_label(row, language_)), plain(row_shown(row, is_a ? kA : kB)),
               plain(row_shown(row, is_a ? kB : kA)));
  }

  std::string because() const {
    std::string text;
    for (const Lead side : {Lead::kA, Lead::kB}) {
      std::vector<std::string> reasons;
      for (const AreaLead& lead : leads_) {
        if (lead.lead == side) reasons.push_back(evidence(lead));
      }
      if (!reasons.empty()) add(text, say("lab.report.because", model(side == Lead::kA ? 0 : 1), join_clauses(reasons)));
    }
    return text;
  }

  std::string open() const {
    std::string text;
    std::vector<std::string> split;
    for (const AreaLead& lead : leads_) {
      if (lead.lead == Lead::kSplit) split.push_back(say("lab.report.split_area", area_name(lead.area), lead.rows_a, lead.rows_b));
    }
    if (!split.empty()) add(text, say("lab.report.split", join_clauses(split)));
    for (const auto& [lead, key] : {std::pair{Lead::kNoDifference, "lab.report.even"}, {Lead::kTooFew, "lab.report.too_few"},
                                    {Lead::kNotMeasured, "lab.report.not_measured"}}) {
      if (const auto names = areas(lead); !names.empty()) add(text, say(key, join(names)));
    }
    return text;
  }

  std::string sure() const {
    int exact = 0, tested = 0, likely = 0;
    for (const Json& row : comparison_["rows"]) {
      const Vote vote = vote_of(row);
      if (vote.side == 0) continue;
      ++(!vote.is_sure ? likely : row["interval"].is_null() ? exact : tested);
    }
    if (exact + tested + likely == 0) return say("lab.report.sure_nothing");
    std::vector<std::string> kinds;
    if (exact > 0) kinds.push_back(say("lab.report.sure_exact", exact));
    if (tested > 0) kinds.push_back(say("lab.report.sure_tested", tested));
    if (likely > 0) kinds.push_back(say("lab.report.sure_likely", likely));
    return say("lab.report.sure", exact + tested + likely, join_clauses(kinds));
  }

  bool any_row(std::initializer_list<std::string_view> verdicts, std::string_view table = {}) const {
    const Json& rows = comparison_["rows"];
    return std::any_of(rows.begin(), rows.end(), [&](const Json& row) {
      const std::string verdict = text_of(row, "verdict");
      return (table.empty() || text_of(row, "table") == table) && std::find(verdicts.begin(), verdicts.end(), verdict) != verdicts.end();
    });
  }

  std::string change() const {
    std::vector<std::string> causes;
    if (any_row({"no_difference", "likely_better", "likely_worse", "too_few"})) causes.push_back(say("lab.report.change_items"));
    if (any_row({"not_measured"})) causes.push_back(say("lab.report.change_unmeasured"));
    if (any_row({"better", "worse", "likely_better", "likely_worse", "no_difference"}, "speed")) {
      causes.push_back(say("lab.report.change_device", plain(text_of(comparison_["device"], "cpu"))));
    }
    if (text_of(comparison_["models"][0], "quantization") != "" || text_of(comparison_["models"][1], "quantization") != "") {
      causes.push_back(say("lab.report.change_files"));
    }
    const bool a_is_base = text_of(comparison_["models"][0], "kind") == "base", b_is_base = text_of(comparison_["models"][1], "kind") == "base";
    if (a_is_base != b_is_base) causes.push_back(say("lab.report.change_kind", model(a_is_base ? 0 : 1)));
    return causes.empty() ? "" : say("lab.report.change", join_clauses(causes));
  }

  void add(std::string& text, const std::string& sentence) const {
    if (!text.empty() && language_ == Language::kEnglish) text += " ";
    text += sentence;
  }

  const Json& comparison_;
  Language language_;
  std::vector<AreaLead> leads_;
};

}  // namespace

std::vector<AreaLead> area_leads(const Json& comparison) {
  std::vector<AreaLead> leads;
  for (const Json& row : comparison["rows"]) {
    const std::string verdict = text_of(row, "verdict"), area = area_of(row);
    if (verdict == "fact") continue;
    auto lead = std::find_if(leads.begin(), leads.end(), [&](const AreaLead& one) { return one.area == area; });
    if (lead == leads.end()) lead = leads.insert(leads.end(), AreaLead{.area = area});
    const Vote vote = vote_of(row);
    if (vote.side == 0) {
      lead->lead = undecided(lead->lead, verdict);
      continue;
    }
    ++(vote.side == 'a' ? lead->rows_a : lead->rows_b);
    if (lead->evidence == nullptr || (vote.is_sure && !vote_of(*lead->evidence).is_sure)) lead->evidence = &row;
  }
  for (AreaLead& lead : leads) {
    if (lead.rows_a > 0 && lead.rows_b > 0) {
      lead.lead = Lead::kSplit;
    } else if (lead.rows_a + lead.rows_b > 0) {
      lead.lead = lead.rows_a > 0 ? Lead::kA : Lead::kB;
    }
  }
  return leads;
}

std::vector<SummaryPart> summarize_comparison(const Json& comparison, Language language) { return Writer(comparison, language).all(); }

std::string summary_text(const Json& comparison, Language language) {
  std::string text;
  for (const SummaryPart& part : summarize_comparison(comparison, language)) {
    text += (text.empty() || language == Language::kChinese ? "" : " ") + part.text;
  }
  return text;
}

}  // namespace slm::lab
