#include "lab/statistics/posterior.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "lab/statistics/distributions.h"

namespace slm::lab {

double paired_posterior(uint64_t only_a, uint64_t only_b) {
  // A Beta distribution with whole parameters is a sum of binomials: P(Beta(a + 1, b + 1) > 1/2) = P(Bin(a + b + 1, 1/2) <= a).
  return fair_tail(only_a + only_b + 1, only_a);
}

double posterior_of_rates(const TwoRates& rates) {
  SLM_CHECK(rates.successes_a <= rates.n_a && rates.successes_b <= rates.n_b);
  const auto log_beta = [](double x, double y) { return std::lgamma(x) + std::lgamma(y) - std::lgamma(x + y); };
  const double right_a = static_cast<double>(rates.successes_a) + 1, wrong_a = static_cast<double>(rates.n_a - rates.successes_a) + 1;
  const double right_b = static_cast<double>(rates.successes_b) + 1, wrong_b = static_cast<double>(rates.n_b - rates.successes_b) + 1;
  // P(A > b) for a fixed b is a sum of binomials in b, since A's parameters are whole; each term integrates over b to a ratio of
  // Beta functions.
  double probability = 0;
  for (double i = 0; i < right_a; ++i) {
    probability += std::exp(log_beta(right_b + i, wrong_a + wrong_b) - std::log(wrong_a + i) - log_beta(1 + i, wrong_a) -
                            log_beta(right_b, wrong_b));
  }
  return std::min(1.0, probability);
}

}  // namespace slm::lab
