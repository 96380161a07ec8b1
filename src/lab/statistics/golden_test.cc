// Every statistic against tests/golden/statistics/expected.json: scipy, statsmodels and numpy, or another way to the same number.
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "lab/planning/stopping.h"
#include "lab/statistics.h"
#include "lab/statistics/distributions.h"

namespace slm::lab {
namespace {

constexpr double kClose = 1e-9;

class Golden : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto text = read_text_file(SLM_SOURCE_DIR "/tests/golden/statistics/expected.json");
    ASSERT_TRUE(text) << text.error().text();
    auto parsed = parse_json(*text);
    ASSERT_TRUE(parsed) << parsed.error().text();
    expected_ = new Json(std::move(*parsed));
  }
  static void TearDownTestSuite() {
    delete expected_;
    expected_ = nullptr;
  }

  static const Json& cases(const char* name) {
    const Json& found = expected_->at(name);
    EXPECT_FALSE(found.empty()) << name;
    return found;
  }
  static TwoRates two_rates(const Json& cells) { return {cells[0], cells[1], cells[2], cells[3]}; }
  static std::vector<double> numbers(const Json& list) { return list.get<std::vector<double>>(); }

  static Json* expected_;
};
Json* Golden::expected_ = nullptr;

TEST_F(Golden, Wilson) {
  for (const Json& c : cases("wilson")) {
    const Interval interval = wilson_interval(c["k"], c["n"]);
    EXPECT_NEAR(interval.low, c["low"].get<double>(), kClose) << c;
    EXPECT_NEAR(interval.high, c["high"].get<double>(), kClose) << c;
  }
}

TEST_F(Golden, McNemar) {
  for (const Json& c : cases("mcnemar")) EXPECT_NEAR(mcnemar_exact(c["a"], c["b"]), c["p"].get<double>(), kClose) << c;
}

TEST_F(Golden, Fisher) {
  for (const Json& c : cases("fisher")) EXPECT_NEAR(fisher_exact(two_rates(c["cells"])), c["p"].get<double>(), kClose) << c;
}

TEST_F(Golden, PairedDifferencesAndEquivalence) {
  for (const Json& c : cases("pairs")) {
    const Json& t = c["table"];
    const PairedCounts counts{t[0], t[1], t[2], t[3]};
    const Interval interval = paired_difference_interval(counts);
    EXPECT_NEAR(interval.low, c["low"].get<double>(), kClose) << c;
    EXPECT_NEAR(interval.high, c["high"].get<double>(), kClose) << c;
    // The expected rates come from a search for a maximum: good to some 1e-7 where it lies at an end.
    EXPECT_NEAR(paired_equivalence_test(counts, 0.05), c["equivalent_5"].get<double>(), 1e-7) << c;
    EXPECT_NEAR(paired_equivalence_test(counts, 0.10), c["equivalent_10"].get<double>(), 1e-7) << c;
  }
}

TEST_F(Golden, Holm) {
  for (const Json& c : cases("holm")) {
    const std::vector<double> adjusted = holm_adjusted(numbers(c["p"]));
    ASSERT_EQ(adjusted.size(), c["adjusted"].size());
    for (size_t i = 0; i < adjusted.size(); ++i) EXPECT_NEAR(adjusted[i], c["adjusted"][i].get<double>(), kClose) << c;
  }
}

TEST_F(Golden, SignFlip) {
  for (const Json& c : cases("sign_flip")) {
    const std::vector<double> values = numbers(c["values"]);
    EXPECT_NEAR(sign_flip_test(values, 1, kResamples), c["p"].get<double>(), kClose) << c;
    // Drawn instead of tried: within 4 standard errors of the exact one.
    if (values.size() > 5) {
      EXPECT_NEAR(sign_flip_test(values, 1, 31), c["p"].get<double>(), 0.37) << c;
    }
  }
}

TEST_F(Golden, MannWhitney) {
  for (const Json& c : cases("mann_whitney")) EXPECT_NEAR(mann_whitney_test(numbers(c["a"]), numbers(c["b"])), c["p"].get<double>(), kClose) << c;
}

