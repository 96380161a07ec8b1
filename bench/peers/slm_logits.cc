// slm_logits MODEL.gguf f16|q8_0|f32 BATCH: logits of slm for accuracy.py, which compares them with those of others. One window a line on
// stdin, {"ids": [..], "first": N}; for each, on stdout, the logits behind ids[N], ids[N + 1] .. as float32, (n_ids - N, vocabulary).
// The prompt goes through the model BATCH tokens at a time, by one thread.
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/json.h"
#include "runtime/runtime.h"

namespace {

using namespace slm;

Status answer(Runtime& runtime, const std::string& line) {
  SLM_TRY(request, parse_json(line));
  const auto ids = request.at("ids").get<std::vector<int32_t>>();
  return runtime.engine().score(ids, request.at("first").get<uint32_t>(), [](uint32_t, std::span<const float> logits) {
    std::fwrite(logits.data(), sizeof(float), logits.size(), stdout);
  });
}

Status answer_all(const OpenOptions& options) {
  SLM_TRY(runtime, Runtime::open(options));
  for (std::string line; std::getline(std::cin, line);) {
    SLM_TRY_STATUS(answer(*runtime, line));
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) break;  // whoever asked has gone
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: slm_logits MODEL.gguf f16|q8_0|f32 BATCH\n", stderr);
    return 2;
  }
  OpenOptions options;
  options.path = argv[1];
  const std::string kv = argv[2];
  options.kv_type = kv == "q8_0" ? kernels::KvType::kQ8_0 : kv == "f32" ? kernels::KvType::kF32 : kernels::KvType::kF16;
  options.max_batch_tokens = static_cast<uint32_t>(std::atoi(argv[3]));
  options.context = 2048;
  options.threads = 1;
  const Status done = answer_all(options);
  if (done) return 0;
  std::fputs((done.error().text() + "\n").c_str(), stderr);
  return static_cast<int>(done.error().kind);
}
