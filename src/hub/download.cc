#include "hub/download.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <utility>

#include "base/files.h"
#include "base/machine.h"
#include "base/text.h"
#include "hub/chunk_map.h"
#include "hub/content_range.h"
#include "hub/elapsed.h"
#include "hub/first_bytes.h"
#include "hub/journal.h"
#include "hub/partial_file.h"
#include "hub/range_fetch.h"

namespace slm::hub {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kSpareBytes = 64u << 20;
constexpr uint64_t kSpareShare = 20;  // and a twentieth of what is still to come
constexpr int kMostRestarts = 3;      // of one file whose ranges do not fit together
constexpr uint64_t kSpaceCheckBytes = 16u << 20;  // between looks at the disk, where the end is not known
constexpr uint64_t kLeastForRanges = 16u << 20;  // missing bytes that are worth several connections

// Left by a process that was killed while it wrote the journal.
void remove_temporaries(const Layout& layout, const std::string& key) {
  const std::string journal = std::filesystem::path(layout.journal(key)).filename().string();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(layout.blobs() + "/.part", error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(journal + ".") && name.ends_with(".tmp")) unlink(entry.path().c_str());
  }
}

class Download {
 public:
  Download(const DownloadRequest& request, const Layout& layout, const OnProgress& progress, const Patience& patience)
      : request_(request), layout_(layout), progress_(progress), patience_(patience), key_(download_key(request)), sources_{{request.address}} {
    if (!request.sha256.empty()) more_ = request.more;
    use_source(0);
  }

  Result<Downloaded> run() {
    SLM_TRY_STATUS(check_address(request_.address.url, request_.insecure));
    SLM_TRY_STATUS(make_directories(layout_.blobs() + "/.part"));
    remove_temporaries(layout_, key_);
    const uint64_t without_gap = ChunkMap::bytes_without_gap(layout_.partial(key_));
    mapped_ = without_gap != UINT64_MAX;
    SLM_TRY_STATUS(file_.open(layout_.partial(key_), progress_, without_gap));
    auto downloaded = fetch();
    // Nothing to go on from.
    if (!downloaded && file_.size() == 0) discard_partial(layout_, key_);
    return downloaded;
  }

 private:
  // What to do about a reply, decided at its head.
  enum class Next : uint8_t { kRead, kRestart, kFail, kRetry };

  Result<Downloaded> fetch() {
    resume_or_restart();
    last_progress_ = Clock::now();
    furthest_ = file_.size();
    for (;;) {
      SLM_TRY_STATUS(fetch_rest());
      const Status whole = check_whole();
      if (whole) break;
      if (whole.error().kind == ErrorKind::kCorrupt && (may_blame_another() || drop_source(whole.error()))) {
        begin_anew();
        continue;
      }
      // Bytes of an earlier try may not fit to those of this one: once from the start, in one piece.
      if (whole.error().kind != ErrorKind::kCorrupt || !spliced_ || began_anew_) return tl::unexpected<Error>(give_up_on_part(whole.error()));
      began_anew_ = true;
      begin_anew();
    }
    SLM_TRY_STATUS(file_.sync());
    return Downloaded{layout_.partial(key_), file_.sha256(), file_.size(), received_};
  }

  struct SourceState {
    Address address;
    double bytes_per_second = -1;  // when it was left as too slow
  };

  void use_source(size_t at) {
    at_ = at;
    shown_ = net::shown_url(sources_[at].address.url);
    etag_.clear();  // that server's alone
    single_ = false;
    restarts_ = 0;
    mixed_ = mixed_ || file_.size() > 0;
  }

  // Asked for only when it is needed: what is never used costs no request, and no host hears of it.
  bool learn_source() {
    while (more_) {
      const std::optional<Address> address = more_();
      if (!address) more_ = nullptr;
      if (!address || !check_address(address->url, request_.insecure)) continue;
      sources_.push_back({*address});
      return true;
    }
    return false;
  }

  bool has_others() const { return sources_.size() > 1 || more_; }
  bool may_leave_if_slow() const { return has_others() && !settled_; }

  // Told once a source until bytes come again: sources that fail in turn are changed many times.
  void go_to(size_t at, const Error& cause) {
    use_source(at);
    if (progress_ && changes_told_++ < sources_.size()) progress_({"note", tr("hub.next_source", shown_, cause.text()), 0, 0});
  }

