#include "make_model/make_model.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "gguf/file.h"
#include "make_model/vocabulary.h"
#include "model/spec.h"
#include "model/weights.h"

namespace slm {
namespace {

ModelOptions tiny(std::string_view family, FileType type = FileType::kF32) {
  ModelOptions options;
  options.shape = *tiny_shape(family);
  options.type = type;
  return options;
}

// What the program itself makes of the bytes.
Result<Weights> load(std::span<const std::byte> bytes) {
  SLM_TRY(file, gguf::File::parse(bytes));
  const Family* family = find_family(file->architecture().value());
  if (family == nullptr) return fail(ErrorKind::kFailed, "test.no_family");
  SLM_TRY(spec, family->read_spec(*file));
  return bind_weights(*file, spec, kernels::scalar_table());
}

TEST(MakeModel, EveryFamilyAndTypeLoads) {
  for (const std::string& family : make_model_families()) {
    for (const std::string& type : file_type_names()) {
      const auto bytes = make_model_bytes(tiny(family, *file_type_from_name(type)));
      ASSERT_TRUE(bytes) << family << " " << type << ": " << bytes.error().text();
      const auto weights = load(*bytes);
      EXPECT_TRUE(weights) << family << " " << type << ": " << (weights ? "" : weights.error().text());
    }
  }
}

std::string type_of(std::span<const std::byte> bytes, std::string_view tensor) {
  const auto file = gguf::File::parse(bytes).value();
  return std::string(type_info(file->find_tensor(tensor)->type).name);
}

TEST(MakeModel, TypesAreChosenAsLlamaCppMixesThem) {
  ModelOptions options = tiny("llama", FileType::kQ4_K_M);
  options.shape.layers = 8;
  options.shape.width = 256;
  options.shape.ffn = 512;
  options.shape.head_dim = 128;
  const auto wide = make_model_bytes(options).value();
  EXPECT_EQ(type_of(wide, "output.weight"), "Q6_K");
  EXPECT_EQ(type_of(wide, "token_embd.weight"), "Q4_K");
  EXPECT_EQ(type_of(wide, "blk.0.attn_v.weight"), "Q6_K");    // first eighth
  EXPECT_EQ(type_of(wide, "blk.1.attn_v.weight"), "Q4_K");
  EXPECT_EQ(type_of(wide, "blk.3.ffn_down.weight"), "Q6_K");  // every third
  EXPECT_EQ(type_of(wide, "blk.7.ffn_down.weight"), "Q6_K");  // last eighth
  EXPECT_EQ(type_of(wide, "blk.7.attn_q.weight"), "Q4_K");
  EXPECT_EQ(type_of(wide, "blk.7.ffn_norm.weight"), "F32");

  const auto narrow = make_model_bytes(tiny("gemma", FileType::kQ4_K_M)).value();  // width 64: no blocks of 256
  EXPECT_EQ(type_of(narrow, "token_embd.weight"), "Q8_0");
  EXPECT_EQ(type_of(narrow, "blk.0.attn_q.weight"), "Q5_0");
  EXPECT_EQ(type_of(make_model_bytes(tiny("gemma", FileType::kQ5_K)).value(), "blk.0.attn_q.weight"), "Q5_1");
  EXPECT_EQ(type_of(make_model_bytes(tiny("gemma", FileType::kQ6_K)).value(), "blk.0.attn_q.weight"), "Q8_0");
  EXPECT_EQ(type_of(make_model_bytes(tiny("gemma", FileType::kQ4_0)).value(), "token_embd.weight"), "Q8_0");
}

TEST(MakeModel, TheSeedAloneDecides) {
  ModelOptions options = tiny("qwen2", FileType::kQ4_0);
  const auto first = make_model_bytes(options).value();
  EXPECT_EQ(first, make_model_bytes(options).value());
  const std::string path = testing::TempDir() + "slm_make_model_test." + std::to_string(::getpid()) + ".gguf";
  ASSERT_TRUE(make_model(options, path));
  const auto on_disk = gguf::File::open(path).value();
  EXPECT_TRUE(std::equal(first.begin(), first.end(), on_disk->mapping()->bytes().begin(), on_disk->mapping()->bytes().end()));
  std::filesystem::remove(path);
  options.seed = 2;
  EXPECT_NE(first, make_model_bytes(options).value());
}

TEST(MakeModel, RowsBeyondTheVocabularyAreUnusedPieces) {
  ModelOptions options = tiny("qwen2");
  options.shape.vocabulary = 300;
  const auto bytes = make_model_bytes(options).value();
  const auto file = gguf::File::parse(bytes).value();
  const auto pieces = file->strings("tokenizer.ggml.tokens").value();
  ASSERT_EQ(pieces.size(), 300u);
  EXPECT_EQ(pieces[299], "[PAD299]");
  EXPECT_EQ(file->find_ints("tokenizer.ggml.token_type").value()->back(), 5);
  EXPECT_EQ(file->find_tensor("token_embd.weight")->dims[1], 300u);
}

TEST(MakeModel, ShapesThatCannotBe) {
  ModelOptions options = tiny("llama");
  options.shape.family = "mamba";
  EXPECT_EQ(make_model_bytes(options).error().kind, ErrorKind::kUsage);
  options = tiny("llama");
  options.shape.kv_heads = 3;
  EXPECT_EQ(make_model_bytes(options).error().message.key, "tools.bad_shape");
  options = tiny("llama", FileType::kQ4_0);
  options.shape.width = 65;
  EXPECT_EQ(make_model_bytes(options).error().message.key, "tools.shape_blocks");
  options = tiny("llama");
  options.shape.vocabulary = 10;
  EXPECT_EQ(make_model_bytes(options).error().message.key, "tools.vocabulary_larger");
  options.shape.vocabulary = 0;
  options.tokenizer = "/nonexistent";
  EXPECT_EQ(make_model_bytes(options).error().kind, ErrorKind::kNotFound);
}

TEST(MakeModel, PresetsAreThePublishedShapes) {
  for (const std::string& name : preset_names()) {
    const ModelShape shape = *preset(name);
    EXPECT_TRUE(tiny_shape(shape.family)) << name;
    EXPECT_EQ(shape.heads % shape.kv_heads, 0u) << name;
  }
  EXPECT_EQ(preset("qwen2.5-0.5b")->vocabulary, 151936u);
  EXPECT_FALSE(preset("gpt-5"));
}

// Facts of each vocabulary, as its maker's files state them.
struct Original {
  const char* folder;
  const char* model;
  const char* pre;
  size_t pieces, merges;
  std::optional<uint32_t> eos;
  bool add_bos;
};

constexpr Original kOriginals[] = {
    {"qwen2_5", "gpt2", "qwen2", 151665, 151387, 151645, false},
    {"qwen3", "gpt2", "qwen2", 151669, 151387, 151645, false},
    {"llama3", "gpt2", "llama-bpe", 128256, 280147, 128001, true},
    {"gemma", "llama", "default", 256000, 0, 1, true},
    {"gemma3", "llama", "default", 262144, 0, 106, true},
};

class RealTokenizer : public testing::TestWithParam<Original> {};

TEST_P(RealTokenizer, IsConvertedWhole) {
  const Original& original = GetParam();
  const std::string folder = std::string(SLM_SOURCE_DIR "/../shared/tokenizers/") + original.folder;
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
  const auto read = read_tokenizer(folder);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->model, original.model);
  EXPECT_EQ(read->pre, original.pre);
  EXPECT_EQ(read->pieces.size(), original.pieces);
  EXPECT_EQ(read->types.size(), original.pieces);
  EXPECT_EQ(read->merges.size(), original.merges);
  EXPECT_EQ(read->scores.size(), read->model == "llama" ? original.pieces : 0);
  EXPECT_EQ(read->eos, original.eos);
  EXPECT_EQ(read->add_bos, original.add_bos);
  for (const std::string& piece : read->pieces) ASSERT_FALSE(piece.empty());
  const auto type_of_piece = [&](std::string_view piece) { return read->types[read->find(piece).value()]; };
  if (read->model == "llama") {
    EXPECT_EQ(type_of_piece("<start_of_turn>"), PieceType::kControl);
    EXPECT_EQ(type_of_piece("<0x41>"), PieceType::kByte);
  } else if (read->pre == "qwen2") {
    EXPECT_EQ(type_of_piece("<tool_call>"), PieceType::kUserDefined);
    EXPECT_EQ(type_of_piece("<|fim_prefix|>"), PieceType::kControl);
    EXPECT_EQ(type_of_piece("!"), PieceType::kNormal);
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, RealTokenizer, testing::ValuesIn(kOriginals),
                         [](const auto& tested) { return std::string(tested.param.folder); });

}  // namespace
}  // namespace slm
