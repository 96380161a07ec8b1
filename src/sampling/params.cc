// The ranges of sampling parameters.
#include <cmath>

#include "sampling/sampler.h"

namespace slm {
namespace {

Status in_range(const char* name, float value, float low, float high) {
  if (std::isfinite(value) && value >= low && value <= high) return {};
  return fail(ErrorKind::kUsage, "sampling.out_of_range", name, value, low, high);
}

}  // namespace

Status validate(const SamplingParams& params) {
  SLM_TRY_STATUS(in_range("temperature", params.temperature, 0, 100));
  SLM_TRY_STATUS(in_range("top_p", params.top_p, 0, 1));
  SLM_TRY_STATUS(in_range("min_p", params.min_p, 0, 1));
  SLM_TRY_STATUS(in_range("typical_p", params.typical_p, 0, 1));
  SLM_TRY_STATUS(in_range("repetition_penalty", params.repetition_penalty, 0.01f, 100));
  SLM_TRY_STATUS(in_range("presence_penalty", params.presence_penalty, -100, 100));
  SLM_TRY_STATUS(in_range("frequency_penalty", params.frequency_penalty, -100, 100));
  for (const auto& [id, bias] : params.logit_bias) {
    if (id < 0) return fail(ErrorKind::kUsage, "sampling.bad_bias_id", id);
    SLM_TRY_STATUS(in_range("logit_bias", bias, -10000, 10000));
  }
  return {};
}

uint32_t likeliest_read(const SamplingParams& params) {
  const bool moved = !params.logit_bias.empty() || params.repetition_penalty != 1 || params.presence_penalty != 0 || params.frequency_penalty != 0;
  if (moved) return 0;  // what is likeliest after that may not have been before
  return params.temperature == 0 ? 1 : params.top_k;
}

}  // namespace slm