  // To one that was not tried yet; after all were too slow to the fastest, for good.
  void leave_slow_source(double bytes_per_second) {
    sources_[at_].bytes_per_second = bytes_per_second;
    const Error cause{ErrorKind::kNetwork, msg("hub.slow_source", shown_, format_bytes(static_cast<uint64_t>(bytes_per_second))), {}};
    const auto slower = [](const SourceState& a, const SourceState& b) { return a.bytes_per_second < b.bytes_per_second; };
    const auto is_untried = [](const SourceState& source) { return source.bytes_per_second < 0; };
    auto next = std::find_if(sources_.begin(), sources_.end(), is_untried);
    if (next == sources_.end() && learn_source()) next = sources_.end() - 1;
    settled_ = next == sources_.end();
    if (settled_) next = std::max_element(sources_.begin(), sources_.end(), slower);
    const auto at = static_cast<size_t>(next - sources_.begin());
    if (at != at_) go_to(at, cause);
  }

  // After an error that is the source's and will not pass. False: it was the last.
  bool drop_source(const Error& cause) {
    if (sources_.size() == 1 && !learn_source()) return false;
    sources_.erase(sources_.begin() + static_cast<ptrdiff_t>(at_));
    go_to(at_ % sources_.size(), cause);
    return true;
  }

  // After one that may pass. True: another one is tried at once; false: all were tried.
  bool try_next_source(const Error& cause) {
    if (at_ + 1 == sources_.size()) learn_source();
    if (sources_.size() == 1) return false;
    go_to((at_ + 1) % sources_.size(), cause);
    return ++failures_ % sources_.size() != 0;
  }

  // Wrong bytes may have come from a source that was left, or by an earlier call: this one's alone will tell.
  bool may_blame_another() {
    if (!mixed_ || !has_others() || ++blames_ > kMostRestarts) return false;
    return true;
  }

  static bool is_local(const Error& error) {
    return error.kind == ErrorKind::kDoesNotFit || error.message.key.starts_with("base.") || error.message.key == "hub.interrupted";
  }

  Error give_up_on_part(Error error) {
    discard_partial(layout_, key_);
    return error;
  }

  // The next reply replaces the part, once its first bytes show that it is the file.
  void begin_anew() {
    from_start_ = true;
    opening_.clear();
    mixed_ = false;
  }

  // Where the next byte goes.
  uint64_t offset() const { return from_start_ ? opening_.size() : file_.size(); }

  // Whether what lies there is the beginning of what is asked for.
  void resume_or_restart() {
    const auto journal = read_journal(layout_.journal(key_));
    if (!journal) return begin_anew();
    const bool same_digest = !request_.sha256.empty() && journal->sha256 == request_.sha256;
    const bool same_file = journal->url == shown_ && journal->commit == request_.commit && is_strong_etag(journal->etag) &&
                           journal->boot == boot_id() && (!request_.bytes || journal->bytes == request_.bytes);
    if (!same_digest && !same_file) return begin_anew();
    // The ETag is that server's alone.
    if (journal->url == shown_) etag_ = journal->etag;
    total_ = request_.bytes ? request_.bytes : journal->bytes;
    if (file_.size() == 0 || (total_ && file_.size() > *total_) || (file_.is_linked() && file_.size() != total_)) return begin_anew();
    spliced_ = mixed_ = true;
  }

  // Whether another reply's bytes may follow those that are here: a digest or a strong ETag tells them from another file's.
  bool can_splice() const { return !request_.sha256.empty() || is_strong_etag(etag_); }

