#include "model/model.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <optional>

#include <gtest/gtest.h>

#include "base/huge_memory.h"
#include "base/mapped_file.h"
#include "base/temporary_directory.h"
#include "gguf/writer.h"
#include "model/attention.h"
#include "model/rope_angles.h"
#include "model/testing/tiny_models.h"
#include "model/weight_mover.h"
#include "model/workspace.h"

namespace slm {
namespace {

using tiny::logits_of;
using tiny::open_tiny;
using tiny::some_ids;

testing::AssertionResult same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return testing::AssertionFailure() << a.size() << " and " << b.size() << " floats";
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0) {
      return testing::AssertionFailure() << "float " << i << ": " << a[i] << " and " << b[i];
    }
  }
  return testing::AssertionSuccess();
}

// Weights that differ, in a type that has 32 in a block.
std::vector<std::byte> some_weights(TensorType type, size_t n) {
  std::vector<std::byte> bytes;
  const auto add = [&bytes](const auto& value) {
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), first, first + sizeof(value));
  };
  for (size_t i = 0; i < n; ++i) {
    if (type == TensorType::kF32) {
      add(0.1f * std::sin(1.7f * static_cast<float>(i)));
      continue;
    }
    if (i % 32 == 0) add(kernels::float_to_half(0.001f));
    add(static_cast<int8_t>(i * 37 % 255 - 127));
  }
  return bytes;
}

// A llama of 2 layers, width 32, 2 heads of 16, ffn 32, 5 tokens, all weights 0; what a test changes makes it wrong in one place.
struct TinyFile {
  std::string architecture = "llama";
  uint32_t n_heads = 2, n_kv_heads = 1, width = 32, n_tokens = 5, ffn = 32;
  std::optional<TensorType> weights = {};  // of matrices that are not 0
  float eps = 1e-5f;
  std::string left_out = {}, wrong_shape = {}, extra_tensor = {}, scaling = {};

  Result<std::unique_ptr<Model>> open(const kernels::KernelTable& kernels = kernels::scalar_table()) {
    gguf::Writer w;
    w.set_string("general.architecture", architecture);
    w.set_u32("llama.block_count", 2);
    w.set_u32("llama.context_length", 64);
    w.set_u32("llama.embedding_length", width);
    w.set_u32("llama.feed_forward_length", ffn);
    w.set_u32("llama.attention.head_count", n_heads);
    w.set_u32("llama.attention.head_count_kv", n_kv_heads);
    w.set_f32("llama.attention.layer_norm_rms_epsilon", eps);
    if (!scaling.empty()) w.set_string("llama.rope.scaling.type", scaling);
    const std::vector<std::string> tokens(n_tokens, "t");
    w.set_strings("tokenizer.ggml.tokens", tokens);
    const auto add = [&](const std::string& name, uint64_t cols, uint64_t rows) {
      if (name == left_out) return;
      if (name == wrong_shape) ++rows;
      std::vector<uint64_t> dims = {cols};
      if (rows > 0) dims.push_back(rows);
      const TensorType type = weights && rows > 0 ? *weights : TensorType::kF32;
      const uint64_t n = cols * std::max<uint64_t>(rows, 1);
      w.add_tensor(name, type, dims, weights ? some_weights(type, n) : std::vector<std::byte>(n * sizeof(float)));
    };
    add("token_embd.weight", 32, 5);
    add("output_norm.weight", 32, 0);
    for (const std::string layer : {"blk.0.", "blk.1."}) {
      add(layer + "attn_norm.weight", 32, 0);
      add(layer + "attn_q.weight", 32, 32);
      add(layer + "attn_k.weight", 32, 16);
      add(layer + "attn_v.weight", 32, 16);
      add(layer + "attn_output.weight", 32, 32);
      add(layer + "ffn_norm.weight", 32, 0);
      add(layer + "ffn_gate.weight", 32, ffn);
      add(layer + "ffn_up.weight", 32, ffn);
      add(layer + "ffn_down.weight", ffn, 32);
    }
    if (!extra_tensor.empty()) add(extra_tensor, 32, 0);
    SLM_TRY(content, w.to_bytes());
    bytes = std::move(content);
    SLM_TRY(file, gguf::File::parse(bytes));
    return Model::open(file, kernels);
  }

  std::vector<std::byte> bytes = {};
};

void expect_error(TinyFile file, ErrorKind kind, std::initializer_list<const char*> parts) {
  const auto model = file.open();
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().kind, kind);
  const std::string text = model.error().text(Language::kEnglish);
  for (const char* part : parts) EXPECT_NE(text.find(part), std::string::npos) << text << " lacks " << part;
}

