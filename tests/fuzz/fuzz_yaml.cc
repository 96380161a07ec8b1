// Any bytes as YAML, then every accessor on every node: an error that names its place or a tree, never a crash or a hang.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/yaml.h"

namespace {

template <class T>
void complains_or_holds(const slm::Result<T>& result) {
  if (!result) SLM_CHECK(result.error().text().starts_with("f.yaml:"));
}

void visit(const slm::YamlNode& node) {
  complains_or_holds(node.as_string());
  complains_or_holds(node.as_number());
  complains_or_holds(node.as_integer(0, 10));
  complains_or_holds(node.as_bool());
  complains_or_holds(node.as_strings());
  complains_or_holds(node.need("key"));
  complains_or_holds(node.refuse_unknown_keys({"key"}));
  for (const slm::YamlNode& item : node.items) visit(item);
  for (const slm::YamlEntry& entry : node.entries) {
    SLM_CHECK(node.find(entry.key) == &entry.value);
    visit(entry.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto root = slm::parse_yaml({reinterpret_cast<const char*>(data), size}, "f.yaml");
  complains_or_holds(root);
  if (root) visit(*root);
  return 0;
}
