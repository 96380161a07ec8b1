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

namespace {

// The regularised incomplete beta function by its continued fraction (DLMF 8.17.22), evaluated from the front (Lentz). REQUIRES: x < (a + 1) / (a + b + 2),
// where it converges fast.
double incomplete_beta(double x, double a, double b) {
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) + std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b)) / a;
  constexpr double kTiny = 1e-300;
  double f = 1, c = 1, d = 0;
  for (int i = 0; i <= 500; ++i) {
    const double m = i / 2;
    double term = 1;
    if (i > 0 && i % 2 == 0) term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    if (i % 2 == 1) term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + term * d;
    if (std::abs(d) < kTiny) d = kTiny;
    d = 1 / d;
    c = 1 + term / c;
    if (std::abs(c) < kTiny) c = kTiny;
    f *= c * d;
    if (std::abs(1 - c * d) < 1e-15) break;
  }
  return front * (f - 1);
}

// P(T > t). REQUIRES: t > 0.
double student_tail(double t, double freedom) {
  const double x = freedom / (freedom + t * t), a = freedom / 2, b = 0.5;
  const double whole = x < (a + 1) / (a + b + 2) ? incomplete_beta(x, a, b) : 1 - incomplete_beta(1 - x, b, a);
  return whole / 2;
}

}  // namespace

double student_quantile(double p, double freedom) {
  SLM_CHECK(p > 0 && p < 1 && freedom > 0);
  if (p < 0.5) return -student_quantile(1 - p, freedom);
  if (p == 0.5) return 0;
  double low = 0, high = 1;
  while (student_tail(high, freedom) > 1 - p && high < 1e300) high *= 2;
  for (int step = 0; step < 200; ++step) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    (student_tail(middle, freedom) > 1 - p ? low : high) = middle;
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
