// make_model --family FAMILY [--preset NAME] [--type TYPE] [--tokenizer DIR] [--seed N] [shape flags] OUT.gguf
#include <cstdio>

#include <CLI/CLI.hpp>

#include "gguf/file.h"
#include "make_model/make_model.h"

namespace slm {
namespace {

struct Flags {
  std::string family, preset_name, type = "F32", tokenizer = "none", out;
  uint64_t seed = 1;
  uint32_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_dim = 0, ffn = 0, context = 0, vocabulary = 0, window = 0;
  bool tied = false, untied = false;
};

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--family", flags.family, joined(make_model_families()));
  app.add_option("--preset", flags.preset_name, joined(preset_names()) + ", tiny (with --family)");
  app.add_option("--type", flags.type, joined(file_type_names()))->capture_default_str();
  app.add_option("--tokenizer", flags.tokenizer, "folder with tokenizer.json[.xz] and tokenizer_config.json[.xz], or none")
      ->capture_default_str();
  app.add_option("--seed", flags.seed)->capture_default_str();
  const std::pair<const char*, uint32_t*> sizes[] = {
      {"--layers", &flags.layers},     {"--width", &flags.width},   {"--heads", &flags.heads},
      {"--kv-heads", &flags.kv_heads}, {"--ffn", &flags.ffn},       {"--head-dim", &flags.head_dim},
      {"--context", &flags.context},   {"--window", &flags.window}, {"--vocabulary", &flags.vocabulary},
  };
  for (const auto& [name, value] : sizes) app.add_option(name, *value, "in place of the preset's");
  app.add_flag("--tied", flags.tied, "the embedding is the head too");
  app.add_flag("--untied", flags.untied, "a head of its own");
  app.add_option("out", flags.out, "the file to write")->required();
}

Result<ModelShape> base_shape(const Flags& flags) {
  if (!flags.preset_name.empty() && flags.preset_name != "tiny") {
    const auto shape = preset(flags.preset_name);
    if (!shape) return fail(ErrorKind::kUsage, "tools.unknown_preset", flags.preset_name, joined(preset_names()));
    if (!flags.family.empty() && flags.family != shape->family) {
      return fail(ErrorKind::kUsage, "tools.preset_family", flags.preset_name, shape->family, flags.family);
    }
    return *shape;
  }
  const auto shape = tiny_shape(flags.family);
  if (!shape) return fail(ErrorKind::kUsage, "tools.unknown_family", flags.family, joined(make_model_families()));
  return *shape;
}

Result<ModelOptions> options_of(const Flags& flags) {
  ModelOptions options;
  SLM_TRY(shape, base_shape(flags));
  const auto type = file_type_from_name(flags.type);
  if (!type) return fail(ErrorKind::kUsage, "tools.unknown_type", flags.type, joined(file_type_names()));
  const std::pair<uint32_t, uint32_t*> sizes[] = {
      {flags.layers, &shape.layers},     {flags.width, &shape.width},   {flags.heads, &shape.heads},
      {flags.kv_heads, &shape.kv_heads}, {flags.ffn, &shape.ffn},       {flags.head_dim, &shape.head_dim},
      {flags.context, &shape.context},   {flags.window, &shape.window}, {flags.vocabulary, &shape.vocabulary},
  };
  for (const auto& [given, target] : sizes) {
    if (given > 0) *target = given;
  }
  if (flags.tied) shape.tied_head = true;
  if (flags.untied) shape.tied_head = false;
  options.shape = shape;
  options.type = *type;
  options.tokenizer = flags.tokenizer == "none" ? "" : flags.tokenizer;
  options.seed = flags.seed;
  return options;
}

Status run(const Flags& flags) {
  SLM_TRY(options, options_of(flags));
  SLM_TRY_STATUS(make_model(options, flags.out));
  SLM_TRY(file, gguf::File::open(flags.out));  // what was written is read back before it is called done
  uint64_t parameters = 0;
  for (const gguf::TensorInfo& tensor : file->tensors()) parameters += tensor.elements();
  std::printf("%s: %s, %zu tensors, %llu parameters, %llu bytes\n", flags.out.c_str(), options.shape.family.c_str(),
              file->tensors().size(), static_cast<unsigned long long>(parameters),
              static_cast<unsigned long long>(file->size_bytes()));
  return {};
}

}  // namespace
}  // namespace slm

int main(int argc, char** argv) {
  slm::set_language(slm::language_from_environment());
  CLI::App app("Writes a GGUF model with random weights.");
  slm::Flags flags;
  slm::declare(app, flags);
  CLI11_PARSE(app, argc, argv);
  const slm::Status status = slm::run(flags);
  if (status) return 0;
  std::fprintf(stderr, "make_model: %s\n", status.error().text().c_str());
  return static_cast<int>(status.error().kind);
}
