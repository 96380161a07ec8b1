// Finished comparisons, kept as the JSON they were (SQLite, WAL): listed, rendered again, merged and compared later.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace slm::lab {

// A run without its comparison.
struct StoredRun {
  int64_t id = 0;                       // from 1; never given twice
  std::string time;                     // RFC 3339, UTC: when it was kept
  std::string device;                   // its CPU
  std::string model_a, model_b, tier;
  uint64_t seed = 0;
  int64_t rows = 0;                     // of its tables
  int64_t bytes = 0;                    // of its JSON
};

// Errors of every function name the database's path: kDoesNotFit "lab.report.store_full" (the disk is full: what was kept before is
// still there), kCorrupt (damaged, or no run store), kFailed (locked by another process for longer than kBusySeconds, not writable,
// made by a newer version).
class RunStore {
 public:
  static constexpr int kBusySeconds = 3;

  // Makes the file and its directory when missing, and brings an older one up to date.
  static Result<RunStore> open(const std::string& path);
  // For reading alone; also where neither the file nor its directory can be written. kNotFound "lab.report.no_store" when there is none.
  static Result<RunStore> open_to_read(const std::string& path);

  RunStore(RunStore&&) noexcept;
  RunStore& operator=(RunStore&&) noexcept;
  ~RunStore();

  // The new run's id. On disk when this returns. Errors: also those of check_comparison(), kDoesNotFit beyond
  // limits::kComparisonMaxBytes.
  Result<int64_t> add(const nlohmann::ordered_json& comparison);
  Result<std::vector<StoredRun>> list() const;                           // oldest first
  // kNotFound "lab.report.no_run" when there is none, also of remove().
  Result<nlohmann::ordered_json> comparison(int64_t id) const;
  Status remove(int64_t id);

  // For tests: the database may not grow beyond so many pages, as on a full disk.
  Status limit_pages(int64_t pages);

 private:
  struct Database;
  explicit RunStore(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace slm::lab
