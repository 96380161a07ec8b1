#include "runtime/step_profile.h"

#include "model/pass_profile.h"
#include "model/weights.h"
#include "tensor/types.h"

namespace slm {
namespace {

// Attention multiplies floats whatever the cache holds.
StepPart part_of(PassPhase phase, TensorType type, const PassCost& cost, double seconds) {
  StepPart part{.phase = phase, .type = {}, .calls = cost.calls, .bytes = cost.bytes, .macs = cost.macs, .seconds = seconds};
  if (cost.bytes > 0) part.type = type_info(type).name;
  part.of_floats = phase == PassPhase::kAttention || reads_floats(type);
  return part;
}

}  // namespace

StepProfile::StepProfile(Runtime& runtime) : runtime_(runtime), profile_(std::make_unique<PassProfile>(runtime.threads())) {
  runtime_.engine().profile(profile_.get());
}

StepProfile::~StepProfile() { runtime_.engine().profile(nullptr); }

std::vector<StepPart> StepProfile::take() {
  std::vector<StepPart> parts;
  for (size_t phase_number = 0; phase_number < kPassPhases; ++phase_number) {
    for (uint32_t type_number = 0; type_number < kTensorTypeCount; ++type_number) {
      const auto phase = static_cast<PassPhase>(phase_number);
      const auto type = static_cast<TensorType>(type_number);
      const PassCost& cost = profile_->costs.at(phase, type);
      const double seconds = profile_->clock.seconds(phase, type);
      if (cost.calls > 0 || seconds > 0) parts.push_back(part_of(phase, type, cost, seconds));
    }
  }
  profile_->costs = {};
  profile_->clock.reset();
  return parts;
}

}  // namespace slm
