#include "lab/choices.h"

#include <algorithm>
#include <numeric>

#include "chat/unicode.h"

namespace slm::lab {
namespace {

template <class Score>
uint32_t best_of(size_t n, const Score& score) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < n; ++i) {
    if (score(i) > score(best)) best = i;  // the first of equals
  }
  return best;
}

// "context\n> ending  -1.234": the ending chosen has the mark.
std::string transcript_of(const ChoiceItem& item, const ChoiceRecord& record) {
  std::string text = item.context;
  for (uint32_t i = 0; i < item.endings.size(); ++i) {
    text += fmt::format("\n{} {}  {:.3f}", i == record.answer ? ">" : "-", item.endings[i],
                        record.scores[i] / std::max(1u, record.characters[i]));
  }
  return text;
}

}  // namespace

ChoiceRecord choose_ending(const ChoiceItem& item, std::vector<double> scores) {
  SLM_CHECK(!item.endings.empty() && item.label < item.endings.size() && scores.size() == item.endings.size());
  ChoiceRecord record;
  record.id = item.id;
  record.label = item.label;
  record.scores = std::move(scores);
  for (const std::string& ending : item.endings) record.characters.push_back(static_cast<uint32_t>(chat::count_code_points(ending)));
  record.answer_by_sum = best_of(record.scores.size(), [&](uint32_t i) { return record.scores[i]; });
  record.answer = best_of(record.scores.size(), [&](uint32_t i) { return record.scores[i] / std::max(1u, record.characters[i]); });
  record.transcript = transcript_of(item, record);
  return record;
}

Result<ChoiceRecord> score_item(ContinuationScorer& scorer, const ChoiceItem& item, const std::atomic<bool>* cancelled) {
  std::vector<double> scores;
  for (const std::string& ending : item.endings) {
    auto logprobs = scorer.score_after(item.context, item.delimiter + ending, cancelled);
    if (!logprobs) {
      // What an endpoint cannot do at all is no item's fault.
      const Error& error = logprobs.error();
      if (error.kind == ErrorKind::kNotFound || error.message.key == kTokenStraddles) return tl::unexpected<Error>(error);
      return fail(logprobs.error().kind, "lab.item_failed", item.id, logprobs.error().text());
    }
    scores.push_back(std::accumulate(logprobs->begin(), logprobs->end(), 0.0));
  }
  return choose_ending(item, std::move(scores));
}

}  // namespace slm::lab
