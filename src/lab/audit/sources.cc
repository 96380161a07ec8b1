#include "lab/audit/sources.h"

#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "hub/store.h"
#include "lab/audit/built_in.h"
#include "lab/audit/by_id.h"
#include "runtime/runtime.h"

namespace slm::lab::audit {
namespace {

struct NamedShape {
  std::string id;  // slm's name
  KnownShape known;
};

Result<std::vector<NamedShape>> read_shapes(const YamlNode& root) {
  SLM_TRY_STATUS(root.refuse_unknown_keys({"models"}));
  SLM_TRY(list, root.need_sequence("models"));
  std::vector<NamedShape> shapes;
  for (const YamlNode& node : list->items) {
    SLM_TRY_STATUS(node.refuse_unknown_keys({"name", "source", "shape"}));
    SLM_TRY(name, node.need_string("name"));
    SLM_TRY_STATUS(refuse_twice(shapes, name, node));
    SLM_TRY(source, node.need_string("source"));
    SLM_TRY(shape_node, node.need_mapping("shape"));
    SLM_TRY(shape, read_shape(*shape_node));
    shapes.push_back({name, {shape, source}});
  }
  return shapes;
}

// A text of an object, of a size a table can bear.
Result<std::string> text_in(const Json& object, const std::string& path, const char* key, const std::string& file) {
  const auto found = object.find(key);  // of what is no object: end()
  if (found == object.end() || !found->is_string()) {
    return fail(ErrorKind::kCorrupt, "lab.audit.not_a_comparison", file, path + key);
  }
  constexpr size_t kMostColumns = 60;
  const std::string text = printable(found->get<std::string>());
  return display_width(text) <= kMostColumns ? text : pad_right(text, kMostColumns);
}

std::string shown_in(const Json& row, const char* key) {
  const auto shown = row.find("shown");
  if (shown == row.end() || !shown->is_object()) return {};
  const auto text = text_in(*shown, "", key, "");
  return text ? *text : std::string();
}

}  // namespace

std::optional<KnownShape> shape_in_data(std::string_view name) {
  static const auto shapes = built_in<std::vector<NamedShape>>(shapes_yaml(), "data/models/shapes.yaml", read_shapes);
  const NamedShape* found = find_by_id(shapes, name);
  return found != nullptr ? std::optional(found->known) : std::nullopt;
}

std::optional<KnownShape> shape_in_store_or_data(std::string_view name) {
  if (const auto stored = hub::Store::open().find(name)) {
    // A file that cannot be read is no obstacle: `slm verify` is where it is reported.
    if (const auto facts = Runtime::facts(stored->path)) {
      if (const auto shape = shape_of(*facts)) return KnownShape{*shape, stored->path};
    }
  }
  return shape_in_data(name);
}

Result<MeasuredComparison> read_measured(const std::string& path) {
  SLM_TRY(text, read_text_file(path, limits::kComparisonMaxBytes));
  SLM_TRY(json, parse_json(text, limits::kJsonMaxDepth, limits::kComparisonMaxBytes));
  return measured_in(json, path);
}

Result<MeasuredComparison> measured_in(const Json& json, const std::string& path) {
  const auto missing = [&](const char* key) { return fail(ErrorKind::kCorrupt, "lab.audit.not_a_comparison", path, key); };
  if (!json.is_object()) return missing("models");
  const auto models = json.find("models"), rows = json.find("rows");
  if (models == json.end() || !models->is_array() || models->size() != 2) return missing("models");
  if (rows == json.end() || !rows->is_array()) return missing("rows");

  MeasuredComparison measured;
  measured.file = path;
  SLM_TRY(name_a, text_in((*models)[0], "models[0].", "name", path));
  SLM_TRY(name_b, text_in((*models)[1], "models[1].", "name", path));
  measured.name_a = name_a;
  measured.name_b = name_b;
  if (const auto tier = text_in(json, "", "tier", path)) measured.tier = *tier;
  for (size_t i = 0; i < rows->size(); ++i) {
    const Json& row = (*rows)[i];
    const std::string at = fmt::format("rows[{}].", i);
    SLM_TRY(id, text_in(row, at, "id", path));
    SLM_TRY(verdict, text_in(row, at, "verdict", path));
    measured.rows.push_back({id, verdict, shown_in(row, "a"), shown_in(row, "b")});
  }
  return measured;
}

}  // namespace slm::lab::audit
