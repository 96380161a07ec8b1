#include "hub/sources/wheels.h"

#include <algorithm>
#include <cctype>

#include "hub/catalogue.h"

namespace slm::hub {
namespace {

constexpr std::string_view kScheme = "wheel:";
constexpr size_t kLongestWord = 100;

// Becomes an argument of pip and part of a path.
bool is_word(std::string_view text, std::string_view punctuation) {
  if (text.empty() || text.size() > kLongestWord || std::isalnum(static_cast<unsigned char>(text[0])) == 0) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || punctuation.find(c) != std::string_view::npos; });
}

bool are_same_wheels(const std::vector<WheelPart>& a, const std::vector<WheelPart>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const WheelPart& x, const WheelPart& y) { return x.package == y.package && x.version == y.version; });
}

}  // namespace

std::string wheel_name(const std::vector<WheelPart>& parts) {
  std::string name;
  for (const WheelPart& part : parts) name += (name.empty() ? std::string(kScheme) : ",") + part.package + "==" + part.version;
  return name;
}

Result<std::vector<WheelPart>> parse_wheel_name(std::string_view name) {
  std::vector<WheelPart> parts;
  std::string_view rest = name.substr(std::min(name.size(), kScheme.size()));
  for (bool more = true; more;) {
    const std::string_view one = rest.substr(0, rest.find(','));
    more = one.size() < rest.size();
    rest.remove_prefix(one.size() + (more ? 1 : 0));
    const size_t equals = one.find("==");
    const std::string_view package = one.substr(0, equals), version = equals == std::string_view::npos ? "" : one.substr(equals + 2);
    if (!is_word(package, "-_.") || !is_word(version, "-_.+!") || parts.size() == kMostWheels) return fail(ErrorKind::kUsage, "hub.bad_wheel_name", name.substr(0, 200));
    parts.push_back({std::string(package), std::string(version), "", 0});
  }
  return parts;
}

Result<RemoteModel> Wheels::find(const std::string& name, const Asking& asking) const {
  if (asking.insecure) return fail(ErrorKind::kUsage, "hub.flag_of_remote", "--insecure");
  SLM_TRY_STATUS(user_catalogue_status());
  RemoteModel model;
  SLM_TRY(parts, parse_wheel_name(name));
  model.wheels = std::move(parts);
  model.source = wheel_name(model.wheels);
  model.suggested_name = model.wheels.front().package + ":" + model.wheels.front().version;
  model.file.name = model.wheels.front().package;
  for (const CatalogueEntry& entry : catalogue()) {
    if (!are_same_wheels(entry.parts, model.wheels)) continue;
    model.wheels = entry.parts;
    model.suggested_name = entry.name;
    model.license = entry.license;
    if (entry.bytes > 0) model.file.bytes = entry.bytes;
    model.file.sha256 = entry.sha256;
    model.entry = &entry;
    break;
  }
  return model;
}

}  // namespace slm::hub
