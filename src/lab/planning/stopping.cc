#include "lab/planning/stopping.h"

#include <algorithm>
#include <vector>

#include "base/result.h"

namespace slm::lab {
namespace {

// Where A's wins may stand if nothing has been stopped: probability of each number of wins, under "no difference".
class Walk {
 public:
  uint64_t discordant() const { return probability_.size() - 1; }

  void add_pair() {
    probability_.push_back(0);
    for (size_t wins = probability_.size() - 1; wins > 0; --wins) probability_[wins] = (probability_[wins] + probability_[wins - 1]) / 2;
    probability_[0] /= 2;
  }

  // That |only_a - only_b| is `distance`, which has the parity of discordant().
  double at(uint64_t distance) const {
    const size_t fewer = (discordant() - distance) / 2;
    return distance == 0 ? probability_[fewer] : probability_[fewer] + probability_[discordant() - fewer];
  }
  double tail(uint64_t distance) const {
    double sum = 0;
    for (uint64_t far = discordant(); far >= distance; far -= 2) {
      sum += at(far);
      if (far < 2) break;
    }
    return sum;
  }
  // The least distance whose tail is at most `allowance`; discordant() + 2 where there is none.
  uint64_t boundary(double allowance) const {
    uint64_t distance = discordant() + 2;
    for (double sum = 0; distance >= 2; distance -= 2) {
      sum += at(distance - 2);
      if (sum > allowance) break;
    }
    return distance;
  }
  void remove_from(uint64_t distance) {
    for (size_t wins = 0; wins < probability_.size(); ++wins) {
      const uint64_t losses = discordant() - wins;
      if (std::max<uint64_t>(wins, losses) - std::min<uint64_t>(wins, losses) >= distance) probability_[wins] = 0;
    }
  }

 private:
  std::vector<double> probability_{1.0};
};

}  // namespace

double error_spent(double share, double alpha) {
  SLM_CHECK(share >= 0 && share <= 1);
  return alpha * share * share;
}

Stopping sequential_mcnemar(std::span<const Look> looks, double alpha) {
  Walk walk;
  double spent = 0, share = 0;
  Stopping result;
  for (size_t i = 0; i < looks.size(); ++i) {
    const Look& look = looks[i];
    if (i > 0) SLM_CHECK(look.only_a >= looks[i - 1].only_a && look.only_b >= looks[i - 1].only_b);
    while (walk.discordant() < look.only_a + look.only_b) walk.add_pair();
    const uint64_t distance = std::max(look.only_a, look.only_b) - std::min(look.only_a, look.only_b);
    result.p = std::min(1.0, spent + walk.tail(distance));
    share = std::max(share, look.share);
    const uint64_t boundary = walk.boundary(error_spent(share, alpha) - spent);
    if (distance >= boundary) {
      result.stop = true;
      return result;
    }
    if (boundary <= walk.discordant()) {
      spent += walk.tail(boundary);
      walk.remove_from(boundary);
    }
  }
  return result;
}

}  // namespace slm::lab
