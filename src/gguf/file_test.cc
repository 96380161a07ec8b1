// Reading: what is accepted, and what every kind of damage is answered with.
#include "gguf/file.h"

#include <cstdio>
#include <cstring>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/limits.h"
#include "gguf/writer.h"

namespace slm::gguf {
namespace {

// Lays out files that the Writer would not write.
class Bytes {
 public:
  template <class T>
  Bytes& number(T value) {
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof(T));
    return *this;
  }
  Bytes& u32(uint32_t value) { return number(value); }
  Bytes& u64(uint64_t value) { return number(value); }
  Bytes& raw(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  Bytes& text(std::string_view text) { return u64(text.size()).raw(text); }
  Bytes& header(uint64_t tensors, uint64_t keys, uint32_t version = 3) {
    return raw("GGUF").u32(version).u64(tensors).u64(keys);
  }
  Bytes& key(std::string_view name, ValueType type) { return text(name).u32(static_cast<uint32_t>(type)); }
  Bytes& array(std::string_view name, ValueType item, uint64_t count) {
    return key(name, ValueType::kArray).u32(static_cast<uint32_t>(item)).u64(count);
  }
  // A tensor's description.
  Bytes& tensor(std::string_view name, std::vector<uint64_t> dims, uint32_t type, uint64_t offset) {
    text(name).u32(static_cast<uint32_t>(dims.size()));
    for (const uint64_t dim : dims) u64(dim);
    return u32(type).u64(offset);
  }
  // Zeros up to a multiple of `alignment`, then `n` more.
  Bytes& data(size_t n, size_t alignment = 32) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment + n);
    return *this;
  }
  size_t size() const { return bytes_.size(); }
  std::span<const std::byte> span() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// The message of the error, in English; "" when the bytes were accepted.
std::string why(std::span<const std::byte> bytes) {
  const auto file = File::parse(bytes, "f");
  return file ? "" : file.error().text(Language::kEnglish);
}
std::string why(const Bytes& bytes) { return why(bytes.span()); }

std::string key_of(const Bytes& bytes) {
  const auto file = File::parse(bytes.span(), "f");
  return file ? "" : std::string(file.error().message.key);
}

TEST(GgufFile, SmallestFile) {
  const Bytes bytes = Bytes().header(0, 0);
  const auto file = File::parse(bytes.span());
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->version(), 3u);
  EXPECT_EQ((*file)->size_bytes(), 24u);
  EXPECT_TRUE((*file)->tensors().empty());
  EXPECT_FALSE((*file)->has("general.architecture"));
  EXPECT_EQ((*file)->mapping(), nullptr);
}

TEST(GgufFile, Version2IsRead) {
  const Bytes bytes = Bytes().header(1, 1, 2).key("k", ValueType::kUint8).number<uint8_t>(7).tensor("t", {4}, 0, 0).data(16);
  const auto file = File::parse(bytes.span());
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ((*file)->version(), 2u);
  EXPECT_EQ((*file)->u64("k").value(), 7u);
  EXPECT_EQ((*file)->find_tensor("t")->size_bytes, 16u);
}

TEST(GgufFile, WhatIsNoGguf) {
  EXPECT_EQ(key_of(Bytes()), "gguf.empty");
  EXPECT_EQ(why(Bytes().raw("PK\x03\x04zip")), "f is not a GGUF file: it begins with 50 4b 03 04 at byte 0, not with \"GGUF\"");
  EXPECT_EQ(key_of(Bytes().raw("GG")), "gguf.bad_magic");
  EXPECT_EQ(key_of(Bytes().raw("version https://git-lfs.github.com/spec/v1\noid sha256:00")), "gguf.lfs_pointer");
  EXPECT_EQ(key_of(Bytes().raw("<!DOCTYPE html><html>")), "gguf.html_page");
}

TEST(GgufFile, Versions) {
  EXPECT_EQ(key_of(Bytes().header(0, 0, 1)), "gguf.old_version");
  EXPECT_EQ(key_of(Bytes().header(0, 0, 0)), "gguf.old_version");
  EXPECT_EQ(why(Bytes().header(0, 0, 4)), "f: GGUF version 4 (byte 4) is newer than this program; versions 2 to 3 are read");
  EXPECT_EQ(why(Bytes().header(0, 0, 0x03000000)),
            "f is byte-swapped (big-endian, GGUF version 3, at byte 4); only little-endian files are read");
}

