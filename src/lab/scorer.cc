#include "lab/scorer.h"

#include "runtime/runtime.h"

namespace slm::lab {

std::vector<TokenId> RuntimeScorer::encode(std::string_view text) const { return runtime_.encode(text); }

Result<std::vector<float>> RuntimeScorer::score(std::span<const TokenId> ids, uint32_t first) {
  return runtime_.score(ids, first);
}

std::optional<TokenId> RuntimeScorer::added_bos() const {
  const Tokenizer& tokenizer = runtime_.tokenizer();
  return tokenizer.adds_bos() ? tokenizer.bos() : std::nullopt;
}

size_t RuntimeScorer::byte_length(TokenId id) const { return runtime_.tokenizer().bytes(id).size(); }

uint32_t RuntimeScorer::context() const { return runtime_.memory_plan().context; }

Result<std::vector<float>> Scorer::score_after(std::string_view before, std::string_view continuation, const std::atomic<bool>*) {
  std::vector<TokenId> ids = encode(before);
  const size_t first = ids.size();
  const std::vector<TokenId> whole = encode(std::string(before) + std::string(continuation));
  if (first == 0 || whole.size() <= first) return fail(ErrorKind::kFailed, "lab.nothing_to_score", continuation);
  ids.insert(ids.end(), whole.begin() + static_cast<ptrdiff_t>(first), whole.end());
  if (ids.size() > context()) return fail(ErrorKind::kDoesNotFit, "lab.longer_than_context", ids.size(), context());
  return score(ids, static_cast<uint32_t>(first));
}

Status Watch::check() const {
  if (cancelled != nullptr && *cancelled) return fail(ErrorKind::kFailed, "lab.interrupted");
  return {};
}

}  // namespace slm::lab
