// What evidence is drawn from: the models a claims file speaks of, devices, published figures, and a comparison where one is given.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lab/audit/devices.h"
#include "lab/audit/model_shape.h"
#include "lab/audit/published.h"

namespace slm::lab::audit {

// A model as a claims file names it.
struct AuditModel {
  std::string id;                  // its key in the claims file: "qwen"
  std::string label;               // as shown
  std::vector<std::string> names;  // slm's names whose published scores are its own; the first is its name in the store
  ModelShape shape;
  std::string shape_source;
};

struct KnownShape {
  ModelShape shape;
  std::string source;              // a file of data, or the model file whose header was read
};
// The shape of a model by slm's name, or nothing.
using FindShape = std::function<std::optional<KnownShape>(std::string_view name)>;
// From the header of the model in the local store, else from data/models/shapes.yaml.
std::optional<KnownShape> shape_in_store_or_data(std::string_view name);
// data/models/shapes.yaml alone.
std::optional<KnownShape> shape_in_data(std::string_view name);

// `slm compare --json`, as far as an audit reads it.
struct MeasuredRow {
  std::string id;                  // "flores_bits_zho_Hans"
  std::string verdict;             // of A against B: "better", ..., "not_measured"
  std::string shown_a, shown_b;
};
struct MeasuredComparison {
  std::string file;
  std::string name_a, name_b;
  std::vector<MeasuredRow> rows;
  std::string tier = {};           // "smoke", ..., or "article": by its protocol
};
// Errors: those of reading a file and of parse_json; kCorrupt naming the key that is missing or not what it should be.
Result<MeasuredComparison> read_measured(const std::string& path);
// The same from the JSON; `path` stands in errors.
Result<MeasuredComparison> measured_in(const nlohmann::ordered_json& json, const std::string& path);

struct AuditSources {
  std::vector<AuditModel> models;
  std::vector<Device> devices;
  Published published;
  std::optional<MeasuredComparison> measured;
};

}  // namespace slm::lab::audit