TEST(GgufFile, TruncationNamesTheByte) {
  EXPECT_EQ(why(Bytes().raw("GGUF").u32(3).raw("abc")), "f ends at byte 11, inside tensor_count, which needs 8 bytes from byte 8");
  EXPECT_EQ(why(Bytes().header(0, 1).u64(20).raw("0123456789")),
            "f ends at byte 42, inside metadata_kv[0], which needs 20 bytes from byte 32");
  EXPECT_EQ(why(Bytes().header(0, 1).key("general.name", ValueType::kString).u64(9).raw("short")),
            "f ends at byte 61, inside general.name, which needs 9 bytes from byte 56");
  EXPECT_EQ(why(Bytes().header(0, 1).array("a", ValueType::kString, 2).text("one").u64(7).raw("abc")),
            "f ends at byte 71, inside a, which needs 7 bytes from byte 68");
}

TEST(GgufFile, CountsAreCheckedBeforeAnythingIsMade) {
  EXPECT_EQ(key_of(Bytes().header(0, limits::kGgufMaxKeys + 1)), "gguf.too_many");
  EXPECT_EQ(key_of(Bytes().header(limits::kGgufMaxTensors + 1, 0)), "gguf.too_many");
  EXPECT_EQ(key_of(Bytes().header(0, 60000)), "gguf.count_beyond_file");
  EXPECT_EQ(key_of(Bytes().header(60000, 0)), "gguf.count_beyond_file");
  EXPECT_EQ(key_of(Bytes().header(0, 1).array("a", ValueType::kFloat64, limits::kGgufMaxArrayItems + 1)), "gguf.too_many");
  EXPECT_EQ(key_of(Bytes().header(0, 1).array("a", ValueType::kFloat64, ~0ull)), "gguf.too_many");
  EXPECT_EQ(why(Bytes().header(0, 1).array("a", ValueType::kFloat64, 1u << 20).u64(0)),
            "f: a counts 1048576 items at byte 49, but only 8 bytes follow");
  EXPECT_EQ(key_of(Bytes().header(0, 1).array("a", ValueType::kString, 1u << 20).u64(0)), "gguf.count_beyond_file");
}

TEST(GgufFile, StringsHaveALimit) {
  EXPECT_EQ(key_of(Bytes().header(0, 1).u64(limits::kGgufMaxKeyBytes + 1).raw("k12345")), "gguf.string_too_long");
  EXPECT_EQ(key_of(Bytes().header(0, 1).key("k", ValueType::kString).u64(limits::kGgufMaxStringBytes + 1)), "gguf.string_too_long");
  EXPECT_EQ(key_of(Bytes().header(0, 1).array("k", ValueType::kString, 1).u64(~0ull)), "gguf.string_too_long");
  const std::string name(limits::kGgufMaxTensorNameBytes + 1, 'n');
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor(name, {1}, 0, 0).data(4)), "gguf.string_too_long");
}

TEST(GgufFile, Names) {
  EXPECT_EQ(why(Bytes().header(0, 1).key("", ValueType::kUint8).u64(0)), "f: metadata_kv[0] has an empty name (byte 24)");
  EXPECT_EQ(why(Bytes().header(0, 1).key("ab\xff", ValueType::kUint8).u64(0)),
            "f: the name of metadata_kv[0] is not UTF-8 (byte 34)");
  EXPECT_EQ(why(Bytes().header(0, 1).key("a\x1b[2J", ValueType::kUint8).u64(0)),
            "f: the name of metadata_kv[0] holds the control character 27 (byte 33)");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("\xc3", {1}, 0, 0).data(4)), "gguf.name_not_utf8");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("", {1}, 0, 0).data(4)), "gguf.empty_name");
}

TEST(GgufFile, Doubles) {
  EXPECT_EQ(why(Bytes().header(0, 3).key("k", ValueType::kUint8).number<uint8_t>(1).key("l", ValueType::kUint8)
                    .number<uint8_t>(1).key("k", ValueType::kUint8).number<uint8_t>(2)),
            "f: the key k stands twice, at byte 24 and at byte 52");
  EXPECT_EQ(why(Bytes().header(2, 0).tensor("t", {1}, 0, 0).tensor("t", {1}, 0, 32).data(64)),
            "f: the tensor t stands twice, at byte 24 and at byte 57");
}

