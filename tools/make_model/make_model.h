// Writes a model of any supported family and shape with random weights: for tests of size, speed, memory, loading and
// tokenizers where no trained weights are at hand. The same options give the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/writer.h"

namespace slm {

struct ModelShape {
  std::string family;        // GGUF architecture: qwen2, qwen3, llama, gemma, gemma2, gemma3
  uint32_t layers = 0;
  uint32_t width = 0;
  uint32_t heads = 0;
  uint32_t kv_heads = 0;
  uint32_t head_dim = 0;
  uint32_t ffn = 0;
  uint32_t context = 0;
  uint32_t vocabulary = 0;   // rows of the embedding: pieces are filled up to it; 0: as many as the tokenizer has
  uint32_t window = 0;       // gemma2, gemma3
  float rope_base = 10000.0f;
  float norm_eps = 1e-6f;
  bool tied_head = true;     // no output.weight
  bool rope_factors = false; // a rope_freqs tensor, as Llama 3.2 has
};

// What --type takes. Single types go to every matrix whose width they divide (K types fall back: Q4_K -> Q5_0,
// Q5_K -> Q5_1, Q6_K -> Q8_0); the head of a quantised file is Q6_K, or Q8_0 where 256 does not divide its width, and Q8_0 in a
// Q8_0 file. kQ4_K_M gives Q6_K to the value and FFN-down matrices of half the layers, as llama.cpp mixes them.
enum class FileType { kF32, kF16, kBF16, kQ8_0, kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ4_K, kQ5_K, kQ6_K, kQ4_K_M };
std::optional<FileType> file_type_from_name(std::string_view name);  // "Q4_K_M"
std::vector<std::string> file_type_names();

struct ModelOptions {
  ModelShape shape;
  FileType type = FileType::kF32;
  std::string tokenizer;     // folder of tokenizer.json[.xz]; empty: a small one is made up
  uint64_t seed = 1;
};

// Shapes by name ("qwen2.5-0.5b"), and a tiny one of a family: 2 layers (7 where windows alternate), width 64 (128, 256: for
// types whose blocks are 256 wide use `width`).
std::optional<ModelShape> preset(std::string_view name);
std::vector<std::string> preset_names();
std::optional<ModelShape> tiny_shape(std::string_view family);
std::vector<std::string> make_model_families();

// Weights are made and quantised row by row: memory does not grow with the file.
// Errors: kUsage (a shape that cannot be), those of read_tokenizer() and of writing.
Status make_model(const ModelOptions& options, const std::string& path);
Result<std::vector<std::byte>> make_model_bytes(const ModelOptions& options);

}  // namespace slm
