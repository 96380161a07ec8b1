#include "cli/estimate.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/ranges.h>

#include "base/json.h"
#include "base/machine.h"
#include "base/text.h"
#include "gguf/file.h"
#include "lab/audit/devices.h"
#include "lab/audit/sources.h"
#include "runtime/runtime.h"

namespace slm::cli {
namespace {

// Share of the time that reading the weights takes of a token: the rest is arithmetic, attention and waiting for each other. The least was
// seen on small models, whose steps are short; nothing is faster than the memory, but for what its measurement is off.
constexpr double kSlowestShare = 0.25, kFastestShare = 1.05;
// A maker's peak is not reached by reading either.
constexpr double kPeakShare = 0.9;

// What a batch of 256 takes beside weights and KV, by width and feed-forward; fitted to Model::workspace_bytes of the families.
constexpr uint64_t kFixedBytes = 32u << 20, kBytesPerToken = 72, kBatchBytes = 256 * sizeof(float);

// Positions that windowed layers keep beside their window: a batch, and pages that are half used.
constexpr uint64_t kBesideWindow = 256 + 64;

uint64_t workspace_of(const lab::audit::ModelShape& shape) {
  return kFixedBytes + kBytesPerToken * shape.vocabulary + kBatchBytes * (6 * shape.width + 3 * shape.ffn);
}

void add_speed(Estimate& estimate, uint64_t bytes_per_token) {
  const auto read = static_cast<double>(bytes_per_token), with_kv = static_cast<double>(bytes_per_token + estimate.kv);
  estimate.slowest = kSlowestShare * estimate.place.bandwidth / with_kv;
  estimate.fastest = (estimate.place.measured ? kFastestShare : kPeakShare) * estimate.place.bandwidth / read;
}

void add_smaller(Estimate& estimate, const lab::audit::ModelShape& shape, const Offered& offered) {
  if (estimate.fits()) return;
  uint64_t best = 0;
  for (const std::string& name : offered.empty() ? lab::audit::quantization_names() : offered) {
    const auto known = lab::audit::find_quantization(name);
    if (!known) continue;
    const uint64_t bytes = lab::audit::weight_bytes(shape, *known);
    if (bytes + estimate.kv + estimate.workspace > estimate.place.memory || bytes >= estimate.weights || bytes <= best) continue;
    best = bytes;
    estimate.smaller = name;
  }
}

// GB/s, measured now or by whoever set SLM_READ_BANDWIDTH.
double read_bandwidth(int cores) {
  const char* known = std::getenv("SLM_READ_BANDWIDTH");
  const double bandwidth = known != nullptr ? std::atof(known) : 0;
  return bandwidth > 0 ? bandwidth : measure_read_bandwidth(cores);
}

// Of the weights, what one token reads: of the embedding, where the output matrix is another, a row.
uint64_t bytes_per_token(const gguf::File& file) {
  uint64_t bytes = 0;
  for (const gguf::TensorInfo& tensor : file.tensors()) bytes += tensor.size_bytes;
  const gguf::TensorInfo* embedding = file.find_tensor("token_embd.weight");
  const bool untied = file.find_tensor("output.weight") != nullptr;
  return untied && embedding != nullptr ? bytes - embedding->size_bytes : bytes;
}

// From dimensions; nothing where the quantisation's bytes are not known.
std::optional<Estimate> estimate_of_shape(const lab::audit::ModelShape& shape, const std::string& quantization, uint32_t context, const Place& place, const Offered& offered) {
  const auto known = lab::audit::find_quantization(quantization);
  if (!known) return std::nullopt;
  const auto tokens = static_cast<uint32_t>(std::min<uint64_t>(context > 0 ? context : kEstimateContext, shape.context));
  Estimate estimate{place, tokens, lab::audit::weight_bytes(shape, *known), shape.kv_bytes(tokens, kBesideWindow), workspace_of(shape)};
  add_speed(estimate, lab::audit::bytes_per_token(shape, *known));
  add_smaller(estimate, shape, offered);
  return estimate;
}

}  // namespace

Result<Place> place_of(const std::string& device) {
  if (device.empty()) {
    const MachineFacts machine = machine_facts();
    return Place{"", machine.available_bytes, read_bandwidth(machine.usable_cores) * 1e9, true};
  }
  std::vector<std::string> names;
  for (const lab::audit::Device& known : lab::audit::built_in_devices()) {
    if (device == known.id || device == known.short_name) {
      return Place{known.name, static_cast<uint64_t>(known.memory.value * lab::audit::kFitShare), known.bandwidth.value, false};
    }
    names.push_back(known.short_name.empty() ? known.id : known.short_name);
  }
  return fail_with_hint(ErrorKind::kNotFound, msg("cli.estimate.no_device", printable(device)),
                        msg("hub.there_are", fmt::format("{}", fmt::join(names, ", "))));
}

Result<Estimate> estimate_of_file(const std::string& path, uint32_t context, const Place& place, const Offered& offered) {
  SLM_TRY(facts, Runtime::facts(path));
  OpenOptions options;
  options.path = path;
  options.context = context > 0 ? context : std::min(kEstimateContext, facts.context);
  SLM_TRY(plan, Runtime::plan(options));
  SLM_TRY(file, gguf::File::open(path));
  Estimate estimate{place, options.context, plan.weights, plan.kv, plan.workspace};
  add_speed(estimate, bytes_per_token(*file));
  if (const auto shape = lab::audit::shape_of(facts)) add_smaller(estimate, *shape, offered);
  return estimate;
}

std::optional<Estimate> estimate_of_entry(const hub::Store& store, const hub::CatalogueEntry& entry, uint32_t context, const Place& place) {
  if (const auto stored = store.find(entry.name)) {
    const uint32_t fitting = context > 0 ? std::min(context, entry.context) : 0;
    if (auto estimate = estimate_of_file(stored->path, fitting, place, entry.quantizations)) return *estimate;
  }
  const auto known = lab::audit::shape_in_data(entry.name);
  return known ? estimate_of_shape(known->shape, entry.quantization, context, place, entry.quantizations) : std::nullopt;
}

std::string format_speed(double tokens_per_second) { return tokens_per_second < 10 ? fmt::format("{:.1f}", tokens_per_second) : fmt::format("{:.0f}", tokens_per_second); }

nlohmann::ordered_json estimate_json(const Estimate& estimate) {
  Json json;
  json["estimate"] = true;
  json["device"] = estimate.place.name.empty() ? Json(nullptr) : Json(estimate.place.name);
  json["context"] = estimate.context;
  json["weights_bytes"] = estimate.weights;
  json["kv_bytes"] = estimate.kv;
  json["workspace_bytes"] = estimate.workspace;
  json["total_bytes"] = estimate.total();
  json["available_bytes"] = estimate.place.memory;
  json["fits"] = estimate.fits();
  json["quantization_that_fits"] = estimate.smaller.empty() ? Json(nullptr) : Json(estimate.smaller);
  json["bandwidth_gb_per_s"] = estimate.place.bandwidth / 1e9;
  json["bandwidth_measured"] = estimate.place.measured;
  json["tokens_per_second"] = Json{{"low", estimate.slowest}, {"high", estimate.fastest}};
  return json;
}

std::string estimate_text(const Estimate& estimate) {
  const std::string where = estimate.place.name.empty() ? tr("cli.estimate.here") : estimate.place.name;
  std::string text = tr(estimate.fits() ? "cli.estimate.fits" : "cli.estimate.lacks", where, format_bytes(estimate.total()), format_bytes(estimate.weights),
                        format_bytes(estimate.kv), format_bytes(estimate.workspace), estimate.context, format_bytes(estimate.place.memory)) + "\n";
  if (!estimate.fits()) text += (estimate.smaller.empty() ? tr("cli.estimate.nothing_fits") : tr("cli.estimate.smaller", estimate.smaller)) + "\n";
  text += tr(estimate.place.measured ? "cli.estimate.speed_measured" : "cli.estimate.speed_peak", format_speed(estimate.slowest),
             format_speed(estimate.fastest), fmt::format("{:.1f} GB/s", estimate.place.bandwidth / 1e9)) + "\n";
  return text;
}

}  // namespace slm::cli
