// For tests: a whole model in one small file - random weights, a byte-level vocabulary with a few merges, ChatML's control
// tokens and template - so that the path from text to text runs without anyone's weights.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "tensor/types.h"

namespace slm::tiny {

struct TinyChatModel {
  uint32_t context = 256;
  bool chat_template = true;
  std::string name = "tiny";        // general.name
  std::string architecture = "llama";
  uint64_t seed = 1;
  bool adds_bos = false;            // <|endoftext|> before every text
  bool bad_template = false;        // a template that does not compile
  TensorType type = TensorType::kF32;  // of the matrices: kF32, kF16 or kBF16
  uint32_t unused = 0;              // so many ids more that stand for nothing: a large head
};

// Ids: 0-255 the bytes (in the order of GPT-2's table), then merges' pieces, then <|endoftext|>, <|im_start|>, <|im_end|>, then the unused.
Status write_tiny_chat_model(const std::string& path, const TinyChatModel& options = {});

}  // namespace slm::tiny