TEST(ModelOpen, AcceptsTheTinyFile) {
  TinyFile file;
  const auto model = file.open();
  ASSERT_TRUE(model) << model.error().text(Language::kEnglish);
  EXPECT_EQ((*model)->spec().head_dim, 16u);
  EXPECT_EQ((*model)->spec().vocabulary, 5u);
  EXPECT_EQ((*model)->parameters(), 5u * 32 + 32 + 2 * (2 * 32 + 2 * 1024 + 2 * 512 + 3 * 1024));
  EXPECT_EQ((*model)->weight_bytes(), (*model)->parameters() * 4);
}

TEST(ModelOpen, NamesWhatIsWrong) {
  expect_error({.architecture = "mamba"}, ErrorKind::kFailed, {"mamba", "llama", "gemma3"});
  expect_error({.n_heads = 3, .n_kv_heads = 2}, ErrorKind::kCorrupt, {"3", "2"});
  expect_error({.n_heads = 3, .n_kv_heads = 1}, ErrorKind::kCorrupt, {"32", "3"});
  expect_error({.n_heads = 0}, ErrorKind::kCorrupt, {"llama.attention.head_count", "0"});
  expect_error({.n_heads = 2000}, ErrorKind::kCorrupt, {"llama.attention.head_count", "2000", "1024"});
  expect_error({.width = 1u << 31}, ErrorKind::kCorrupt, {"llama.embedding_length"});
  expect_error({.eps = 0.0f}, ErrorKind::kCorrupt, {"layer_norm_rms_epsilon"});
  expect_error({.eps = NAN}, ErrorKind::kCorrupt, {"layer_norm_rms_epsilon"});
  expect_error({.n_tokens = 6}, ErrorKind::kCorrupt, {"token_embd.weight", "6", "5"});
  expect_error({.left_out = "blk.1.ffn_up.weight"}, ErrorKind::kCorrupt, {"blk.1.ffn_up.weight"});
  expect_error({.wrong_shape = "blk.1.attn_k.weight"}, ErrorKind::kCorrupt, {"blk.1.attn_k.weight", "16", "17"});
  expect_error({.extra_tensor = "blk.0.attn_output.bias"}, ErrorKind::kFailed, {"blk.0.attn_output.bias"});
  expect_error({.scaling = "yarn"}, ErrorKind::kFailed, {"llama.rope.scaling.type", "yarn"});
}

TEST(ModelSpec, FamiliesSayHowTheyDiffer) {
  const kernels::KernelTable& kernels = kernels::scalar_table();
  const auto llama = open_tiny("llama", "model.gguf", kernels);
  const auto gemma2 = open_tiny("gemma2", "model.gguf", kernels);
  const auto gemma3 = open_tiny("gemma3", "model.gguf", kernels);
  ASSERT_TRUE(llama && gemma2 && gemma3);
  EXPECT_EQ(llama->spec().rope_style, kernels::RopeStyle::kPairs);
  EXPECT_EQ(gemma2->spec().windowed, (std::vector<bool>{true, false, true, false, true, false, true}));
  EXPECT_EQ(gemma3->spec().windowed, (std::vector<bool>{true, true, true, true, true, false, true}));
  EXPECT_EQ(gemma3->spec().rope_base_local, 1e4f);
  EXPECT_EQ(gemma3->spec().window, 8u);
  EXPECT_EQ(gemma2->spec().logit_soft_cap, 30.0f);
  const KvLayout layout = gemma3->kv_layout(kernels::KvType::kF16);
  EXPECT_EQ(layout.n_class_layers[0], 1u);
  EXPECT_EQ(layout.n_class_layers[1], 6u);
  EXPECT_EQ(layout.layer_index, (std::vector<uint32_t>{0, 1, 2, 3, 4, 0, 5}));
}

TEST(RopeAngles, FollowTheFormula) {
  const std::vector<float> factors = {1.0f, 2.0f, 4.0f, 8.0f};
  const RopeAngles angles(8, 10000.0, 0.5, factors);
  std::vector<float> out(8);
  angles.fill(100, out.data());
  for (int i = 0; i < 4; ++i) {
    const double angle = 100 * 0.5 * std::pow(10000.0, -i / 4.0) / factors[static_cast<size_t>(i)];
    EXPECT_FLOAT_EQ(out[2 * static_cast<size_t>(i)], static_cast<float>(std::cos(angle)));
    EXPECT_FLOAT_EQ(out[2 * static_cast<size_t>(i) + 1], static_cast<float>(std::sin(angle)));
  }
}

TEST(Attention, SpansSeenStandAtFixedPlaces) {
  EXPECT_EQ(spans_seen(0, 0, 0).size(), 1u);
  EXPECT_EQ(spans_seen(kAttentionSpan, kAttentionSpan, 0).size(), 2u);
  const SpanRange seen = spans_seen(1000, 1000, 100);
  EXPECT_EQ(seen.begin, 901 / kAttentionSpan);
  EXPECT_EQ(seen.end, 1000 / kAttentionSpan + 1);
  EXPECT_EQ(spans_seen(99, 99, 100).begin, 0u);
}

