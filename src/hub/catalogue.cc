#include "hub/catalogue.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <sstream>

#include "base/json.h"
#include "base/files.h"
#include "base/text.h"
#include "hub/catalogue_json.h"
#include "hub/layout.h"
#include "hub/sources/source.h"
#include "hub/sources/wheels.h"
#include "hub/store.h"

namespace slm::hub {
namespace {

constexpr size_t kMostCatalogueBytes = 4u << 20;  // of the user's file

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
  std::optional<double> real(const char* name) {
    const Json* value = find(name, false);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number() || value->get<double>() < 0) return wrong(name), std::nullopt;
    return value->get<double>();
  }
  std::vector<std::string> texts(const char* name, bool required = true) {
    const Json* value = find(name, required);
    std::vector<std::string> out;
    if (value == nullptr) return out;
    if (!value->is_array()) return wrong(name), out;
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
  void refuse_unknown(std::initializer_list<std::string_view> known) {
    if (!object_.is_object()) return wrong("{}");
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) wrong(printable(key));
    }
  }
  void wrong(const std::string& name) {
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
  fields.refuse_unknown({"package", "version", "member", "download_bytes"});
  WheelPart part;
  part.package = fields.text("package");
  part.version = fields.text("version");
  part.member = fields.text("member");
  part.download_bytes = fields.number("download_bytes", false);
  SLM_TRY_STATUS(fields.status());
  return part;
}

// "hf:owner/repo:{QUANT}", or {"name": ..., "gated": true}.
Result<CatalogueSource> read_source(const Json& json, const std::string& where) {
  CatalogueSource source;
  if (json.is_string()) {
    source.name = json.get<std::string>();
  } else {
    Fields fields(json, where);
    fields.refuse_unknown({"name", "gated"});
    source.name = fields.text("name");
    source.gated = fields.boolean("gated");
    SLM_TRY_STATUS(fields.status());
  }
  if (source_for(source.name) == nullptr) return fail(ErrorKind::kCorrupt, "hub.bad_catalogue", where, printable(source.name));
  return source;
}

Result<DefaultSampling> read_sampling(const Json& json, const std::string& where) {
  Fields fields(json, where);
  fields.refuse_unknown({"temperature", "top_p", "top_k", "repeat_penalty"});
  DefaultSampling sampling;
  sampling.temperature = fields.real("temperature");
  sampling.top_p = fields.real("top_p");
  sampling.repeat_penalty = fields.real("repeat_penalty");
  if (fields.find("top_k", false) != nullptr) sampling.top_k = fields.number("top_k");
  SLM_TRY_STATUS(fields.status());
  return sampling;
}

void read_facts(Fields& fields, CatalogueEntry& entry) {
  entry.name = fields.text("name");
  entry.aliases = fields.texts("aliases");
  entry.architecture = fields.text("architecture");
  entry.instruct = fields.boolean("instruct");
  entry.license = fields.text("license");
  entry.license_terms = fields.text("license_terms");
  entry.license_terms_zh = fields.text("license_terms_zh", false);
  entry.license_key = fields.text("license_key", false);
  entry.license_url = fields.text("license_url", !entry.license_key.empty());
  entry.languages = fields.texts("languages");
  entry.parameters = fields.number("parameters");
  const uint64_t context = fields.number("context");
  if (context > std::numeric_limits<uint32_t>::max()) fields.wrong("context");
  entry.context = static_cast<uint32_t>(context);
  entry.chat_template = fields.text("chat_template");
  entry.quantization = fields.text("quantization", false);
  entry.quantizations = fields.texts("quantizations", false);
  entry.stop = fields.texts("stop", false);
  if (fields.find("verified", false) != nullptr) entry.verified = fields.boolean("verified");
  if (!check_name(entry.name)) fields.wrong("name");
  for (const std::string& alias : entry.aliases) {
    if (!check_name(alias)) fields.wrong("aliases");
  }
}

