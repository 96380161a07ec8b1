#include "model/families/keys.h"
#include "model/spec.h"

namespace slm {
namespace {

constexpr Family kFamilies[] = {
    {"llama", families::read_llama},
    {"qwen2", families::read_qwen2},
    {"qwen3", families::read_qwen3},
    {"gemma", families::read_gemma},
    {"gemma2", families::read_gemma2},
    {"gemma3", families::read_gemma3},
};

}  // namespace

const Family* find_family(std::string_view architecture) {
  for (const Family& family : kFamilies) {
    if (family.architecture == architecture) return &family;
  }
  return nullptr;
}

std::vector<std::string_view> family_names() {
  std::vector<std::string_view> names;
  for (const Family& family : kFamilies) names.push_back(family.architecture);
  return names;
}

}  // namespace slm
