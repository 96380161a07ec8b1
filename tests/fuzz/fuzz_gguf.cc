// Any bytes as a model file: parsed, then every key, array and tensor read in every form.
#include <cstdint>
#include <vector>

#include "gguf/exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data), reinterpret_cast<const std::byte*>(data) + size);
  const auto file = slm::gguf::File::parse(bytes);
  if (file) {
    slm::gguf::exercise(**file);
  } else if (file.error().text(slm::Language::kEnglish).empty() || file.error().text(slm::Language::kChinese).empty()) {
    __builtin_trap();
  }
  return 0;
}
