// For tests: the small random checkpoints of tests/golden/families, and one sequence run through them in chunks.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/model.h"

namespace slm::tiny {

// file: "model.gguf" (F32), "model-q8_0.gguf" or "model-q4_0.gguf".
inline std::unique_ptr<Model> open_tiny(const std::string& family, const std::string& file,
                                        const kernels::KernelTable& kernels) {
  auto opened = gguf::File::open(SLM_SOURCE_DIR "/tests/golden/families/" + family + "/" + file);
  if (!opened) {
    ADD_FAILURE() << opened.error().text(Language::kEnglish);
    return nullptr;
  }
  auto model = Model::open(*opened, kernels);
  if (!model) {
    ADD_FAILURE() << model.error().text(Language::kEnglish);
    return nullptr;
  }
  return std::move(*model);
}

// n ids below `vocabulary`, the same for the same seed.
inline std::vector<int32_t> some_ids(size_t n, uint32_t vocabulary, uint64_t seed) {
  std::vector<int32_t> ids(n);
  uint64_t state = seed * 0x9E3779B97F4A7C15ull + 1;
  for (int32_t& id : ids) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    id = static_cast<int32_t>((state >> 33) % vocabulary);
  }
  return ids;
}

// Logits after each id, (ids, vocabulary), run in batches of `chunk` tokens.
inline std::vector<float> logits_of(const Model& model, const std::vector<int32_t>& ids, uint32_t chunk, int threads,
                                    kernels::KvType type = kernels::KvType::kF16) {
  ThreadPool pool(threads);
  const auto n = static_cast<uint32_t>(ids.size());
  auto kv_pool = KvPool::create(model.kv_layout(type), 1, n, chunk);
  if (!kv_pool) {
    ADD_FAILURE() << kv_pool.error().text(Language::kEnglish);
    return {};
  }
  KvSequence kv(**kv_pool);
  auto workspace = model.make_workspace(chunk, n, threads);
  const size_t vocabulary = model.spec().vocabulary;
  std::vector<float> logits(ids.size() * vocabulary);
  for (uint32_t at = 0; at < n; at += chunk) {
    const uint32_t take = std::min(chunk, n - at);
    EXPECT_TRUE(kv.extend(take));
    const BatchItem item{&kv, at, std::span<const int32_t>(ids).subspan(at, take), 0};
    model.forward({&item, 1}, *workspace, pool, std::span<float>(logits).subspan(at * vocabulary, take * vocabulary));
  }
  return logits;
}

}  // namespace slm::tiny