  Status fetch_rest() {
    while (!is_complete()) {
      if (!can_splice() || file_.size() == 0) begin_anew();
      if (can_use_ranges()) {
        SLM_TRY_STATUS(fetch_by_ranges());
        continue;
      }
      if (!from_start_) SLM_TRY_STATUS(close_gaps());
      // A chunk first: its reply says whether the server gives ranges.
      asked_end_ = from_start_ && !single_ && request_.bytes.value_or(0) >= kLeastForRanges ? std::optional(ChunkMap::kChunkBytes) : std::nullopt;
      const auto start = Clock::now();
      const uint64_t before = received_;
      const auto reply = fetch_once();
      if (fatal_) {
        const Error error = *std::exchange(fatal_, std::nullopt);
        if (is_local(error) || !drop_source(error)) return tl::unexpected<Error>(error);
        continue;
      }
      const bool came_further = note_progress();
      if (next_ == Next::kRestart) {
        const Error unsteady{ErrorKind::kNetwork, msg("hub.unsteady_ranges", shown_), {}};
        if (++restarts_ > kMostRestarts && !drop_source(unsteady)) return tl::unexpected<Error>(unsteady);
        begin_anew();
        continue;
      }
      if (reply && next_ == Next::kRead) {
        if (from_start_) return check_head(opening_, true);  // too short to be anything
        if (asked_end_ && file_.size() == *asked_end_) {
          single_ = !can_splice();
          continue;
        }
        // Its end is the file's end, where nothing says how long that is.
        if (!total_) total_ = file_.size();
      }
      if (is_complete()) return {};
      const double rate = static_cast<double>(received_ - before) / seconds_since(start);
      if (!reply && may_leave_if_slow() && seconds_since(start) >= patience_.slow_seconds && rate < patience_.slow_bytes_per_second) {
        leave_slow_source(rate);
      } else {
        SLM_TRY_STATUS(wait_for_next_try(reply, came_further));
      }
      opening_.clear();
      spliced_ = !from_start_;
    }
    return {};
  }

  bool can_use_ranges() const {
    if (from_start_ || single_ || file_.is_linked() || request_.connections < 2 || !can_splice()) return false;
    return total_ && *total_ <= ChunkMap::kMostFileBytes && (mapped_ || *total_ - file_.size() >= kLeastForRanges);
  }

  Status fetch_by_ranges() {
    coming_total_ = total_;
    coming_etag_ = etag_;
    SLM_TRY_STATUS(check_space());
    SLM_TRY_STATUS(note_file());
    std::error_code error;
    const uint64_t on_disk = std::filesystem::file_size(layout_.partial(key_), error);
    ChunkMap map;
    SLM_TRY_STATUS(map.open(layout_.partial(key_), *total_, error ? file_.size() : on_disk, file_.size()));
    mapped_ = spliced_ = true;
    const RangeRequest ranges{.address = sources_[at_].address, .etag = etag_, .etag_needed = request_.sha256.empty(), .total = *total_,
                              .connections = request_.connections, .insecure = request_.insecure, .leave_if_slow = may_leave_if_slow(),
                              .cancelled = request_.cancelled};
    const RangeResult result = fetch_ranges(ranges, file_, map, patience_, [&](uint64_t hashed) {
      if (progress_) progress_({"download", request_.name, hashed, *total_});
    });
    received_ += result.received;
    note_progress();
    if (result.end == RangeResult::End::kUnfit) single_ = true;
    if (result.end == RangeResult::End::kSlow) leave_slow_source(result.bytes_per_second);
    if (result.end != RangeResult::End::kFailed) return {};
    // Those that failed in turn are tried again, as long as it is not too long ago that one of them brought something.
    if (!is_local(*result.error) && (try_next_source(*result.error) || (sources_.size() > 1 && seconds_since(last_progress_) < patience_.without_progress))) return {};
    return tl::unexpected<Error>(with_disk_hint(*result.error));
  }

  // One connection writes on from the end.
  Status close_gaps() {
    if (!mapped_) return {};
    SLM_TRY_STATUS(file_.cut());
    ChunkMap::remove(layout_.partial(key_));
    mapped_ = false;
    return {};
  }

  bool is_complete() const { return !from_start_ && total_ && file_.size() == *total_ && file_.size() > 0; }

  // Whether there was any, or the end is reached.
  bool note_progress() {
    const double enough = patience_.stall_bytes_per_second * patience_.stall_seconds;
    if (is_complete()) return true;
    if (file_.size() <= furthest_ || static_cast<double>(file_.size() - furthest_) < enough) return false;
    furthest_ = file_.size();
    last_progress_ = Clock::now();
    told_waits_ = 0;
    changes_told_ = 0;
    tries_ = 0;
    failures_ = 0;
    return true;
  }

