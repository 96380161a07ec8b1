#include "lab/compare.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/machine.h"
#include "lab/compare/session.h"
#include "lab/endpoint/endpoint_model.h"

namespace slm::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();

std::vector<ComparisonTier> make_tiers() {
  // What can be had from the repository alone stands first: it is what a bare clone measures.
  const std::vector<TierTask> smoke = {{"flores_bits", {"eng_Latn", "zho_Hans"}}, {"hellaswag", {}}, {"piqa", {}}};
  std::vector<TierTask> all = smoke;
  for (const std::string_view task : {"cmmlu", "xcopa_zh", "c3", "gsm8k", "cmath", "ifeval", "humaneval"}) all.push_back({task, {}});
  const std::vector<TierTask> quick = all;
  all[0].rows.clear();  // all languages
  for (const std::string_view task : {"mgsm", "safetybench_zh", "mbppplus", "humanevalplus", "flores_to_english", "flores_from_english"}) {
    all.push_back({task, {}});
  }
  return {
      {"smoke", 2'048, 7, 48, {kMeasuredPrompt}, smoke, 20, 100, kNoLimit},
      {"quick", 4'352, 5, 64, {32, kMeasuredPrompt, 4'096}, quick, 20, 400, 20 * 60},
      {"standard", 4'352, 7, 128, {32, kMeasuredPrompt, 4'096}, all, 50, 2'000, 2 * 60 * 60},
      {"full", 4'352, 9, 128, {32, kMeasuredPrompt, 4'096}, all, kAll, kAll, kNoLimit},
  };
}

// BF16 is let through with a warning: it takes as many bytes a token. So is an endpoint's model that does not say what it is.
Status check_fp16(Session& session) {
  std::string others;
  for (int which : {0, 1}) {
    const ComparedModel& model = session.subjects[which]->model;
    const std::string& type = model.quantization.most_bytes.empty() ? model.quantization.name : model.quantization.most_bytes;
    if (type == "F16") continue;
    if (type.empty() || type == "BF16") {
      const Message warning = type.empty() ? msg("lab.protocol.unknown_type", model.name) : msg("lab.protocol.bf16", model.name);
      session.comparison.warnings.push_back(warning);
    } else {
      others += (others.empty() ? "" : ", ") + model.name + ": " + model.quantization.text();
    }
  }
  if (others.empty()) return {};
  return fail_with_hint(ErrorKind::kUsage, msg("lab.protocol.not_fp16", others), msg("lab.protocol.how_to_fp16"));
}

Status open_models(Session& session) {
  for (int which : {0, 1}) {
    session.watch.report({msg("lab.stage.open", session.name(which)), 0, 0, ""});
    const ComparedModel& facts = session.subjects[which]->model;
    if (session.subjects[which]->endpoint) {
      session.models[which] = std::make_unique<EndpointModel>(session.subjects[which]->endpoint, facts.name);
      continue;
    }
    SLM_TRY(model, LocalModel::open(session.options(which), facts.name, facts.sha256));
    session.models[which] = std::move(model);
    SLM_TRY_STATUS(session.watch.check());
  }
  return {};
}

// Rows of one table beside each other, tables in the order they first occur.
void gather_tables(std::vector<ComparisonRow>& rows) {
  std::vector<std::string> order;
  for (const ComparisonRow& row : rows) {
    if (std::find(order.begin(), order.end(), row.table) == order.end()) order.push_back(row.table);
  }
  const auto place = [&](const ComparisonRow& row) { return std::find(order.begin(), order.end(), row.table) - order.begin(); };
  std::stable_sort(rows.begin(), rows.end(), [&](const ComparisonRow& x, const ComparisonRow& y) { return place(x) < place(y); });
}

void describe(Session& session) {
  Comparison& comparison = session.comparison;
  comparison.cpu = machine_facts().cpu;
  for (const auto& model : session.models) {
    if (!model || model->isa().empty() || !comparison.isa.empty()) continue;
    comparison.isa = model->isa();
    comparison.threads = model->threads();
  }
  comparison.tier = session.setup.tier->name;
  comparison.a = session.subjects[0]->model;
  comparison.b = session.subjects[1]->model;
  comparison.seed = session.setup.seed;
}

// All that is measured before the tasks.
Status measure_models(Session& session) {
  SLM_TRY_STATUS(measure_deployment(session));
  SLM_TRY_STATUS(open_models(session));
  SLM_TRY_STATUS(measure_speed(session));
  double& share = session.comparison.share_on_fewer_threads;
  for (const auto& model : session.models) share = std::max(share, model->share_on_fewer_threads());
  return session.setup.sustained_seconds ? measure_sustained(session) : Status{};
}

// After Ctrl-C: whether anything is there that took time to measure. The header's figures alone are no comparison.
bool is_worth_keeping(const Error& error, const std::vector<ComparisonRow>& rows) {
  return error.message.key == "lab.interrupted" &&
         std::any_of(rows.begin(), rows.end(), [](const ComparisonRow& row) { return row.id == "peak_memory"; });
}

}  // namespace

const std::vector<ComparisonTier>& comparison_tiers() {
  static const std::vector<ComparisonTier> tiers = make_tiers();
  return tiers;
}

const ComparisonTier* find_tier(std::string_view name) {
  for (const ComparisonTier& tier : comparison_tiers()) {
    if (tier.name == name) return &tier;
  }
  return nullptr;
}

const ComparisonTier& prompts_tier() {
  static const ComparisonTier tier = [] {
    ComparisonTier speeds = comparison_tiers().front();
    speeds.name = "prompts";
    speeds.tasks.clear();
    return speeds;
  }();
  return tier;
}

const ComparisonTier& article_tier() {
  // The article does not say how many tokens it wrote behind the prompt, nor how often.
  static const ComparisonTier tier = {"article", kComparisonContext, 7, 128, {kMeasuredPrompt}, {}, 0, 0, kNoLimit, true};
  return tier;
}

Result<Comparison> run_comparison(const ComparedSubject& a, const ComparedSubject& b, const ComparisonSetup& setup,
                                  const Watch& watch) {
  SLM_CHECK(setup.tier != nullptr && setup.run_process);
  const Clock::time_point start = Clock::now();
  Session session{.subjects = {&a, &b}, .setup = setup, .watch = watch};
  if (setup.tier->fp16_only) SLM_TRY_STATUS(check_fp16(session));
  if (const Status measured = measure_models(session); !measured) {
    if (!is_worth_keeping(measured.error(), session.comparison.rows)) return tl::unexpected<Error>(measured.error());
    session.comparison.interrupted = true;
  }
  describe(session);
  if (!session.comparison.interrupted) SLM_TRY_STATUS(measure_tasks(session));
  for (int which : {0, 1}) {
    if (!session.is_endpoint(which)) continue;
    for (Message& warning : endpoint_warnings(*session.subjects[which]->endpoint, session.name(which))) {
      session.comparison.warnings.push_back(std::move(warning));
    }
  }
  gather_tables(session.comparison.rows);
  judge_together(session.comparison.rows);
  session.comparison.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return std::move(session.comparison);
}

}  // namespace slm::lab
