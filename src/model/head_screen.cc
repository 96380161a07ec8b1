// Why the likeliest are the same. Let L be a row's exact logit and U >= L its upper bound (model/head_copy.h). T is the k-th largest of some exact
// logits of ids below `below`, so the k-th largest of all of them is at least T, and an id among the k likeliest, or equal to the last of them,
// has U >= L >= T: it is kept, with the very bits of the whole pass. What is dropped has L <= U < T: less than k others, whatever its index. So
// both the choice among equals (the smallest id) and the k likeliest see the same. NaN: a row whose L is one is never among the likeliest; one
// whose U is one is kept. With less than k exact logits above -inf, T is -inf and all are kept.
// A soft cap is applied to what is kept. It rises with its argument but for rounding (kCapError), where it could make equal what was not:
// T then is taken lower, to where the cap is surely below that of T.
// Which rows are kept beside the likeliest may differ with the number of threads; the likeliest and their logits do not.
#include "model/head_screen.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>

#include "base/machine.h"
#include "model/matmul.h"

namespace slm {
namespace {

constexpr size_t kRowsTogether = 8;                 // of a matrix, as kernels take them
constexpr size_t kGather = 8;                       // rows that meet the exact kernel at once
constexpr size_t kScanned = 64;
constexpr uint64_t kLeastWeights = 4u << 20;        // smaller heads are in the cache anyway
constexpr uint32_t kSamples = 8;                    // the last rows before the copy is made
constexpr uint32_t kSampled = 64;                   // one row of the head in so many
constexpr uint32_t kMostUnsuited = 64;
constexpr uint64_t kWindow = 32;                    // rows between looks at whether it pays
constexpr double kAlone = 2;                        // what an exact row costs, by itself, of one among all
constexpr double kPays = 0.85, kStillPays = 0.95;   // of what the whole head costs
constexpr uint32_t kMostCopies = 3;                 // where what is asked changes, another type may pay; not again and again
constexpr double kCapError = 2e-6;                  // of soft_cap, relative to the cap (kernels/elementwise_test.cc holds 5e-7)
constexpr float kNoLogit = -std::numeric_limits<float>::infinity();

// Indices of the `top` largest values that are more than -inf, in no order.
void largest(const kernels::KernelTable& kernels, const float* values, size_t n, uint32_t top, std::vector<uint32_t>& out) {
  out.clear();
  const auto more = [&](uint32_t a, uint32_t b) { return values[a] > values[b]; };
  for (size_t begin = 0; begin < n; begin += kScanned) {
    const size_t end = std::min(begin + kScanned, n);
    if (out.size() == top) {
      const float best = values[begin + kernels.argmax(values + begin, end - begin)];
      if (!(best > values[out.front()])) continue;
    }
    for (size_t i = begin; i < end; ++i) {
      if (!(values[i] > kNoLogit)) continue;
      if (out.size() == top) {
        if (!(values[i] > values[out.front()])) continue;
        std::pop_heap(out.begin(), out.end(), more);
        out.pop_back();
      }
      out.push_back(static_cast<uint32_t>(i));
      std::push_heap(out.begin(), out.end(), more);
    }
  }
}

}  // namespace

HeadInput HeadInputs::of(size_t row) const {
  const size_t values = row * quant.cols;
  return {x + values, behind(quant, values)};
}

uint64_t HeadScreen::bytes(const TensorView& head) {
  const bool large = uint64_t{head.rows} * head.cols >= kLeastWeights;
  return large && HeadCopy::saves(head) ? HeadCopy::bytes(head, TensorType::kQ5_0) : 0;
}

HeadScreen::HeadScreen(const TensorView& head, const kernels::KernelTable& kernels, float soft_cap, int threads, bool always)
    : head_(head), kernels_(kernels), soft_cap_(soft_cap), always_(always), threads_(static_cast<size_t>(threads)) {}

bool HeadScreen::suits(std::span<const Likeliest> rows) const {
  return !rows.empty() && rows.size() <= kMostRows &&
         std::all_of(rows.begin(), rows.end(), [](const Likeliest& one) { return one.top > 0 && one.top <= kMostTop; });
}

HeadScreen::Row HeadScreen::row_of(const Pass& pass, size_t row, std::byte* scratch) const {
  return {pass.in.of(row), pass.rows[row], pass.logits + row * head_.rows, scratch};
}

void HeadScreen::first_stage(const Team& team, const Pass& pass, std::byte* scratch) {
  Thread& mine = threads_[static_cast<size_t>(team.thread())];
  const Team::Share share = team.share(head_.rows, kRowsTogether);
  const MatmulInput in = {pass.in.x, head_.cols, pass.in.quant, static_cast<uint32_t>(pass.rows.size())};
  multiply_rows(kernels_, copy_->view(), share, in, {pass.logits, head_.rows, nullptr, scratch});
  for (size_t r = 0; r < pass.rows.size(); ++r) {
    std::vector<float>& best = mine.best[r];
    best.clear();
    const Row row = row_of(pass, r, scratch);
    const size_t end = std::min<size_t>(share.end, row.wanted.below);
    if (share.begin >= end) continue;
    largest(kernels_, row.logits + share.begin, end - share.begin, row.wanted.top, mine.ids);
    for (uint32_t& id : mine.ids) id += static_cast<uint32_t>(share.begin);
    best.resize(mine.ids.size());
    exact(mine, row, mine.ids, best.data());
    std::erase_if(best, [](float logit) { return !(logit > kNoLogit); });
  }
}

void HeadScreen::second_stage(const Team& team, const Pass& pass, std::byte* scratch) {
  Thread& mine = threads_[static_cast<size_t>(team.thread())];
  const Team::Share share = team.share(head_.rows, kRowsTogether);
  for (size_t r = 0; r < pass.rows.size(); ++r) {
    keep_possible(mine, row_of(pass, r, scratch), share, before_cap(lowest_of_likeliest(team, r, pass.rows[r].top)));
  }
}

// The top-th largest of what the team's threads found: those that are left out hold an earlier pass's.
float HeadScreen::lowest_of_likeliest(const Team& team, size_t row, uint32_t top) {
  Thread& mine = threads_[static_cast<size_t>(team.thread())];
  mine.merged.clear();
  for (const Thread& thread : std::span(threads_).first(static_cast<size_t>(team.size()))) mine.merged.insert(mine.merged.end(), thread.best[row].begin(), thread.best[row].end());
  if (mine.merged.size() < top) return kNoLogit;
  std::nth_element(mine.merged.begin(), mine.merged.begin() + (top - 1), mine.merged.end(), std::greater<float>());
  return mine.merged[top - 1];
}

// A value whose cap, and that of all below, is less than that of `logit`.
float HeadScreen::before_cap(float logit) const {
  if (soft_cap_ == 0.0f) return logit;
  const double level = std::tanh(double{logit} / soft_cap_) - 2 * kCapError;
  if (!(level > -1)) return kNoLogit;
  return std::nextafter(static_cast<float>(soft_cap_ * std::atanh(level)), kNoLogit);
}

void HeadScreen::keep_possible(Thread& mine, const Row& row, Team::Share share, float lowest) {
  const HeadCopy::Reach reach = copy_->reach(row.in);
  const size_t end = std::clamp<size_t>(row.wanted.below, share.begin, std::max(share.begin, share.end));
  constexpr float kLeastFinite = std::numeric_limits<float>::lowest();
  mine.ids.clear();
  for (size_t begin = share.begin; begin < end; begin += kScanned) {
    const size_t n = std::min(kScanned, end - begin);
    float upper[kScanned];
    uint8_t possible[kScanned] = {};
    copy_->upper_bounds(begin, n, row.logits + begin, reach, upper);
    for (size_t i = 0; i < n; ++i) possible[i] = !(upper[i] >= kLeastFinite && upper[i] < lowest);
    std::fill_n(row.logits + begin, n, kNoLogit);
    for (size_t word = 0; word < kScanned; word += sizeof(uint64_t)) {
      uint64_t any;
      std::memcpy(&any, possible + word, sizeof any);
      for (size_t i = word; any != 0 && i < word + sizeof any; ++i) {
        if (!possible[i]) continue;
        const std::byte* weights = head_.row(begin + i);
        for (size_t at = 0; at < head_.row_bytes; at += 64) __builtin_prefetch(weights + at);
        mine.ids.push_back(static_cast<uint32_t>(begin + i));
        ++mine.kept;
      }
    }
    // The last few wait until those behind them are asked for.
    while (mine.ids.size() >= 2 * kGather) finish_first(mine, row, kGather);
  }
  while (!mine.ids.empty()) finish_first(mine, row, std::min(kGather, mine.ids.size()));
  std::fill(row.logits + end, row.logits + std::max(end, share.end), kNoLogit);
}

// Exact logits, capped, of the first n of the ids that wait.
void HeadScreen::finish_first(Thread& mine, const Row& row, size_t n) const {
  float logits[kGather];
  exact(mine, row, std::span(mine.ids).first(n), logits);
  if (soft_cap_ != 0.0f) kernels_.soft_cap(logits, soft_cap_, n);
  for (size_t i = 0; i < n; ++i) row.logits[mine.ids[i]] = logits[i];
  mine.ids.erase(mine.ids.begin(), mine.ids.begin() + static_cast<ptrdiff_t>(n));
}

// Rows that lie apart are brought together first: kernels take kGather neighbours at once. What a row gives does not depend on the others.
void HeadScreen::exact(Thread& mine, const Row& row, std::span<const uint32_t> ids, float* out) const {
  mine.gathered.resize(kGather * head_.row_bytes);
  const TensorView rows = {head_.type, mine.gathered.data(), kGather, head_.cols, head_.row_bytes};
  for (size_t begin = 0; begin < ids.size(); begin += kGather) {
    const size_t n = std::min(kGather, ids.size() - begin);
    for (size_t i = 0; i < n; ++i) std::memcpy(mine.gathered.data() + i * head_.row_bytes, head_.row(ids[begin + i]), head_.row_bytes);
    float all[kGather];
    multiply_rows(kernels_, rows, {0, kGather}, {row.in.x, head_.cols, row.in.quant, 1}, {all, kGather, nullptr, row.scratch});
    std::copy_n(all, n, out + begin);
  }
}

void HeadScreen::learn(const Pass& pass, ThreadPool& pool, std::byte* scratch) {
  if (given_up_) return;
  if (!suits(pass.rows)) {
    // Where many rows come that are read whole, the head need not wait in its file for a screen.
    given_up_ = !copy_ && (unsuited_ += static_cast<uint32_t>(pass.rows.size())) >= kMostUnsuited;
    return;
  }
  if (copy_) return watch(pass.rows.size());
  if (seen_ + kSamples >= kRowsBefore || always_) sample(row_of(pass, pass.rows.size() - 1, scratch));
  seen_ += static_cast<uint32_t>(pass.rows.size());
  if (given_up_ || (seen_ < kRowsBefore && !always_)) return;
  decide(pool);
}

// Of a row of logits by a copy, in units of the whole head's.
double HeadScreen::cost(TensorType type, double share) const {
  return static_cast<double>(row_bytes(type, head_.cols)) / static_cast<double>(row_bytes(head_.type, head_.cols)) + kAlone * share;
}

void HeadScreen::decide(ThreadPool& pool) {
  double least = std::numeric_limits<double>::infinity();
  for (Sampled& one : sampled_) {
    const TensorType type = one.copy->view().type;
    const double share = one.share / samples_;
    if (cost(type, share) < least) {
      least = cost(type, share);
      copy_type_ = type;
      use_.expected_share = share;
    }
    one = {};
  }
  samples_ = seen_ = 0;
  given_up_ = (least > kPays || copies_ == kMostCopies) && !always_;
  if (!given_up_) build(pool);
}

// What share of the head's rows would be kept, by some of them and this row of logits, which is whole.
void HeadScreen::sample(const Row& row) {
  std::vector<uint32_t> best;
  largest(kernels_, row.logits, std::min<size_t>(row.wanted.below, head_.rows), row.wanted.top, best);
  float lowest = std::numeric_limits<float>::infinity();
  for (const uint32_t id : best) lowest = std::min(lowest, row.logits[id]);
  ++samples_;
  for (size_t i = 0; i < std::size(sampled_); ++i) {
    Sampled& one = sampled_[i];
    if (!one.copy) {
      TensorView some = head_;
      some.rows = (head_.rows + kSampled - 1) / kSampled;
      some.row_bytes = head_.row_bytes * kSampled;
      one.copy = HeadCopy::reserve(some, HeadCopy::kTypes[i], kernels_);
      given_up_ = !one.copy;
      if (given_up_) return;
      one.copy->fill(0, some.rows);
    }
    const TensorView& some = one.copy->view();
    std::vector<float> upper(some.rows);
    multiply_rows(kernels_, some, {0, some.rows}, {row.in.x, head_.cols, row.in.quant, 1}, {upper.data(), some.rows, nullptr, row.scratch});
    one.copy->upper_bounds(0, some.rows, upper.data(), one.copy->reach(row.in), upper.data());
    if (soft_cap_ != 0.0f) kernels_.soft_cap(upper.data(), soft_cap_, upper.size());
    const auto kept = std::count_if(upper.begin(), upper.end(), [lowest](float u) { return !(u < lowest); });
    one.share += static_cast<double>(kept) / some.rows;
  }
}

void HeadScreen::build(ThreadPool& pool) {
  // Memory that was there when the model was opened may be somebody's by now, and what is reserved for the KV may be touched yet.
  if (machine_facts().available_bytes / 2 >= HeadCopy::bytes(head_, copy_type_)) copy_ = HeadCopy::reserve(head_, copy_type_, kernels_);
  given_up_ = !copy_;
  if (given_up_) return;
  pool.run([&](const Team& team) {
    const Team::Share share = team.share(head_.rows, kRowsTogether);
    copy_->fill(share.begin, share.end);
  });
  ++copies_;
  use_.standing = true;
}

void HeadScreen::watch(size_t rows) {
  kept_rows_ = 0;
  for (Thread& thread : threads_) kept_rows_ += std::exchange(thread.kept, 0);
  use_.rows += rows;
  use_.kept += kept_rows_;
  window_rows_ += rows;
  window_kept_ += kept_rows_;
  if (window_rows_ < kWindow) return;
  const double share = static_cast<double>(window_kept_) / (static_cast<double>(window_rows_) * head_.rows);
  window_rows_ = window_kept_ = 0;
  if (always_ || cost(copy_type_, share) <= kStillPays) return;
  copy_.reset();
  use_.standing = false;
}

}  // namespace slm