  Result<net::HttpReply> fetch_once() {
    next_ = Next::kRetry;
    net::HttpRequest http;
    http.headers = {"Accept-Encoding: identity"};
    if (!from_start_ || asked_end_) {
      http.headers.push_back("Range: bytes=" + std::to_string(offset()) + "-" + (asked_end_ ? std::to_string(*asked_end_ - 1) : ""));
    }
    if (!from_start_) {
      if (is_strong_etag(etag_)) http.headers.push_back("If-Range: " + etag_);
    }
    http.idle_seconds = may_leave_if_slow() ? patience_.slow_seconds : patience_.stall_seconds;
    http.least_bytes_per_second = may_leave_if_slow() ? patience_.slow_bytes_per_second : patience_.stall_bytes_per_second;
    if (has_others()) http.connect_seconds = patience_.dead_seconds;
    http.total_seconds = kForever;
    http.most_bytes = SIZE_MAX;  // bounded by the size that head or source give, and by the disk
    http.cancelled = request_.cancelled;
    http.on_head = [&](const net::HttpReply& head) {
      next_ = judge(head);
      return next_ == Next::kRead;
    };
    http.on_piece = [&](std::string_view piece) { return take(piece); };
    return send_following(client_, sources_[at_].address, std::move(http), request_.insecure);
  }

  Next refuse(Error error) {
    fatal_ = std::move(error);
    return Next::kFail;
  }

  Next judge(const net::HttpReply& head) {
    if (is_passing(head.status)) return Next::kRetry;
    if (head.status == 416) return Next::kRestart;
    if (head.status != 200 && head.status != 206) return refuse(status_error(head, sources_[at_].address.url));
    const std::string encoding = head.header("content-encoding");
    if (!encoding.empty() && encoding != "identity") return refuse(Error{ErrorKind::kNetwork, msg("hub.encoded", shown_, printable(encoding)), {}});
    if (is_html(head)) return refuse(Error{ErrorKind::kCorrupt, msg("hub.html", shown_), msg("hub.portal")});
    return head.status == 206 ? judge_range(head) : judge_whole(head);
  }

  Next judge_range(const net::HttpReply& head) {
    if (from_start_ && !asked_end_) return refuse(Error{ErrorKind::kNetwork, msg("hub.bad_range", shown_, printable(head.header("content-range"))), {}});
    const auto range = parse_content_range(head.header("content-range"));
    const std::string etag = head.header("etag");
    const std::optional<uint64_t> total = from_start_ ? request_.bytes : total_;
    const bool fits = range && range->first == offset() && range->last + 1 == asked_end_.value_or(range->total) && (!total || range->total == *total);
    // Without a digest nothing else would tell another file's bytes.
    const bool same = from_start_ || etag == etag_ || (!request_.sha256.empty() && (etag_.empty() || etag.empty()));
    if (!fits || !same) {
      single_ = true;
      return Next::kRestart;
    }
    return begin(range->total, from_start_ || etag_.empty() ? etag : etag_);
  }

  Next judge_whole(const net::HttpReply& head) {
    const auto length = content_length(head);
    if (length && request_.bytes && *length != *request_.bytes) {
      return refuse(Error{ErrorKind::kCorrupt, msg("hub.wrong_size", shown_, *request_.bytes, *length), msg("hub.other_source")});
    }
    if (length == uint64_t{0}) return refuse(Error{ErrorKind::kCorrupt, msg("hub.not_gguf", shown_), msg("hub.other_source")});
    begin_anew();
    single_ = true;
    const std::optional<uint64_t> total = request_.bytes ? request_.bytes : length;
    // A body that ends with the connection: whether it was cut off could not be told.
    if (!total && request_.sha256.empty() && head.header("transfer-encoding").empty()) {
      return refuse(Error{ErrorKind::kNetwork, msg("hub.no_length", shown_), msg("hub.give_sha256")});
    }
    return begin(total, head.header("etag"));
  }

  // Looks whether the disk will do, and writes the journal before the first byte of the reply.
  Next begin(std::optional<uint64_t> total, const std::string& etag) {
    coming_total_ = total;
    coming_etag_ = etag;
    if (const Status room = check_space(); !room) return refuse(room.error());
    if (from_start_) return Next::kRead;  // of the part that is there the journal still tells
    if (const Status written = note_file(); !written) return refuse(written.error());
    return Next::kRead;
  }

  Status note_file() {
    total_ = coming_total_;
    etag_ = coming_etag_;
    return write_journal(layout_.journal(key_), {request_.name, shown_, etag_, request_.commit, request_.sha256, boot_id(), total_});
  }

  // What must be free for the rest.
  uint64_t bytes_needed() const {
    return disk_needed_for(coming_total_ ? *coming_total_ - std::min(*coming_total_, offset()) : 0);
  }

