// Evidence from a model's dimensions: counts of parameters, sizes of files, memory.
#include <algorithm>

#include "base/text.h"
#include "lab/audit/checks.h"

namespace slm::lab::audit {
namespace {

Outcome outcome_of(const ClaimedValue& claimed, double derived) { return claimed.holds(derived) ? Outcome::kSupports : Outcome::kRefutes; }

// A model in a quantisation behind some tokens.
struct Load {
  const AuditModel* model = nullptr;
  Quantization quantization = Quantization::kF16;
  uint64_t tokens = 0;
  uint64_t weights = 0, kv = 0;  // bytes

  double bytes() const { return static_cast<double>(weights + kv); }
};

Result<Load> load_in(const YamlNode& item, const AuditSources& sources) {
  Load load;
  SLM_TRY(model, model_in(item, "model", sources));
  SLM_TRY(node, item.need("quantization"));
  SLM_TRY(quantization, quantization_in(*node));
  SLM_TRY(tokens, tokens_in(item));
  load.model = model;
  load.quantization = quantization;
  load.tokens = tokens;
  load.weights = weight_bytes(model->shape, quantization);
  load.kv = model->shape.kv_bytes(tokens);
  return load;
}

// A figure of a model that two can be compared by, and the text that says it of both.
struct Field {
  std::string_view name, text;
  uint64_t (*value)(const ModelShape& shape);
};
constexpr Field kFields[] = {
    {"parameters", "lab.audit.compare.parameters", [](const ModelShape& shape) { return shape.parameters(); }},
    {"layers", "lab.audit.compare.layers", [](const ModelShape& shape) { return shape.layers; }},
    {"width", "lab.audit.compare.width", [](const ModelShape& shape) { return shape.width; }},
    {"heads", "lab.audit.compare.heads", [](const ModelShape& shape) { return shape.heads; }},
    {"context", "lab.audit.compare.context", [](const ModelShape& shape) { return shape.context; }},
    {"vocabulary", "lab.audit.compare.vocabulary", [](const ModelShape& shape) { return shape.vocabulary; }},
};

Result<const Field*> field_in(const YamlNode& item) {
  SLM_TRY(name, item.need_string("field"));
  std::string known = "bytes";
  for (const Field& field : kFields) {
    if (field.name == name) return &field;
    known += ", " + std::string(field.name);
  }
  return item.find("field")->wrong("lab.audit.no_class", printable(name), known);
}

// "more" -> true, "less" -> false.
Result<bool> is_more(const YamlNode& item) {
  SLM_TRY(relation, item.need_string("relation"));
  if (relation == "more" || relation == "less") return relation == "more";
  return item.find("relation")->wrong("lab.audit.no_class", printable(relation), "more, less");
}

}  // namespace

Result<Evidence> check_parameters(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(model, model_in(item, "model", sources));
  SLM_TRY(claimed, claimed_in(item));
  const ModelShape& shape = model->shape;
  const auto count = [](uint64_t value) { return format_quantity(static_cast<double>(value), Unit::kCount); };
  const auto all = static_cast<double>(shape.parameters());
  const uint64_t without = shape.matrix_parameters() + shape.vector_parameters;
  Evidence evidence;
  evidence.outcome = outcome_of(claimed, all);
  evidence.text = msg("lab.audit.parameters", model->label, shape.layers, count(shape.matrix_parameters() / shape.layers),
                      count(shape.vector_parameters), shape.vocabulary, shape.width, count(shape.parameters()), count(without),
                      format_claimed(claimed, Unit::kCount));
  evidence.numbers = {{"parameters", all}, {"without_embedding", static_cast<double>(without)}, {"claimed_low", claimed.low}, {"claimed_high", claimed.high}};
  evidence.sources = {model->shape_source};
  return evidence;
}

Result<Evidence> check_parameter_ratio(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(model, model_in(item, "model", sources));
  SLM_TRY(than, model_in(item, "than", sources));
  SLM_TRY(more_by, item.bool_or("more_by", false));
  SLM_TRY(claimed, claimed_in(item));
  const auto a = static_cast<double>(model->shape.parameters()), b = static_cast<double>(than->shape.parameters());
  const double ratio = a / b;
  Evidence evidence;
  evidence.outcome = outcome_of(claimed, more_by ? ratio - 1 : ratio);
  evidence.text = msg(more_by ? "lab.audit.more_by" : "lab.audit.ratio", format_quantity(a, Unit::kCount), format_quantity(b, Unit::kCount),
                      format_quantity(more_by ? ratio - 1 : ratio, Unit::kRatio), format_claimed(claimed, Unit::kRatio));
  evidence.numbers = {{"ratio", ratio}, {"claimed_low", claimed.low}, {"claimed_high", claimed.high}};
  evidence.sources = {model->shape_source, than->shape_source};
  return evidence;
}

Result<Evidence> check_context(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(model, model_in(item, "model", sources));
  SLM_TRY(claimed, claimed_in(item));
  const auto context = static_cast<double>(model->shape.context);
  Evidence evidence;
  evidence.outcome = outcome_of(claimed, context);
  evidence.text = msg("lab.audit.context", model->label, format_quantity(context, Unit::kCount), format_claimed(claimed, Unit::kCount));
  evidence.numbers = {{"context", context}};
  evidence.sources = {model->shape_source};
  return evidence;
}

Result<Evidence> check_compare(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(model, model_in(item, "model", sources));
  SLM_TRY(than, model_in(item, "than", sources));
  SLM_TRY(more, is_more(item));
  double a = 0, b = 0;
  Evidence evidence;
  if (const YamlNode* quantized = item.find("quantization")) {
    SLM_TRY(quantization, quantization_in(*quantized));
    SLM_TRY(field, item.need_string("field"));
    if (field != "bytes") return item.find("field")->wrong("lab.audit.no_class", printable(field), "bytes");
    a = static_cast<double>(weight_bytes(model->shape, quantization) + model->shape.header_bytes);
    b = static_cast<double>(weight_bytes(than->shape, quantization) + than->shape.header_bytes);
    evidence.text = msg("lab.audit.compare.bytes", quantization_name(quantization), model->label, format_quantity(a, Unit::kBytes),
                        than->label, format_quantity(b, Unit::kBytes));
  } else {
    SLM_TRY(field, field_in(item));
    a = static_cast<double>(field->value(model->shape));
    b = static_cast<double>(field->value(than->shape));
    evidence.text = msg(field->text, model->label, format_quantity(a, Unit::kCount), than->label, format_quantity(b, Unit::kCount));
  }
  evidence.outcome = (more ? a > b : a < b) ? Outcome::kSupports : Outcome::kRefutes;
  evidence.numbers = {{model->id, a}, {than->id, b}};
  evidence.sources = {model->shape_source, than->shape_source};
  return evidence;
}

Result<Evidence> check_file_size(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(model, model_in(item, "model", sources));
  SLM_TRY(list, item.need_sequence("quantizations"));
  SLM_TRY(claimed, claimed_in(item));
  if (list->items.empty()) return list->wrong("lab.audit.empty_list");
  Evidence evidence;
  evidence.outcome = Outcome::kRefutes;  // until one of them has the claimed size
  std::string sizes;
  for (const YamlNode& node : list->items) {
    SLM_TRY(quantization, quantization_in(node));
    const auto bytes = static_cast<double>(weight_bytes(model->shape, quantization) + model->shape.header_bytes);
    if (claimed.holds(bytes)) evidence.outcome = Outcome::kSupports;
    sizes += fmt::format("{}{} {}", sizes.empty() ? "" : ", ", quantization_name(quantization), format_quantity(bytes, Unit::kBytes));
    evidence.numbers.emplace_back(quantization_name(quantization), bytes);
  }
  evidence.text = msg("lab.audit.file_size", model->label, sizes, format_claimed(claimed, Unit::kBytes));
  evidence.numbers.emplace_back("claimed_low", claimed.low);
  evidence.numbers.emplace_back("claimed_high", claimed.high);
  evidence.sources = {model->shape_source};
  return evidence;
}

Result<Evidence> check_memory_floor(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(load, load_in(item, sources));
  SLM_TRY(claimed, claimed_in(item));
  Evidence evidence;
  evidence.outcome = claimed.high < load.bytes() ? Outcome::kRefutes : Outcome::kAllows;
  evidence.text = msg("lab.audit.memory_floor", load.model->label, quantization_name(load.quantization),
                      format_quantity(static_cast<double>(load.weights), Unit::kBytes), load.tokens,
                      format_quantity(static_cast<double>(load.kv), Unit::kBytes), format_quantity(load.bytes(), Unit::kBytes),
                      format_claimed(claimed, Unit::kBytes));
  evidence.numbers = {{"least_bytes", load.bytes()}, {"claimed_low", claimed.low}, {"claimed_high", claimed.high}};
  evidence.sources = {load.model->shape_source};
  return evidence;
}

Result<Evidence> check_fits(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(load, load_in(item, sources));
  Evidence evidence;
  evidence.sources = {load.model->shape_source};
  double memory = 0;
  std::string where;
  if (item.find("device") != nullptr) {
    if (const YamlNode* both = item.find("memory")) return both->wrong("lab.audit.memory_or_device");
    SLM_TRY(device, device_in(item, sources));
    memory = device->memory.value;
    where = device->name;
    evidence.sources.push_back(device->memory.source);
  } else {
    SLM_TRY(given, item.need_number("memory"));
    if (given <= 0) return item.find("memory")->wrong("lab.audit.impossible", item.find("memory")->text);
    memory = given;
  }
  const double share = load.bytes() / memory;
  evidence.outcome = share <= kFitShare ? Outcome::kSupports : share <= 1 ? Outcome::kAllows : Outcome::kRefutes;
  const std::string size = format_quantity(memory, Unit::kBytes);
  evidence.text = msg("lab.audit.fits", load.model->label, quantization_name(load.quantization), load.tokens,
                      format_quantity(load.bytes(), Unit::kBytes), fmt::format("{:.0f}", 100 * share),
                      where.empty() ? size : size + " (" + where + ")", fmt::format("{:.0f}", 100 * kFitShare));
  evidence.numbers = {{"least_bytes", load.bytes()}, {"memory_bytes", memory}, {"share", share}};
  return evidence;
}

}  // namespace slm::lab::audit
