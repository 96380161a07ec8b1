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

ChoiceSummary summarize(const std::vector<ChoiceRecord>& records) {
  uint64_t right = 0, right_by_sum = 0;
  for (const ChoiceRecord& record : records) {
    right += record.right();
    right_by_sum += record.right_by_sum();
  }
  const uint64_t n = records.size();
  const double share = n > 0 ? 1.0 / static_cast<double>(n) : 0;
  return {n, static_cast<double>(right_by_sum) * share, static_cast<double>(right) * share, wilson_interval(right, n)};
}

std::vector<bool> right_answers(const std::vector<ChoiceRecord>& records) {
  std::vector<bool> right;
  for (const ChoiceRecord& record : records) right.push_back(record.right());
  return right;
}

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

Result<ChoiceRecord> score_item(Scorer& scorer, const ChoiceItem& item) {
  std::vector<double> scores;
  for (const std::string& ending : item.endings) {
    auto logprobs = score_continuation(scorer, item.context, item.delimiter + ending);
    if (!logprobs) {
      return fail(logprobs.error().kind, "lab.item_failed", item.id, logprobs.error().text());
    }
    scores.push_back(std::accumulate(logprobs->begin(), logprobs->end(), 0.0));
  }
  return choose_ending(item, std::move(scores));
}

Result<std::vector<ChoiceRecord>> score_items(Scorer& scorer, const std::vector<ChoiceItem>& items, const Message& stage,
                                              const Watch& watch) {
  std::vector<ChoiceRecord> records;
  for (const ChoiceItem& item : items) {
    SLM_TRY_STATUS(watch.check());
    SLM_TRY(record, score_item(scorer, item));
    records.push_back(std::move(record));
    const ChoiceSummary so_far = summarize(records);
    watch.report({stage, records.size(), items.size(),
                  fmt::format("{:.1f} % [{:.1f}, {:.1f}]", 100 * so_far.acc_norm, 100 * so_far.interval.low, 100 * so_far.interval.high)});
  }
  return records;
}

}  // namespace slm::lab
