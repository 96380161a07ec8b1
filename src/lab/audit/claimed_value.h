// A number as a text claims it: not a point but the interval its wording leaves open.
#pragma once

#include <string>
#include <string_view>

#include "base/yaml.h"

namespace slm::lab::audit {

// What "about", "~" or a Chinese equivalent adds on both sides.
inline constexpr double kAboutShare = 0.10;

struct ClaimedValue {
  double low = 0, high = 0;  // closed; high is infinite for "at least", low 0 for "at most"

  bool holds(double value) const { return low <= value && value <= high; }
};

// {value, step, about}: value +- step / 2, the rounding of the digits printed (step 0 or absent: exact), widened by kAboutShare of the value with
// about: true. {from, to}, {at_least}, {at_most} as they say. Errors: kCorrupt with the place; a negative number, from > to.
Result<ClaimedValue> read_claimed_value(const YamlNode& node);

enum class Unit : uint8_t { kCount, kBytes, kTokensPerSecond, kSeconds, kWatts, kRatio };
// "494,032,768", "352 MB", "71.8 tok/s", "40 ms", "170 W", "5.07": the same in every language.
std::string format_quantity(double value, Unit unit);
// "0.25 GB .. 0.35 GB", ">= 150 tok/s", "29".
std::string format_claimed(const ClaimedValue& claimed, Unit unit);

}  // namespace slm::lab::audit
