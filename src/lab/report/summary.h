// The report's first paragraph: which model to choose for what, how sure that is, what would change it. From the rows' verdicts alone.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/message.h"

namespace slm::lab {

// What a reader asks about: memory, speed, Chinese, English, other languages, and each further table. A row belongs to one area, or,
// where it is a fact without a verdict, to none.
//
// A model leads in an area when at least one of its rows says so (better, likely better) and no row says the other does. An area where
// rows disagree is split; where none decides, it is undecided: no detectable difference, too few items, or not measured, in this order.
enum class Lead : uint8_t { kA, kB, kSplit, kNoDifference, kTooFew, kNotMeasured };

struct AreaLead {
  std::string area;                        // "memory", "speed", "chinese", "english", "languages", "context", or a table's name
  Lead lead = Lead::kNotMeasured;
  int rows_a = 0, rows_b = 0;              // that say A, that say B leads
  const nlohmann::ordered_json* evidence = nullptr;  // the first row that decides, a sure one before a likely one; null: none
};
// In the order in which the areas first occur. The comparison must outlive the result. REQUIRES: a checked comparison
// (comparison_shape.h), here and below.
std::vector<AreaLead> area_leads(const nlohmann::ordered_json& comparison);

struct SummaryPart {
  std::string part;                        // "choose", "because", "open", "sure", "change"
  std::string text;                        // whole sentences
};
std::vector<SummaryPart> summarize_comparison(const nlohmann::ordered_json& comparison, Language language);
// The parts as one paragraph.
std::string summary_text(const nlohmann::ordered_json& comparison, Language language);

}  // namespace slm::lab
