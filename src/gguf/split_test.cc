#include "gguf/split.h"

#include <filesystem>
#include <functional>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_directory.h"

namespace slm::gguf {
namespace {

std::vector<std::byte> patterned(size_t n, int seed) {
  std::vector<std::byte> out(n);
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<std::byte>(i * 7 + static_cast<size_t>(seed));
  return out;
}

struct TestTensor {
  std::string name;
  TensorType type;
  std::vector<uint64_t> dims;
  std::vector<std::byte> bytes;
};

class GgufSplitTest : public testing::Test {
 protected:
  GgufSplitTest() {
    for (int i = 0; i < 3; ++i) {
      const std::string layer = "blk." + std::to_string(i);
      tensors_.push_back({layer + ".attn_norm.weight", TensorType::kF32, {64}, patterned(256, i)});
      tensors_.push_back({layer + ".attn_q.weight", TensorType::kQ4_0, {64, 3}, patterned(2 * 3 * 18, i + 100)});
    }
    tensors_.push_back({"output_norm.weight", TensorType::kF32, {5}, patterned(20, 77)});
  }
  static void add_metadata(Writer& writer) {
    writer.set_string("general.architecture", "llama");
    writer.set_string("general.name", "test");
    writer.set_floats("floats", std::vector<float>{1.5f, 2.5f});
    writer.set_strings("words", std::vector<std::string>{"a", "", "ccc"});
  }
  using Change = std::function<void(Writer&)>;
  // Part `index` of `count` with tensors [begin, end), as gguf-split writes it; `more` adds keys.
  std::string write_part(uint16_t index, uint16_t count, size_t begin, size_t end, const Change& more = {}) const {
    Writer writer;
    if (index == 0) add_metadata(writer);
    if (more) more(writer);
    writer.set_u16("split.no", index);
    writer.set_u16("split.count", count);
    writer.set_i32("split.tensors.count", 7);
    for (size_t i = begin; i < end; ++i) writer.add_tensor(tensors_[i].name, tensors_[i].type, tensors_[i].dims, tensors_[i].bytes);
    const std::string path = PartName{directory_ / "m", 1, count}.path_of(index + 1u);
    EXPECT_TRUE(writer.write(path).has_value());
    return path;
  }
  std::vector<std::string> write_parts() const { return {write_part(0, 3, 0, 0), write_part(1, 3, 0, 4), write_part(2, 3, 4, 7)}; }
  static std::string key_of(const std::vector<std::string>& paths) {
    const auto split = SplitFile::open(paths);
    return split ? "" : std::string(split.error().message.key);
  }

  TemporaryDirectory directory_;
  std::vector<TestTensor> tensors_;
};

TEST_F(GgufSplitTest, PartsBecomeTheFileTheyStandFor) {
  const auto split = SplitFile::open(write_parts());
  ASSERT_TRUE(split.has_value()) << split.error().text();
  std::vector<std::byte> joined;
  const Status written = split->write([&](std::span<const std::byte> bytes) -> Status {
    joined.insert(joined.end(), bytes.begin(), bytes.end());
    return {};
  });
  ASSERT_TRUE(written.has_value());
  EXPECT_EQ(joined.size(), split->size_bytes());
  // What our writer makes of the same model in one go.
  Writer writer;
  add_metadata(writer);
  for (const TestTensor& tensor : tensors_) writer.add_tensor(tensor.name, tensor.type, tensor.dims, tensor.bytes);
  EXPECT_EQ(joined, writer.to_bytes().value());
}

TEST_F(GgufSplitTest, TheAlignmentOfTheFileIsKept) {
  Writer writer;
  writer.set_string("general.architecture", "llama");
  writer.set_u32("general.alignment", 8);
  writer.set_u16("split.no", 0);
  writer.set_u16("split.count", 2);
  ASSERT_TRUE(writer.write(directory_ / "a").has_value());
  const auto split = SplitFile::open({directory_ / "a", write_part(1, 2, 6, 7)});
  ASSERT_TRUE(split.has_value()) << split.error().text();
  std::vector<std::byte> joined;
  EXPECT_TRUE(split->write([&](std::span<const std::byte> bytes) -> Status {
    joined.insert(joined.end(), bytes.begin(), bytes.end());
    return {};
  }));
  const auto file = File::parse(joined);
  ASSERT_TRUE(file.has_value()) << file.error().text();
  EXPECT_EQ((*file)->find_tensor("output_norm.weight")->offset % 8, 0u);
  EXPECT_EQ(joined.size() % 8, 0u);
  const auto bytes = (*file)->tensor_bytes((*file)->tensors()[0]);
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), tensors_[6].bytes.begin(), tensors_[6].bytes.end()));
}

