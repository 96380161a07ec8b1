// --endpoint URL=NAME: a served model as one side of a comparison.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/compare.h"

namespace slm::cli {

struct EndpointFlags {
  std::vector<std::string> endpoints;  // "URL=NAME"
  std::vector<int> pids;               // of the first of them, the second
  double wait_seconds = 60;            // without a byte
};

// Errors: kUsage: not two sides of models and endpoints together, or more --pid than --endpoint.
Status check_sides(size_t models, const EndpointFlags& flags);

// Connected: the endpoints are there, and so are their models. Errors: kUsage, kNetwork, kNotFound.
Result<std::vector<lab::ComparedSubject>> endpoint_subjects(const EndpointFlags& flags, const std::atomic<bool>* cancelled);

}  // namespace slm::cli
