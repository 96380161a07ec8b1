#include "lab/datasets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <climits>
#include <cstdlib>

#include "hub/data/data_pull.h"
#include "hub/store.h"
#include "lab/statistics.h"

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

std::string clean_hellaswag(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  // " [title]" first: what is left of brackets goes without a trace.
  constexpr std::string_view kTitle = " [title]";
  std::string titled;
  for (size_t i = 0; i < text.size();) {
    const bool is_title = text.substr(i).starts_with(kTitle);
    titled += is_title ? std::string(". ") : std::string(1, text[i]);
    i += is_title ? kTitle.size() : 1;
  }
  std::string bare;
  const size_t last_close = titled.rfind(']');
  for (size_t i = 0; i < titled.size();) {
    if (titled[i] == '[' && last_close != std::string::npos && last_close > i) {
      i = titled.find(']', i) + 1;
    } else {
      bare += titled[i++];
    }
  }
  // One pass, as the original: of four spaces two are left.
  std::string out;
  for (size_t i = 0; i < bare.size(); ++i) {
    out += bare[i];
    if (bare[i] == ' ' && i + 1 < bare.size() && bare[i + 1] == ' ') ++i;
  }
  return out;
}

std::string hellaswag_context(std::string_view line) {
  std::string text(line);
  const size_t stop = text.rfind(". ");
  const size_t at = stop == std::string::npos ? std::string::npos : stop + 2;
  if (at < text.size() && text[at] >= 'a' && text[at] <= 'z') text[at] = static_cast<char>(text[at] - 'a' + 'A');
  return clean_hellaswag(text);
}

uint64_t item_rank(uint64_t seed, uint32_t id) { return SeededRandom(SeededRandom(seed).next() ^ id).next(); }

}  // namespace slm::lab
