#include "cli/compared_endpoint.h"

#include <algorithm>

#include "base/text.h"
#include "lab/endpoint/endpoint.h"
#include "lab/endpoint/served_process.h"

namespace slm::cli {
namespace {

lab::ComparedSubject subject_of(std::shared_ptr<lab::Endpoint> endpoint) {
  const lab::ServedModel& served = endpoint->served();
  lab::ComparedSubject subject;
  lab::ComparedModel& model = subject.model;
  model.name = printable(endpoint->address().model);
  model.endpoint = endpoint->address().shown();
  model.architecture = served.architecture;
  model.quantization.name = served.quantization;
  model.bytes = served.bytes;
  model.parameters = served.parameters;
  model.context = served.context;
  model.is_instruct = true;  // asked by its chat template, whatever it is
  subject.endpoint = std::move(endpoint);
  return subject;
}

}  // namespace

Status check_sides(size_t models, const EndpointFlags& flags) {
  const size_t sides = models + flags.endpoints.size();
  if (sides != 2) return fail_with_hint(ErrorKind::kUsage, msg("lab.endpoint.two_sides", sides), msg("lab.endpoint.sides_example"));
  if (flags.pids.size() > flags.endpoints.size()) {
    return fail(ErrorKind::kUsage, "lab.endpoint.too_many_pids", flags.pids.size(), flags.endpoints.size());
  }
  return {};
}

Result<std::vector<lab::ComparedSubject>> endpoint_subjects(const EndpointFlags& flags, const std::atomic<bool>* cancelled) {
  lab::EndpointPatience patience;
  patience.idle_seconds = std::clamp(flags.wait_seconds, 0.1, patience.total_seconds);
  patience.load_seconds = std::max(patience.load_seconds, patience.idle_seconds);
  // A user who waits less than usual does so for the first answer too.
  if (flags.wait_seconds < lab::EndpointPatience().idle_seconds) patience.load_seconds = patience.idle_seconds;
  std::vector<lab::ComparedSubject> subjects;
  for (size_t i = 0; i < flags.endpoints.size(); ++i) {
    SLM_TRY(address, lab::parse_endpoint(flags.endpoints[i]));
    if (i < flags.pids.size()) {
      address.pid = flags.pids[i];
      if (auto there = lab::note_pid(address); !there) {
        there.error().hint = msg("lab.endpoint.find_pid");
        return tl::unexpected<Error>(there.error());
      }
    }
    SLM_TRY(endpoint, lab::Endpoint::connect(std::move(address), patience, cancelled));
    subjects.push_back(subject_of(std::move(endpoint)));
  }
  return subjects;
}

}  // namespace slm::cli
