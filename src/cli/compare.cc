#include "lab/compare.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/compare_plan.h"
#include "cli/compared_endpoint.h"
#include "cli/lab_commands.h"
#include "cli/missing_data.h"
#include "cli/open_model.h"
#include "cli/report.h"
#include "hub/layout.h"
#include "hub/store.h"
#include "lab/compare/article.h"
#include "lab/data_directories.h"
#include "lab/tasks/task.h"
#include "lab/report/run_store.h"
#include "lab/report/write_reports.h"
#include "lab/report_json.h"

namespace slm::cli {
namespace {

struct CompareFlags {
  std::string a, b;                 // "" where an endpoint takes the place
  EndpointFlags endpoint;
  std::string tier, budget, out, html, data_dir;
  std::string prompts, encoding, protocol, sustained;
  std::optional<uint64_t> max_tokens;
  bool yes = false, no_pull = false;
  std::string kv = "f16";
  int threads = 0;
  uint64_t seed = 1;
};

// Where sets lie. The whole ones that the tier's tasks want are fetched before; the smoke tier, first of them, wants what lies in the repository.
Result<std::vector<std::string>> data_directories(const CompareFlags& given, const lab::ComparisonTier& tier) {
  if (given.no_pull || &tier == &lab::comparison_tiers().front()) return lab::data_directories(given.data_dir);
  std::vector<std::string> folders;
  for (const lab::TierTask& wanted : tier.tasks) {
    SLM_TRY(task, lab::find_task(std::string(wanted.task)));
    for (std::string& folder : lab::data_folders(task)) folders.push_back(std::move(folder));
  }
  // What does not come is a row that says so.
  if (const auto came = fetch_missing_data(folders, given.data_dir); !came) return tl::unexpected<Error>(came.error());
  return lab::data_directories(given.data_dir);
}

// Texts from a file's metadata, as long as a table can bear.
std::string shortened(const std::string& text) {
  constexpr size_t kMost = 60;
  return display_width(text) <= kMost ? text : pad_right(text, kMost);
}

Result<lab::ComparedSubject> subject(const std::string& name, const CompareFlags& given) {
  ModelFlags flags;
  flags.model = name;
  flags.kv = given.kv;
  flags.threads = given.threads;
  SLM_TRY(resolved, resolve_model(flags));
  lab::ComparedSubject subject;
  subject.options = resolved.options;
  lab::ComparedModel& model = subject.model;
  model.name = shortened(resolved.stored.name.empty() ? name : resolved.stored.name);
  model.path = resolved.stored.path;
  SLM_TRY(digest, hub::Store::open().sha256_of(resolved.stored));  // answers are kept by it
  model.sha256 = std::move(digest);
  model.architecture = resolved.facts.architecture;
  model.quantization = resolved.facts.quantization;
  model.bytes = resolved.facts.file_bytes;
  model.parameters = resolved.facts.parameters;
  model.context = resolved.facts.context;
  model.is_instruct = resolved.is_instruct();
  model.license = shortened(!resolved.stored.license.empty() ? resolved.stored.license : resolved.facts.license);
  return subject;
}

// Models first, then endpoints, each in the order given.
Result<std::vector<lab::ComparedSubject>> subjects(const CompareFlags& given, const lab::Watch& watch) {
  std::vector<lab::ComparedSubject> sides;
  for (const std::string& name : {given.a, given.b}) {
    if (name.empty()) continue;
    SLM_TRY(side, subject(name, given));
    sides.push_back(std::move(side));
  }
  SLM_TRY(served, endpoint_subjects(given.endpoint, watch.cancelled));
  for (lab::ComparedSubject& side : served) sides.push_back(std::move(side));
  return sides;
}

std::vector<std::string> arguments_of(const lab::ProcessWork& work) {
  const OpenOptions& options = work.subject->options;
  std::vector<std::string> arguments = {"/proc/self/exe", "run", options.path, "--raw", "--json", "--ctx", std::to_string(work.context),
                                        "--max-tokens", std::to_string(work.tokens), "--temperature", "0", "--kv",
                                        options.kv_type == kernels::KvType::kF16 ? "f16" : "q8_0"};
  if (options.threads > 0) arguments.insert(arguments.end(), {"--threads", std::to_string(options.threads)});
  arguments.push_back(work.prompt);
  return arguments;
}

// This program once more, with one model: what a user's process would take.
Result<lab::ProcessRun> run_process(const lab::ProcessWork& work) {
  ChildOptions child;
  child.argv = arguments_of(work);
  child.group_file = work.group_file;
  child.timeout_seconds = work.most_seconds;
  const auto start = std::chrono::steady_clock::now();
  SLM_TRY(result, run_child(child));
  lab::ProcessRun run;
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto failed = [&](const std::string& why) {
    return fail(ErrorKind::kFailed, "lab.peak_failed", work.subject->model.name, why);
  };
  if (interrupted()) return fail(ErrorKind::kFailed, "lab.interrupted");
  auto json = parse_json(result.output);
  if (result.exit_code != 0 || !json || !json->is_object()) {
    const bool told = json && json->is_object() && json->contains("error");
    return failed(told ? to_text((*json)["error"]) : fmt::format("exit {} {}", result.exit_code, result.error_output.substr(0, 200)));
  }
  const std::pair<const char*, uint64_t*> figures[] = {
      {"peak_memory_bytes", &run.peak_bytes}, {"anonymous_memory_bytes", &run.anonymous_bytes}, {"file_memory_bytes", &run.file_bytes}};
  for (const auto& [name, value] : figures) {
    const auto found = json->find(name);
    if (found == json->end() || !found->is_number_unsigned()) return failed(name);
    *value = found->get<uint64_t>();
  }
  return run;
}

std::string tier_names() {
  std::string names;
  for (const lab::ComparisonTier& tier : lab::comparison_tiers()) names += (names.empty() ? "" : ", ") + std::string(tier.name);
  return names;
}

// The page beside the kept runs, where no other place is named.
std::string page_path(const CompareFlags& given, int64_t run) {
  return given.html.empty() ? fmt::format("{}/reports/run-{}.html", hub::Store::open().root(), run) : given.html;
}

// A comparison that the store could not take, in a file of its own.
Status save_aside(const Json& json) {
  std::error_code none;
  const std::string directory = std::filesystem::temp_directory_path(none).string();
  const std::string path = fmt::format("{}/slm-comparison-{}.json", none ? "." : directory, getpid());
  SLM_TRY_STATUS(write_file_atomically(path, to_text(json) + "\n"));
  note(msg("lab.compare.saved_aside", path));
  return {};
}

// Kept, and the page written; the page is at the user's place even where the store is full.
Status keep(const Json& json, const CompareFlags& given, const Context& context) {
  auto store = lab::RunStore::open(run_store_path());
  const auto run = store ? store->add(json) : tl::unexpected<Error>(store.error());
  if (run) note(msg("lab.compare.kept", *run));
  const std::string page = run ? page_path(given, *run) : given.html;
  Status written;
  if (!page.empty()) {
    const std::string directory = std::filesystem::path(page).parent_path().string();
    if (!directory.empty()) written = make_directories(directory);
    if (written) written = lab::write_reports(json, {.html = page, .csv = {}, .markdown = {}, .json = {}});
    if (written) note(msg("lab.compare.report", page));
  }
  if (run) return written;
  // With --json it is on stdout, whole.
  if (!context.json) static_cast<void>(save_aside(json));
  return tl::unexpected<Error>(run.error());
}

// Each place is tried; what fails is told, and minutes of measuring are on the screen already.
Status publish(const lab::Comparison& comparison, const CompareFlags& given, const Context& context) {
  Json json = lab::comparison_json(comparison);
  SLM_TRY(article, lab::article_json(json));
  json["article"] = std::move(article);
  if (context.json) {
    print_json(json);
  } else {
    write_out(text_report(comparison, json));
  }
  const Status kept = keep(json, given, context);
  const Status saved = lab::write_reports(json, {.html = {}, .csv = {}, .markdown = given.out, .json = {}});
  if (!kept) return kept;
  if (!saved) return saved;
  if (comparison.interrupted) return fail_with_hint(ErrorKind::kFailed, msg("lab.interrupted"), msg("lab.compare.goes_on"));
  return {};
}

constexpr uint64_t kMostAnswerTokens = 32'768;

// --prompts and what goes with it.
Status set_prompts(const CompareFlags& given, lab::ComparisonSetup& setup) {
  if (given.prompts.empty()) {
    if (!given.encoding.empty()) return fail(ErrorKind::kUsage, "lab.needs_prompts", "--encoding");
    if (given.max_tokens) return fail(ErrorKind::kUsage, "lab.needs_prompts", "--max-tokens");
    return {};
  }
  const uint64_t max_tokens = given.max_tokens.value_or(512);
  if (max_tokens < 1 || max_tokens > kMostAnswerTokens) return fail(ErrorKind::kUsage, "lab.bad_max_tokens", max_tokens, kMostAnswerTokens);
  SLM_TRY(prompts, lab::read_own_prompts(given.prompts, given.encoding));
  setup.prompts = {given.prompts, std::move(prompts), static_cast<uint32_t>(max_tokens)};
  if (given.tier.empty() && given.protocol.empty()) setup.tier = &lab::prompts_tier();
  return {};
}

constexpr double kShortBudget = 30 * 60;

Status set_protocol(const CompareFlags& given, lab::ComparisonSetup& setup) {
  if (given.protocol != "article") return fail(ErrorKind::kUsage, "lab.protocol.unknown", given.protocol);
  if (!given.tier.empty()) return fail(ErrorKind::kUsage, "lab.protocol.and_tier", given.protocol);
  setup.tier = &lab::article_tier();
  return {};
}

// A time alone is spread over what it is enough for; without either, the smoke tier.
Status set_extent(const CompareFlags& given, lab::ComparisonSetup& setup) {
  std::string tier = given.tier.empty() ? "smoke" : given.tier;
  if (!given.budget.empty()) {
    SLM_TRY(seconds, parse_duration(given.budget));
    setup.budget_seconds = seconds;
    if (given.tier.empty()) tier = seconds < kShortBudget ? "quick" : "standard";
  }
  setup.tier = lab::find_tier(tier);
  if (setup.tier == nullptr) return fail(ErrorKind::kUsage, "lab.no_tier", tier, tier_names());
  return {};
}

Status run_compare(const CompareFlags& given, const Context& context) {
  SLM_TRY_STATUS(check_sides(size_t{!given.a.empty()} + size_t{!given.b.empty()}, given.endpoint));
  lab::ComparisonSetup setup;
  SLM_TRY_STATUS(set_extent(given, setup));
  if (!given.protocol.empty()) SLM_TRY_STATUS(set_protocol(given, setup));
  SLM_TRY_STATUS(set_prompts(given, setup));
  if (!given.sustained.empty()) {
    SLM_TRY(seconds, parse_duration(given.sustained));
    setup.sustained_seconds = seconds;
  }
  setup.seed = given.seed;
  setup.run_process = run_process;
  setup.cache_path = hub::Layout{hub::Store::open().root()}.answers();
  setup.approve = [&](const lab::Plan& plan, const std::vector<Message>& labels) {
    end_progress();
    return show_plan(plan, labels, !given.yes && !context.json);
  };
  const lab::Watch watch = watch_measurement();
  SLM_TRY(sides, subjects(given, watch));  // before anything is fetched: a name may be wrong
  SLM_TRY(directories, data_directories(given, *setup.tier));
  setup.data_directories = std::move(directories);
  const auto comparison = lab::run_comparison(sides[0], sides[1], setup, watch);
  end_progress();
  if (!comparison) return tl::unexpected<Error>(comparison.error());
  return publish(*comparison, given, context);
}

}  // namespace

Run setup_compare(CLI::App& app) {
  auto flags = std::make_shared<CompareFlags>();
  app.add_option("A", flags->a, tr("lab.flag.model_a"));
  app.add_option("B", flags->b, tr("lab.flag.model_b"));
  app.add_option("--endpoint", flags->endpoint.endpoints, tr("lab.endpoint.flag"))->type_name("URL=NAME")->allow_extra_args(false);
  app.add_option("--pid", flags->endpoint.pids, tr("lab.endpoint.flag_pid"))->type_name("N")->allow_extra_args(false);
  app.add_option("--endpoint-wait", flags->endpoint.wait_seconds, tr("lab.endpoint.flag_wait"))->type_name("SECONDS");
  app.add_option("--tier", flags->tier, tr("lab.flag.tier"))->type_name("NAME");
  app.add_option("--budget", flags->budget, tr("lab.flag.budget"))->type_name("20m");
  app.add_option("--prompts", flags->prompts, tr("lab.flag.prompts"))->type_name("FILE");
  app.add_option("--encoding", flags->encoding, tr("lab.flag.prompts_encoding"))->type_name("NAME");
  app.add_option("--max-tokens", flags->max_tokens, tr("lab.flag.prompts_max_tokens"))->type_name("N");
  app.add_option("--protocol", flags->protocol, tr("lab.flag.protocol"))->type_name("article");
  app.add_option("--sustained", flags->sustained, tr("lab.flag.sustained"))->type_name("10m");
  app.add_flag("--yes", flags->yes, tr("lab.flag.yes"));
  app.add_flag("--no-pull", flags->no_pull, tr("hub.data.no_pull"));
  app.add_option("--out", flags->out, tr("lab.flag.out"))->type_name("FILE.md");
  app.add_option("--html", flags->html, tr("lab.flag.html"))->type_name("FILE.html");
  app.add_option("--data-dir", flags->data_dir, tr("lab.flag.data_dir"))->type_name("DIR");
  app.add_option("--kv", flags->kv, tr("cli.flag.kv"))->type_name("f16|q8_0");
  app.add_option("--threads", flags->threads, tr("cli.flag.threads"))->type_name("N");
  app.add_option("--seed", flags->seed, tr("lab.flag.compare_seed"))->type_name("N");
  return [flags](const Context& context) { return run_compare(*flags, context); };
}

}  // namespace slm::cli