Status read_parts(Fields& fields, const std::string& where, CatalogueEntry& entry) {
  const Json* parts = fields.find("parts", false);
  if (parts == nullptr) return {};
  if (!parts->is_array()) fields.wrong("parts");
  SLM_TRY_STATUS(fields.status());
  for (const Json& item : *parts) {
    SLM_TRY(part, read_part(item, where + ".parts[" + std::to_string(entry.parts.size()) + "]"));
    entry.parts.push_back(std::move(part));
  }
  entry.bytes = fields.number("bytes");
  entry.sha256 = fields.text("sha256");
  if (!is_sha256(entry.sha256)) fields.wrong("sha256");
  if (entry.parts.empty()) return {};
  if (!parse_wheel_name(wheel_name(entry.parts))) return fail(ErrorKind::kCorrupt, "hub.bad_catalogue", where, "parts");
  entry.sources.push_back({wheel_name(entry.parts)});
  return {};
}

Status read_sources(Fields& fields, const std::string& where, CatalogueEntry& entry) {
  const Json* sources = fields.find("sources", entry.parts.empty());
  if (sources == nullptr) return {};
  if (!sources->is_array()) fields.wrong("sources");
  SLM_TRY_STATUS(fields.status());
  const size_t before = entry.sources.size();
  for (const Json& item : *sources) {
    SLM_TRY(source, read_source(item, where + ".sources[" + std::to_string(entry.sources.size() - before) + "]"));
    entry.sources.push_back(std::move(source));
  }
  std::stable_partition(entry.sources.begin(), entry.sources.end(), [](const CatalogueSource& source) { return !source.gated; });
  if (!entry.can_pull()) fields.wrong("sources");
  return {};
}

Result<CatalogueEntry> read_entry(const Json& json, const std::string& where) {
  Fields fields(json, where);
  fields.refuse_unknown({"name", "aliases", "architecture", "instruct", "license", "license_terms", "license_terms_zh", "license_key", "license_url", "license_text",
                         "languages", "parameters", "context", "chat_template", "quantization", "quantizations", "sources", "sampling", "stop",
                         "verified", "parts", "bytes", "sha256"});
  CatalogueEntry entry;
  read_facts(fields, entry);
  SLM_TRY_STATUS(fields.status());
  if (const Json* text = fields.find("license_text", false)) {
    SLM_TRY(part, read_part(*text, where + ".license_text"));
    entry.license_text = std::move(part);
  }
  if (const Json* sampling = fields.find("sampling", false)) {
    SLM_TRY(read, read_sampling(*sampling, where + ".sampling"));
    entry.sampling = read;
  }
  SLM_TRY_STATUS(read_parts(fields, where, entry));
  SLM_TRY_STATUS(read_sources(fields, where, entry));
  SLM_TRY_STATUS(fields.status());
  return entry;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) text.replace(at, what.size(), with);
}

// {QUANT} is the quantisation as files are named by it, {TAG} as Ollama's tags are: q4_K_M, fp16.
void name_quantization(CatalogueEntry& entry) {
  std::string tag = entry.quantization;
  if (!tag.empty()) tag[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(tag[0])));
  if (tag == "f16") tag = "fp16";
  for (CatalogueSource& source : entry.sources) {
    replace_all(source.name, "{QUANT}", entry.quantization);
    replace_all(source.name, "{TAG}", tag);
  }
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool is_named(const CatalogueEntry& entry, std::string_view name) {
  return same_name(entry.name, name) || std::any_of(entry.aliases.begin(), entry.aliases.end(), [&](const std::string& alias) { return same_name(alias, name); });
}

struct Known {
  std::vector<CatalogueEntry> entries, variants;  // as read: templates of names and all
  Status user_status;
};

