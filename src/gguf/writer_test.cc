#include "gguf/writer.h"

#include <cstring>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

namespace slm::gguf {
namespace {

std::vector<std::byte> counted(size_t n) {
  std::vector<std::byte> out(n);
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<std::byte>(i * 7);
  return out;
}

TEST(GgufWriter, EverythingComesBack) {
  Writer writer;
  writer.set_string("general.architecture", "qwen2");
  writer.set_u32("u32", 4000000000u);
  writer.set_u64("u64", 1ull << 40);
  writer.set_i32("i32", -3);
  writer.set_f32("f32", 1e-6f);
  writer.set_bool("bool", true);
  const std::vector<std::string> pieces = {"a", "", std::string("nul\0inside", 10), "\xe4\xbd\xa0"};
  writer.set_strings("strings", pieces);
  writer.set_floats("floats", std::vector<float>{0.0f, -1.5f});
  writer.set_i32s("i32s", std::vector<int32_t>{-1, 2});
  writer.set_bools("bools", {true, false, true});
  const auto q4 = counted(2 * 3 * 18), f32 = counted(5 * 4);
  writer.add_tensor("q4", TensorType::kQ4_0, {64, 3}, q4);
  writer.add_tensor("f32", TensorType::kF32, {5}, f32);
  const auto bytes = writer.to_bytes();
  ASSERT_TRUE(bytes);

  const auto parsed = File::parse(*bytes);
  ASSERT_TRUE(parsed) << parsed.error().text();
  const File& file = **parsed;
  EXPECT_EQ(file.version(), 3u);
  EXPECT_EQ(file.architecture().value(), "qwen2");
  EXPECT_EQ(file.u64("u32").value(), 4000000000u);
  EXPECT_EQ(file.u64("u64").value(), 1ull << 40);
  EXPECT_EQ(file.find_i64("i32").value(), -3);
  EXPECT_EQ(static_cast<float>(file.f64("f32").value()), 1e-6f);
  EXPECT_EQ(file.find_bool("bool").value(), true);
  const StringArray strings = file.strings("strings").value();
  ASSERT_EQ(strings.size(), pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) EXPECT_EQ(strings[i], pieces[i]);
  EXPECT_EQ(*file.find_floats("floats").value(), (std::vector<float>{0.0f, -1.5f}));
  EXPECT_EQ(*file.find_ints("i32s").value(), (std::vector<int64_t>{-1, 2}));
  EXPECT_EQ(*file.find_ints("bools").value(), (std::vector<int64_t>{1, 0, 1}));
  const auto lines = file.key_lines();
  ASSERT_EQ(lines.size(), 10u);
  EXPECT_EQ(lines[0].key, "general.architecture");
  EXPECT_EQ(lines[9].key, "bools");

  ASSERT_EQ(file.tensors().size(), 2u);
  for (const auto& [name, expected] : {std::pair{"q4", q4}, std::pair{"f32", f32}}) {
    const TensorInfo* tensor = file.find_tensor(name);
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->offset % 32, 0u);
    const auto read = file.tensor_bytes(*tensor);
    EXPECT_TRUE(std::equal(read.begin(), read.end(), expected.begin(), expected.end())) << name;
  }
}

TEST(GgufWriter, TensorsAreStreamedInPieces) {
  Writer writer;
  writer.add_tensor("t", TensorType::kF16, {8, 1000}, [](const Writer::Append& append) -> Status {
    for (int row = 0; row < 1000; ++row) {
      const std::vector<std::byte> bytes(16, static_cast<std::byte>(row));
      SLM_TRY_STATUS(append(bytes));
    }
    return {};
  });
  const std::string path = testing::TempDir() + "slm_gguf_writer_test." + std::to_string(::getpid());
  ASSERT_TRUE(writer.write(path));
  const auto file = File::open(path);
  ASSERT_TRUE(file) << file.error().text();
  const TensorView view = (*file)->matrix("t", 1000, 8).value();
  for (int row = 0; row < 1000; ++row) EXPECT_EQ(view.row(row)[5], static_cast<std::byte>(row));
  const auto in_memory = writer.to_bytes();
  ASSERT_TRUE(in_memory);
  EXPECT_EQ(std::memcmp(in_memory->data(), (*file)->mapping()->bytes().data(), in_memory->size()), 0);
  std::filesystem::remove(path);
}

TEST(GgufWriter, AFillOfAnotherSizeIsAnErrorAndLeavesNoFile) {
  const std::string folder = testing::TempDir() + "slm_gguf_writer_fill." + std::to_string(::getpid());
  std::filesystem::create_directory(folder);
  for (const size_t given : {15u, 17u}) {
    Writer writer;
    writer.add_tensor("t", TensorType::kF32, {4}, std::vector<std::byte>(given));
    const Status status = writer.write(folder + "/model.gguf");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().text(Language::kEnglish),
              fmt::format("the tensor t was given {} bytes; its shape takes 16", given));
    EXPECT_TRUE(std::filesystem::is_empty(folder));
  }
  std::filesystem::remove(folder);
}

TEST(GgufWriter, AnErrorOfTheFillAndOfTheSystemComesOut) {
  Writer failing;
  failing.add_tensor("t", TensorType::kF32, {4},
                     [](const Writer::Append&) -> Status { return fail(ErrorKind::kNetwork, "test.broke_off"); });
  EXPECT_EQ(failing.to_bytes().error().kind, ErrorKind::kNetwork);
  const Status status = Writer().write("/nonexistent/folder/model.gguf");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kFailed);
  EXPECT_EQ(status.error().message.args[0], "/nonexistent/folder/model.gguf");
}

TEST(GgufWriter, ReplacesAFileInOneStep) {
  const std::string path = testing::TempDir() + "slm_gguf_writer_replace." + std::to_string(::getpid());
  Writer first;
  first.set_u32("n", 1);
  ASSERT_TRUE(first.write(path));
  const auto old = File::open(path);
  ASSERT_TRUE(old);
  Writer second;
  second.set_u32("n", 2);
  ASSERT_TRUE(second.write(path));
  EXPECT_EQ((*old)->u64("n").value(), 1u);  // its readers keep the old one
  EXPECT_EQ(File::open(path).value()->u64("n").value(), 2u);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace slm::gguf
