#include "lab/data_directories.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "hub/data/data_pull.h"
#include "hub/store.h"

namespace slm::lab {
namespace {

bool is_directory(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

bool is_file(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

// The nearest folder at or above `start` that holds data/smoke; empty: none.
std::string checkout_above(std::string start) {
  for (; !start.empty(); start = parent_of(start)) {
    if (is_file(start + "/data/smoke/SOURCES.md")) return start;
    if (start == "/") break;
  }
  return {};
}

std::string find_checkout() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length > 0) {
    const std::string found = checkout_above(parent_of(std::string(path, static_cast<size_t>(length))));
    if (!found.empty()) return found;
  }
  return getcwd(path, sizeof path) != nullptr ? checkout_above(path) : std::string();
}

}  // namespace

Result<std::vector<std::string>> data_directories(const std::string& data_dir) {
  std::vector<std::string> directories;
  const char* from_environment = std::getenv("SLM_DATA_DIR");
  for (const std::string& given : {data_dir, std::string(from_environment != nullptr ? from_environment : "")}) {
    if (given.empty()) continue;
    if (!is_directory(given)) return fail(ErrorKind::kNotFound, "lab.no_data_directory", given);
    directories.push_back(given);
  }
  const std::string pulled = hub::data_directory(hub::Layout{hub::Store::open().root()});
  if (is_directory(pulled)) directories.push_back(pulled);
  const std::string checkout = find_checkout();
  if (checkout.empty()) return directories;
  const std::string beside = parent_of(checkout) + "/shared/datasets";
  if (is_directory(beside)) directories.push_back(beside);
  directories.push_back(checkout + "/data/smoke");
  return directories;
}

}  // namespace slm::lab
