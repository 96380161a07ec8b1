#include "lab/explain.h"

#include <algorithm>
#include <array>

#include "lab/bench_round.h"
#include "lab/statistics.h"
#include "runtime/step_profile.h"

namespace slm::lab {
namespace {

constexpr std::array<std::string_view, kPassPhases> kPartNames = {"embedding",        "norms",   "qkv",        "heads", "attention",
                                                                  "attention_output", "gate_up", "activation", "down",  "head",
                                                                  "waiting"};
constexpr std::string_view kRestName = "rest";

double giga_per_second(double what, double seconds) { return seconds > 0 ? what / seconds / 1e9 : 0; }
double share_of(double rate, double limit) { return limit > 0 ? rate / limit : 0; }

std::vector<ExplainedPart> parts_of(const std::vector<StepPart>& parts) {
  std::vector<ExplainedPart> named;
  for (const StepPart& part : parts) {
    named.push_back({kPartNames[static_cast<size_t>(part.phase)], std::string(part.type), part.of_floats, part.seconds,
                     static_cast<double>(part.calls), static_cast<double>(part.bytes), static_cast<double>(part.macs)});
  }
  return named;
}

ExplainedPart rest_of(const ExplainedSample& sample) {
  ExplainedPart rest{.name = kRestName, .type = {}, .seconds = sample.seconds, .calls = 1};
  for (const ExplainedPart& part : sample.parts) rest.seconds -= part.seconds;
  rest.seconds = std::max(rest.seconds, 0.0);  // clocks are read one behind the other
  return rest;
}

// A part's place in the pass, then by type.
std::pair<size_t, std::string_view> order_of(const ExplainedPart& part) {
  return {std::find(kPartNames.begin(), kPartNames.end(), part.name) - kPartNames.begin(), part.type};
}

// One part over all samples.
struct Collected {
  ExplainedPart sum;
  std::vector<double> seconds;
};

void collect(std::vector<Collected>& all, const ExplainedPart& part) {
  const auto same = [&](const Collected& c) { return c.sum.name == part.name && c.sum.type == part.type; };
  auto found = std::find_if(all.begin(), all.end(), same);
  if (found == all.end()) found = all.insert(found, {{.name = part.name, .type = part.type, .of_floats = part.of_floats}, {}});
  found->sum.calls += part.calls;
  found->sum.bytes += part.bytes;
  found->sum.macs += part.macs;
  found->seconds.push_back(part.seconds);
}

// Of one round of the row: a whole prefill is one sample, of decoding each step is.
Status add_samples(Runtime& runtime, const BenchRow& row, std::vector<ExplainedSample>& samples) {
  const bool whole = row.work == BenchWork::kPrefill;
  StepProfile profile(runtime);
  ExplainedSample prefill;
  StepWatch watch;
  watch.started = [&] { profile.take(); };
  watch.stepped = [&](double seconds) {
    if (whole) {
      prefill.seconds += seconds;
    } else {
      samples.push_back({seconds, parts_of(profile.take())});
    }
  };
  SLM_TRY(seconds, run_round(runtime, row, watch));
  static_cast<void>(seconds);
  if (whole) samples.push_back({prefill.seconds, parts_of(profile.take())});
  return {};
}

}  // namespace

double ExplainedPart::gb_per_s() const { return giga_per_second(bytes, seconds); }
double ExplainedPart::gmac_per_s() const { return giga_per_second(macs, seconds); }
double ExplainedPart::share_of_reads(const MachineLimits& limits) const { return share_of(gb_per_s(), limits.read_gb_per_s); }
double ExplainedPart::share_of_products(const MachineLimits& limits) const {
  return share_of(gmac_per_s(), of_floats ? limits.float_gmac_per_s : limits.byte_gmac_per_s);
}

double ExplainedPart::least_seconds(const MachineLimits& limits) const {
  const double products = of_floats ? limits.float_gmac_per_s : limits.byte_gmac_per_s;
  return std::max(share_of(bytes, limits.read_gb_per_s), share_of(macs, products)) / 1e9;
}

ExplainedPart ExplainedRow::sum() const {
  ExplainedPart sum;
  for (const ExplainedPart& part : parts) {
    sum.seconds += part.seconds;
    sum.calls += part.calls;
    sum.bytes += part.bytes;
    sum.macs += part.macs;
  }
  return sum;
}

double ExplainedRow::least_seconds(const MachineLimits& limits) const {
  double least = 0;
  for (const ExplainedPart& part : parts) least += part.least_seconds(limits);
  return least;
}

ExplainedRow explained(const BenchRow& row, const std::vector<ExplainedSample>& samples) {
  ExplainedRow result;
  result.row = row;
  result.measured = static_cast<uint32_t>(samples.size());
  if (samples.empty()) return result;
  std::vector<double> seconds;
  std::vector<Collected> all;
  for (const ExplainedSample& sample : samples) {
    seconds.push_back(sample.seconds);
    for (const ExplainedPart& part : sample.parts) collect(all, part);
    collect(all, rest_of(sample));
  }
  result.seconds = median(seconds);
  const auto n = static_cast<double>(samples.size());
  for (Collected& part : all) {
    part.seconds.resize(samples.size(), 0.0);
    part.sum.seconds = median(part.seconds);
    part.sum.calls /= n;
    part.sum.bytes /= n;
    part.sum.macs /= n;
    result.parts.push_back(part.sum);
  }
  std::stable_sort(result.parts.begin(), result.parts.end(),
                   [](const ExplainedPart& a, const ExplainedPart& b) { return order_of(a) < order_of(b); });
  return result;
}

Result<std::vector<ExplainedRow>> explain(Runtime& runtime, const std::vector<BenchRow>& rows, uint32_t repetitions, const Watch& watch) {
  SLM_TRY_STATUS(warm_up(runtime, rows, watch));
  std::vector<std::vector<ExplainedSample>> samples(rows.size());
  const uint64_t total = uint64_t{repetitions} * rows.size();
  for (uint64_t done = 0; done < total; ++done) {
    SLM_TRY_STATUS(watch.check());
    const size_t i = done % rows.size();
    SLM_TRY_STATUS(add_samples(runtime, rows[i], samples[i]));
    watch.report({msg("lab.stage.bench"), done + 1, total, std::string(work_name(rows[i].work))});
  }
  std::vector<ExplainedRow> all;
  for (size_t i = 0; i < rows.size(); ++i) all.push_back(explained(rows[i], samples[i]));
  return all;
}

}  // namespace slm::lab
