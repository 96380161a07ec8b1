#include "lab/report/run_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "lab/report/comparison_shape.h"

namespace slm::lab {
namespace {

// "slmr": tells a run store from any other database.
constexpr int64_t kApplicationId = 0x736C6D72;

// Step N brings a store of version N to N + 1. A step that was released never changes.
constexpr const char* kMigrations[] = {
    // AUTOINCREMENT: an id that was removed is not given to another run.
    "CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, device TEXT NOT NULL, model_a TEXT NOT NULL,"
    " model_b TEXT NOT NULL, tier TEXT NOT NULL, seed INTEGER NOT NULL, rows INTEGER NOT NULL, comparison TEXT NOT NULL) STRICT",
};
constexpr int64_t kVersion = std::size(kMigrations);

constexpr int kWalRetryMs = 5;

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

bool has_content(const std::string& path) {
  struct stat facts = {};
  return stat(path.c_str(), &facts) == 0 && facts.st_size > 0;
}

// A path as SQLite's URIs write it.
std::string uri_of(const std::string& path, const char* options) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      const auto byte = static_cast<unsigned char>(c);
      (uri += '%') += kHex[byte >> 4];
      uri += kHex[byte & 15];
    } else {
      uri += c;
    }
  }
  return uri + options;
}

}  // namespace

// The connection, and what its errors mean.
struct RunStore::Database {
  sqlite3* handle = nullptr;
  std::string path;

  explicit Database(std::string at) : path(std::move(at)) {}
  ~Database() { sqlite3_close_v2(handle); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // What the last call failed of: extended codes are on, and the low byte of one is its kind.
  int primary_code() const { return sqlite3_errcode(handle) & 0xFF; }

  tl::unexpected<Error> error() const {
    const int code = primary_code(), extended = sqlite3_extended_errcode(handle), system = sqlite3_system_errno(handle);
    const bool is_io = code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
    // SQLite says "full" for a write that did not fit, but "I/O error" where the shared memory of the WAL did not.
    if (code == SQLITE_FULL || extended == SQLITE_IOERR_SHMSIZE || (is_io && (system == ENOSPC || system == EDQUOT))) {
      return fail(ErrorKind::kDoesNotFit, "lab.report.store_full", path);
    }
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return fail(ErrorKind::kCorrupt, "lab.report.store_damaged", path, sqlite3_errmsg(handle));
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return fail(ErrorKind::kFailed, "lab.report.store_locked", path, kBusySeconds);
    return fail(ErrorKind::kFailed, "lab.report.store_failed", path, sqlite3_errmsg(handle));
  }

  Status connect(const std::string& name, int flags) {
    sqlite3_close_v2(handle);
    handle = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE, nullptr);
    if (handle == nullptr) return fail(ErrorKind::kFailed, "lab.report.store_failed", path, sqlite3_errstr(code));
    if (code != SQLITE_OK) return error();
    sqlite3_busy_timeout(handle, kBusySeconds * 1000);
    // What a damaged file says of itself is not believed, and no schema in it runs code.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return {};
  }

  Status run(const std::string& sql) const {
    return sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK ? Status{} : error();
  }

  Result<int64_t> number(const char* sql) const;
  Status use_wal() const;
  Status migrate();
  Status check_version() const;
};

