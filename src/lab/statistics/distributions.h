// The distributions that the tests rest on.
#pragma once

#include <cstdint>

namespace slm::lab {

double normal_cdf(double z);
// REQUIRES: 0 < p < 1. Good to 1e-13.
double normal_quantile(double p);

// Of Student's t with `freedom` degrees. REQUIRES: 0 < p < 1, freedom > 0.
double student_quantile(double p, double freedom);

double log_choose(uint64_t n, uint64_t k);                         // REQUIRES: k <= n
double binomial_probability(uint64_t n, uint64_t k, double rate);  // of exactly k; REQUIRES: k <= n, 0 <= rate <= 1
double fair_tail(uint64_t n, uint64_t k);                          // of at most k heads in n throws of a fair coin

}  // namespace slm::lab
