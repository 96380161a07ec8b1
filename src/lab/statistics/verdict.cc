#include "lab/statistics/verdict.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "lab/statistics/posterior.h"

namespace slm::lab {

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter: return "better";
    case Verdict::kWorse: return "worse";
    case Verdict::kLikelyBetter: return "likely_better";
    case Verdict::kLikelyWorse: return "likely_worse";
    case Verdict::kNoDifference: return "no_difference";
    case Verdict::kTooFew: return "too_few";
    case Verdict::kFact: return "fact";
    case Verdict::kNotMeasured: break;
  }
  return "not_measured";
}

Verdict verdict_of(const Evidence& evidence) {
  if (evidence.p < kSignificance) return evidence.probability > 0.5 ? Verdict::kBetter : Verdict::kWorse;
  if (evidence.p_equivalent < kSignificance) return Verdict::kNoDifference;
  if (evidence.probability >= kLikely) return Verdict::kLikelyBetter;
  if (evidence.probability <= 1 - kLikely) return Verdict::kLikelyWorse;
  return Verdict::kTooFew;
}

Evidence evidence_of_pairs(const PairedCounts& counts) {
  return {mcnemar_exact(counts.only_a, counts.only_b), paired_equivalence_test(counts, kRateMargin),
          paired_posterior(counts.only_a, counts.only_b)};
}

Evidence evidence_of_bootstrap(const Bootstrap& bootstrap, double p, const Null& null, Direction direction) {
  SLM_CHECK(null.low < null.null && null.null < null.high);
  const double above = bootstrap.share_above(null.null), more = direction == Direction::kMoreIsBetter ? above : 1 - above;
  const double least = std::ldexp(1.0, -static_cast<int>(std::min<size_t>(bootstrap.n, 1'000)));
  const double outside = std::max(1 - bootstrap.share_above(null.low), bootstrap.share_above(null.high));
  return {p, std::max(least, outside), std::clamp(more, least / 2, 1 - least / 2)};
}

uint64_t more_pairs_needed(const PairedCounts& counts) {
  const uint64_t n = counts.total();
  if (n == 0) return 0;
  const double pairs = static_cast<double>(n) + 1;
  const PairedRates rates{(static_cast<double>(counts.only_a) + 0.5) / pairs, (static_cast<double>(counts.only_b) + 0.5) / pairs};
  uint64_t needed = mcnemar_items_needed(rates);
  const uint64_t equivalent = equivalence_items_needed(rates, kRateMargin);
  if (needed == 0 || (equivalent > 0 && equivalent < needed)) needed = equivalent;
  return needed > n ? needed - n : 1;
}

uint64_t more_items_needed(const Estimate& estimate, double margin) {
  const uint64_t needed = std::max(kFewestItems, items_to_decide(estimate, margin));
  return needed > estimate.n ? needed - estimate.n : 1;
}

}  // namespace slm::lab