  Status check_space() {
    checked_space_at_ = received_;
    SLM_TRY(free, disk_free_bytes(layout_.root));
    const uint64_t available = free + (from_start_ ? file_.size() : 0);  // what is replaced makes room
    if (bytes_needed() <= available) return {};
    return fail_with_hint(ErrorKind::kDoesNotFit,
                          msg("hub.no_space", request_.name, format_bytes(bytes_needed()), format_bytes(available), layout_.root),
                          msg("hub.free_at_least", format_bytes(bytes_needed() - available)));
  }

  bool take(std::string_view piece) {
    received_ += piece.size();
    const Status taken = add(piece);
    if (taken) {
      if (progress_) progress_({"download", request_.name, offset(), coming_total_.value_or(0)});
      return true;
    }
    Error error = taken.error();
    refuse(with_disk_hint(std::move(error)));
    return false;
  }

  Error with_disk_hint(Error error) const {
    if (error.kind == ErrorKind::kDoesNotFit && error.message.key != "hub.no_space") error.hint = msg("hub.free_at_least", format_bytes(bytes_needed()));
    return error;
  }

  Status add(std::string_view piece) {
    if (coming_total_ && piece.size() > *coming_total_ - offset()) {
      return tl::unexpected<Error>(longer_than_announced());
    }
    if (!coming_total_ && received_ - checked_space_at_ > kSpaceCheckBytes) SLM_TRY_STATUS(check_space());
    if (!from_start_) return file_.add(piece);
    opening_ += piece;
    SLM_TRY_STATUS(check_head(opening_, false));
    return opening_.starts_with(request_.magic) ? replace_part() : Status{};
  }

  Error longer_than_announced() {
    Error error{ErrorKind::kCorrupt, msg("hub.longer_than", shown_, *coming_total_), msg("hub.other_source")};
    return from_start_ ? error : give_up_on_part(std::move(error));
  }

  // The part is emptied before the journal tells of another file: a kill in between leaves nothing that could be taken for it.
  Status replace_part() {
    SLM_TRY_STATUS(file_.restart());
    ChunkMap::remove(layout_.partial(key_));
    mapped_ = false;
    from_start_ = spliced_ = false;
    SLM_TRY_STATUS(note_file());
    return file_.add(std::exchange(opening_, {}));
  }

  Status check_head(std::string_view head, bool whole) const { return check_first_bytes({request_.magic, shown_}, head, whole); }

  // Size is right already: is_complete().
  Status check_whole() const {
    SLM_TRY_STATUS(check_head(file_.head(), true));
    const std::string actual = file_.sha256();
    if (request_.sha256.empty() || actual == request_.sha256) return {};
    return fail_with_hint(ErrorKind::kCorrupt, msg("hub.wrong_digest", request_.name, request_.sha256, actual), msg("hub.other_source"));
  }

  // After a try that did not bring the whole: a pause, as long as the server says, or an end to it.
  // One that brought something is asked again: the next may be slower.
  Status wait_for_next_try(const Result<net::HttpReply>& reply, bool came_further) {
    if (is_cancelled()) return fail_with_hint(ErrorKind::kFailed, msg("hub.interrupted"), msg("hub.resume_part"));
    if (!reply && reply.error().kind != ErrorKind::kNetwork) return tl::unexpected<Error>(reply.error());
    Error cause = !reply                      ? reply.error()
                  : next_ == Next::kRead      ? Error{ErrorKind::kNetwork, msg("net.cut_off", shown_, offset()), {}}
                                              : status_error(*reply, sources_[at_].address.url);
    cause.hint = msg("hub.resume_part");
    const double told = reply ? reply->retry_after_seconds.value_or(0) : 0;
    if (!came_further && try_next_source(cause)) return {};
    if (told > patience_.longest_told_wait || told_waits_ + told > patience_.most_told_waits) return tl::unexpected<Error>(cause);
    if (seconds_since(last_progress_) - told_waits_ > patience_.without_progress) return tl::unexpected<Error>(cause);
    const double pause = told > 0 ? told : std::min(patience_.longest_pause, patience_.first_pause * static_cast<double>(1u << std::min(tries_, 8)));
    ++tries_;
    told_waits_ += told;
    const double jitter = std::uniform_real_distribution<double>(0.75, 1.25)(random_);
    if (sleep_unless(request_.cancelled, told > 0 ? pause : pause * jitter)) return {};
    return fail_with_hint(ErrorKind::kFailed, msg("hub.interrupted"), msg("hub.resume_part"));
  }

