#include "lab/statistics/distributions.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"

namespace slm::lab {

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double p) {
  SLM_CHECK(p > 0 && p < 1);
  // By the symmetry the work is done in the lower tail, where the cdf keeps its relative precision.
  if (p > 0.5) return -normal_quantile(1 - p);
  double low = -40, high = 0;  // the cdf at -40 is below the smallest double
  for (int step = 0; step < 200 && low < high; ++step) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    (normal_cdf(middle) < p ? low : high) = middle;
  }
  return high;
}

double log_choose(uint64_t n, uint64_t k) {
  SLM_CHECK(k <= n);
  const double all = static_cast<double>(n), chosen = static_cast<double>(k);
  return std::lgamma(all + 1) - std::lgamma(chosen + 1) - std::lgamma(all - chosen + 1);
}

double binomial_probability(uint64_t n, uint64_t k, double rate) {
  SLM_CHECK(k <= n && rate >= 0 && rate <= 1);
  if (rate == 0) return k == 0 ? 1 : 0;
  if (rate == 1) return k == n ? 1 : 0;
  return std::exp(log_choose(n, k) + static_cast<double>(k) * std::log(rate) + static_cast<double>(n - k) * std::log1p(-rate));
}

double fair_tail(uint64_t n, uint64_t k) {
  double tail = 0;
  for (uint64_t heads = 0; heads <= std::min(k, n); ++heads) tail += binomial_probability(n, heads, 0.5);
  return std::min(1.0, tail);
}

}  // namespace slm::lab