TEST(GgufFile, ValueTypes) {
  EXPECT_EQ(why(Bytes().header(0, 1).text("k").u32(13).u64(0)), "f: k has the unknown value type 13 (byte 33)");
  EXPECT_EQ(key_of(Bytes().header(0, 1).key("k", ValueType::kArray).u32(77).u64(0)), "gguf.unknown_value_type");
  EXPECT_EQ(why(Bytes().header(0, 1).array("k", ValueType::kArray, 1).u32(4).u64(0)),
            "f: k is an array of arrays (byte 37), which is not accepted");
  EXPECT_EQ(why(Bytes().header(0, 1).key("k", ValueType::kBool).number<uint8_t>(2)),
            "f: k has a bool of value 2 (byte 37); it must be 0 or 1");
  EXPECT_EQ(why(Bytes().header(0, 1).array("k", ValueType::kBool, 3).number<uint8_t>(1).number<uint8_t>(0).number<uint8_t>(255)),
            "f: k has a bool of value 255 (byte 51); it must be 0 or 1");
}

TEST(GgufFile, Alignment) {
  const auto with = [](uint32_t alignment) {
    return Bytes().header(0, 1).key("general.alignment", ValueType::kUint32).u32(alignment);
  };
  for (const uint32_t good : {8u, 32u, 64u, 65536u}) EXPECT_EQ(why(with(good)), "") << good;
  for (const uint32_t bad : {0u, 1u, 4u, 24u, 48u, 0x20000u, 0x80000000u}) EXPECT_EQ(key_of(with(bad)), "gguf.bad_alignment") << bad;
  EXPECT_EQ(key_of(Bytes().header(0, 1).key("general.alignment", ValueType::kString).text("32")), "gguf.wrong_type");
  // The data begin at a multiple of it.
  const Bytes wide = Bytes().header(1, 1).key("general.alignment", ValueType::kUint32).u32(256).tensor("t", {2}, 0, 0).data(8, 256);
  const auto file = File::parse(wide.span());
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->tensors()[0].offset, 256u);
}

TEST(GgufFile, TensorShapes) {
  EXPECT_EQ(why(Bytes().header(1, 0).tensor("t", {}, 0, 0).data(64)),
            "f: the tensor t has 0 dimensions (byte 33); 1 to 4 are accepted");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {1, 1, 1, 1, 1}, 0, 0).data(64)), "gguf.bad_n_dims");
  EXPECT_EQ(why(Bytes().header(1, 0).tensor("t", {4, 0}, 0, 0).data(64)), "f: dimension 1 of the tensor t is 0 (byte 45)");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {1ull << 32, 1ull << 32}, 0, 0).data(64)), "gguf.too_many_elements");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {1ull << 63}, 0, 0).data(64)), "gguf.too_many_elements");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {1ull << 62}, 0, 0).data(64)), "gguf.too_many_elements");
  EXPECT_EQ(why(Bytes().header(1, 0).tensor("t", {33}, 2, 0).data(64)),
            "f: rows of the tensor t have 33 elements, not a multiple of Q4_0's block of 32 (byte 45)");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {16, 2}, 2, 0).data(64)), "gguf.not_whole_blocks");
}

TEST(GgufFile, TensorTypes) {
  EXPECT_EQ(why(Bytes().header(1, 0).tensor("t", {256}, 16, 0).data(512)),
            "f: the tensor t is of type IQ2_XXS (number 16, byte 45), which this program cannot read");
  EXPECT_EQ(why(Bytes().header(1, 0).tensor("t", {256}, 4242, 0).data(512)), "f: the tensor t has the unknown type 4242 (byte 45)");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {256}, 4, 0).data(512)), "gguf.unknown_tensor_type");  // Q4_2, long gone
  EXPECT_EQ(why(Bytes().header(1, 0).tensor("t", {256}, 10, 0).data(84)), "");
}

TEST(GgufFile, TensorPlaces) {
  EXPECT_EQ(why(Bytes().header(1, 0).tensor("t", {4}, 0, 20).data(64)),
            "f: the tensor t begins at 20, not a multiple of the alignment 32 (byte 49)");
  EXPECT_EQ(why(Bytes().header(1, 0).tensor("t", {17}, 0, 0).data(64)),
            "f: the tensor t takes 68 bytes from 0 behind byte 64, but the file ends at byte 128 (described at byte 24)");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {4}, 0, 1ull << 40).data(64)), "gguf.tensor_outside");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {4}, 0, 0xffffffffffffffe0ull).data(64)), "gguf.tensor_outside");
  EXPECT_EQ(key_of(Bytes().header(1, 0).tensor("t", {1ull << 60}, 0, 32).data(64)), "gguf.tensor_outside");
  EXPECT_EQ(why(Bytes().header(2, 0).tensor("a", {16}, 0, 32).tensor("b", {9}, 0, 0).data(96)),
            "f: the tensors b and a overlap at byte 128 (described at byte 24)");
  EXPECT_EQ(key_of(Bytes().header(2, 0).tensor("a", {8}, 0, 0).tensor("b", {8}, 0, 0).data(96)), "gguf.tensors_overlap");
  // Any order, with gaps.
  EXPECT_EQ(why(Bytes().header(2, 0).tensor("a", {8}, 0, 64).tensor("b", {8}, 0, 0).data(96)), "");
}

