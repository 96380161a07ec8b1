#include "hub/source_order.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "base/json.h"

namespace slm::hub {
namespace {

constexpr size_t kMostRaceBytes = 64u << 10;

std::string race_path(const Layout& layout) { return layout.root + "/cache/sources.json"; }

RaceResult ask(const std::string& scheme) {
  RaceResult result{scheme, endpoint_of(scheme).url, -1};
  net::HttpClient client;
  net::HttpRequest request;
  request.url = result.endpoint + "/";
  request.connect_seconds = request.idle_seconds = request.total_seconds = kRaceSeconds;
  bool answered = false;
  const auto start = std::chrono::steady_clock::now();
  request.on_head = [&](const net::HttpReply&) {
    answered = true;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return false;
  };
  const auto reply = client.send(request);
  if (reply && !answered) result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

std::optional<std::vector<RaceResult>> read_race(const std::vector<std::string>& schemes, const Layout& layout) {
  const auto text = read_text_file(race_path(layout), kMostRaceBytes);
  const auto json = text ? parse_json(*text) : tl::unexpected<Error>(text.error());
  if (!json || !json->is_object() || !json->contains("time") || !(*json)["time"].is_number_integer() || !json->contains("sources")) return std::nullopt;
  const int64_t age = static_cast<int64_t>(std::time(nullptr)) - (*json)["time"].get<int64_t>();
  if (age < 0 || age > kRaceRemembered) return std::nullopt;
  std::vector<RaceResult> results;
  for (const std::string& scheme : schemes) {
    const Json& sources = (*json)["sources"];
    const auto found = sources.is_object() ? sources.find(scheme) : sources.end();
    if (found == sources.end() || !found->is_object() || !found->contains("endpoint") || (*found)["endpoint"] != endpoint_of(scheme).url) return std::nullopt;
    const double seconds = found->contains("seconds") && (*found)["seconds"].is_number() ? (*found)["seconds"].get<double>() : -1;
    results.push_back({scheme, endpoint_of(scheme).url, seconds});
  }
  return results;
}

// A race that nobody finished tells of this machine, not of the sources.
void write_race(const std::vector<RaceResult>& results, const Layout& layout) {
  if (std::none_of(results.begin(), results.end(), [](const RaceResult& one) { return one.seconds >= 0; })) return;
  Json sources = Json::object();
  for (const RaceResult& one : results) {
    sources[one.scheme] = Json{{"endpoint", one.endpoint}, {"seconds", one.seconds >= 0 ? Json(one.seconds) : Json(nullptr)}};
  }
  if (!make_directories(layout.root + "/cache")) return;  // asked again next time
  (void)write_file_atomically(race_path(layout), to_text(Json{{"time", static_cast<int64_t>(std::time(nullptr))}, {"sources", sources}}, 2) + "\n");
}

// Sets `flag` once `seconds` are over or `user` is set, unless it ends before.
class Deadline {
 public:
  Deadline(double seconds, const std::atomic<bool>* user) : thread_([this, seconds, user] { watch(seconds, user); }) {}
  ~Deadline() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  const std::atomic<bool>* flag() const { return &flag_; }

 private:
  void watch(double seconds, const std::atomic<bool>* user) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    std::unique_lock lock(mutex_);
    while (!done_ && std::chrono::steady_clock::now() < end && !(user != nullptr && *user)) changed_.wait_for(lock, std::chrono::milliseconds(50));
    if (!done_) flag_ = true;
  }
  std::atomic<bool> flag_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;  // last: it uses the others
};

Result<RemoteModel> ask_source(const CatalogueSource& source, const Asking& asking) {
  const Source* of = source_for(source.name);
  if (of == nullptr) return fail(ErrorKind::kUsage, "hub.bad_catalogue", source.name, "sources");
  return of->find(source.name, asking);
}

bool is_interrupted(const Asking& asking) { return asking.cancelled != nullptr && *asking.cancelled; }

}  // namespace

std::vector<RaceResult> race(const std::vector<std::string>& schemes) {
  std::vector<RaceResult> results(schemes.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < schemes.size(); ++i) threads.emplace_back([&, i] { results[i] = ask(schemes[i]); });
  for (std::thread& thread : threads) thread.join();
  return results;
}

std::vector<RaceResult> remembered_race(const std::vector<std::string>& schemes, const Layout& layout) {
  if (auto results = read_race(schemes, layout)) return *results;
  auto results = race(schemes);
  write_race(results, layout);
  return results;
}

void forget_race(const Layout& layout) {
  std::error_code ignored;
  std::filesystem::remove(race_path(layout), ignored);
}

bool is_in_china() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != 0) {
      if (std::string_view(value).starts_with("zh_CN")) return true;
      break;
    }
  }
  const char* variable = std::getenv("TZ");
  std::string zone = variable != nullptr ? variable : "";
  std::error_code ignored;
  if (zone.empty()) zone = std::filesystem::read_symlink("/etc/localtime", ignored).string();
  for (const char* name : {"Asia/Shanghai", "Asia/Chongqing", "Asia/Harbin", "Asia/Urumqi", "PRC"}) {
    if (zone.ends_with(name)) return true;
  }
  return false;
}

