// How many items a difference needs to be seen: the chance ("power") that a test at 5 % finds what is there.
#pragma once

#include <cstdint>

#include "lab/statistics/significance.h"

namespace slm::lab {

inline constexpr double kUsualPower = 0.8;

// Answers of two models to the same item, as probabilities. REQUIRES: both >= 0, their sum <= 1.
struct PairedRates {
  double only_a = 0, only_b = 0;

  double discordant() const { return only_a + only_b; }
  double difference() const { return only_a - only_b; }
  // Two models that err independently of each other.
  static constexpr PairedRates independent(double rate_a, double rate_b) { return {rate_a * (1 - rate_b), rate_b * (1 - rate_a)}; }
};

// Exact: every outcome of n items weighed by its probability.
double mcnemar_power(uint64_t n, const PairedRates& rates);
double fisher_power(uint64_t n_each, double rate_a, double rate_b);

// The least n with at least `power`. Pairs: exact where the normal approximation says kMostExactPairs or less, else the approximation. Two samples: exact up to
// kMostExactEach in each, above it the approximation with a continuity correction (Casagrande, Pike and Smith 1978; Fleiss 1981).
// 0: no n will do, the rates are equal. REQUIRES: 0.05 < power < 1.
inline constexpr uint64_t kMostExactPairs = 1'000, kMostExactEach = 50;
uint64_t mcnemar_items_needed(const PairedRates& rates, double power = kUsualPower);
uint64_t fisher_items_needed(double rate_a, double rate_b, double power = kUsualPower);

// The same by the normal approximation, not corrected and not rounded (Connor 1987; Fleiss 1981): the tests above need some more.
// REQUIRES: the rates differ.
double mcnemar_items_approximately(const PairedRates& rates, double power = kUsualPower);
double rates_items_approximately(double rate_a, double rate_b, double power = kUsualPower);

// Items until paired_equivalence_test() finds the difference inside the margin, by the normal approximation. 0: the difference is not
// inside it. REQUIRES: 0 < margin < 1.
uint64_t equivalence_items_needed(const PairedRates& rates, double margin, double power = kUsualPower);

// The same two questions for any estimate whose standard error falls with the square root of n: the lesser of the items that would
// show `difference` and those that would show it to be inside the margin, if it stays what it is. REQUIRES: n > 0, margin > 0.
struct Estimate {
  double difference = 0, standard_error = 0;
  uint64_t n = 0;
};
uint64_t items_to_decide(const Estimate& estimate, double margin, double power = kUsualPower);

}  // namespace slm::lab
