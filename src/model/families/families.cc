#include "model/families/keys.h"
#include "model/spec.h"

// One line a family: F(NAME) stands for architecture "NAME" and read_NAME() in NAME.cc.
#define SLM_FAMILIES(F) \
  F(llama)              \
  F(qwen2)              \
  F(qwen3)              \
  F(gemma)              \
  F(gemma2)             \
  F(gemma3)

namespace slm {
namespace families {

#define SLM_DECLARE_FAMILY(name) Result<ModelSpec> read_##name(const gguf::File& file);
SLM_FAMILIES(SLM_DECLARE_FAMILY)
#undef SLM_DECLARE_FAMILY

}  // namespace families

namespace {

#define SLM_FAMILY_ROW(name) {#name, families::read_##name},
constexpr Family kFamilies[] = {SLM_FAMILIES(SLM_FAMILY_ROW)};
#undef SLM_FAMILY_ROW

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
