// How probable it is that A is truly better, given what was counted; exact, from uniform priors.
#pragma once

#include <cstdint>

#include "lab/statistics/significance.h"

namespace slm::lab {

// The same items: P(share of A > 1/2) where the share of the discordant pairs that A wins is uniform beforehand, so
// Beta(only_a + 1, only_b + 1) afterwards. No discordant pair gives 1/2.
double paired_posterior(uint64_t only_a, uint64_t only_b);

// Separate samples: P(rate A > rate B), both rates uniform beforehand. 9/10 against 5/10 gives 0.968. REQUIRES: successes <= n of each.
double posterior_of_rates(const TwoRates& rates);

}  // namespace slm::lab
