#include <fmt/ranges.h>

#include "base/files.h"
#include "base/memory_group.h"
#include "base/text.h"
#include "lab/audit/devices.h"
#include "lab/audit/model_shape.h"
#include "lab/compare/minimum_memory.h"
#include "lab/compare/session.h"
#include "lab/endpoint/endpoint.h"
#include "lab/endpoint/served_process.h"
#include "lab/energy/gpu_memory.h"

namespace slm::lab {
namespace {

constexpr std::string_view kDeployment = "deployment";

Value bytes_value(uint64_t bytes) { return {format_bytes(bytes), static_cast<double>(bytes)}; }

ComparisonRow bytes_row(std::string_view id, Message label, uint64_t a, uint64_t b, double margin) {
  return figure_row(id, kDeployment, std::move(label), bytes_value(a), bytes_value(b), Direction::kLessIsBetter, margin);
}

// A figure that one side has and the other has not is shown, but cannot be compared.
ComparisonRow half_known(ComparisonRow row, const Message& reason, bool knows_a, bool knows_b) {
  ComparisonRow shown = unmeasured_row(row.id, row.table, row.label, reason);
  shown.a.text = knows_a ? row.a.text : "-";
  shown.b.text = knows_b ? row.b.text : "-";
  return shown;
}

// An endpoint may say nothing of a figure, which is 0 then.
ComparisonRow told(ComparisonRow row) {
  const bool knows_a = row.a.number.value_or(0) > 0, knows_b = row.b.number.value_or(0) > 0;
  return knows_a && knows_b ? row : half_known(std::move(row), msg("lab.endpoint.not_told"), knows_a, knows_b);
}

struct SizeRow {
  std::string_view id;
  audit::Quantization quantization;
};
constexpr SizeRow kSizeRows[] = {{"size_q4_0", audit::Quantization::kQ4_0}, {"size_q4_k_m", audit::Quantization::kQ4_K_M},
                                 {"size_q8_0", audit::Quantization::kQ8_0}, {"size_f16", audit::Quantization::kF16}};

Result<audit::ModelShape> shape_of(const ComparedSubject& subject) {
  if (subject.endpoint) return fail(ErrorKind::kNotFound, "lab.endpoint.not_told");
  SLM_TRY(facts, Runtime::facts(subject.options.path));
  return audit::shape_of(facts);
}

// The size of each model's file, had it been quantised otherwise.
void add_sizes(Session& session) {
  const auto a = shape_of(*session.subjects[0]), b = shape_of(*session.subjects[1]);
  for (const SizeRow& size : kSizeRows) {
    const Message label = msg("lab.row.size_as", audit::quantization_name(size.quantization));
    const auto bytes = [&](const Result<audit::ModelShape>& shape) {
      return shape ? audit::weight_bytes(*shape, size.quantization) + shape->header_bytes : 0;
    };
    ComparisonRow row = bytes_row(size.id, label, bytes(a), bytes(b), 0);
    const bool both = a && b;
    session.add(both ? std::move(row) : half_known(std::move(row), (a ? b : a).error().message, a.has_value(), b.has_value()));
  }
}

void add_facts(Session& session) {
  const ComparedModel &a = session.subjects[0]->model, &b = session.subjects[1]->model;
  const auto count = [](uint64_t n) { return Value{fmt::format("{:.1f} M", static_cast<double>(n) / 1e6), static_cast<double>(n)}; };
  const auto tokens = [](uint32_t n) { return Value{std::to_string(n), n}; };
  const auto license = [](const ComparedModel& model) { return Value{model.license.empty() ? "-" : model.license, {}}; };
  session.add(told(bytes_row("file_size", msg("lab.row.file_size"), a.bytes, b.bytes, 0)));
  add_sizes(session);
  session.add(told(fact_row("parameters", kDeployment, msg("lab.row.parameters"), count(a.parameters), count(b.parameters))));
  session.add(fact_row("license", kDeployment, msg("lab.row.license"), license(a), license(b)));
  session.add(told(figure_row("context", kDeployment, msg("lab.row.context"), tokens(a.context), tokens(b.context), Direction::kMoreIsBetter, 0)));
  const auto command = [](const ComparedSubject& subject) {
    return Value{subject.endpoint ? "-" : "slm run " + subject.model.name, {}};
  };
  session.add(fact_row("start_command", kDeployment, msg("lab.row.start_command"), command(*session.subjects[0]), command(*session.subjects[1])));
}

struct ClassRow {
  std::string_view id, label_key;
  audit::DeviceClass device_class;
};
constexpr ClassRow kClassRows[] = {{"devices_phone", "lab.row.devices_phone", audit::DeviceClass::kPhone},
                                   {"devices_board", "lab.row.devices_board", audit::DeviceClass::kBoard},
                                   {"devices_laptop", "lab.row.devices_laptop", audit::DeviceClass::kLaptop}};

std::string listed(const std::vector<std::string>& names) { return names.empty() ? "-" : fmt::format("{}", fmt::join(names, ", ")); }

// Of each class of devices how many have memory enough for the peak just measured, and which have not. A record a device: the share of its
// memory that the peak takes.
void add_devices(Session& session, const ProcessRun (&peaks)[2]) {
  for (const ClassRow& one : kClassRows) {
    size_t n = 0;
    std::vector<std::string> too_small[2];
    std::vector<ItemRecord> records;
    for (const audit::Device& device : audit::built_in_devices()) {
      if (device.device_class != one.device_class) continue;
      for (int which : {0, 1}) {
        const double share = static_cast<double>(peaks[which].peak_bytes) / device.memory.value;
        if (share > audit::kFitShare) too_small[which].push_back(device.name);
        records.push_back({static_cast<uint32_t>(n), which == 0 ? 'a' : 'b', device.name, share,
                           fmt::format("{} of {} ({})", format_bytes(peaks[which].peak_bytes),
                                       format_bytes(static_cast<uint64_t>(device.memory.value)), device.memory.source)});
      }
      ++n;
    }
    const auto value = [&](int which) {
      const size_t fit = n - too_small[which].size();
      return Value{fmt::format("{}/{}", fit, n), static_cast<double>(fit)};
    };
    ComparisonRow row = fact_row(one.id, kDeployment, msg(one.label_key), value(0), value(1));
    if (!too_small[0].empty() || !too_small[1].empty()) row.reason = msg("lab.row.devices_too_small", listed(too_small[0]), listed(too_small[1]));
    row.records = std::move(records);
    session.add(std::move(row));
  }
}

ProcessWork work_of(const Session& session, int which) {
  ProcessWork work;
  work.subject = session.subjects[which];
  work.context = session.context(which, kComparisonContext);
  work.tokens = kMeasuredAnswer;
  work.prompt = plain_prompt(kMeasuredPrompt / 2);
  // No vocabulary makes more tokens of a text than it has bytes: so it fits, BOS and answer too.
  const uint32_t besides = work.tokens + 2;
  work.prompt.resize(std::min<size_t>(work.prompt.size(), std::max(work.context, besides + 1) - besides));
  return work;
}

// The least memory that the same process ends well in, its file pages read anew each time: pages that another process has read are
// not counted to the group, and would make the model look smaller than it is.
Result<MinimumMemory> minimum_of(const Session& session, int which, uint64_t peak) {
  SLM_TRY(group, MemoryGroup::make());
  const auto run = [&](uint64_t limit, double most_seconds) -> Result<std::optional<double>> {
    SLM_TRY_STATUS(session.watch.check());
    ProcessWork work = work_of(session, which);
    drop_from_page_cache(work.subject->options.path);
    if (limit > 0) {
      SLM_TRY_STATUS(group.set_limit(limit));
      work.group_file = group.group_file();
      session.watch.report({msg("lab.stage.minimum", session.name(which)), 0, 0, format_bytes(limit)});
    }
    work.most_seconds = most_seconds;
    const auto ended = session.setup.run_process(work);
    SLM_TRY_STATUS(session.watch.check());
    return ended ? std::optional<double>(ended->seconds) : std::nullopt;
  };
  return find_minimum_memory(peak, run);
}

// Of both, or the reason why not.
Status add_minimum(Session& session, const ProcessRun (&peaks)[2]) {
  const Message label = msg("lab.row.minimum_memory");
  if (session.has_endpoint()) {
    session.add(unmeasured_row("minimum_memory", kDeployment, label, msg("lab.endpoint.no_minimum")));
    return {};
  }
  uint64_t least[2];
  for (int which : {0, 1}) {
    const auto found = minimum_of(session, which, peaks[which].peak_bytes);
    SLM_TRY_STATUS(session.watch.check());
    if (!found) {
      session.add(unmeasured_row("minimum_memory", kDeployment, label, found.error().message));
      return {};
    }
    least[which] = found->bytes;
  }
  session.add(bytes_row("minimum_memory", label, least[0], least[1], kMemoryMargin));
  return {};
}

// What one side's processes take.
struct SideMemory {
  ProcessRun run;
  std::optional<uint64_t> idle_bytes;  // resident, of a server before it was asked anything
  Message unseen;                      // why an endpoint's is not known
};

uint64_t resident(const ProcessRun& run) { return run.anonymous_bytes + run.file_bytes; }

// What a server that runs already takes right after an answer as long as a file's process gives. Its peak is that since it started.
Result<SideMemory> memory_of_server(const Session& session, int which) {
  Endpoint& endpoint = *session.subjects[which]->endpoint;
  SLM_TRY(process, find_served_process(endpoint.address()));
  const ProcessMemory before = memory_of(process);
  const ProcessWork work = work_of(session, which);
  EndpointRequest request;
  request.text = work.prompt;
  request.max_tokens = work.tokens;
  request.is_timed = true;
  SLM_TRY_STATUS(endpoint.answer(request, session.watch.cancelled));
  SLM_TRY(after, find_served_process(endpoint.address()));  // a process a model may have been started for the answer
  const ProcessMemory memory = memory_of(after);
  if (memory.peak_bytes == 0) return fail(ErrorKind::kNotFound, "lab.endpoint.no_process", process.pid);
  return SideMemory{{memory.peak_bytes, memory.anonymous_bytes, memory.file_bytes, 0}, before.anonymous_bytes + before.file_bytes, {}};
}

// Error: a file's process failed.
Result<SideMemory> memory_of_side(const Session& session, int which) {
  if (!session.is_endpoint(which)) {
    SLM_TRY(run, session.setup.run_process(work_of(session, which)));
    return SideMemory{run, {}, {}};
  }
  auto memory = memory_of_server(session, which);
  if (memory) return memory;
  return SideMemory{{}, {}, memory.error().message};
}

// What answering added to a server; of a file's process, which is not there when idle, all of it. No verdict: it hangs on whether a server
// had loaded its model before.
void add_over_idle(Session& session, const SideMemory (&sides)[2]) {
  const auto value = [](const SideMemory& side) {
    const uint64_t bytes = resident(side.run);
    return side.unseen.empty() ? bytes_value(bytes - std::min(bytes, side.idle_bytes.value_or(0))) : Value{"-", {}};
  };
  const auto idle = [](const SideMemory& side) { return side.idle_bytes ? format_bytes(*side.idle_bytes) : "-"; };
  ComparisonRow row = fact_row("memory_over_idle", kDeployment, msg("lab.endpoint.over_idle_memory"), value(sides[0]), value(sides[1]));
  row.reason = msg("lab.endpoint.idle_memory", idle(sides[0]), idle(sides[1]));
  session.add(std::move(row));
}

// The rows of memory, and whether they could be measured of both.
bool add_memory(Session& session, const SideMemory (&sides)[2]) {
  struct MemoryRow {
    std::string_view id, label_key;
    uint64_t ProcessRun::*bytes;
  };
  constexpr MemoryRow kRows[] = {{"peak_memory", "lab.row.peak_memory", &ProcessRun::peak_bytes},
                                 {"anonymous_memory", "lab.row.anonymous_memory", &ProcessRun::anonymous_bytes},
                                 {"file_memory", "lab.row.file_memory", &ProcessRun::file_bytes}};
  const Message unseen[2] = {sides[0].unseen, sides[1].unseen};
  const bool both = unseen[0].empty() && unseen[1].empty();
  for (const MemoryRow& one : kRows) {
    ComparisonRow row = bytes_row(one.id, msg(one.label_key), sides[0].run.*one.bytes, sides[1].run.*one.bytes, kMemoryMargin);
    if (!both) row = half_known(std::move(row), unseen[0].empty() ? unseen[1] : unseen[0], unseen[0].empty(), unseen[1].empty());
    session.add(std::move(row));
  }
  if (sides[0].idle_bytes || sides[1].idle_bytes) add_over_idle(session, sides);
  return both;
}

// What one side holds of GPUs.
struct GpuSide {
  bool is_on_gpu = false;
  uint64_t bytes = 0;
  Message unseen;             // why it is not known
};

GpuSide gpu_of_side(const Session& session, int which) {
  if (!session.is_endpoint(which)) return {};  // computed by this program: on the processor
  const auto process = find_served_process(session.subjects[which]->endpoint->address());
  if (!process) return {false, 0, process.error().message};
  const auto use = gpu_use_of(process->all);
  if (use) return {true, use->bytes, {}};
  return holds_gpu(*process) ? GpuSide{true, 0, use.error().message} : GpuSide{};
}

// A row where a server is seen to use one; whether any does.
bool add_gpu_memory(Session& session) {
  const GpuSide a = gpu_of_side(session, 0), b = gpu_of_side(session, 1);
  if (!a.is_on_gpu && !b.is_on_gpu) return false;
  ComparisonRow row = bytes_row("gpu_memory", msg("lab.row.gpu_memory"), a.bytes, b.bytes, kMemoryMargin);
  const bool knows_a = a.unseen.empty(), knows_b = b.unseen.empty();
  if (!knows_a || !knows_b) row = half_known(std::move(row), knows_a ? b.unseen : a.unseen, knows_a, knows_b);
  session.add(std::move(row));
  return true;
}

}  // namespace

Status measure_deployment(Session& session) {
  add_facts(session);
  SideMemory sides[2];
  for (int which : {0, 1}) {
    SLM_TRY_STATUS(session.watch.check());
    session.watch.report({msg("lab.stage.memory", session.name(which)), 0, 0, ""});
    if (session.is_endpoint(which)) {
      Message doubt = doubt_about_pid(session.subjects[which]->endpoint->address());
      if (!doubt.empty()) session.comparison.warnings.push_back(std::move(doubt));
    }
    SLM_TRY(measured, memory_of_side(session, which));
    SLM_TRY_STATUS(session.watch.check());
    sides[which] = std::move(measured);
  }
  const ProcessRun peaks[2] = {sides[0].run, sides[1].run};
  const bool both = add_memory(session, sides);
  const bool on_gpu = add_gpu_memory(session);
  SLM_TRY_STATUS(add_minimum(session, peaks));
  // What a server with a GPU takes says nothing of devices without one.
  if (!both || on_gpu) return {};
  add_devices(session, peaks);
  return {};
}

}  // namespace slm::lab
