// Logits of small random checkpoints against Hugging Face transformers (tests/golden/families/generate.py): the F32 path (keys
// and values too) within 1e-4 of the row's largest logit, the quantised paths by Kullback-Leibler divergence from logits of the same, dequantised weights.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/testing/tiny_models.h"

namespace slm {
namespace {

struct Golden {
  std::vector<int32_t> ids;
  std::vector<float> logits;  // (ids, vocabulary)
};

Golden read_golden(const std::string& family, const std::string& logits_file) {
  const std::string folder = SLM_SOURCE_DIR "/tests/golden/families/" + family + "/";
  Golden golden;
  golden.ids = nlohmann::json::parse(std::ifstream(folder + "ids.json")).at("ids").get<std::vector<int32_t>>();
  std::ifstream file(folder + logits_file, std::ios::binary | std::ios::ate);
  golden.logits.resize(static_cast<size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(golden.logits.data()),
            static_cast<std::streamsize>(golden.logits.size() * sizeof(float)));
  EXPECT_TRUE(file) << folder << logits_file;
  return golden;
}

std::vector<double> log_softmax(std::span<const float> logits) {
  double most = -INFINITY, sum = 0;
  for (const float x : logits) most = std::max<double>(most, x);
  for (const float x : logits) sum += std::exp(x - most);
  std::vector<double> out;
  for (const float x : logits) out.push_back(x - most - std::log(sum));
  return out;
}

double divergence(std::span<const float> expected, std::span<const float> actual) {
  const auto p = log_softmax(expected), q = log_softmax(actual);
  double kl = 0;
  for (size_t i = 0; i < p.size(); ++i) kl += std::exp(p[i]) * (p[i] - q[i]);
  return kl;
}

// Every folder; those of variants are named after them.
std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(SLM_SOURCE_DIR "/tests/golden/families")) {
    if (entry.is_directory()) out.push_back(entry.path().filename());
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(GoldenFamilies, EachFamilyHasAFolder) {
  const auto folders = names();
  for (const std::string_view family : family_names()) {
    EXPECT_NE(std::find(folders.begin(), folders.end(), family), folders.end()) << family;
  }
}

class GoldenLogits : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenLogits, F32WithinOneTenThousandth) {
  const Golden golden = read_golden(GetParam(), "logits.bin");
  for (const kernels::KernelTable* kernels : kernels::usable_tables()) {
    const auto model = tiny::open_tiny(GetParam(), "model.gguf", *kernels);
    ASSERT_TRUE(model);
    const auto logits = tiny::logits_of(*model, golden.ids, 16, 2, kernels::KvType::kF32);
    ASSERT_EQ(logits.size(), golden.logits.size());
    const size_t vocabulary = model->spec().vocabulary;
    for (size_t row = 0; row < golden.ids.size(); ++row) {
      float largest = 0, error = 0;
      for (size_t i = row * vocabulary; i < (row + 1) * vocabulary; ++i) {
        largest = std::max(largest, std::abs(golden.logits[i]));
        error = std::max(error, std::abs(golden.logits[i] - logits[i]));
      }
      EXPECT_LE(error, 1e-4f * largest) << kernels->name << ", position " << row;
    }
  }
}

// The activations in 8 bits are all that differs: 8-bit weights with the reference's, 4-bit ones with theirs.
TEST_P(GoldenLogits, QuantisedWithinKlBound) {
  for (const std::string type : {"q8_0", "q4_0"}) {
    const Golden golden = read_golden(GetParam(), "logits-" + type + ".bin");
    for (const kernels::KernelTable* kernels : kernels::usable_tables()) {
      const auto model = tiny::open_tiny(GetParam(), "model-" + type + ".gguf", *kernels);
      ASSERT_TRUE(model);
      const auto logits = tiny::logits_of(*model, golden.ids, 16, 2);
      ASSERT_EQ(logits.size(), golden.logits.size());
      const size_t vocabulary = model->spec().vocabulary;
      double sum = 0;
      for (size_t row = 0; row < golden.ids.size(); ++row) {
        const auto slice = [&](const std::vector<float>& all) {
          return std::span<const float>(all).subspan(row * vocabulary, vocabulary);
        };
        sum += divergence(slice(golden.logits), slice(logits));
      }
      EXPECT_LT(sum / static_cast<double>(golden.ids.size()), 1e-3) << kernels->name << " " << type;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenLogits, ::testing::ValuesIn(names()), [](const auto& folder) {
  std::string name = folder.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace slm
