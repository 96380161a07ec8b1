#include "lab/tasks/answer_cache.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <span>

#include "base/files.h"
#include "hub/digest.h"

namespace slm::lab {
namespace {

constexpr int kVersion = 1;
constexpr int kBusyMilliseconds = 10'000;
constexpr uint64_t kPageBytes = 4'096;

// A statement, freed on every way out.
class Statement {
 public:
  Statement(sqlite3* database, const char* sql) { code_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr); }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  int code() const { return code_; }
  void bind(int at, std::string_view text) {
    sqlite3_bind_text64(statement_, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int step() {
    errno = 0;  // see Impl::failure
    return code_ == SQLITE_OK ? sqlite3_step(statement_) : code_;
  }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr ? std::string() : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }
  int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int code_;
};

}  // namespace

struct AnswerCache::Impl {
  std::string path;
  sqlite3* database = nullptr;
  std::mutex mutex;

  ~Impl() { sqlite3_close(database); }

  tl::unexpected<Error> failure(int code) const {
    const int primary = code & 0xFF;
    // SQLite notes the system's reason for some failures only; not for one at the end of a transaction.
    int system = database == nullptr ? 0 : sqlite3_system_errno(database);
    if (system == 0 && primary == SQLITE_IOERR) system = errno;
    if (primary == SQLITE_FULL || (primary == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT || system == EFBIG))) {
      return fail_with_hint(ErrorKind::kDoesNotFit, msg("lab.task.cache_full", path), msg("lab.task.cache_full_hint"));
    }
    if (primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT) {
      return fail_with_hint(ErrorKind::kCorrupt, msg("lab.task.cache_damaged", path), msg("lab.task.cache_damaged_hint"));
    }
    std::string why = database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
    if (system != 0) why += std::string(": ") + std::strerror(system);
    return fail(ErrorKind::kFailed, "lab.task.cache_failed", path, why);
  }

  Status run(const std::string& sql) {
    errno = 0;
    const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure(code);
    return {};
  }

  Result<int64_t> number(const char* sql) {
    Statement statement(database, sql);
    if (const int code = statement.step(); code != SQLITE_ROW) return failure(code);
    return statement.number(0);
  }

  Status prepare(uint64_t max_bytes) {
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, kBusyMilliseconds);
    SLM_TRY_STATUS(run("PRAGMA page_size=" + std::to_string(kPageBytes)));
    SLM_TRY_STATUS(run("PRAGMA journal_mode=WAL"));
    SLM_TRY_STATUS(run("PRAGMA synchronous=NORMAL"));
    SLM_TRY_STATUS(run("PRAGMA max_page_count=" + std::to_string(max_bytes / kPageBytes)));
    SLM_TRY(version, number("PRAGMA user_version"));
    if (version > kVersion) return fail(ErrorKind::kFailed, "lab.task.cache_newer", path, version, kVersion);
    if (version == kVersion) return {};
    // Two may come here at once: the second finds it done.
    return run("BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS answers(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID; "
               "PRAGMA user_version=" + std::to_string(kVersion) + "; COMMIT");
  }
};

AnswerCache::AnswerCache() : impl_(std::make_unique<Impl>()) {}
AnswerCache::~AnswerCache() = default;

Result<std::unique_ptr<AnswerCache>> AnswerCache::open(const std::string& path, uint64_t max_bytes) {
  if (const size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0) {
    SLM_TRY_STATUS(make_directories(path.substr(0, slash)));
  }
  std::unique_ptr<AnswerCache> cache(new AnswerCache);
  cache->impl_->path = path;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &cache->impl_->database, kFlags, nullptr);
  if (code != SQLITE_OK) return cache->impl_->failure(code);
  SLM_TRY_STATUS(cache->impl_->prepare(max_bytes));
  return cache;
}

Result<std::optional<std::string>> AnswerCache::find(std::string_view key) {
  const std::lock_guard lock(impl_->mutex);
  Statement statement(impl_->database, "SELECT value FROM answers WHERE key=?");
  statement.bind(1, key);
  const int code = statement.step();
  if (code == SQLITE_ROW) return statement.text(0);
  if (code == SQLITE_DONE) return std::optional<std::string>();
  return impl_->failure(code);
}

Status AnswerCache::keep(std::string_view key, std::string_view value) {
  const std::lock_guard lock(impl_->mutex);
  Statement statement(impl_->database, "INSERT OR REPLACE INTO answers(key, value) VALUES(?, ?)");
  statement.bind(1, key);
  statement.bind(2, value);
  if (const int code = statement.step(); code != SQLITE_DONE) return impl_->failure(code);
  return {};
}

Result<uint64_t> AnswerCache::size() {
  const std::lock_guard lock(impl_->mutex);
  SLM_TRY(count, impl_->number("SELECT count(*) FROM answers"));
  return static_cast<uint64_t>(count);
}

std::string AnswerCache::key_of(const std::vector<std::string>& parts) {
  hub::Sha256 digest;
  for (const std::string& part : parts) {
    const std::string length = std::to_string(part.size()) + ":";
    digest.add(std::as_bytes(std::span(length)));
    digest.add(std::as_bytes(std::span(part)));
  }
  return digest.hex();
}

}  // namespace slm::lab
