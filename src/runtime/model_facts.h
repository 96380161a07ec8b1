// What a model file says of itself.
#pragma once

#include "gguf/file.h"
#include "model/spec.h"
#include "runtime/runtime.h"

namespace slm {

// Errors: kFailed for an unknown architecture; those of the family's read_spec and of the file's keys.
Result<ModelFacts> read_model_facts(const gguf::File& file);

}  // namespace slm
