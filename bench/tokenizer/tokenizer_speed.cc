// tokenizer_speed MODEL.gguf REPETITIONS TEXT...: how fast texts become ids, on one thread. One JSON object on stdout:
// {"open_seconds", "texts": [{"path", "bytes", "tokens", "first_seconds", "seconds"}], "letter": [{"bytes", "seconds"}]}.
// `first_seconds`: a fresh tokenizer, nothing cached; `seconds`: the best of the repetitions that follow. "letter": one
// word of one letter, 1 MB and 2 MB: linear time gives a ratio of 2.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/files.h"
#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace {

using namespace slm;

template <class Work>
double seconds(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<std::shared_ptr<const Tokenizer>> reopened(const gguf::File& file, double& best_seconds) {
  Result<std::shared_ptr<const Tokenizer>> tokenizer;
  best_seconds = std::min(best_seconds, seconds([&] { tokenizer = Tokenizer::open(file); }));
  return tokenizer;
}

Result<Json> measure(const std::string& model, int repetitions, const std::vector<std::string>& paths) {
  SLM_TRY(file, gguf::File::open(model));
  double open_seconds = 1e9;
  Json texts = Json::array(), letter = Json::array();
  for (const std::string& path : paths) {
    SLM_TRY(text, read_text_file(path));
    SLM_TRY(tokenizer, reopened(*file, open_seconds));
    size_t tokens = 0;
    const auto encode = [&] { tokens = tokenizer->encode(text).size(); };
    const double first = seconds(encode);
    double best = first;
    for (int i = 0; i < repetitions; ++i) best = std::min(best, seconds(encode));
    texts.push_back(Json{{"path", path}, {"bytes", text.size()}, {"tokens", tokens}, {"first_seconds", first}, {"seconds", best}});
  }
  SLM_TRY(tokenizer, reopened(*file, open_seconds));
  for (const size_t bytes : {1'000'000u, 2'000'000u}) {
    const std::string word(bytes, 'a');
    double best = 1e9;
    for (int i = 0; i < 3; ++i) best = std::min(best, seconds([&] { (void)tokenizer->encode(word); }));
    letter.push_back(Json{{"bytes", bytes}, {"seconds", best}});
  }
  return Json{{"open_seconds", open_seconds}, {"texts", texts}, {"letter", letter}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: tokenizer_speed MODEL.gguf REPETITIONS TEXT...\n", stderr);
    return 2;
  }
  const auto measured = measure(argv[1], std::atoi(argv[2]), {argv + 3, argv + argc});
  if (!measured) {
    std::fputs((measured.error().text() + "\n").c_str(), stderr);
    return static_cast<int>(measured.error().kind);
  }
  std::puts(to_text(*measured).c_str());
  return 0;
}
