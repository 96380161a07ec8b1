#include "cli/show.h"

#include <memory>

#include <fmt/ranges.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/conversation.h"
#include "cli/facts_table.h"
#include "cli/open_model.h"
#include "cli/sampling_flags.h"
#include "hub/store.h"

namespace slm::cli {
namespace {

std::string_view reason_name(InstructReason reason) {
  switch (reason) {
    case InstructReason::kCatalogue: return "catalogue";
    case InstructReason::kTemplateFlag: return "template_flag";
    case InstructReason::kFileTemplate: return "file_template";
    case InstructReason::kName: return "name";
    case InstructReason::kDefault: return "default";
  }
  return "default";
}

// "file", "flag", "built_in", "none".
std::string_view template_source(const ResolvedModel& model, const ModelFlags& flags) {
  if (!flags.template_name.empty()) return "flag";
  if (!model.options.template_text.empty()) return "built_in";
  return model.facts.chat_template.empty() ? "none" : "file";
}

std::string license_of(const ResolvedModel& model) {
  if (!model.stored.license.empty()) return model.stored.license;
  if (model.entry != nullptr) return model.entry->license;
  return model.facts.license;
}

Json as_json(const ResolvedModel& model, const MemoryPlan& plan, const ModelFlags& flags) {
  const ModelFacts& facts = model.facts;
  Json json;
  json["name"] = model.stored.name;
  json["path"] = model.stored.path;
  json["bytes"] = facts.file_bytes;
  json["sha256"] = model.stored.sha256;
  json["architecture"] = facts.architecture;
  json["parameters"] = facts.parameters;
  json["context"] = facts.context;
  json["license"] = license_of(model);
  json["source"] = model.stored.source;
  json["commit"] = model.stored.commit;
  json["added"] = model.stored.added;
  json["instruct"] = model.is_instruct();
  json["instruct_by"] = reason_name(model.reason);
  json["quantization"] = facts.quantization.name;
  if (!facts.quantization.most_bytes.empty()) {
    json["most_bytes"] = Json{{"type", facts.quantization.most_bytes}, {"share", facts.quantization.share}};
  }
  json["types"] = Json::array();
  for (const auto& type : facts.types) {
    json["types"].push_back(
        Json{{"type", type.type}, {"tensors", type.tensors}, {"elements", type.elements}, {"bytes", type.bytes}});
  }
  json["tokenizer"] = facts.tokenizer;
  json["vocabulary"] = facts.vocabulary;
  json["layers"] = facts.n_layers;
  json["width"] = facts.width;
  json["heads"] = facts.n_heads;
  json["kv_heads"] = facts.n_kv_heads;
  json["head_dim"] = facts.head_dim;
  json["ffn"] = facts.ffn;
  json["sampling"] = sampling_json(model.entry != nullptr ? model.entry->sampling : hub::DefaultSampling{});
  json["stop"] = model.entry != nullptr ? Json(model.entry->stop) : Json::array();
  const std::string& text = model.options.template_text.empty() ? facts.chat_template : model.options.template_text;
  json["template"] = Json{{"source", template_source(model, flags)}, {"text", text}};
  Json memory;
  memory["context"] = plan.context;
  memory["weights_bytes"] = plan.weights;
  memory["kv_bytes"] = plan.kv;
  memory["workspace_bytes"] = plan.workspace;
  memory["total_bytes"] = plan.total;
  memory["head_copy_bytes"] = plan.head_copy;
  memory["available_bytes"] = plan.available;
  memory["largest_context_that_fits"] = plan.largest_context_that_fits;
  json["memory"] = memory;
  return json;
}

void print_people(const ResolvedModel& model, const MemoryPlan& plan, const ModelFlags& flags) {
  const ModelFacts& facts = model.facts;
  FactsTable table;
  table.add("cli.show.name", model.stored.name);
  table.add("cli.show.path", model.stored.path);
  table.add("cli.show.bytes", format_bytes(facts.file_bytes));
  table.add("cli.show.sha256", model.stored.sha256);
  table.add("cli.show.architecture",
            tr("cli.show.architecture_value", facts.architecture, facts.n_layers, facts.width, facts.n_heads,
               facts.n_kv_heads, facts.head_dim, facts.ffn));
  table.add("cli.show.parameters", fmt::format("{:.1f} M", static_cast<double>(facts.parameters) / 1e6));
  std::string types;
  for (const auto& type : facts.types) {
    types += (types.empty() ? "" : ", ") + fmt::format("{} {:.1f} %", type.type,
                                                       100.0 * static_cast<double>(type.elements) /
                                                           static_cast<double>(std::max<uint64_t>(facts.parameters, 1)));
  }
  table.add("cli.show.quantization", facts.quantization.text());
  table.add("cli.show.types", types);
  table.add("cli.show.context", tr("cli.show.tokens", facts.context));
  table.add("cli.show.tokenizer", tr("cli.show.tokenizer_value", facts.tokenizer, facts.vocabulary));
  const std::string_view source = template_source(model, flags);
  table.add("cli.show.template", source == "none"       ? tr("cli.show.template_none")
                                 : source == "file"     ? tr("cli.show.template_file")
                                 : source == "built_in" ? tr("cli.show.template_built_in")
                                                        : flags.template_name);
  table.add("cli.show.kind", tr(model.is_instruct() ? "cli.show.instruct" : "cli.show.base"));
  if (model.entry != nullptr) {
    if (const std::string sampling = recommended_text(model.entry->sampling); !sampling.empty()) table.add("cli.show.sampling", sampling);
    if (!model.entry->stop.empty()) table.add("cli.show.stop", fmt::format("{}", fmt::join(model.entry->stop, " ")));
  }
  const std::string license = license_of(model);
  table.add("cli.show.license", license.empty() ? tr("cli.show.unknown") : license);
  const std::string commit = model.stored.commit.empty() ? "" : " @ " + model.stored.commit;
  if (!model.stored.source.empty()) table.add("cli.show.source", model.stored.source + commit + (model.entry != nullptr && !model.entry->verified ? " (" + tr("hub.unverified") + ")" : ""));
  if (!model.stored.added.empty()) table.add("cli.show.added", model.stored.added);
  table.add("cli.show.memory", tr("cli.show.memory_value", format_bytes(plan.total), plan.context, format_bytes(plan.weights),
                                  format_bytes(plan.kv), format_bytes(plan.workspace), format_bytes(plan.available)));
  if (plan.head_copy > 0) table.add("cli.show.head_copy", tr("cli.show.head_copy_value", format_bytes(plan.head_copy), plan.head_copy_after));
  write_out(table.text());
}

}  // namespace

Run setup_show(CLI::App& app) {
  const auto flags = std::make_shared<ModelFlags>();
  add_model_flags(app, *flags);
  return [flags](const Context& context) -> Status {
    SLM_TRY(model, resolve_model(*flags));
    SLM_TRY(digest, hub::Store::open().sha256_of(model.stored));
    model.stored.sha256 = std::move(digest);
    SLM_TRY(plan, Runtime::plan(model.options));
    if (context.json) {
      print_json(as_json(model, plan, *flags));
    } else {
      print_people(model, plan, *flags);
    }
    return {};
  };
}

}  // namespace slm::cli