// The bits of the logits do not depend on chunk or threads; nor on the KV pages being given back and taken again.
TEST(Forward, SameBitsForAnyChunkAndThreads) {
  for (const kernels::KernelTable* kernels : kernels::usable_tables()) {
    for (const std::string_view family : family_names()) {
      for (const char* file : {"model.gguf", "model-q8_0.gguf", "model-q4_0.gguf"}) {
        SCOPED_TRACE(std::string(kernels->name) + " " + std::string(family) + " " + file);
        const auto model = open_tiny(std::string(family), file, *kernels);
        ASSERT_TRUE(model);
        const auto ids = some_ids(70, model->spec().vocabulary, 1);
        const auto whole = logits_of(*model, ids, 70, 1);
        EXPECT_TRUE(same_bits(whole, logits_of(*model, ids, 1, 1)));
        EXPECT_TRUE(same_bits(whole, logits_of(*model, ids, 3, 2)));
        EXPECT_TRUE(same_bits(whole, logits_of(*model, ids, 37, 3)));
        EXPECT_TRUE(same_bits(whole, logits_of(*model, ids, 64, 5)));
      }
    }
  }
}

// A full batch takes the FFN's inside kFfnColumns at a time, a small one all at once; the last part is smaller.
TEST(Forward, SameBitsWhileTheWeightsMove) {
  for (const std::string family : {"llama", "gemma3", "qwen3"}) {  // qwen3: a head of its own
    const auto model = open_tiny(family, "model-q8_0.gguf", *kernels::usable_tables().front());
    ASSERT_NE(model, nullptr);
    const std::vector<int32_t> ids = some_ids(9, model->spec().vocabulary, 5);
    const std::vector<float> before = logits_of(*model, ids, 4, 2);
    const auto workspace = model->make_workspace(4, 9, 3);
    for (const int threads : {1, 3}) {
      ThreadPool pool(threads);
      // One matrix each time; the head is the last.
      for (int i = 0; i < 5 && model->move_weights(1, *workspace, pool); ++i) EXPECT_TRUE(same_bits(logits_of(*model, ids, 4, 2), before)) << family << i;
    }
    ThreadPool pool(2);
    EXPECT_FALSE(model->move_weights(uint64_t{1} << 40, *workspace, pool));
    EXPECT_TRUE(same_bits(logits_of(*model, ids, 4, 2), before)) << family;
    EXPECT_FALSE(model->move_weights(1, *workspace, pool));
  }
}

TEST(Forward, TheHeadStaysForItsScreen) {
  const auto model = open_tiny("llama", "model-q8_0.gguf", *kernels::usable_tables().front());
  ASSERT_NE(model, nullptr);
  ThreadPool pool(2);
  const auto screened = model->make_workspace(4, 9, 2, HeadScreening::kAlways), plain = model->make_workspace(4, 9, 2);
  EXPECT_TRUE(model->move_weights(uint64_t{1} << 40, *screened, pool));
  EXPECT_TRUE(model->move_weights(uint64_t{1} << 40, *screened, pool));
  EXPECT_FALSE(model->move_weights(uint64_t{1} << 40, *plain, pool));
}

TEST(Forward, WeightsThatAreNotMappedStay) {
  TinyFile file;
  const auto model = file.open();
  ASSERT_TRUE(model);
  ThreadPool pool(1);
  const auto workspace = (*model)->make_workspace(1, 8, 1);
  EXPECT_FALSE((*model)->move_weights(1, *workspace, pool));
}

TEST(Forward, WeightsInHugePagesStay) {
  constexpr uint32_t kRows = 1024;
  constexpr size_t kRowBytes = 4096;
  const HugeMemory huge(kRows * kRowBytes);
  ASSERT_NE(huge.data(), nullptr);
  std::memset(huge.data(), 1, kRows * kRowBytes);
  if (bytes_in_huge_pages(huge.data(), kRows * kRowBytes) < kRows * kRowBytes) GTEST_SKIP() << "no huge page was given, or the kernel does not tell";
  const TemporaryDirectory directory;
  const std::string content(2 * kRowBytes, 'w');
  const auto file = MappedFile::open(directory.write("weights", content));
  ASSERT_TRUE(file.has_value());
  const std::byte* const mapped = (*file)->bytes().data();

  Weights weights;
  weights.layers.resize(1);
  LayerWeights& layer = weights.layers.front();
  weights.head = weights.embedding = layer.down = {TensorType::kF32, huge.data(), kRows, kRowBytes / 4, kRowBytes};
  layer.q = {TensorType::kF32, mapped, 2, kRowBytes / 4, kRowBytes};
  ThreadPool pool(2);
  WeightMover mover(weights, **file);
  EXPECT_FALSE(mover.move(size_t{1} << 30, false, pool));  // the head is not waited for
  EXPECT_EQ(weights.head.data, huge.data());
  EXPECT_EQ(layer.down.data, huge.data());
  EXPECT_NE(layer.q.data, mapped);
  EXPECT_EQ(std::memcmp(layer.q.data, content.data(), content.size()), 0);
}

