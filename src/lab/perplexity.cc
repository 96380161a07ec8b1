#include "lab/perplexity.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace slm::lab {

std::vector<Window> strided_windows(size_t n_ids, uint32_t window) {
  SLM_CHECK(window >= 2);
  const size_t stride = window - window / 2;  // the next window begins with the last half of this one
  std::vector<Window> windows;
  size_t scored_to = 1;  // nothing goes before the first id
  for (size_t begin = 0; scored_to < n_ids; begin += stride) {
    const size_t end = std::min(n_ids, begin + window);
    windows.push_back({begin, static_cast<uint32_t>(end - begin), static_cast<uint32_t>(scored_to - begin)});
    scored_to = end;
  }
  return windows;
}

std::vector<Window> separate_windows(size_t n_ids, uint32_t window) {
  SLM_CHECK(window >= 4);
  std::vector<Window> windows;
  for (size_t begin = 0; begin + window <= n_ids; begin += window) windows.push_back({begin, window, window / 2 + 1});
  return windows;
}

namespace {

// Sums over scored tokens, enough for the mean and its error.
struct Tally {
  double sum = 0, sum_of_squares = 0;  // of negative logprobs
  uint64_t tokens = 0, bytes = 0;

  void add(float logprob, size_t n_bytes) {
    const double surprise = -static_cast<double>(logprob);
    sum += surprise;
    sum_of_squares += surprise * surprise;
    ++tokens;
    bytes += n_bytes;
  }
  Perplexity result() const {
    const double count = static_cast<double>(tokens), mean = sum / count;
    const double variance = std::max(0.0, sum_of_squares / count - mean * mean);
    Perplexity result;
    result.perplexity = std::exp(mean);
    result.standard_error = tokens > 1 ? result.perplexity * std::sqrt(variance / (count - 1)) : 0;
    result.bits_per_byte = bytes > 0 ? sum / std::numbers::ln2 / static_cast<double>(bytes) : 0;
    result.tokens = tokens;
    return result;
  }
};

Result<std::vector<Window>> plan_windows(const Scorer& scorer, size_t n_ids, const PerplexityOptions& options) {
  if (options.window == 0) {
    if (n_ids < 2) return fail(ErrorKind::kUsage, "lab.text_too_short", n_ids, 2);
    return strided_windows(n_ids, scorer.context());
  }
  if (options.window < 4 || options.window > scorer.context()) {
    return fail(ErrorKind::kUsage, "lab.bad_window", options.window, scorer.context());
  }
  if (n_ids < options.window) return fail(ErrorKind::kUsage, "lab.text_too_short", n_ids, options.window);
  return separate_windows(n_ids, options.window);
}

}  // namespace

Result<Perplexity> measure_perplexity(Scorer& scorer, std::string_view text, const PerplexityOptions& options, const Watch& watch) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const std::vector<TokenId> ids = scorer.encode(text);
  SLM_TRY(windows, plan_windows(scorer, ids.size(), options));
  Tally tally;
  for (size_t i = 0; i < windows.size(); ++i) {
    SLM_TRY_STATUS(watch.check());
    const Window& window = windows[i];
    std::vector<TokenId> part(ids.begin() + static_cast<ptrdiff_t>(window.begin),
                              ids.begin() + static_cast<ptrdiff_t>(window.begin + window.length));
    if (const auto bos = scorer.added_bos()) part.front() = *bos;
    SLM_TRY(logprobs, scorer.score(part, window.first));
    for (size_t k = 0; k < logprobs.size(); ++k) tally.add(logprobs[k], scorer.byte_length(part[window.first + k]));
    watch.report({msg("lab.stage.perplexity"), i + 1, windows.size(), fmt::format("{:.3f}", tally.result().perplexity)});
  }
  return tally.result();
}

Result<SentenceBits> measure_sentence(ContinuationScorer& scorer, std::string_view sentence, const std::atomic<bool>* cancelled) {
  SLM_TRY(logprobs, scorer.score_after("\n", sentence, cancelled));
  SentenceBits result{0, sentence.size()};
  for (float logprob : logprobs) result.bits -= static_cast<double>(logprob) / std::numbers::ln2;
  return result;
}

}  // namespace slm::lab