// One key of each kind.
Bytes every_kind() {
  return std::move(Bytes().header(0, 14)
      .key("u8", ValueType::kUint8).number<uint8_t>(200)
      .key("i8", ValueType::kInt8).number<int8_t>(-5)
      .key("u16", ValueType::kUint16).number<uint16_t>(60000)
      .key("i16", ValueType::kInt16).number<int16_t>(-6000)
      .key("u32", ValueType::kUint32).u32(4000000000u)
      .key("i32", ValueType::kInt32).number<int32_t>(-7)
      .key("u64", ValueType::kUint64).u64(~0ull)
      .key("i64", ValueType::kInt64).number<int64_t>(-8)
      .key("f32", ValueType::kFloat32).number<float>(0.5f)
      .key("f64", ValueType::kFloat64).number<double>(0.25)
      .key("bool", ValueType::kBool).number<uint8_t>(1)
      .key("string", ValueType::kString).text("two\nlines")
      .array("strings", ValueType::kString, 2).text("").text("b")
      .array("f64s", ValueType::kFloat64, 1).number<double>(1.5));
}

TEST(GgufFile, ScalarsConvertWhenTheyFit) {
  const Bytes bytes = every_kind();
  const auto parsed = File::parse(bytes.span(), "f");
  ASSERT_TRUE(parsed) << parsed.error().text();
  const File& file = **parsed;
  EXPECT_EQ(file.u64("u8").value(), 200u);
  EXPECT_EQ(file.u64("u16").value(), 60000u);
  EXPECT_EQ(file.u64("u32").value(), 4000000000u);
  EXPECT_EQ(file.u64("u64").value(), ~0ull);
  EXPECT_EQ(file.find_i64("i8").value(), -5);
  EXPECT_EQ(file.find_i64("i16").value(), -6000);
  EXPECT_EQ(file.find_i64("i32").value(), -7);
  EXPECT_EQ(file.find_i64("i64").value(), -8);
  EXPECT_EQ(file.find_i64("u32").value(), 4000000000);
  EXPECT_EQ(file.f64("f32").value(), 0.5);
  EXPECT_EQ(file.f64("f64").value(), 0.25);
  EXPECT_EQ(file.find_bool("bool").value(), true);
  EXPECT_EQ(file.string("string").value(), "two\nlines");
  EXPECT_EQ(file.find_floats("f64s").value()->at(0), 1.5f);
  const StringArray strings = file.strings("strings").value();
  ASSERT_EQ(strings.size(), 2u);
  EXPECT_EQ(strings[0], "");
  EXPECT_EQ(strings[1], "b");

  EXPECT_EQ(file.u64("i8").error().text(Language::kEnglish), "f: the key i8 is -5, which may not be negative (byte 53)");
  EXPECT_EQ(file.find_i64("u64").error().message.key, "gguf.value_too_large");
  EXPECT_EQ(file.u64("nope").error().text(Language::kEnglish), "f: the key nope is missing");
  EXPECT_EQ(file.u64("nope").error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(file.find_u64("nope").value(), std::nullopt);
  EXPECT_EQ(file.find_strings("nope").value().has_value(), false);
}

TEST(GgufFile, WrongTypesAreNamed) {
  const Bytes bytes = every_kind();
  const auto parsed = File::parse(bytes.span(), "f");
  ASSERT_TRUE(parsed);
  const File& file = **parsed;
  EXPECT_EQ(file.u64("string").error().message.args[2], "string");
  EXPECT_EQ(file.u64("string").error().message.args[3], "unsigned integer");
  EXPECT_EQ(file.strings("f64s").error().message.args[2], "array of float64");
  EXPECT_EQ(file.strings("f64s").error().message.args[3], "array of string");
  for (const auto& key : {"f32", "bool", "strings"}) EXPECT_FALSE(file.find_i64(key)) << key;
  for (const auto& key : {"u8", "bool", "string"}) EXPECT_FALSE(file.find_f64(key)) << key;
  for (const auto& key : {"u8", "string"}) EXPECT_FALSE(file.find_bool(key)) << key;
  for (const auto& key : {"u8", "strings"}) EXPECT_FALSE(file.find_string(key)) << key;
  for (const auto& key : {"u8", "strings"}) EXPECT_FALSE(file.find_floats(key)) << key;
  for (const auto& key : {"u8", "strings", "f64s"}) EXPECT_FALSE(file.find_ints(key)) << key;
}

TEST(GgufFile, IntegerArraysOfEveryWidth) {
  const Bytes bytes = Bytes().header(0, 5)
      .array("u8", ValueType::kUint8, 2).number<uint8_t>(1).number<uint8_t>(255)
      .array("i16", ValueType::kInt16, 1).number<int16_t>(-3)
      .array("bool", ValueType::kBool, 3).number<uint8_t>(1).number<uint8_t>(0).number<uint8_t>(1)
      .array("u64", ValueType::kUint64, 1).u64(~0ull)
      .array("none", ValueType::kUint32, 0);
  const auto parsed = File::parse(bytes.span());
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(*(*parsed)->find_ints("u8").value(), (std::vector<int64_t>{1, 255}));
  EXPECT_EQ(*(*parsed)->find_ints("i16").value(), (std::vector<int64_t>{-3}));
  EXPECT_EQ(*(*parsed)->find_ints("bool").value(), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_EQ((*parsed)->find_ints("u64").error().message.key, "gguf.value_too_large");
  EXPECT_TRUE((*parsed)->find_ints("none").value()->empty());
}

TEST(GgufFile, KeyLinesAreFitForATerminal) {
  const Bytes bytes = Bytes().header(0, 4)
      .key("text", ValueType::kString).text("a\x1b[2J\nb\xff")
      .key("long", ValueType::kString).text(std::string(71, 'x') + "\xe4\xbd\xa0 and more")
      .array("pieces", ValueType::kString, 1).text("x")
      .key("minus", ValueType::kInt8).number<int8_t>(-1);
  const auto parsed = File::parse(bytes.span());
  ASSERT_TRUE(parsed);
  const auto lines = (*parsed)->key_lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].text, "a [2J\\nb\xef\xbf\xbd");
  EXPECT_EQ(lines[1].text, std::string(71, 'x') + "..");
  EXPECT_EQ(lines[2].key, "pieces");
  EXPECT_EQ(lines[2].text, "[1 strings]");
  EXPECT_EQ(lines[3].text, "-1");
}