TEST(Forward, SameBitsForAnyPartOfTheFfn) {
  const std::pair<TensorType, uint32_t> shapes[] = {{TensorType::kQ8_0, 3 * kFfnColumns + 32}, {TensorType::kF32, 2 * kFfnColumns + 45}};
  for (const kernels::KernelTable* kernels : kernels::usable_tables()) {
    for (const auto& [type, ffn] : shapes) {
      SCOPED_TRACE(std::string(kernels->name) + " " + std::to_string(ffn));
      TinyFile file{.ffn = ffn, .weights = type};
      const auto model = file.open(*kernels);
      ASSERT_TRUE(model) << model.error().text(Language::kEnglish);
      const auto ids = some_ids(12, 5, 3);
      const auto whole = logits_of(**model, ids, 12, 1);
      EXPECT_NE(whole[0], whole[1]);
      EXPECT_TRUE(same_bits(whole, logits_of(**model, ids, 1, 1)));
      EXPECT_TRUE(same_bits(whole, logits_of(**model, ids, 8, 2)));
      EXPECT_TRUE(same_bits(whole, logits_of(**model, ids, 12, 3)));
    }
  }
}

// Over several spans, where partial results are joined.
TEST(Forward, SameBitsOverManySpans) {
  for (const char* family : {"llama", "gemma3"}) {
    for (const kernels::KvType type : {kernels::KvType::kF16, kernels::KvType::kQ8_0}) {
      SCOPED_TRACE(family);
      const auto model = open_tiny(family, "model-q4_0.gguf", *kernels::usable_tables().front());
      ASSERT_TRUE(model);
      const auto ids = some_ids(kAttentionSpan + 90, model->spec().vocabulary, 2);
      const auto whole = logits_of(*model, ids, 128, 1, type);
      EXPECT_TRUE(same_bits(whole, logits_of(*model, ids, 4, 4, type)));
      EXPECT_TRUE(same_bits(whole, logits_of(*model, ids, 300, 2, type)));
    }
  }
}

TEST(Forward, SameBitsBesideOtherSequences) {
  const auto model = open_tiny("gemma3", "model-q8_0.gguf", *kernels::usable_tables().front());
  ASSERT_TRUE(model);
  const size_t vocabulary = model->spec().vocabulary;
  ThreadPool pool(2);
  auto kv_pool = KvPool::create(model->kv_layout(kernels::KvType::kF16), 3, 64, 64);
  ASSERT_TRUE(kv_pool);
  auto workspace = model->make_workspace(64, 64, 2);
  std::vector<std::vector<int32_t>> ids;
  std::vector<std::unique_ptr<KvSequence>> kv;
  std::vector<BatchItem> batch;
  for (uint32_t i = 0; i < 3; ++i) {
    ids.push_back(some_ids(10 + 7 * i, model->spec().vocabulary, 10 + i));
    kv.push_back(std::make_unique<KvSequence>(**kv_pool));
    ASSERT_TRUE(kv[i]->extend(static_cast<uint32_t>(ids[i].size())));
  }
  for (uint32_t i = 0; i < 3; ++i) {
    batch.push_back({kv[i].get(), 0, ids[i], static_cast<uint32_t>(ids[i].size()) - 1});
  }
  std::vector<float> together(3 * vocabulary);
  model->forward(batch, *workspace, pool, together);
  // The two halves give the same.
  for (auto& sequence : kv) {
    const uint32_t n = sequence->length();
    ASSERT_TRUE(sequence->truncate(0));
    ASSERT_TRUE(sequence->extend(n));
  }
  std::vector<float> halves(3 * vocabulary);
  ASSERT_EQ(model->run_layers(batch, *workspace, pool), 3u);
  model->project(0, 1, *workspace, pool, std::span<float>(halves).first(vocabulary));
  model->project(1, 2, *workspace, pool, std::span<float>(halves).subspan(vocabulary));
  EXPECT_TRUE(same_bits(together, halves));
  for (uint32_t i = 0; i < 3; ++i) {
    const auto alone = logits_of(*model, ids[i], 64, 1);
    EXPECT_TRUE(same_bits(std::vector<float>(alone.end() - static_cast<ptrdiff_t>(vocabulary), alone.end()),
                          std::vector<float>(together.begin() + static_cast<ptrdiff_t>(i * vocabulary),
                                             together.begin() + static_cast<ptrdiff_t>((i + 1) * vocabulary))));
  }
}

}  // namespace
}  // namespace slm
