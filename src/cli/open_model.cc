#include "cli/open_model.h"

#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/text.h"
#include "chat/prompt.h"
#include "cli/command.h"
#include "cli/hub_commands.h"
#include "cli/hub_progress.h"

namespace slm::cli {
namespace {

bool is_file(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

Result<kernels::KvType> kv_type(const std::string& name) {
  if (name == "f16") return kernels::KvType::kF16;
  if (name == "q8_0") return kernels::KvType::kQ8_0;
  return fail(ErrorKind::kUsage, "cli.bad_kv", name);
}

// --template: a built-in name, or a file.
Result<std::string> read_template(const std::string& name) {
  if (const auto built_in = chat::built_in_template(name)) return std::string(*built_in);
  if (is_file(name)) return read_text_file(name, limits::kTemplateMaxSourceBytes);
  std::string known;
  std::vector<std::string> names;
  for (const std::string_view one : chat::built_in_template_names()) {
    names.emplace_back(one);
    known += (known.empty() ? "" : ", ") + names.back();
  }
  const auto near = nearest_spelling(name, names);
  return fail_with_hint(ErrorKind::kNotFound, msg("cli.no_such_template", name),
                        near ? msg("cli.did_you_mean", *near) : msg("cli.known_templates", known));
}

Result<hub::StoredModel> find_model(hub::Store& store, const ModelFlags& flags, const hub::CatalogueEntry* entry) {
  auto stored = [&] {
    HubProgress progress;
    return store.resolve(flags.model, progress.callback());
  }();
  const bool absent = !stored && stored.error().kind == ErrorKind::kNotFound;
  if (!absent || !flags.may_pull || entry == nullptr || !entry->can_pull()) return stored;
  return pull_with_consent(store, *entry);
}

// A file given by its path may be one the catalogue knows: then what it says of it (instruct or base, languages, licence)
// holds. The digest decides; it is only computed where the size is right, and once.
Result<const hub::CatalogueEntry*> recognise(const hub::Store& store, hub::StoredModel& stored) {
  for (const hub::CatalogueEntry& entry : hub::catalogue()) {
    if (entry.bytes != stored.bytes || entry.sha256.empty()) continue;
    SLM_TRY(digest, store.sha256_of(stored));
    stored.sha256 = std::move(digest);
    if (stored.sha256 == entry.sha256) return &entry;
  }
  return nullptr;
}

}  // namespace

void add_model_flags(CLI::App& app, ModelFlags& flags, bool with_template) {
  app.add_option("MODEL", flags.model, tr("cli.model_argument"))->required();
  if (with_template) {
    app.add_option("--template", flags.template_name, tr("cli.flag.template"))->type_name("FILE|NAME");
  }
  app.add_option("--ctx", flags.context, tr("cli.flag.ctx"))->type_name("N");
  app.add_option("--kv", flags.kv, tr("cli.flag.kv"))->type_name("f16|q8_0");
  app.add_option("--threads", flags.threads, tr("cli.flag.threads"))->type_name("N");
}

Result<ResolvedModel> resolve_model(const ModelFlags& flags) {
  ResolvedModel model;
  SLM_TRY(kv, kv_type(flags.kv));
  hub::Store store = hub::Store::open();
  SLM_TRY_STATUS(hub::user_catalogue_status());
  model.entry = hub::find_entry(flags.model);
  SLM_TRY(stored, find_model(store, flags, model.entry));
  model.stored = stored;
  if (model.entry == nullptr) {
    SLM_TRY(recognised, recognise(store, model.stored));
    model.entry = recognised;
  }
  SLM_TRY(facts, Runtime::facts(model.stored.path));
  model.facts = std::move(facts);

  const bool template_given = !flags.template_name.empty();
  const InstructDecision decision = decide_instruct(model.entry, model.stored, template_given, model.facts);
  model.reason = decision.reason;
  OpenOptions& options = model.options;
  options.path = model.stored.path;
  options.is_instruct = decision.instruct;
  model.talks = decision.instruct || template_given;
  options.context = flags.context;
  options.sequences = flags.sequences;
  options.max_batch_tokens = flags.max_batch_tokens;
  options.kv_type = kv;
  options.threads = flags.threads;
  options.screen_head = flags.screen_head;
  if (template_given) {
    SLM_TRY(text, read_template(flags.template_name));
    options.template_text = std::move(text);
  } else if (model.facts.chat_template.empty() && decision.instruct) {
    const std::string name = model.entry != nullptr ? model.entry->chat_template : "";
    auto built_in = chat::built_in_template(name);
    if (!built_in) built_in = chat::built_in_template(model.facts.architecture);
    if (built_in) options.template_text = *built_in;
  }
  return model;
}

void say_memory_plan(const Runtime& runtime) {
  const MemoryPlan& plan = runtime.memory_plan();
  note(msg("cli.memory_plan", format_bytes(plan.weights), format_bytes(plan.kv), format_bytes(plan.workspace),
           format_bytes(plan.total), format_bytes(plan.available), plan.context));
  if (plan.context_was_reduced) note(msg("cli.context_reduced", plan.context, runtime.facts().context));
}

Result<OpenedModel> resolve_and_open(const ModelFlags& flags, bool quiet) {
  OpenedModel opened;
  SLM_TRY(resolved, resolve_model(flags));
  opened.resolved = std::move(resolved);
  SLM_TRY(runtime, Runtime::open(opened.resolved.options));
  opened.runtime = std::move(runtime);
  if (!quiet) say_memory_plan(*opened.runtime);
  return opened;
}

}  // namespace slm::cli