  bool is_cancelled() const { return request_.cancelled != nullptr && request_.cancelled->load(); }

  const DownloadRequest& request_;
  const Layout& layout_;
  const OnProgress& progress_;
  const Patience patience_;
  const std::string key_;
  std::vector<SourceState> sources_;
  MoreAddresses more_;       // null: none left
  size_t at_ = 0;            // the one that is asked
  std::string shown_;        // its address
  net::HttpClient client_;
  PartialFile file_;
  std::optional<uint64_t> total_;
  std::string etag_;
  Next next_ = Next::kRetry;
  std::optional<Error> fatal_;
  std::optional<uint64_t> asked_end_;     // of the request, where it is not the file's
  std::optional<uint64_t> coming_total_;  // of the reply that is read
  std::string coming_etag_, opening_;     // its first bytes, while it is not known to be the file
  bool from_start_ = false;  // the part is to be replaced
  bool spliced_ = false;     // bytes of several replies
  bool began_anew_ = false;  // after a wrong digest
  bool mapped_ = false;      // the part may have gaps; a map tells where
  bool single_ = false;      // the source does not give ranges, or not ones that fit
  bool mixed_ = false;       // the part's bytes may be of several sources
  int blames_ = 0;           // times it was begun anew for that
  size_t changes_told_ = 0;         // of source, without progress
  bool settled_ = false;     // every source was too slow: this is the fastest
  size_t failures_ = 0;      // of sources in turn, since there was progress
  int restarts_ = 0;
  int tries_ = 0;            // since the last byte
  double told_waits_ = 0;    // seconds waited as told since the last byte
  uint64_t furthest_ = 0;    // bytes of the file that ever were here, as far as they counted as progress
  uint64_t received_ = 0, checked_space_at_ = 0;
  Clock::time_point last_progress_;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace

std::string download_key(const DownloadRequest& request) {
  if (!request.sha256.empty()) return request.sha256 + request.part_suffix;
  Sha256 digest;
  digest.add(std::as_bytes(std::span(request.address.url)));
  return digest.hex() + request.part_suffix;
}

uint64_t disk_needed_for(uint64_t rest) {
  const uint64_t spare = rest / kSpareShare + kSpareBytes;
  return rest > UINT64_MAX - spare ? UINT64_MAX : rest + spare;
}

Patience Patience::from_environment() {
  Patience patience;
  const char* text = std::getenv("SLM_PULL_PATIENCE");
  const double seconds = text != nullptr ? std::atof(text) : 0;
  if (seconds > 0) {
    patience.without_progress = std::min(seconds, kForever);
    patience.stall_seconds = patience.slow_seconds = patience.without_progress / 2;
  }
  return patience;
}

void discard_partial(const Layout& layout, const std::string& key) {
  remove_temporaries(layout, key);
  unlink((layout.partial(key) + ".whole").c_str());
  unlink(layout.partial(key).c_str());
  ChunkMap::remove(layout.partial(key));
  unlink(layout.journal(key).c_str());
}

Result<Downloaded> download(const DownloadRequest& request, const Layout& layout, const OnProgress& progress, const Patience& patience) {
  return Download(request, layout, progress, patience).run();
}

Result<std::optional<uint64_t>> ask_size(const DownloadRequest& request) {
  net::HttpClient client;
  net::HttpRequest http;
  // One byte: HEAD is refused by some storage hosts, and of a whole reply much would be on its way before it is broken off.
  http.headers = {"Accept-Encoding: identity", "Range: bytes=0-0"};
  http.idle_seconds = 20;
  http.total_seconds = 60;
  http.cancelled = request.cancelled;
  http.on_head = [](const net::HttpReply&) { return false; };
  SLM_TRY(reply, send_again_if_busy(client, request.address, http, request.insecure));
  if (reply.status == 416) return std::optional<uint64_t>(0);
  if (reply.status != 200 && reply.status != 206) return tl::unexpected<Error>(status_error(reply, request.address.url));
  if (is_html(reply)) return fail_with_hint(ErrorKind::kCorrupt, msg("hub.html", net::shown_url(request.address.url)), msg("hub.portal"));
  if (reply.status == 200) return content_length(reply);
  const auto range = parse_content_range(reply.header("content-range"));
  return range ? std::optional(range->total) : std::nullopt;
}

}  // namespace slm::hub
