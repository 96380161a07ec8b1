#include "lab/audit/claimed_value.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace slm::lab::audit {
namespace {

constexpr double kMostNumber = 1e18;  // beyond this nothing said of a small model makes sense, and counts lose digits

Result<double> number_in(const YamlNode& node, std::string_view key) {
  SLM_TRY(value, node.need_number(key));
  if (value < 0 || value > kMostNumber) return node.find(key)->wrong("lab.audit.impossible", node.find(key)->text);
  return value;
}

std::string with_separators(uint64_t value) {
  std::string digits = fmt::format("{}", value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

}  // namespace

Result<ClaimedValue> read_claimed_value(const YamlNode& node) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (node.find("from") != nullptr) {
    SLM_TRY_STATUS(node.refuse_unknown_keys({"from", "to"}));
    SLM_TRY(from, number_in(node, "from"));
    SLM_TRY(to, number_in(node, "to"));
    if (from > to) return node.wrong("lab.audit.impossible", fmt::format("from {} to {}", from, to));
    return ClaimedValue{from, to};
  }
  if (node.find("at_least") != nullptr) {
    SLM_TRY_STATUS(node.refuse_unknown_keys({"at_least"}));
    SLM_TRY(least, number_in(node, "at_least"));
    return ClaimedValue{least, kInfinity};
  }
  if (node.find("at_most") != nullptr) {
    SLM_TRY_STATUS(node.refuse_unknown_keys({"at_most"}));
    SLM_TRY(most, number_in(node, "at_most"));
    return ClaimedValue{0, most};
  }
  SLM_TRY_STATUS(node.refuse_unknown_keys({"value", "step", "about"}));
  SLM_TRY(value, number_in(node, "value"));
  SLM_TRY(about, node.bool_or("about", false));
  double half = 0;
  if (node.find("step") != nullptr) {
    SLM_TRY(step, number_in(node, "step"));
    half = step / 2;
  }
  if (about) half = std::max(half, kAboutShare * value);
  return ClaimedValue{std::max(0.0, value - half), value + half};
}

std::string format_quantity(double value, Unit unit) {
  switch (unit) {
    case Unit::kCount: return with_separators(static_cast<uint64_t>(std::llround(value)));
    case Unit::kBytes: return value < 1e9 ? fmt::format("{:.0f} MB", value / 1e6) : fmt::format("{:.2f} GB", value / 1e9);
    case Unit::kTokensPerSecond: return fmt::format("{:.{}f} tok/s", value, value < 100 ? 1 : 0);
    case Unit::kSeconds: return fmt::format("{:.{}f} ms", value * 1e3, value < 0.01 ? 1 : 0);
    case Unit::kWatts: return fmt::format("{:g} W", value);
    case Unit::kRatio: return fmt::format("{:.2f}", value);
  }
  return {};
}

std::string format_claimed(const ClaimedValue& claimed, Unit unit) {
  if (std::isinf(claimed.high)) return ">= " + format_quantity(claimed.low, unit);
  const std::string low = format_quantity(claimed.low, unit), high = format_quantity(claimed.high, unit);
  if (claimed.low == 0 && claimed.high > 0) return "<= " + high;
  return low == high ? low : low + " .. " + high;
}

}  // namespace slm::lab::audit