TEST_F(GgufSplitTest, PartsThatDoNotBelongTogetherAreNamed) {
  const std::vector<std::string> parts = write_parts();
  EXPECT_EQ(key_of({parts[0], parts[2], parts[1]}), "gguf.part_number");
  EXPECT_EQ(key_of({parts[0], parts[1]}), "gguf.part_count");
  EXPECT_EQ(key_of({parts[1], parts[1], parts[2]}), "gguf.part_number");
  EXPECT_EQ(key_of({parts[0], parts[1], directory_ / "absent"}), "base.no_file");

  write_part(2, 3, 3, 7);  // holds a tensor of the second part, too: one too many
  EXPECT_EQ(key_of(parts), "gguf.parts_tensors");
  write_part(2, 3, 3, 6);  // as many as announced, one of them twice
  EXPECT_EQ(key_of(parts), "gguf.part_tensor_twice");
  write_part(2, 3, 4, 6);
  EXPECT_EQ(key_of(parts), "gguf.parts_tensors");
  write_part(2, 3, 4, 7, [](Writer& writer) { writer.set_string("general.name", "other"); });
  EXPECT_EQ(key_of(parts), "gguf.part_foreign");
  EXPECT_NE(SplitFile::open(parts).error().text(Language::kEnglish).find("general.name"), std::string::npos);
  write_part(2, 3, 4, 7, [](Writer& writer) { writer.set_string("general.name", "test"); });
  EXPECT_EQ(key_of(parts), "");

  tensors_[4] = {"blk.2.attn_norm.weight", TensorType::kF32, {96}, patterned(384, 1)};  // of a wider model
  write_part(2, 3, 4, 7);
  EXPECT_EQ(key_of(parts), "gguf.part_foreign");

  Writer plain;
  plain.set_string("general.architecture", "llama");
  ASSERT_TRUE(plain.write(parts[2]).has_value());
  EXPECT_EQ(key_of(parts), "gguf.part_not_split");
  write_part(2, 4, 4, 7);
  EXPECT_EQ(key_of({parts[0], parts[1], PartName{directory_ / "m", 1, 4}.path_of(3)}), "gguf.part_count");
  Writer bare;
  bare.set_u16("split.no", 0);
  bare.set_u16("split.count", 1);
  ASSERT_TRUE(bare.write(directory_ / "bare").has_value());
  EXPECT_EQ(key_of({directory_ / "bare"}), "gguf.part_without_metadata");
}

TEST_F(GgufSplitTest, ADamagedPartIsAnError) {
  const std::vector<std::string> parts = write_parts();
  std::filesystem::resize_file(parts[1], std::filesystem::file_size(parts[1]) / 2);
  const auto split = SplitFile::open(parts);
  ASSERT_FALSE(split.has_value());
  EXPECT_EQ(split.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(split.error().text(Language::kEnglish).find(parts[1]), std::string::npos);
}

TEST(GgufPartName, NamesAreTakenApart) {
  const auto name = parse_part_name("/a/m-q4-00002-of-00010.gguf");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->stem, "/a/m-q4");
  EXPECT_EQ(name->number, 2u);
  EXPECT_EQ(name->count, 10u);
  EXPECT_EQ(name->path_of(10), "/a/m-q4-00010-of-00010.gguf");
  for (const char* other : {"m.gguf", "-00001-of-00002.gguf", "m-00000-of-00002.gguf", "m-00003-of-00002.gguf", "m-00001-of-99999.gguf", "m-0001-of-0002.gguf",
                            "m-00001-of-00002.bin", "m-0000x-of-00002.gguf", "m_00001-of-00002.gguf", ""}) {
    EXPECT_FALSE(parse_part_name(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace slm::gguf
