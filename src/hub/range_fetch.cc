#include "hub/range_fetch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <system_error>
#include <thread>
#include <vector>

#include "base/huge_memory.h"
#include "hub/content_range.h"
#include "hub/elapsed.h"
#include "hub/journal.h"

namespace slm::hub {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kMostAhead = 64u << 20;        // of what is hashed: claimed or come
constexpr size_t kMostClaimed = 8;                // chunks asked for at once: up to the next multiple of it
constexpr uint64_t kPieceBytes = kHugePageBytes;  // written at once, up to the next multiple of it: that stays in one page of the page cache
constexpr auto kLook = std::chrono::milliseconds(50);

// Chunks that one connection fetches, and how far it is.
struct Claim {
  uint64_t at = 0;                  // behind what came
  size_t chunk = 0, end_chunk = 0;  // the first not written whole yet, and behind the last
  std::string gathered = {};        // what came and is not written, up to `at`
  bool fruitless = false;           // the last try brought nothing
  uint64_t received_before = 0;     // by all connections, when it began
};

class RangeFetch {
 public:
  RangeFetch(const RangeRequest& request, PartialFile& file, ChunkMap& map, const Patience& patience, const std::function<void(uint64_t)>& on_hashed)
      : request_(request), file_(file), map_(map), patience_(patience), on_hashed_(on_hashed), start_(file.size()), hashed_(file.size()), claimed_(map.count(), false) {}

