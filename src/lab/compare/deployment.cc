#include "base/files.h"
#include "base/memory_group.h"
#include "base/text.h"
#include "lab/compare/minimum_memory.h"
#include "lab/compare/session.h"

namespace slm::lab {
namespace {

constexpr std::string_view kTable = "deployment";

Value bytes_value(uint64_t bytes) { return {format_bytes(bytes), static_cast<double>(bytes)}; }

ComparisonRow bytes_row(std::string_view id, Message label, uint64_t a, uint64_t b, double margin) {
  return figure_row(id, kTable, std::move(label), bytes_value(a), bytes_value(b), Direction::kLessIsBetter, margin);
}

// A block of 32 weights: 18 bytes as Q4_0, 34 as Q8_0, 64 as F16. What the same model would weigh with every weight in that type;
// files keep some tensors in larger ones.
struct WeightType {
  std::string_view id, name;
  uint64_t bytes_per_block;
};
constexpr WeightType kWeightTypes[] = {{"size_q4_0", "Q4_0", 18}, {"size_q8_0", "Q8_0", 34}, {"size_f16", "F16", 64}};

void add_facts(Session& session) {
  const ComparedModel &a = session.subjects[0]->model, &b = session.subjects[1]->model;
  const auto count = [](uint64_t n) { return Value{fmt::format("{:.1f} M", static_cast<double>(n) / 1e6), static_cast<double>(n)}; };
  const auto tokens = [](uint32_t n) { return Value{std::to_string(n), n}; };
  const auto license = [](const ComparedModel& model) { return Value{model.license.empty() ? "-" : model.license, {}}; };
  session.add(bytes_row("file_size", msg("lab.row.file_size"), a.bytes, b.bytes, 0));
  for (const WeightType& type : kWeightTypes) {
    const auto size = [&](const ComparedModel& model) { return model.parameters / 32 * type.bytes_per_block; };
    session.add(bytes_row(type.id, msg("lab.row.size_as", type.name), size(a), size(b), 0));
  }
  session.add(fact_row("parameters", kTable, msg("lab.row.parameters"), count(a.parameters), count(b.parameters)));
  session.add(fact_row("license", kTable, msg("lab.row.license"), license(a), license(b)));
  session.add(figure_row("context", kTable, msg("lab.row.context"), tokens(a.context), tokens(b.context), Direction::kMoreIsBetter, 0));
  session.add(fact_row("start_command", kTable, msg("lab.row.start_command"), {"slm run " + a.name, {}}, {"slm run " + b.name, {}}));
}

ProcessWork work_of(const Session& session, int which) {
  ProcessWork work;
  work.subject = session.subjects[which];
  work.context = session.context(which, kComparisonContext);
  work.tokens = kMeasuredAnswer;
  work.prompt = plain_prompt(kMeasuredPrompt / 2);  // at 6 bytes a token, some 650 tokens: a prompt that fits every context
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
  uint64_t least[2];
  for (int which : {0, 1}) {
    const auto found = minimum_of(session, which, peaks[which].peak_bytes);
    SLM_TRY_STATUS(session.watch.check());
    if (!found) {
      session.add(unmeasured_row("minimum_memory", kTable, label, found.error().message));
      return {};
    }
    least[which] = found->bytes;
  }
  session.add(bytes_row("minimum_memory", label, least[0], least[1], kMemoryMargin));
  return {};
}

}  // namespace

Status measure_deployment(Session& session) {
  add_facts(session);
  ProcessRun peaks[2];
  for (int which : {0, 1}) {
    SLM_TRY_STATUS(session.watch.check());
    session.watch.report({msg("lab.stage.memory", session.name(which)), 0, 0, ""});
    SLM_TRY(measured, session.setup.run_process(work_of(session, which)));
    SLM_TRY_STATUS(session.watch.check());
    peaks[which] = measured;
  }
  session.add(bytes_row("peak_memory", msg("lab.row.peak_memory"), peaks[0].peak_bytes, peaks[1].peak_bytes, kMemoryMargin));
  session.add(bytes_row("anonymous_memory", msg("lab.row.anonymous_memory"), peaks[0].anonymous_bytes, peaks[1].anonymous_bytes, kMemoryMargin));
  session.add(bytes_row("file_memory", msg("lab.row.file_memory"), peaks[0].file_bytes, peaks[1].file_bytes, kMemoryMargin));
  return add_minimum(session, peaks);
}

}  // namespace slm::lab
