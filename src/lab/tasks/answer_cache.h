// What models have answered, kept from run to run (SQLite, WAL), so that a run that was broken off goes on. The key says all that an
// answer depends on; whoever reads finds what was written for exactly that key, or nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace slm::lab {

class AnswerCache {
 public:
  // Makes the file and its directories when missing. Errors: kCorrupt (no such database, or damaged; the file named), kDoesNotFit (disk full),
  // kFailed (cannot be made, of a later version).
  static Result<std::unique_ptr<AnswerCache>> open(const std::string& path, uint64_t max_bytes = limits::kAnswerCacheMaxBytes);
  ~AnswerCache();

  // Errors: kCorrupt, kFailed.
  Result<std::optional<std::string>> find(std::string_view key);
  // Written when this returns: a kill of the process loses nothing, a loss of power no more than the last answers. Two processes may write.
  // Errors: kDoesNotFit "lab.task.cache_full" (the disk or max_bytes; what was kept before is still there), kFailed.
  Status keep(std::string_view key, std::string_view value);
  Result<uint64_t> size();  // answers

  // The key of parts: sha256 over each with its length.
  static std::string key_of(const std::vector<std::string>& parts);

 private:
  AnswerCache();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::lab