Known load() {
  Known known;
  const std::string path = Store::open().root() + "/catalogue.json";
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    const auto text = read_text_file(path, kMostCatalogueBytes);
    auto parsed = text ? parse_catalogue(*text, path) : tl::unexpected<Error>(text.error());
    if (parsed) known.entries = std::move(*parsed);
    else known.user_status = tl::unexpected<Error>(parsed.error());
  }
  auto own = parse_catalogue(catalogue_json());
  SLM_CHECK(own.has_value());  // ours, from the build; a test reads it
  const size_t users = known.entries.size();
  for (CatalogueEntry& entry : *own) {
    const bool hidden = std::any_of(known.entries.begin(), known.entries.begin() + static_cast<std::ptrdiff_t>(users), [&](const CatalogueEntry& user) { return is_named(user, entry.name); });
    if (!hidden) known.entries.push_back(std::move(entry));
  }
  for (CatalogueEntry& entry : known.entries) {
    for (const std::string& quantization : entry.quantizations) {
      if (quantization != entry.quantization) known.variants.push_back(in_quantization(entry, quantization));
    }
    const std::vector<std::string> names = entry.aliases;
    if (!entry.quantizations.empty()) {
      entry.aliases.push_back(entry.name + "-" + lower(entry.quantization));
      for (const std::string& alias : names) entry.aliases.push_back(alias + "-" + lower(entry.quantization));
    }
    name_quantization(entry);
  }
  return known;
}

const Known& known() {
  static const Known all = load();
  return all;
}

}  // namespace

CatalogueEntry in_quantization(const CatalogueEntry& entry, const std::string& quantization) {
  CatalogueEntry variant = entry;
  variant.quantization = quantization;
  variant.quantizations.clear();
  variant.name += "-" + lower(quantization);
  for (std::string& alias : variant.aliases) alias += "-" + lower(quantization);
  std::erase_if(variant.sources, [&](const CatalogueSource& source) { return source.name == wheel_name(entry.parts); });
  variant.parts.clear();
  variant.bytes = 0;
  variant.sha256.clear();
  variant.verified = false;
  name_quantization(variant);
  return variant;
}

Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text, std::string_view origin) {
  const std::string place(origin);
  auto json = parse_json(text);
  if (!json) return fail_with_hint(ErrorKind::kCorrupt, msg("hub.bad_catalogue", place, "JSON"), json.error().message);
  Fields top(*json, place);
  top.refuse_unknown({"format", "models"});
  if (top.find("format", false) != nullptr && top.number("format") != 1) top.wrong("format");
  const Json* models = top.find("models", true);
  if (models != nullptr && !models->is_array()) top.wrong("models");
  SLM_TRY_STATUS(top.status());
  std::vector<CatalogueEntry> entries;
  for (const Json& model : *models) {
    const std::string where = place + " models[" + std::to_string(entries.size()) + "]";
    SLM_TRY(entry, read_entry(model, where));
    for (const CatalogueEntry& other : entries) {
      if (is_named(other, entry.name)) return fail(ErrorKind::kCorrupt, "hub.bad_catalogue", where, "name");
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

const std::vector<CatalogueEntry>& catalogue() { return known().entries; }
const Status& user_catalogue_status() { return known().user_status; }

const CatalogueEntry* find_entry(std::string_view name) {
  for (const auto* entries : {&known().entries, &known().variants}) {
    for (const CatalogueEntry& entry : *entries) {
      if (is_named(entry, name)) return &entry;
    }
  }
  return nullptr;
}

std::vector<std::string> catalogue_names() {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : catalogue()) names.push_back(entry.name);
  return names;
}

std::vector<const CatalogueEntry*> search_catalogue(std::string_view query) {
  std::vector<const CatalogueEntry*> found;
  for (const CatalogueEntry& entry : catalogue()) {
    std::string text = entry.name + " " + entry.architecture + " " + entry.license + (entry.instruct ? " instruct" : " base");
    for (const auto* list : {&entry.aliases, &entry.languages, &entry.quantizations}) {
      for (const std::string& word : *list) text += " " + word;
    }
    text = lower(text);
    std::istringstream words{lower(query)};
    bool all = true;
    for (std::string word; words >> word;) all = all && text.find(word) != std::string::npos;
    if (all) found.push_back(&entry);
  }
  return found;
}

}  // namespace slm::hub
