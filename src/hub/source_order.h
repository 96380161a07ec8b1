// Which of a model's equal sources is asked first: those that answer, the quickest first.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/catalogue.h"
#include "hub/layout.h"
#include "hub/sources/source.h"

namespace slm::hub {

inline constexpr double kRaceSeconds = 2;          // in which a source must answer at all
inline constexpr double kDeadSourceSeconds = 4;    // in which it must say what it has, while others are left to ask
inline constexpr int64_t kRaceRemembered = 24 * 3600;  // seconds

struct RaceResult {
  std::string scheme, endpoint;
  double seconds = 0;            // to its first answer; negative: none
};

// Asks the schemes' endpoints at the same time; ends once all have answered, or after kRaceSeconds.
std::vector<RaceResult> race(const std::vector<std::string>& schemes);
// The last race, where it is of today and of the same schemes and endpoints; else a new one, remembered in SLM_HOME/cache/sources.json.
std::vector<RaceResult> remembered_race(const std::vector<std::string>& schemes, const Layout& layout);
void forget_race(const Layout& layout);

// zh_CN by LC_ALL, LC_MESSAGES or LANG, or a time zone of China's: TZ, else /etc/localtime.
bool is_in_china();

// Ungated before gated; among those that answered ModelScope first with `china`, then by time; then those that nobody asked (https:, wheel:); the
// silent ones last. Otherwise the order given.
std::vector<CatalogueSource> order_sources(std::vector<CatalogueSource> sources, const std::vector<RaceResult>& race, bool china);

// What the first of these sources that can be reached has. A source that says nothing for kDeadSourceSeconds is left for the next, and
// asked again, patiently, where none had it. `on_skip` is told of each that is passed over. Errors: the first source's, kFailed
// "hub.interrupted"; kNotFound "hub.no_source".
using OnSkip = std::function<void(const std::string& source, const Error& error)>;
Result<RemoteModel> find_in_sources(const std::vector<CatalogueSource>& order, const Asking& asking, const OnSkip& on_skip);

// Whether another source may do better after an error of find_in_sources or Store::pull_remote: it is the source's own, not of this machine's disk or
// of the user's doing.
bool may_ask_another(const Error& error);

// Addresses of the very bytes that one source has, at the others: where digest and size are the same. Each is asked only when the one before
// is no use any more, for kDeadSourceSeconds at most: a pull that goes well asks nobody else, and its first byte waits for nobody.
class EqualSources {
 public:
  EqualSources(const RemoteModel& first, std::vector<CatalogueSource> rest, const Asking& asking, OnSkip on_skip)
      : first_(first), rest_(std::move(rest)), asking_(asking), on_skip_(std::move(on_skip)) {}
  // Nothing: there are no more, or the pull is cancelled. Wheels have no address, and are passed over in silence.
  std::optional<Address> next();
  // The sources whose addresses next() gave.
  const std::vector<std::string>& given() const { return given_; }

 private:
  const RemoteModel first_;
  std::vector<CatalogueSource> rest_;
  const Asking asking_;
  const OnSkip on_skip_;
  std::vector<std::string> given_;
};

}  // namespace slm::hub
