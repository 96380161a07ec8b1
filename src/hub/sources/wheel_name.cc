#include "hub/sources/wheel_name.h"

#include <algorithm>
#include <cctype>

namespace slm::hub {
namespace {

constexpr std::string_view kScheme = "wheel:";
constexpr size_t kLongestWord = 100;

// Becomes an argument of pip and part of a path.
bool is_word(std::string_view text, std::string_view punctuation) {
  if (text.empty() || text.size() > kLongestWord || std::isalnum(static_cast<unsigned char>(text[0])) == 0) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || punctuation.find(c) != std::string_view::npos; });
}

bool are_same(const std::vector<WheelPart>& a, const std::vector<WheelPart>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const WheelPart& x, const WheelPart& y) { return x.package == y.package && x.version == y.version; });
}

}  // namespace

bool is_wheel_name(std::string_view name) { return name.starts_with(kScheme); }

std::string wheel_source(const std::vector<WheelPart>& parts) { return parts.empty() ? "" : std::string(kScheme) + parts.front().package + "==" + parts.front().version; }

Result<CatalogueEntry> entry_of_wheel(std::string_view name) {
  CatalogueEntry made;
  std::string_view rest = name.substr(std::min(name.size(), kScheme.size()));
  for (bool more = true; more;) {
    const std::string_view one = rest.substr(0, rest.find(','));
    more = one.size() < rest.size();
    rest.remove_prefix(one.size() + (more ? 1 : 0));
    const size_t equals = one.find("==");
    const std::string_view package = one.substr(0, equals), version = equals == std::string_view::npos ? "" : one.substr(equals + 2);
    if (!is_word(package, "-_.") || !is_word(version, "-_.+!") || made.parts.size() == kMostWheels) return fail(ErrorKind::kUsage, "hub.bad_wheel_name", name.substr(0, 200));
    made.parts.push_back({std::string(package), std::string(version), "", 0});
  }
  for (const CatalogueEntry& entry : catalogue()) {
    if (are_same(entry.parts, made.parts)) return entry;
  }
  made.name = made.parts.front().package + ":" + made.parts.front().version;
  return made;
}

}  // namespace slm::hub
