// For script tests: write_tiny_chat_model PATH [context=N] [name=TEXT] [architecture=NAME] [template=none|bad] [seed=N] [type=f16|bf16] [unused=N]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "runtime/testing/tiny_chat_model.h"

int main(int argc, char** argv) {
  slm::tiny::TinyChatModel options;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals), value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "context") options.context = static_cast<uint32_t>(std::atoi(value.c_str()));
    if (name == "unused") options.unused = static_cast<uint32_t>(std::atoi(value.c_str()));
    if (name == "seed") options.seed = static_cast<uint64_t>(std::atoll(value.c_str()));
    if (name == "name") options.name = value;
    if (name == "architecture") options.architecture = value;
    if (name == "type") options.type = value == "bf16" ? slm::TensorType::kBF16 : slm::TensorType::kF16;
    if (name == "template") options.chat_template = false, options.bad_template = value == "bad";
  }
  const slm::Status status = argc < 2 ? slm::fail(slm::ErrorKind::kUsage, "no path") : slm::tiny::write_tiny_chat_model(argv[1], options);
  if (!status) std::fprintf(stderr, "%s\n", status.error().text(slm::Language::kEnglish).c_str());
  return status ? 0 : 1;
}
