// A comparison as JSON (docs/json.md) that comes from a file or a store: its shape, checked before anything reads it.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/message.h"
#include "base/result.h"

namespace slm::lab {

// What the functions of this folder that take a comparison rely on: two models with names and kinds; rows with their id, table, label,
// values, effect, interval, p, verdict and records, each of its type; each record's model is one of the two. Keys beyond these may be
// there. Errors: kCorrupt "lab.report.bad_key", which names the place: "rows[3].interval".
Status check_comparison(const nlohmann::ordered_json& comparison);

// REQUIRES of all below: a checked comparison, or a row of one.

// "label" in the language asked for, where the comparison has it.
std::string row_label(const nlohmann::ordered_json& row, Language language);
std::string row_reason(const nlohmann::ordered_json& row, Language language);
// A value as people read it: `side` is "a" or "b".
std::string row_shown(const nlohmann::ordered_json& row, std::string_view side);
// "A is better" for "better", in the language set for the process; "" for a fact; the word itself where it is none of docs/json.md.
std::string verdict_text(const std::string& verdict);
// True when the records are right and wrong, not measured values.
bool has_right_and_wrong(const nlohmann::ordered_json& row);

// Whose each of the row's records is: 'a' or 'b', one a record. Two models of one name take turns at each item.
std::string sides_of_records(const nlohmann::ordered_json& comparison, const nlohmann::ordered_json& row);

}  // namespace slm::lab
