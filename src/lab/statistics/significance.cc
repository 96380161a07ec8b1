#include "lab/statistics/significance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/result.h"
#include "lab/statistics/distributions.h"
#include "lab/statistics/random.h"

namespace slm::lab {

double mcnemar_exact(uint64_t only_a, uint64_t only_b) {
  return std::min(1.0, 2 * fair_tail(only_a + only_b, std::min(only_a, only_b)));
}

double fisher_exact(const TwoRates& rates) {
  SLM_CHECK(rates.successes_a <= rates.n_a && rates.successes_b <= rates.n_b);
  const uint64_t n = rates.n_a + rates.n_b, successes = rates.successes_a + rates.successes_b;
  const auto probability = [&](uint64_t in_a) {
    return std::exp(log_choose(rates.n_a, in_a) + log_choose(rates.n_b, successes - in_a) - log_choose(n, successes));
  };
  // "No likelier" must not hang on the last digits of two equal tables.
  const double most = probability(rates.successes_a) * (1 + 1e-7);
  double p = 0;
  for (uint64_t in_a = successes > rates.n_b ? successes - rates.n_b : 0; in_a <= std::min(successes, rates.n_a); ++in_a) {
    const double table = probability(in_a);
    if (table <= most) p += table;
  }
  return std::min(1.0, p);
}

namespace {

// The sum with the sign of difference i turned where bit i of `signs` is set; `signs` has 64 bits a word.
double flipped_sum(std::span<const double> differences, std::span<const uint64_t> signs) {
  double sum = 0;
  for (size_t i = 0; i < differences.size(); ++i) sum += (signs[i / 64] >> (i % 64)) & 1 ? -differences[i] : differences[i];
  return sum;
}

}  // namespace

double sign_flip_test(std::span<const double> differences, uint64_t seed, int resamples) {
  SLM_CHECK(resamples > 0);
  const size_t n = differences.size();
  double sum = 0, size = 0;
  for (double difference : differences) {
    sum += difference;
    size += std::abs(difference);
  }
  const double least = std::abs(sum) - 1e-12 * size;  // sums of the same numbers in another order are the same sum
  std::vector<uint64_t> signs((n + 63) / 64);
  const auto is_as_far = [&] { return std::abs(flipped_sum(differences, signs)) >= least; };
  if (n < 31 && (1 << n) <= resamples) {
    const uint64_t throws = 1ull << n;
    uint64_t hits = 0;
    for (uint64_t thrown = 0; thrown < throws; ++thrown) {
      if (n > 0) signs[0] = thrown;
      hits += is_as_far();
    }
    return static_cast<double>(hits) / static_cast<double>(throws);
  }
  SeededRandom random(seed);
  int hits = 1;
  for (int i = 0; i < resamples; ++i) {
    for (uint64_t& word : signs) word = random.next();
    hits += is_as_far();
  }
  return static_cast<double>(hits) / (resamples + 1.0);
}

namespace {

// Twice the mean rank of each value among all, so that ties stay whole numbers; those of a, then those of b.
struct Ranks {
  std::vector<uint64_t> doubled;
  double tied = 0;  // sum of t^3 - t over groups of t equal values
};

Ranks rank(std::span<const double> a, std::span<const double> b) {
  std::vector<double> values(a.begin(), a.end());
  values.insert(values.end(), b.begin(), b.end());
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t x, size_t y) { return values[x] < values[y]; });
  Ranks ranks{std::vector<uint64_t>(values.size()), 0};
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks.doubled[order[i]] = begin + end + 1;
    const double group = static_cast<double>(end - begin);
    ranks.tied += group * group * group - group;
  }
  return ranks;
}

// The share of all ways to give `n_a` of the ranks to a whose sum is at least as far from the mean sum as `sum`.
double exact_rank_test(const std::vector<uint64_t>& ranks, size_t n_a, uint64_t sum) {
  const uint64_t total = std::accumulate(ranks.begin(), ranks.end(), uint64_t{0});
  std::vector<std::vector<double>> ways(n_a + 1, std::vector<double>(total + 1));  // (ranks taken, their sum)
  ways[0][0] = 1;
  for (uint64_t rank : ranks) {
    for (size_t taken = n_a; taken > 0; --taken) {
      for (uint64_t s = rank; s <= total; ++s) ways[taken][s] += ways[taken - 1][s - rank];
    }
  }
  // The mean sum is total n_a / N: distances from it, times N, are whole numbers.
  const auto distance = [&](uint64_t s) {
    const int64_t scaled = static_cast<int64_t>(s * ranks.size()), mean = static_cast<int64_t>(total * n_a);
    return std::abs(scaled - mean);
  };
  double all = 0, as_far = 0;
  for (uint64_t s = 0; s <= total; ++s) {
    all += ways[n_a][s];
    if (distance(s) >= distance(sum)) as_far += ways[n_a][s];
  }
  return as_far / all;
}

}  // namespace

double mann_whitney_test(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return 1;
  const Ranks ranks = rank(a, b);
  const uint64_t sum = std::accumulate(ranks.doubled.begin(), ranks.doubled.begin() + static_cast<ptrdiff_t>(a.size()), uint64_t{0});
  if (a.size() + b.size() <= kMostExactRanks) return exact_rank_test(ranks.doubled, a.size(), sum);
  const double n_a = static_cast<double>(a.size()), n_b = static_cast<double>(b.size()), n = n_a + n_b;
  const double distance = std::abs(static_cast<double>(sum) / 2 - n_a * (n + 1) / 2);
  const double variance = n_a * n_b / 12 * (n + 1 - ranks.tied / (n * (n - 1)));
  if (variance <= 0) return 1;  // all values are equal
  return std::min(1.0, 2 * normal_cdf(-(distance - 0.5) / std::sqrt(variance)));
}

double paired_score_variance(double only_a, double only_b, double n, double margin) {
  // Tango 1998, (4) and (5), at a difference of -margin.
  const double first = 2 * n, second = -only_a - only_b - (2 * n - only_a + only_b) * margin, third = only_b * margin * (1 + margin);
  const double rate_b = (std::sqrt(std::max(0.0, second * second - 4 * first * third)) - second) / (2 * first);
  return n * (2 * rate_b - margin * (1 + margin));
}

double paired_equivalence_test(const PairedCounts& counts, double margin) {
  SLM_CHECK(margin > 0 && margin < 1);
  if (counts.total() == 0) return 1;
  const double n = static_cast<double>(counts.total());
  // p of "A is worse than B by the margin or more"; turned around, of "B than A".
  const auto one_sided = [&](uint64_t only_a, uint64_t only_b) {
    const double a = static_cast<double>(only_a), b = static_cast<double>(only_b);
    return normal_cdf(-(a - b + n * margin - 0.5) / std::sqrt(paired_score_variance(a, b, n, margin)));
  };
  return std::max(one_sided(counts.only_a, counts.only_b), one_sided(counts.only_b, counts.only_a));
}

std::vector<double> holm_adjusted(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) { return p[x] < p[y]; });
  std::vector<double> adjusted(p.size());
  double least = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = least;
  }
  return adjusted;
}

}  // namespace slm::lab
