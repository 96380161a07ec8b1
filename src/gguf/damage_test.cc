// Damaged files: an error that says where, or a correct load; never a crash or a hang. Runs under sanitizers too.
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "gguf/exercise.h"
#include "gguf/writer.h"

namespace slm::gguf {
namespace {

std::vector<std::byte> small_model() {
  Writer writer;
  writer.set_string("general.architecture", "llama");
  writer.set_u32("general.alignment", 32);
  writer.set_u32("llama.block_count", 2);
  writer.set_u64("llama.context_length", 256);
  writer.set_f32("llama.rope.freq_base", 10000.0f);
  writer.set_bool("tokenizer.ggml.add_bos_token", false);
  writer.set_i32("general.number", -1);
  std::vector<std::string> pieces;
  for (int i = 0; i < 60; ++i) pieces.push_back("piece" + std::to_string(i));
  writer.set_strings("tokenizer.ggml.tokens", pieces);
  writer.set_floats("tokenizer.ggml.scores", std::vector<float>(60, -1.0f));
  writer.set_i32s("tokenizer.ggml.token_type", std::vector<int32_t>(60, 1));
  writer.set_bools("llama.flags", {true, false});
  writer.add_tensor("token_embd.weight", TensorType::kQ8_0, {64, 60}, std::vector<std::byte>(60 * 68));
  writer.add_tensor("blk.0.ffn_up.weight", TensorType::kQ4_0, {64, 2}, std::vector<std::byte>(72));
  writer.add_tensor("output_norm.weight", TensorType::kF32, {64}, std::vector<std::byte>(256));
  return writer.to_bytes().value();
}

// Every error about the bytes of a file names a byte.
void expect_place(const Error& error, const std::string& what) {
  EXPECT_NE(error.text(Language::kEnglish).find("byte "), std::string::npos) << what << ": " << error.text(Language::kEnglish);
}

TEST(GgufDamage, TenThousandFlippedBits) {
  const std::vector<std::byte> good = small_model();
  const size_t header = File::parse(good).value()->tensors()[0].offset;
  std::mt19937_64 random(20);
  int refused = 0;
  for (int i = 0; i < 10000; ++i) {
    std::vector<std::byte> bytes = good;
    // Mostly in the header, where a bit means something; up to three at once.
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      const size_t at = random() % (i % 10 == 0 ? bytes.size() : header);
      bytes[at] ^= static_cast<std::byte>(1u << (random() % 8));
    }
    if (const auto file = File::parse(bytes)) {
      exercise(**file);
    } else {
      ++refused;
      expect_place(file.error(), "flip " + std::to_string(i));
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 9999);
}

TEST(GgufDamage, TwoHundredTruncations) {
  const std::vector<std::byte> good = small_model();
  const auto whole = File::parse(good).value();
  const TensorInfo& last = whole->tensors().back();
  const size_t end = last.offset + last.size_bytes;
  for (size_t i = 0; i < 200; ++i) {
    const size_t length = 1 + i * (end - 1) / 200;
    // A buffer of just this size, so that a sanitizer sees one byte too many.
    const std::vector<std::byte> bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(length));
    const auto file = File::parse(bytes);
    ASSERT_FALSE(file) << length;
    EXPECT_EQ(file.error().kind, ErrorKind::kCorrupt);
    expect_place(file.error(), "cut at " + std::to_string(length));
  }
}

TEST(GgufDamage, RandomBytesBehindAHeader) {
  std::mt19937_64 random(21);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> bytes(24 + random() % 400);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() % (i % 2 == 0 ? 4 : 256));
    std::memcpy(bytes.data(), "GGUF\3\0\0\0", 8);
    for (const size_t at : {8u, 16u}) {
      const uint64_t count = random() % 4;
      std::memcpy(bytes.data() + at, &count, sizeof(count));
    }
    if (const auto file = File::parse(bytes)) {
      exercise(**file);
    } else {
      expect_place(file.error(), "bytes " + std::to_string(i));
    }
  }
}

// Work must grow with the file, not with its square.
TEST(GgufDamage, ManyKeysAndTensorsAreQuick) {
  Writer writer;
  for (int i = 0; i < 60000; ++i) writer.set_bool("key." + std::to_string(i % 59999), true);  // one stands twice
  const auto doubled = writer.to_bytes().value();
  const auto file = File::parse(doubled);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message.key, "gguf.duplicate_key");

  Writer tensors;
  for (int i = 0; i < 20000; ++i) tensors.add_tensor("t" + std::to_string(i), TensorType::kF16, {1}, std::vector<std::byte>(2));
  const auto many = tensors.to_bytes().value();
  const auto parsed = File::parse(many);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ((*parsed)->find_tensor("t19999")->offset % 32, 0u);
}

}  // namespace
}  // namespace slm::gguf
