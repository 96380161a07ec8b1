// The only door for front-ends: text in, text out. Opens a model file, plans its memory, renders chats, generates, scores.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/machine.h"
#include "base/result.h"
#include "chat/prompt.h"
#include "engine/engine.h"
#include "runtime/model_quantization.h"
#include "sampling/sampler.h"
#include "tokenizer/tokenizer.h"

namespace slm {

// What is known about a model from its file alone.
struct ModelFacts {
  std::string path;
  std::string architecture;
  std::string name;                      // general.name, or ""
  std::string license;                   // general.license, or ""
  uint64_t file_bytes = 0;
  uint64_t parameters = 0;
  uint32_t context = 0;                  // trained length
  uint32_t vocabulary = 0, n_layers = 0, width = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0, ffn = 0;
  std::string tokenizer;                 // Tokenizer::model_name()
  std::string chat_template;             // the file's, or ""
  struct TypeCount {
    std::string type;                    // "Q4_1"
    uint32_t tensors;
    uint64_t elements, bytes;
  };
  std::vector<TypeCount> types;
  ModelQuantization quantization;
};

struct OpenOptions {
  std::string path;
  uint32_t context = 0;                  // 0: the model's own if it fits, else the largest multiple of 1,024 that does
  uint32_t sequences = 1;
  uint32_t max_batch_tokens = 256;
  kernels::KvType kv_type = kernels::KvType::kF16;
  int threads = 0;                       // 0: machine_facts().usable_cores
  bool screen_head = true;               // the head in two stages where it pays (MemoryPlan::head_copy); changes no id
  std::string template_text;             // overrides the file's; already read
  bool is_instruct = true;               // decided by the caller (catalogue, --template, file, name): design.md section 4
};

// Memory needed, planned before loading. All in bytes.
struct MemoryPlan {
  uint64_t weights = 0, kv = 0, workspace = 0, total = 0;
  uint64_t head_copy = 0;                  // at most, beside total: taken after some greedy or top-k tokens if it pays; 0: never, or no room
  uint32_t head_copy_after = 0;            // so many of those tokens
  uint64_t available = 0;
  uint32_t context = 0;
  uint32_t largest_context_that_fits = 0;  // multiple of 1,024 (or the model's own); 0: none
  bool context_was_reduced = false;        // the default context is not the model's own
};

struct GenerateOptions {
  uint32_t max_tokens = 512;
  SamplingParams sampling;
  std::vector<std::string> stop;         // stop strings, across token borders; not part of the text
  uint32_t top_logprobs = 0;
  bool with_logprobs = false;
  bool ignore_end_tokens = false;
};

struct Timings {
  uint32_t prompt_tokens = 0, cached_tokens = 0;
  double prompt_seconds = 0;             // prefill of what was not cached
  uint32_t tokens = 0;                   // generated
  double seconds = 0;                    // decode, after the first token
  double first_token_seconds = 0;        // from the call to the first token
};

struct Generation {
  std::vector<TokenId> prompt_ids, ids;
  std::string text;
  std::string finish_reason;             // "stop", "length", "cancelled"
  Timings timings;
  std::vector<TokenLogprob> logprobs;                 // one an id, where asked for
  std::vector<std::vector<TokenLogprob>> top_logprobs;
};

// Called with each piece of text as it comes; false stops the generation.
using OnText = std::function<bool(std::string_view text)>;

class Runtime {
 public:
  // Reads the file's header and tells what is in it; loads nothing.
  static Result<ModelFacts> facts(const std::string& path);
  // Plans without loading. Errors as open() but never kDoesNotFit.
  static Result<MemoryPlan> plan(const OpenOptions& options);

  // Errors: those of gguf, model and tokenizer; kDoesNotFit with need, have and the context that would fit.
  static Result<std::unique_ptr<Runtime>> open(const OpenOptions& options);
  ~Runtime();

  const ModelFacts& facts() const;
  const MemoryPlan& memory_plan() const;
  const Tokenizer& tokenizer() const;
  const Model& model() const;
  Engine& engine();
  int threads() const;
  // The share of the passes' time for which other programs had a core, and fewer threads ran: 0 to 1, since it was opened.
  double share_on_fewer_threads() const;
  bool is_instruct() const;

  // Text -> ids with BOS where the model wants it. `special`: control tokens' texts become tokens.
  std::vector<TokenId> encode(std::string_view text, bool special = false) const;

  // A conversation -> ids by the model's template: the template's text with special tokens, message text without.
  struct ChatPrompt {
    std::vector<TokenId> ids;
    std::string text;
    bool system_folded = false;
  };
  Result<ChatPrompt> encode_chat(const std::vector<chat::ChatMessage>& messages, const std::string& tools_json = {}) const;

  // Generates from ids. KV is kept and its prefix reused by the next call (cached_tokens). `cancelled` may be set by a
  // signal handler. Errors: kUsage, kDoesNotFit (prompt longer than the context, both counts).
  Result<Generation> generate(std::span<const TokenId> prompt, const GenerateOptions& options, const OnText& on_text = {},
                              const std::atomic<bool>* cancelled = nullptr);
  // Several prompts at once; outputs in order, each as if alone.
  Result<std::vector<Generation>> generate_many(const std::vector<std::vector<TokenId>>& prompts,
                                                const GenerateOptions& options);

  // Logprob of ids[i] given the ids before it, for each i in [first, ids.size()), first >= 1.
  Result<std::vector<float>> score(std::span<const TokenId> ids, uint32_t first);
  // The k best next ids after each position i in [0, ids.size()).
  Result<std::vector<std::vector<TokenLogprob>>> top_after_each(std::span<const TokenId> ids, uint32_t k);

  // Forgets the KV kept for reuse.
  void forget();

 private:
  Runtime();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm
