#include <array>

#include "make_model/make_model.h"

namespace slm {
namespace {

struct Preset {
  std::string_view name;
  ModelShape shape;
};

// The published shapes. Order of the fields: family, layers, width, heads, kv_heads, head_dim, ffn, context, vocabulary,
// window, rope_base, norm_eps, tied_head, rope_factors.
const std::vector<Preset>& presets() {
  static const std::vector<Preset> table = {
      {"qwen2.5-0.5b", {"qwen2", 24, 896, 14, 2, 64, 4864, 32768, 151936, 0, 1e6f, 1e-6f, true, false}},
      {"qwen2.5-1.5b", {"qwen2", 28, 1536, 12, 2, 128, 8960, 32768, 151936, 0, 1e6f, 1e-6f, true, false}},
      {"qwen3-0.6b", {"qwen3", 28, 1024, 16, 8, 128, 3072, 40960, 151936, 0, 1e6f, 1e-6f, true, false}},
      {"gemma-2b", {"gemma", 18, 2048, 8, 1, 256, 16384, 8192, 256000, 0, 1e4f, 1e-6f, true, false}},
      {"gemma2-2b", {"gemma2", 26, 2304, 8, 4, 256, 9216, 8192, 256000, 4096, 1e4f, 1e-6f, true, false}},
      {"gemma3-270m", {"gemma3", 18, 640, 4, 1, 256, 2048, 32768, 262144, 512, 1e6f, 1e-6f, true, false}},
      {"gemma3-1b", {"gemma3", 26, 1152, 4, 1, 256, 6912, 32768, 262144, 512, 1e6f, 1e-6f, true, false}},
      {"smollm2-135m", {"llama", 30, 576, 9, 3, 64, 1536, 8192, 49152, 0, 1e5f, 1e-5f, true, false}},
      {"llama3.2-1b", {"llama", 16, 2048, 32, 8, 64, 8192, 131072, 128256, 0, 5e5f, 1e-5f, true, true}},
  };
  return table;
}

constexpr std::array<std::string_view, 6> kFamilies = {"qwen2", "qwen3", "llama", "gemma", "gemma2", "gemma3"};

}  // namespace

std::optional<ModelShape> preset(std::string_view name) {
  for (const Preset& known : presets()) {
    if (known.name == name) return known.shape;
  }
  return std::nullopt;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& known : presets()) names.emplace_back(known.name);
  return names;
}

std::vector<std::string> make_model_families() { return {kFamilies.begin(), kFamilies.end()}; }

std::optional<ModelShape> tiny_shape(std::string_view family) {
  ModelShape shape{std::string(family), 2, 64, 2, 1, 32, 96, 256, 0, 0, 1e4f, 1e-6f, true, false};
  if (family == "qwen2" || family == "qwen3") {
    shape.rope_base = 1e6f;
    shape.tied_head = false;
  } else if (family == "llama") {
    shape.rope_base = 1e5f;
    shape.norm_eps = 1e-5f;
    shape.tied_head = false;
  } else if (family == "gemma2" || family == "gemma3") {
    shape.layers = 7;  // layers with and without a window
    shape.window = 8;
    if (family == "gemma3") shape.rope_base = 1e6f;
  } else if (family != "gemma") {
    return std::nullopt;
  }
  return shape;
}

}  // namespace slm