TEST_F(Golden, Bca) {
  for (const Json& c : cases("bca")) {
    const std::vector<double> a = numbers(c["a"]), b = numbers(c["b"]), weight = numbers(c["weight"]);
    const Bootstrap bootstrap = bootstrap_difference({a, b, weight}, c["seed"], c["resamples"]);
    const Interval bca = bootstrap.bca(), percentile = bootstrap.percentile();
    EXPECT_NEAR(bca.low, c["bca"][0].get<double>(), kClose);
    EXPECT_NEAR(bca.high, c["bca"][1].get<double>(), kClose);
    EXPECT_NEAR(percentile.low, c["percentile"][0].get<double>(), kClose);
    EXPECT_NEAR(percentile.high, c["percentile"][1].get<double>(), kClose);
    EXPECT_NEAR(bootstrap.standard_error(), c["standard_error"].get<double>(), kClose);
  }
}

TEST_F(Golden, Posteriors) {
  for (const Json& c : cases("posteriors")["paired"]) EXPECT_NEAR(paired_posterior(c["a"], c["b"]), c["probability"].get<double>(), kClose) << c;
  for (const Json& c : cases("posteriors")["rates"]) {
    EXPECT_NEAR(posterior_of_rates(two_rates(c["cells"])), c["probability"].get<double>(), kClose) << c;
  }
}

TEST_F(Golden, Power) {
  const Json& power = cases("power");
  for (const Json& c : power["mcnemar"]) EXPECT_NEAR(mcnemar_power(c["n"], {c["a"], c["b"]}), c["power"].get<double>(), kClose) << c;
  for (const Json& c : power["fisher"]) EXPECT_NEAR(fisher_power(c["n"], c["a"], c["b"]), c["power"].get<double>(), kClose) << c;
  for (const Json& c : power["normal_pairs"]) EXPECT_NEAR(mcnemar_items_approximately({c["a"], c["b"]}), c["n"].get<double>(), 1e-6) << c;
  for (const Json& c : power["normal_rates"]) EXPECT_NEAR(rates_items_approximately(c["a"], c["b"]), c["n"].get<double>(), 1e-6) << c;
}

TEST_F(Golden, SequentialMcNemar) {
  for (const Json& c : cases("sequential")) {
    std::vector<Look> looks;
    for (const Json& look : c["looks"]) looks.push_back({look[0], look[1], look[2]});
    const Stopping stopping = sequential_mcnemar(looks);
    EXPECT_EQ(stopping.stop, c["stop"].get<bool>()) << c;
    EXPECT_NEAR(stopping.p, c["p"].get<double>(), kClose) << c;
  }
}

TEST_F(Golden, NormalDistribution) {
  for (const Json& c : cases("normal")["cdf"]) EXPECT_NEAR(normal_cdf(c[0]) / c[1].get<double>(), 1, 1e-12) << c;
  for (const Json& c : cases("normal")["quantile"]) EXPECT_NEAR(normal_quantile(c[0]), c[1].get<double>(), 1e-12) << c;
}

TEST_F(Golden, StudentsDistribution) {
  for (const Json& c : cases("student")) EXPECT_NEAR(student_quantile(c[0], c[1]), c[2].get<double>(), 1e-9 * std::max(1.0, std::abs(c[2].get<double>()))) << c;
}

TEST_F(Golden, LeastSquares) {
  for (const Json& c : cases("line")) {
    const auto slope = least_squares(numbers(c["x"]), numbers(c["y"]));
    ASSERT_TRUE(slope);
    EXPECT_NEAR(slope->slope, c["slope"].get<double>(), kClose) << c;
    EXPECT_NEAR(slope->interval.low, c["interval"][0].get<double>(), kClose) << c;
    EXPECT_NEAR(slope->interval.high, c["interval"][1].get<double>(), kClose) << c;
  }
}

TEST_F(Golden, Quantiles) {
  const std::vector<double> values = numbers(cases("quantiles")["values"]);
  for (const Json& c : cases("quantiles")["quantiles"]) EXPECT_NEAR(quantile(values, c[0]), c[1].get<double>(), kClose) << c;
}

}  // namespace
}  // namespace slm::lab
