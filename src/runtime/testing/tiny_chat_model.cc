#include "runtime/testing/tiny_chat_model.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "base/text.h"
#include "gguf/writer.h"
#include "kernels/table.h"
#include "sampling/random.h"

namespace slm::tiny {
namespace {

constexpr uint32_t kLayers = 2, kWidth = 64, kHeads = 2, kKvHeads = 1, kHeadDim = 32, kFfn = 96;

constexpr std::string_view kChatMl =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

// GPT-2's printable stand-in for each byte.
std::vector<std::string> byte_pieces() {
  std::vector<std::string> pieces(256);
  char32_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    append_utf8(pieces[static_cast<size_t>(byte)], printable ? static_cast<char32_t>(byte) : next++);
  }
  return pieces;
}

void add_tokenizer(gguf::Writer& writer, std::vector<std::string>& tokens, const TinyChatModel& options) {
  const std::vector<std::string> merges = {"h e", "l l", "he ll", "hell o", "\u0120 t", "\u0120t he"};
  tokens = byte_pieces();
  for (const std::string& merge : merges) {
    std::string piece = merge;
    piece.erase(piece.find(' '), 1);
    tokens.push_back(piece);
  }
  const size_t first_control = tokens.size();
  for (const char* control : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) tokens.emplace_back(control);
  std::vector<int32_t> types(tokens.size(), 1);
  for (size_t i = first_control; i < tokens.size(); ++i) types[i] = 3;
  for (uint32_t i = 0; i < options.unused; ++i) tokens.push_back("[unused" + std::to_string(i) + "]");
  types.resize(tokens.size(), 5);
  writer.set_string("tokenizer.ggml.model", "gpt2");
  writer.set_string("tokenizer.ggml.pre", "gpt-2");
  writer.set_strings("tokenizer.ggml.tokens", tokens);
  writer.set_i32s("tokenizer.ggml.token_type", types);
  writer.set_strings("tokenizer.ggml.merges", merges);
  writer.set_u32("tokenizer.ggml.bos_token_id", static_cast<uint32_t>(first_control));
  writer.set_u32("tokenizer.ggml.eos_token_id", static_cast<uint32_t>(first_control + 2));
  writer.set_bool("tokenizer.ggml.add_bos_token", options.adds_bos);
}

uint16_t sixteen_bits(float value, TensorType type) {
  if (type == TensorType::kF16) return kernels::float_to_half(value);
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);  // BF16, cut
}

class Weights {
 public:
  Weights(gguf::Writer& writer, const TinyChatModel& options) : writer_(writer), random_(options.seed), type_(options.type) {}

  void matrix(const std::string& name, uint32_t rows, uint32_t cols) {
    std::vector<float> values(size_t{rows} * cols);
    const double scale = 2.0 / std::sqrt(static_cast<double>(cols));
    for (float& value : values) value = static_cast<float>((random_.uniform() - 0.5) * scale);
    if (type_ == TensorType::kF32) return add(name, {cols, rows}, values);
    std::vector<std::byte> bytes;
    for (float value : values) {
      const uint16_t bits = sixteen_bits(value, type_);
      bytes.insert(bytes.end(), {static_cast<std::byte>(bits & 0xFF), static_cast<std::byte>(bits >> 8)});
    }
    writer_.add_tensor(name, type_, {cols, rows}, std::move(bytes));
  }
  void ones(const std::string& name, uint32_t n) { add(name, {n}, std::vector<float>(n, 1.0f)); }

 private:
  void add(const std::string& name, std::vector<uint64_t> dims, const std::vector<float>& values) {
    std::vector<std::byte> bytes(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    writer_.add_tensor(name, TensorType::kF32, std::move(dims), std::move(bytes));
  }

  gguf::Writer& writer_;
  Random random_;
  TensorType type_;
};

}  // namespace

Status write_tiny_chat_model(const std::string& path, const TinyChatModel& options) {
  gguf::Writer writer;
  const std::string& arch = options.architecture;
  writer.set_string("general.architecture", arch);
  writer.set_string("general.name", options.name);
  writer.set_string("general.license", "apache-2.0");
  writer.set_u32(arch + ".block_count", kLayers);
  writer.set_u32(arch + ".context_length", options.context);
  writer.set_u32(arch + ".embedding_length", kWidth);
  writer.set_u32(arch + ".feed_forward_length", kFfn);
  writer.set_u32(arch + ".attention.head_count", kHeads);
  writer.set_u32(arch + ".attention.head_count_kv", kKvHeads);
  writer.set_u32(arch + ".rope.dimension_count", kHeadDim);
  writer.set_f32(arch + ".rope.freq_base", 10000.0f);
  writer.set_f32(arch + ".attention.layer_norm_rms_epsilon", 1e-5f);
  std::vector<std::string> tokens;
  add_tokenizer(writer, tokens, options);
  if (options.bad_template) {
    writer.set_string("tokenizer.chat_template", "{% for message in messages %}\n{{ message. }}{% endfor %}");
  } else if (options.chat_template) {
    writer.set_string("tokenizer.chat_template", kChatMl);
  }
  Weights weights(writer, options);
  weights.matrix("token_embd.weight", static_cast<uint32_t>(tokens.size()), kWidth);
  for (uint32_t layer = 0; layer < kLayers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    weights.ones(block + "attn_norm.weight", kWidth);
    weights.matrix(block + "attn_q.weight", kHeads * kHeadDim, kWidth);
    weights.matrix(block + "attn_k.weight", kKvHeads * kHeadDim, kWidth);
    weights.matrix(block + "attn_v.weight", kKvHeads * kHeadDim, kWidth);
    weights.matrix(block + "attn_output.weight", kWidth, kHeads * kHeadDim);
    weights.ones(block + "ffn_norm.weight", kWidth);
    weights.matrix(block + "ffn_gate.weight", kFfn, kWidth);
    weights.matrix(block + "ffn_up.weight", kFfn, kWidth);
    weights.matrix(block + "ffn_down.weight", kWidth, kFfn);
  }
  weights.ones("output_norm.weight", kWidth);
  return writer.write(path);
}

}  // namespace slm::tiny