std::vector<CatalogueSource> order_sources(std::vector<CatalogueSource> sources, const std::vector<RaceResult>& race, bool china) {
  const auto key = [&](const CatalogueSource& source) {
    const std::string scheme = source.name.substr(0, source.name.find(':'));
    const auto found = std::find_if(race.begin(), race.end(), [&](const RaceResult& one) { return one.scheme == scheme; });
    const bool asked = found != race.end(), answered = asked && found->seconds >= 0;
    return std::tuple(source.gated, answered ? 0 : asked ? 2 : 1, !(china && scheme == "modelscope"), answered ? found->seconds : 0.0);
  };
  std::stable_sort(sources.begin(), sources.end(), [&](const CatalogueSource& a, const CatalogueSource& b) { return key(a) < key(b); });
  return sources;
}

bool may_ask_another(const Error& error) {
  if (error.kind == ErrorKind::kFailed) return error.message.key == "hub.pip_failed" || error.message.key == "hub.gated" || error.message.key == "hub.forbidden";
  return error.kind == ErrorKind::kNetwork || error.kind == ErrorKind::kCorrupt || error.kind == ErrorKind::kNotFound;
}

std::optional<Address> EqualSources::next() {
  while (!rest_.empty() && !is_interrupted(asking_)) {
    const CatalogueSource source = rest_.front();
    rest_.erase(rest_.begin());
    Deadline deadline(kDeadSourceSeconds, asking_.cancelled);
    auto found = ask_source(source, Asking{asking_.insecure, deadline.flag()});
    if (is_interrupted(asking_)) break;
    if (!found && *deadline.flag()) found = fail(ErrorKind::kNetwork, "hub.source_silent", source.name, kDeadSourceSeconds);
    if (found && !found->wheels.empty()) continue;
    if (found && found->file.sha256 == first_.file.sha256 && found->file.bytes == first_.file.bytes) {
      given_.push_back(source.name);
      return found->file.address;
    }
    if (found) found = fail(ErrorKind::kCorrupt, "hub.other_bytes", first_.source);
    if (on_skip_) on_skip_(source.name, found.error());
  }
  return std::nullopt;
}

Result<RemoteModel> find_in_sources(const std::vector<CatalogueSource>& order, const Asking& asking, const OnSkip& on_skip) {
  std::optional<Error> first;
  std::vector<const CatalogueSource*> too_slow;
  for (size_t i = 0; i < order.size(); ++i) {
    const bool last = i + 1 == order.size() && too_slow.empty();
    Deadline deadline(kDeadSourceSeconds, asking.cancelled);
    auto found = ask_source(order[i], last ? asking : Asking{asking.insecure, deadline.flag()});
    if (found) return found;
    if (is_interrupted(asking)) return fail(ErrorKind::kFailed, "hub.interrupted");
    if (!last && *deadline.flag()) {
      too_slow.push_back(&order[i]);
      found = fail_with_hint(ErrorKind::kNetwork, msg("hub.source_silent", order[i].name, kDeadSourceSeconds), {});
    }
    if (!first) first = found.error();
    if (on_skip) on_skip(order[i].name, found.error());
  }
  for (const CatalogueSource* source : too_slow) {
    auto found = ask_source(*source, asking);
    if (found) return found;
    if (is_interrupted(asking)) return fail(ErrorKind::kFailed, "hub.interrupted");
  }
  if (!first) return fail(ErrorKind::kNotFound, "hub.no_source", "");
  return tl::unexpected<Error>(*first);
}

}  // namespace slm::hub