TEST(GgufFile, Matrices) {
  const Bytes bytes = Bytes().header(3, 0).tensor("m", {64, 3}, 2, 0).tensor("v", {8}, 0, 128).tensor("cube", {2, 2, 2}, 0, 160)
                          .data(192);
  const auto parsed = File::parse(bytes.span(), "f");
  ASSERT_TRUE(parsed) << parsed.error().text();
  const File& file = **parsed;
  const TensorView m = file.matrix("m", 3, 64).value();
  EXPECT_EQ(m.row_bytes, 36u);
  EXPECT_EQ(m.data, bytes.span().data() + file.find_tensor("m")->offset);
  EXPECT_EQ(file.tensor_bytes(*file.find_tensor("m")).size(), 108u);
  EXPECT_TRUE(file.matrix("v", 1, 8));
  EXPECT_EQ(file.matrix("m", 64, 3).error().text(Language::kEnglish), "f: the tensor m has the shape (3, 64); (64, 3) is needed");
  EXPECT_EQ(file.matrix("v", 1, 9).error().text(Language::kEnglish), "f: the tensor v has the shape (8); (9) is needed");
  EXPECT_EQ(file.matrix("cube", 2, 2).error().text(Language::kEnglish), "f: the tensor cube has the shape (2, 2, 2); (2, 2) is needed");
  EXPECT_EQ(file.matrix("w", 1, 8).error().text(Language::kEnglish), "f: the tensor w is missing");
  EXPECT_EQ(file.find_tensor("w"), nullptr);
}

TEST(GgufFile, OpensFromDisk) {
  EXPECT_EQ(File::open("/nonexistent/model.gguf").error().kind, ErrorKind::kNotFound);
  EXPECT_FALSE(File::open("/tmp"));
  const std::string path = testing::TempDir() + "slm_gguf_file_test." + std::to_string(::getpid()) + ".gguf";
  Writer writer;
  writer.set_string("general.architecture", "llama");
  writer.add_tensor("t", TensorType::kF32, {2}, std::vector<std::byte>(8));
  ASSERT_TRUE(writer.write(path));
  const auto file = File::open(path);
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ((*file)->architecture().value(), "llama");
  EXPECT_EQ((*file)->path(), path);
  ASSERT_NE((*file)->mapping(), nullptr);
  EXPECT_EQ((*file)->mapping()->bytes().size(), (*file)->size_bytes());
  std::remove(path.c_str());
}

}  // namespace
}  // namespace slm::gguf
