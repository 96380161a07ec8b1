#include "slm/slm.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>

#include "runtime/runtime.h"

struct slm_model {
  std::unique_ptr<slm::Runtime> runtime;
  std::mutex generating;                // one generation at a time
  std::atomic<bool> cancelled{false};
};

namespace {

using slm::Error;
using slm::ErrorKind;
using slm::Status;

static_assert(std::atomic<bool>::is_always_lock_free, "slm_cancel() may be called by a signal handler");

char* copy_text(std::string_view text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

int report(const Error& failure, char** error) {
  if (error != nullptr) {
    std::string text = failure.text(slm::Language::kEnglish);
    const std::string hint = failure.hint_text(slm::Language::kEnglish);
    if (!hint.empty()) text += " (" + hint + ")";
    *error = copy_text(text);
  }
  return static_cast<int>(failure.kind);
}

// Runs `body`, which returns a Status; nothing is thrown into C.
template <class Body>
int guarded(char** error, const Body& body) {
  if (error != nullptr) *error = nullptr;
  try {
    const Status status = body();
    return status ? SLM_OK : report(status.error(), error);
  } catch (const std::exception& exception) {
    if (error != nullptr) *error = copy_text(exception.what());
    return SLM_ERROR_FAILED;
  }
}

std::string_view view(const char* text, size_t length) {
  return length == SLM_LENGTH_UNKNOWN ? std::string_view(text) : std::string_view(text, length);
}

Status require(bool holds, const char* what) {
  if (holds) return {};
  return slm::fail(ErrorKind::kUsage, "capi.null_argument", what);
}

slm::GenerateOptions converted(const slm_generate_options* given) {
  const slm_generate_options options = given != nullptr ? *given : slm_generate_options_default();
  slm::GenerateOptions out;
  out.max_tokens = options.max_tokens;
  out.sampling.temperature = options.temperature;
  out.sampling.top_k = options.top_k;
  out.sampling.top_p = options.top_p;
  out.sampling.min_p = options.min_p;
  out.sampling.repetition_penalty = options.repetition_penalty;
  out.sampling.seed = options.seed;
  for (size_t i = 0; i < options.stop_count; ++i) out.stop.emplace_back(options.stop[i]);
  return out;
}

// The reasons' texts outlive the generation they came from.
const char* lasting(const std::string& reason) {
  return reason == "stop" ? "stop" : reason == "length" ? "length" : "cancelled";
}

Status generate_ids(slm_model& model, const std::vector<slm::TokenId>& ids, const slm_generate_options* options,
                    slm_on_text on_text, void* user, slm_result* result) {
  slm::OnText pass;
  if (on_text != nullptr) {
    pass = [on_text, user](std::string_view text) {
      const std::string terminated(text);
      return on_text(terminated.c_str(), terminated.size(), user) == 0;
    };
  }
  SLM_TRY(generation, model.runtime->generate(ids, converted(options), pass, &model.cancelled));
  if (result != nullptr) {
    const slm::Timings& timings = generation.timings;
    *result = {lasting(generation.finish_reason), timings.prompt_tokens,  timings.cached_tokens,
               timings.tokens,                    timings.prompt_seconds, timings.seconds};
  }
  return {};
}

}  // namespace

const char* slm_version(void) { return SLM_VERSION; }

slm_open_options slm_open_options_default(void) { return {0, 0, 0, nullptr}; }

slm_generate_options slm_generate_options_default(void) { return {256, 0.0f, 0, 1.0f, 0.0f, 1.0f, 0, nullptr, 0}; }

int slm_open(const char* path, const slm_open_options* options, slm_model** model, char** error) {
  return guarded(error, [&]() -> Status {
    SLM_TRY_STATUS(require(path != nullptr, "path"));
    SLM_TRY_STATUS(require(model != nullptr, "model"));
    const slm_open_options given = options != nullptr ? *options : slm_open_options_default();
    slm::OpenOptions open;
    open.path = path;
    open.context = given.context;
    open.threads = given.threads;
    if (given.kv_q8_0 != 0) open.kv_type = slm::kernels::KvType::kQ8_0;
    if (given.chat_template != nullptr) open.template_text = given.chat_template;
    auto opened = std::make_unique<slm_model>();
    SLM_TRY(runtime, slm::Runtime::open(open));
    opened->runtime = std::move(runtime);
    *model = opened.release();
    return {};
  });
}

void slm_close(slm_model* model) { delete model; }

uint32_t slm_context(const slm_model* model) { return model == nullptr ? 0 : model->runtime->memory_plan().context; }

int slm_tokenize(const slm_model* model, const char* text, size_t length, int special, int32_t** ids, size_t* count,
                 char** error) {
  return guarded(error, [&]() -> Status {
    SLM_TRY_STATUS(require(model != nullptr, "model"));
    SLM_TRY_STATUS(require(text != nullptr, "text"));
    SLM_TRY_STATUS(require(ids != nullptr && count != nullptr, "ids"));
    const std::vector<slm::TokenId> encoded = model->runtime->encode(view(text, length), special != 0);
    auto* copy = static_cast<int32_t*>(std::malloc(std::max<size_t>(encoded.size(), 1) * sizeof(int32_t)));
    if (copy == nullptr) throw std::bad_alloc();
    std::copy(encoded.begin(), encoded.end(), copy);
    *ids = copy;
    *count = encoded.size();
    return {};
  });
}

int slm_detokenize(const slm_model* model, const int32_t* ids, size_t count, char** text, size_t* length, char** error) {
  return guarded(error, [&]() -> Status {
    SLM_TRY_STATUS(require(model != nullptr, "model"));
    SLM_TRY_STATUS(require(ids != nullptr || count == 0, "ids"));
    SLM_TRY_STATUS(require(text != nullptr, "text"));
    const slm::Tokenizer& tokenizer = model->runtime->tokenizer();
    for (size_t i = 0; i < count; ++i) {
      if (ids[i] < 0 || static_cast<size_t>(ids[i]) >= tokenizer.size()) {
        return slm::fail(ErrorKind::kUsage, "capi.bad_id", i, ids[i], tokenizer.size());
      }
    }
    const std::string decoded = tokenizer.decode({ids, count});
    char* copy = copy_text(decoded);
    if (copy == nullptr) throw std::bad_alloc();
    *text = copy;
    if (length != nullptr) *length = decoded.size();
    return {};
  });
}

int slm_generate(slm_model* model, const char* prompt, size_t length, const slm_generate_options* options,
                 slm_on_text on_text, void* user, slm_result* result, char** error) {
  return guarded(error, [&]() -> Status {
    SLM_TRY_STATUS(require(model != nullptr, "model"));
    SLM_TRY_STATUS(require(prompt != nullptr, "prompt"));
    const std::lock_guard lock(model->generating);
    model->cancelled = false;
    return generate_ids(*model, model->runtime->encode(view(prompt, length)), options, on_text, user, result);
  });
}

int slm_chat(slm_model* model, const slm_message* messages, size_t count, const slm_generate_options* options,
             slm_on_text on_text, void* user, slm_result* result, char** error) {
  return guarded(error, [&]() -> Status {
    SLM_TRY_STATUS(require(model != nullptr, "model"));
    SLM_TRY_STATUS(require(messages != nullptr && count > 0, "messages"));
    std::vector<slm::chat::ChatMessage> conversation;
    for (size_t i = 0; i < count; ++i) {
      SLM_TRY_STATUS(require(messages[i].role != nullptr && messages[i].content != nullptr, "messages"));
      conversation.push_back({messages[i].role, messages[i].content, {}});
    }
    const std::lock_guard lock(model->generating);
    model->cancelled = false;
    SLM_TRY(chat_prompt, model->runtime->encode_chat(conversation));
    return generate_ids(*model, chat_prompt.ids, options, on_text, user, result);
  });
}

void slm_cancel(slm_model* model) {
  if (model != nullptr) model->cancelled = true;
}

void slm_forget(slm_model* model) {
  if (model == nullptr) return;
  const std::lock_guard lock(model->generating);
  model->runtime->forget();
}

void slm_free_text(char* text) { std::free(text); }
void slm_free_ids(int32_t* ids) { std::free(ids); }