namespace {

// One statement and its values.
class Statement {
 public:
  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  bool prepare(sqlite3* handle, const char* sql) { return sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr) == SQLITE_OK; }
  // True when bound; positions from 1. The text must outlive the statement's run.
  bool bind(int at, int64_t value) { return sqlite3_bind_int64(statement_, at, value) == SQLITE_OK; }
  bool bind(int at, const std::string& text) {
    return sqlite3_bind_text64(statement_, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
  }
  int step() { return sqlite3_step(statement_); }  // SQLITE_ROW, SQLITE_DONE, or an error
  int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr ? "" : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

Result<int64_t> RunStore::Database::number(const char* sql) const {
  Statement statement;
  if (!statement.prepare(handle, sql) || statement.step() != SQLITE_ROW) return error();
  return statement.number(0);
}

// A store of this version: an error for anything else.
Status RunStore::Database::check_version() const {
  SLM_TRY(application, number("PRAGMA application_id"));
  if (application != kApplicationId) return fail(ErrorKind::kCorrupt, "lab.report.no_run_store", path);
  SLM_TRY(version, number("PRAGMA user_version"));
  if (version > kVersion) return fail(ErrorKind::kFailed, "lab.report.store_newer", path, version, kVersion);
  return {};
}

// SQLite refuses this switch at once where two connections want it together: each holds a read lock that the other waits for, so
// the wait of the busy timeout is never begun. One of them is through when it is asked again.
Status RunStore::Database::use_wal() const {
  for (int waited_ms = 0;; waited_ms += kWalRetryMs) {
    const Status switched = run("PRAGMA journal_mode = WAL");
    if (switched || primary_code() != SQLITE_BUSY || waited_ms >= kBusySeconds * 1000) return switched;
    sqlite3_sleep(kWalRetryMs);
  }
}

Status RunStore::Database::migrate() {
  SLM_TRY(tables, number("SELECT count(*) FROM sqlite_master"));
  SLM_TRY(application, number("PRAGMA application_id"));
  if (tables > 0 || application != 0) SLM_TRY_STATUS(check_version());
  SLM_TRY_STATUS(use_wal());
  SLM_TRY_STATUS(run("PRAGMA synchronous = FULL"));
  SLM_TRY_STATUS(run("BEGIN IMMEDIATE"));
  const auto steps = [&]() -> Status {
    // Asked again under the lock: another process may have been faster.
    SLM_TRY(version, number("PRAGMA user_version"));
    for (int64_t step = version; step < kVersion; ++step) SLM_TRY_STATUS(run(kMigrations[step]));
    if (version == kVersion) return {};
    SLM_TRY_STATUS(run("PRAGMA application_id = " + std::to_string(kApplicationId)));
    return run("PRAGMA user_version = " + std::to_string(kVersion));
  };
  Status done = steps();
  if (done) done = run("COMMIT");
  if (!done) static_cast<void>(run("ROLLBACK"));
  return done;
}

RunStore::RunStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;
RunStore::~RunStore() = default;

Result<RunStore> RunStore::open(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  if (!directory.empty()) SLM_TRY_STATUS(make_directories(directory));
  auto database = std::make_unique<Database>(path);
  SLM_TRY_STATUS(database->connect(uri_of(path, ""), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  SLM_TRY_STATUS(database->migrate());
  return RunStore(std::move(database));
}

Result<RunStore> RunStore::open_to_read(const std::string& path) {
  if (!std::filesystem::exists(path)) return fail(ErrorKind::kNotFound, "lab.report.no_store", path);
  auto database = std::make_unique<Database>(path);
  SLM_TRY_STATUS(database->connect(uri_of(path, ""), SQLITE_OPEN_READONLY));
  Status ready = database->check_version();
  // A reader of a WAL needs a file beside it for shared memory. On a read-only or full disk there can be none; when no writer
  // has left anything in the WAL, the database alone is the whole truth.
  if (!ready && ready.error().kind != ErrorKind::kCorrupt && !has_content(path + "-wal")) {
    SLM_TRY_STATUS(database->connect(uri_of(path, "?immutable=1"), SQLITE_OPEN_READONLY));
    ready = database->check_version();
  }
  SLM_TRY_STATUS(ready);
  return RunStore(std::move(database));
}

Result<int64_t> RunStore::add(const Json& comparison) {
  SLM_TRY_STATUS(check_comparison(comparison));
  const std::string text = to_text(comparison);
  if (text.size() > limits::kComparisonMaxBytes) {
    return fail(ErrorKind::kDoesNotFit, "lab.report.too_large", text.size(), limits::kComparisonMaxBytes);
  }
  const auto name = [&](size_t which) { return comparison["models"][which]["name"].get<std::string>(); };
  const std::string time = now(), device = comparison["device"]["cpu"].get<std::string>(), a = name(0), b = name(1),
                    tier = comparison["tier"].get<std::string>();
  Statement insert;
  const bool ready =
      insert.prepare(database_->handle,
                     "INSERT INTO runs (time, device, model_a, model_b, tier, seed, rows, comparison) VALUES (?, ?, ?, ?, ?, ?, ?, ?)") &&
      insert.bind(1, time) && insert.bind(2, device) && insert.bind(3, a) && insert.bind(4, b) && insert.bind(5, tier) &&
      insert.bind(6, static_cast<int64_t>(comparison["seed"].get<uint64_t>())) && insert.bind(7, static_cast<int64_t>(comparison["rows"].size())) &&
      insert.bind(8, text);
  if (!ready || insert.step() != SQLITE_DONE) return database_->error();
  return sqlite3_last_insert_rowid(database_->handle);
}

Result<std::vector<StoredRun>> RunStore::list() const {
  Statement select;
  if (!select.prepare(database_->handle,
                      "SELECT id, time, device, model_a, model_b, tier, seed, rows, length(CAST(comparison AS BLOB)) FROM runs ORDER BY id")) {
    return database_->error();
  }
  std::vector<StoredRun> runs;
  int code;
  while ((code = select.step()) == SQLITE_ROW) {
    runs.push_back({.id = select.number(0), .time = select.text(1), .device = select.text(2), .model_a = select.text(3),
                    .model_b = select.text(4), .tier = select.text(5), .seed = static_cast<uint64_t>(select.number(6)), .rows = select.number(7),
                    .bytes = select.number(8)});
  }
  if (code != SQLITE_DONE) return database_->error();
  return runs;
}

Result<Json> RunStore::comparison(int64_t id) const {
  Statement select;
  if (!select.prepare(database_->handle, "SELECT comparison FROM runs WHERE id = ?") || !select.bind(1, id)) return database_->error();
  const int code = select.step();
  if (code == SQLITE_DONE) return fail_with_hint(ErrorKind::kNotFound, msg("lab.report.no_run", id, database_->path), msg("lab.report.list_runs"));
  if (code != SQLITE_ROW) return database_->error();
  SLM_TRY(json, parse_json(select.text(0), limits::kJsonMaxDepth, limits::kComparisonMaxBytes));
  SLM_TRY_STATUS(check_comparison(json));
  return json;
}

Status RunStore::remove(int64_t id) {
  Statement remove;
  if (!remove.prepare(database_->handle, "DELETE FROM runs WHERE id = ?") || !remove.bind(1, id) || remove.step() != SQLITE_DONE) {
    return database_->error();
  }
  if (sqlite3_changes(database_->handle) == 0) return fail_with_hint(ErrorKind::kNotFound, msg("lab.report.no_run", id, database_->path), msg("lab.report.list_runs"));
  return {};
}

Status RunStore::limit_pages(int64_t pages) { return database_->run("PRAGMA max_page_count = " + std::to_string(pages)); }

}  // namespace slm::lab