  RangeResult run() {
    progress_at_ = told_until_ = window_start_ = Clock::now();
    start_connections();
    while (!is_over()) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kLook);
      const uint64_t end = end_without_gap();
      lock.unlock();
      hash_up_to(end);
      watch();
    }
    end(RangeResult::End::kWhole);  // says so where nothing else was said
    for (std::thread& thread : threads_) thread.join();
    hash_up_to(end_without_gap());
    result_.received = received_;
    return result_;
  }

 private:
  using End = RangeResult::End;

  bool is_over() {
    const std::lock_guard lock(mutex_);
    return stop_ || hashed_ == request_.total;
  }

  // The first end that is told counts.
  void end(End end) {
    const std::lock_guard lock(mutex_);
    if (!stop_) result_.end = end;
    stop_ = true;
    changed_.notify_all();
  }
  void end_with(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!stop_) {
      result_.end = End::kFailed;
      result_.error.emplace(error);
    }
    stop_ = true;
    changed_.notify_all();
  }

  void start_connections() {
    connections_ = request_.connections;
    for (int i = 0; i < request_.connections; ++i) {
      try {
        threads_.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        const std::lock_guard lock(mutex_);
        connections_ = i;
        if (i == 0) result_.end = End::kUnfit;  // not a thread to be had
        stop_ = i == 0;
        return;
      }
    }
  }

  // Under the lock. Of what has come, the offset of the first gap.
  uint64_t end_without_gap() const {
    size_t chunk = hashed_ / ChunkMap::kChunkBytes;
    uint64_t end = hashed_;
    for (; chunk < map_.count() && map_.has(chunk); ++chunk) end = map_.end_of(chunk);
    return end;
  }

  void hash_up_to(uint64_t end_offset) {
    if (end_offset == hashed_) return;
    if (const Status hashed = file_.hash_up_to(end_offset); !hashed) return end_with(hashed.error());
    {
      const std::lock_guard lock(mutex_);
      hashed_ = end_offset;
      changed_.notify_all();
    }
    if (on_hashed_) on_hashed_(end_offset);
  }

  // Cancelled, without progress, or slower than another source may be.
  void watch() {
    if (request_.cancelled != nullptr && request_.cancelled->load()) {
      return end_with(Error{ErrorKind::kFailed, msg("hub.interrupted"), msg("hub.resume_part")});
    }
    std::unique_lock lock(mutex_);
    const double enough = patience_.stall_bytes_per_second * patience_.stall_seconds;
    if (static_cast<double>(received_ - progress_) >= enough) {
      progress_ = received_;
      progress_at_ = Clock::now();
      told_seconds_ = 0;
      cause_.reset();
    }
    // Another source need not wait for what this one told.
    const auto since = request_.leave_if_slow ? progress_at_ : std::max(progress_at_, told_until_);
    const bool stuck = cause_ && seconds_since(since) > (request_.leave_if_slow ? std::min(patience_.dead_seconds, patience_.without_progress) : patience_.without_progress);
    if (seconds_since(window_start_) >= patience_.slow_seconds) {
      result_.bytes_per_second = static_cast<double>(received_ - window_bytes_) / seconds_since(window_start_);
      window_start_ = Clock::now();
      window_bytes_ = received_;
      if (request_.leave_if_slow && result_.bytes_per_second < patience_.slow_bytes_per_second) {
        lock.unlock();
        return end(End::kSlow);
      }
    }
    if (!stuck) return;
    const Error cause = *cause_;
    lock.unlock();
    end_with(cause);
  }

  // ---- a connection's thread ----

  void work() {
    net::HttpClient client;
    std::mt19937 random{std::random_device{}()};
    for (;;) {
      std::optional<Claim> claim = next_claim();
      if (!claim) return;
      for (int tries = 0; !fetch(client, *claim); ++tries) {
        if (give_up(*claim) || !pause(tries, random)) return;
      }
    }
  }

  // Waits where all is claimed, for it may be given back, or where the next lies too far ahead.
  std::optional<Claim> next_claim() {
    std::unique_lock lock(mutex_);
    std::optional<Claim> claim;
    changed_.wait(lock, [&] { return stop_ || hashed_ == request_.total || (claim = claim_free()); });
    return stop_ ? std::nullopt : claim;
  }

  bool is_free(size_t chunk) const {
    return chunk < map_.count() && !map_.has(chunk) && !claimed_[chunk] && map_.end_of(chunk) <= hashed_ + kMostAhead;
  }

  std::optional<Claim> claim_free() {
    for (size_t chunk = hashed_ / ChunkMap::kChunkBytes; chunk < map_.count() && map_.end_of(chunk) <= hashed_ + kMostAhead; ++chunk) {
      if (!is_free(chunk)) continue;
      Claim claim{.at = std::max(start_, chunk * ChunkMap::kChunkBytes), .chunk = chunk, .end_chunk = chunk};
      while (claim.end_chunk == chunk || (claim.end_chunk % kMostClaimed != 0 && is_free(claim.end_chunk))) claimed_[claim.end_chunk++] = true;
      return claim;
    }
    return std::nullopt;
  }

  // True: the claim is whole, or all is over; false: to be tried again, `cause_` says why.
  bool fetch(net::HttpClient& client, Claim& claim) {
    const uint64_t first = claim.at, last = map_.end_of(claim.end_chunk - 1) - 1;
    claim.received_before = received_;
    net::HttpRequest http;
    http.headers = {"Accept-Encoding: identity", "Range: bytes=" + std::to_string(first) + "-" + std::to_string(last)};
    if (is_strong_etag(request_.etag)) http.headers.push_back("If-Range: " + request_.etag);
    http.idle_seconds = patience_.stall_seconds;
    http.least_bytes_per_second = patience_.stall_bytes_per_second;
    http.total_seconds = kForever;
    if (request_.leave_if_slow) http.connect_seconds = patience_.dead_seconds;
    http.most_bytes = last - first + 1;
    http.cancelled = &stop_;
    http.on_head = [&](const net::HttpReply& head) {
      if (is_passing(head.status)) return false;
      if (is_range(head, first, last)) return true;
      end(End::kUnfit);
      return false;
    };
    http.on_piece = [&](std::string_view piece) { return take(claim, piece); };
    const auto reply = send_following(client, request_.address, std::move(http), request_.insecure);
    if (stop_ || claim.chunk == claim.end_chunk) return true;
    if (!reply && reply.error().kind != ErrorKind::kNetwork) {
      end_with(reply.error());
      return true;
    }
    claim.fruitless = claim.at == first;
    note_cause(reply);
    return false;
  }

  bool is_range(const net::HttpReply& head, uint64_t first, uint64_t last) const {
    const auto range = parse_content_range(head.header("content-range"));
    const std::string etag = head.header("etag"), encoding = head.header("content-encoding");
    const bool same = etag == request_.etag || (!request_.etag_needed && (etag.empty() || request_.etag.empty()));
    return head.status == 206 && same && (encoding.empty() || encoding == "identity") && range && range->first == first && range->last == last &&
           range->total == request_.total;
  }

  bool take(Claim& claim, std::string_view bytes) {
    if (stop_) return false;
    received_ += bytes.size();
    const uint64_t end = map_.end_of(claim.end_chunk - 1);
    while (!bytes.empty() && claim.at < end) {
      const uint64_t piece_end = std::min(end, (claim.at / kPieceBytes + 1) * kPieceBytes);
      const std::string_view part = bytes.substr(0, piece_end - claim.at);
      claim.gathered += part;
      claim.at += part.size();
      bytes.remove_prefix(part.size());
      if (claim.at == piece_end && !write_gathered(claim)) return false;
    }
    return true;
  }

  bool write_gathered(Claim& claim) {
    if (const Status written = file_.write_at(claim.at - claim.gathered.size(), claim.gathered); !written) {
      end_with(written.error());
      return false;
    }
    claim.gathered.clear();
    const std::lock_guard lock(mutex_);
    for (; claim.chunk < claim.end_chunk && claim.at >= map_.end_of(claim.chunk); ++claim.chunk) {
      // A map that cannot be written costs bytes fetched twice after a kill, no more.
      (void)map_.mark(claim.chunk);
      changed_.notify_all();
    }
    return true;
  }

  void note_cause(const Result<net::HttpReply>& reply) {
    Error cause = reply ? status_error(*reply, request_.address.url) : reply.error();
    if (reply && !is_passing(reply->status)) cause = Error{ErrorKind::kNetwork, msg("net.cut_off", net::shown_url(request_.address.url), received_.load()), {}};
    cause.hint = msg("hub.resume_part");
    const double told = reply ? reply->retry_after_seconds.value_or(0) : 0;
    std::unique_lock lock(mutex_);
    cause_ = cause;
    if (told <= 0) return;
    told_seconds_ += told;
    told_until_ = std::max(told_until_, Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(told, kForever))));
    const bool too_long = told > patience_.longest_told_wait || told_seconds_ > patience_.most_told_waits;
    lock.unlock();
    if (too_long) end_with(cause);
  }

  // A server that gives one caller fewer connections: this one's claim is for the others. The last one stays.
  bool give_up(const Claim& claim) {
    const std::lock_guard lock(mutex_);
    if (stop_) return true;
    if (!claim.fruitless || received_ == claim.received_before || connections_ <= 1) return false;
    --connections_;
    for (size_t chunk = claim.chunk; chunk < claim.end_chunk; ++chunk) claimed_[chunk] = false;
    changed_.notify_all();
    return true;
  }

  // Until the time that the server told, or the longer the more often it went wrong. False: over.
  bool pause(int tries, std::mt19937& random) {
    const double jitter = std::uniform_real_distribution<double>(0.75, 1.25)(random);
    const double seconds = jitter * std::min(patience_.longest_pause, patience_.first_pause * static_cast<double>(1u << std::min(tries, 8)));
    std::unique_lock lock(mutex_);
    const auto until = std::max(told_until_, Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
    return !changed_.wait_until(lock, until, [&] { return stop_.load(); });
  }

  const RangeRequest& request_;
  PartialFile& file_;
  ChunkMap& map_;
  const Patience& patience_;
  const std::function<void(uint64_t)>& on_hashed_;
  const uint64_t start_;

  std::mutex mutex_;  // of all that follows, and of map_
  std::condition_variable changed_;
  uint64_t hashed_;
  std::vector<bool> claimed_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> received_ = 0;
  RangeResult result_;
  std::optional<Error> cause_;
  int connections_ = 0;
  uint64_t progress_ = 0, window_bytes_ = 0;
  double told_seconds_ = 0;
  Clock::time_point progress_at_, told_until_, window_start_;
};

}  // namespace

RangeResult fetch_ranges(const RangeRequest& request, PartialFile& file, ChunkMap& map, const Patience& patience,
                         const std::function<void(uint64_t)>& on_hashed) {
  return RangeFetch(request, file, map, patience, on_hashed).run();
}

}  // namespace slm::hub
