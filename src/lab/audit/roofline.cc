// Evidence from a device's peaks: what cannot be faster than memory and arithmetic allow.
#include <algorithm>

#include "lab/audit/checks.h"

namespace slm::lab::audit {
namespace {

std::string per_second(double value, std::string_view unit) { return fmt::format("{:.4g} {}", value, unit); }

// The better of the device's peaks: no model's arithmetic is faster.
std::optional<Figure> peak_arithmetic(const Device& device) {
  if (!device.fp16 || (device.fp32 && device.fp32->value > device.fp16->value)) return device.fp32;
  return device.fp16;
}

struct Run {
  const AuditModel* model = nullptr;
  const Device* device = nullptr;
  Quantization quantization = Quantization::kF16;
  uint64_t tokens = 0;
  ClaimedValue claimed;
};

Result<Run> run_in(const YamlNode& item, const AuditSources& sources) {
  Run run;
  SLM_TRY(model, model_in(item, "model", sources));
  SLM_TRY(device, device_in(item, sources));
  SLM_TRY(node, item.need("quantization"));
  SLM_TRY(quantization, quantization_in(*node));
  SLM_TRY(tokens, tokens_in(item));
  SLM_TRY(claimed, claimed_in(item));
  run.model = model;
  run.device = device;
  run.quantization = quantization;
  run.tokens = tokens;
  run.claimed = claimed;
  return run;
}

}  // namespace

Result<Evidence> check_decode_speed(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(run, run_in(item, sources));
  const auto bytes = static_cast<double>(bytes_per_token(run.model->shape, run.quantization) + run.model->shape.kv_bytes(run.tokens));
  const double most = run.device->bandwidth.value / bytes;
  Evidence evidence;
  evidence.outcome = run.claimed.low > most ? Outcome::kRefutes : Outcome::kAllows;
  const std::string bandwidth = per_second(run.device->bandwidth.value / 1e9, "GB/s"), read = format_quantity(bytes, Unit::kBytes),
                    bound = format_quantity(most, Unit::kTokensPerSecond), claimed = format_claimed(run.claimed, Unit::kTokensPerSecond);
  evidence.text = run.tokens == 0 ? msg("lab.audit.decode_speed", run.model->label, quantization_name(run.quantization), run.device->name,
                                        bandwidth, read, bound, claimed)
                                  : msg("lab.audit.decode_speed_behind", run.model->label, quantization_name(run.quantization),
                                        run.device->name, bandwidth, read, run.tokens, bound, claimed);
  evidence.numbers = {{"bytes_per_token", bytes}, {"most_tokens_per_second", most}, {"claimed_low", run.claimed.low}};
  evidence.sources = {run.model->shape_source, run.device->bandwidth.source};
  return evidence;
}

Result<Evidence> check_first_token(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(run, run_in(item, sources));
  if (run.tokens == 0) return item.wrong("base.yaml_missing", "tokens");
  const double reading = static_cast<double>(bytes_per_token(run.model->shape, run.quantization)) / run.device->bandwidth.value;
  Evidence evidence;
  evidence.sources = {run.model->shape_source, run.device->bandwidth.source};
  double least = reading;
  if (const auto peak = peak_arithmetic(*run.device)) {
    // Every matrix of the layers for every token; the output matrix for the last one alone. Attention is left out: a bound.
    const double multiply_adds = static_cast<double>(run.model->shape.matrix_parameters()) * static_cast<double>(run.tokens) +
                                 static_cast<double>(run.model->shape.embedding_parameters());
    const double computing = 2 * multiply_adds / peak->value;
    least = std::max(reading, computing);
    evidence.sources.push_back(peak->source);
    evidence.text = msg("lab.audit.first_token", run.model->label, quantization_name(run.quantization), run.device->name, run.tokens,
                        per_second(2 * multiply_adds / 1e9, "GFLOP"), per_second(peak->value / 1e12, "TFLOP/s"),
                        format_quantity(computing, Unit::kSeconds), format_quantity(reading, Unit::kSeconds),
                        format_quantity(least, Unit::kSeconds), format_claimed(run.claimed, Unit::kSeconds));
    evidence.numbers.emplace_back("computing_seconds", computing);
  } else {
    evidence.text = msg("lab.audit.first_token_memory", run.model->label, quantization_name(run.quantization), run.device->name,
                        format_quantity(reading, Unit::kSeconds), format_claimed(run.claimed, Unit::kSeconds));
  }
  evidence.outcome = run.claimed.high < least ? Outcome::kRefutes : Outcome::kAllows;
  evidence.numbers.emplace_back("reading_seconds", reading);
  evidence.numbers.emplace_back("least_seconds", least);
  evidence.numbers.emplace_back("claimed_high", run.claimed.high);
  return evidence;
}

Result<Evidence> check_power(const YamlNode& item, const AuditSources& sources) {
  SLM_TRY(device, device_in(item, sources));
  SLM_TRY(claimed, claimed_in(item));
  Evidence evidence;
  if (!device->power) {
    evidence.text = msg("lab.audit.no_power", device->name);
    return evidence;
  }
  evidence.outcome = claimed.low > device->power->value ? Outcome::kRefutes : Outcome::kAllows;
  evidence.text = msg("lab.audit.power", device->name, format_quantity(device->power->value, Unit::kWatts), format_claimed(claimed, Unit::kWatts));
  evidence.numbers = {{"most_watts", device->power->value}, {"claimed_low", claimed.low}};
  evidence.sources = {device->power->source};
  return evidence;
}

}  // namespace slm::lab::audit
