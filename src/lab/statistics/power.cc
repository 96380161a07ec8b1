#include "lab/statistics/power.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "base/result.h"
#include "lab/statistics/distributions.h"

namespace slm::lab {
namespace {

// For each number of discordant pairs up to `most`: the probability that the exact McNemar test rejects, A winning each with `share`.
std::vector<double> rejection_rates(uint64_t most, double share) {
  std::vector<double> rates(most + 1);
  for (uint64_t discordant = 0; discordant <= most; ++discordant) {
    double tail = 0;
    for (uint64_t fewer = 0; 2 * fewer < discordant; ++fewer) {
      tail += binomial_probability(discordant, fewer, 0.5);
      if (2 * tail >= kSignificance) break;
      rates[discordant] += binomial_probability(discordant, fewer, share) + binomial_probability(discordant, discordant - fewer, share);
    }
  }
  return rates;
}

double power_of(uint64_t n, double discordant, const std::vector<double>& rejection) {
  double power = 0;
  for (uint64_t d = 0; d <= n; ++d) power += binomial_probability(n, d, discordant) * rejection[d];
  return power;
}

void check(const PairedRates& rates) {
  SLM_CHECK(rates.only_a >= 0 && rates.only_b >= 0 && rates.discordant() <= 1 + 1e-12);
}

// The least n for which `power_at` reaches `power`; it must rise with n, in the end to 1. At most 2^62.
uint64_t least_items(const std::function<double(double n)>& power_at, double power) {
  uint64_t high = 1;
  while (high < (1ull << 62) && power_at(static_cast<double>(high)) < power) high *= 2;
  uint64_t low = high / 2;  // not enough, or 0
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    (power_at(static_cast<double>(middle)) < power ? low : high) = middle;
  }
  return high;
}

}  // namespace

double mcnemar_power(uint64_t n, const PairedRates& rates) {
  check(rates);
  if (rates.discordant() == 0) return 0;
  return power_of(n, std::min(1.0, rates.discordant()), rejection_rates(n, rates.only_a / rates.discordant()));
}

double fisher_power(uint64_t n_each, double rate_a, double rate_b) {
  double power = 0;
  for (uint64_t a = 0; a <= n_each; ++a) {
    const double probability_a = binomial_probability(n_each, a, rate_a);
    for (uint64_t b = 0; b <= n_each; ++b) {
      const double probability = probability_a * binomial_probability(n_each, b, rate_b);
      // 51 x 51 tables at the most: what is left out adds up to less than 1e-9.
      if (probability > 1e-13 && fisher_exact({a, n_each, b, n_each}) < kSignificance) power += probability;
    }
  }
  return power;
}

double mcnemar_items_approximately(const PairedRates& rates, double power) {
  check(rates);
  const double discordant = rates.discordant(), difference = rates.difference();
  SLM_CHECK(difference != 0);
  const double root = kNormal95 * std::sqrt(discordant) +
                      normal_quantile(power) * std::sqrt(std::max(0.0, discordant - difference * difference));
  return root * root / (difference * difference);
}

double rates_items_approximately(double rate_a, double rate_b, double power) {
  const double difference = rate_a - rate_b, mean = (rate_a + rate_b) / 2;
  SLM_CHECK(difference != 0);
  const double root = kNormal95 * std::sqrt(2 * mean * (1 - mean)) +
                      normal_quantile(power) * std::sqrt(rate_a * (1 - rate_a) + rate_b * (1 - rate_b));
  return root * root / (difference * difference);
}

uint64_t mcnemar_items_needed(const PairedRates& rates, double power) {
  check(rates);
  if (rates.difference() == 0) return 0;
  const double approximately = mcnemar_items_approximately(rates, power);
  if (approximately <= static_cast<double>(kMostExactPairs)) {
    // The exact test needs more than that, by a few pairs of few or some in a hundred of many.
    const uint64_t most = static_cast<uint64_t>(1.25 * approximately) + 50;
    const std::vector<double> rejection = rejection_rates(most, rates.only_a / rates.discordant());
    const double discordant = std::min(1.0, rates.discordant());
    for (uint64_t n = static_cast<uint64_t>(approximately / 2) + 1; n <= most; ++n) {
      if (power_of(n, discordant, rejection) >= power) return n;
    }
  }
  // Beyond 2^62 a double's ceiling fits no whole number; differences that small mean nothing anyway.
  return static_cast<uint64_t>(std::ceil(std::min(approximately, 0x1p62)));
}

uint64_t fisher_items_needed(double rate_a, double rate_b, double power) {
  if (rate_a == rate_b) return 0;
  const double approximately = rates_items_approximately(rate_a, rate_b, power);
  for (uint64_t n = static_cast<uint64_t>(std::min(approximately, 1e6) / 2) + 1; n <= kMostExactEach; ++n) {
    if (fisher_power(n, rate_a, rate_b) >= power) return n;
  }
  const double root = 1 + std::sqrt(1 + 4 / (approximately * std::abs(rate_a - rate_b)));
  return static_cast<uint64_t>(std::ceil(std::min(approximately / 4 * root * root, 0x1p62)));
}

uint64_t equivalence_items_needed(const PairedRates& rates, double margin, double power) {
  check(rates);
  SLM_CHECK(margin > 0 && margin < 1);
  const double difference = rates.difference();
  if (std::abs(difference) >= margin) return 0;
  const double z = normal_quantile(1 - kSignificance), variance = std::max(1e-12, rates.discordant() - difference * difference);
  const double null_above = paired_score_variance(rates.only_a, rates.only_b, 1, margin);
  const double null_below = paired_score_variance(rates.only_b, rates.only_a, 1, margin);
  return least_items(
      [&](double n) {
        const auto passes = [&](double distance, double null_variance) {
          return normal_cdf((n * distance - 0.5 - z * std::sqrt(n * null_variance)) / std::sqrt(n * variance));
        };
        return passes(margin + difference, null_above) + passes(margin - difference, null_below) - 1;
      },
      power);
}

uint64_t items_to_decide(const Estimate& estimate, double margin, double power) {
  SLM_CHECK(estimate.n > 0 && margin > 0);
  const double size = std::abs(estimate.difference), variance = estimate.standard_error * estimate.standard_error * static_cast<double>(estimate.n);
  if (variance <= 0) return estimate.n;
  const double z = normal_quantile(1 - kSignificance);
  return least_items(
      [&](double n) {
        const double error = std::sqrt(variance / n);
        const double shown = normal_cdf(size / error - kNormal95);
        const double equivalent = normal_cdf((margin - size) / error - z) + normal_cdf((margin + size) / error - z) - 1;
        return std::max(shown, equivalent);
      },
      power);
}

}  // namespace slm::lab
