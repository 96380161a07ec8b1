// A pip for tests: a script named python3, first in PATH, that copies prepared wheels.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/temporary_directory.h"

namespace slm::hub {

// Sets environment variables, and puts back what was there.
class Environment {
 public:
  ~Environment() {
    for (auto at = before_.rbegin(); at != before_.rend(); ++at) {
      if (at->second.second) setenv(at->first.c_str(), at->second.first.c_str(), 1);
      else unsetenv(at->first.c_str());
    }
  }
  void set(const std::string& name, const std::string& value) {
    remember(name);
    setenv(name.c_str(), value.c_str(), 1);
  }
  void unset(const std::string& name) {
    remember(name);
    unsetenv(name.c_str());
  }

 private:
  void remember(const std::string& name) {
    const char* value = getenv(name.c_str());
    before_.emplace_back(name, std::pair<std::string, bool>(value != nullptr ? value : "", value != nullptr));
  }
  std::vector<std::pair<std::string, std::pair<std::string, bool>>> before_;
};

// Wheels are put into wheels(); what is not there is "not in the index".
class FakePip {
 public:
  FakePip() {
    directory_.write("bin/python3", kScript);
    chmod((directory_ / "bin/python3").c_str(), 0755);
    make_directories(wheels());
    environment_.set("PATH", directory_ / "bin" + ":/usr/bin:/bin");
    environment_.set("FAKE_PIP", directory_.path());
    environment_.unset("PIP_INDEX_URL");
  }
  std::string wheels() const { return directory_ / "wheels"; }
  // Lines of what downloads were asked for.
  std::string log() const { return read_text_file(directory_ / "log").value_or(std::string()); }
  // From now on every download prints this and fails.
  void fail_with(const std::string& output) const { directory_.write("failure", output); }
  // The download of this package hangs after half of its bytes.
  void hang_at(const std::string& package) const { directory_.write("hang", package); }
  void work_again() const {
    std::error_code ignored;
    for (const char* name : {"failure", "hang"}) std::filesystem::remove(directory_ / name, ignored);
  }
  void set_index(const std::string& url) const { directory_.write("index", url); }

 private:
  // $1 $2 are "-m pip".
  static constexpr const char* kScript = R"sh(#!/bin/sh
shift 2
case "$1" in
  --version) echo "pip 99 from nowhere"; exit 0 ;;
  config) [ -f "$FAKE_PIP/index" ] || { echo "ERROR: No such key" >&2; exit 1; }; cat "$FAKE_PIP/index"; echo; exit 0 ;;
esac
while [ $# -gt 0 ]; do
  case "$1" in --dest) dest=$2; shift ;; *==*) wanted=$1 ;; esac
  shift
done
echo "$wanted" >> "$FAKE_PIP/log"
if [ -f "$FAKE_PIP/failure" ]; then cat "$FAKE_PIP/failure" >&2; exit 1; fi
package=${wanted%%==*}; version=${wanted##*==}
file=$(echo "$package" | tr '.-' '__')-$version-py3-none-any.whl
if [ ! -f "$FAKE_PIP/wheels/$file" ]; then
  echo "ERROR: Could not find a version that satisfies the requirement $wanted (from versions: none)" >&2
  echo "ERROR: No matching distribution found for $wanted" >&2
  exit 1
fi
if [ "$(cat "$FAKE_PIP/hang" 2>/dev/null)" = "$package" ]; then
  head -c 100 "$FAKE_PIP/wheels/$file" > "$TMPDIR/$file"
  : > "$FAKE_PIP/hanging"
  sleep 60
fi
cp "$FAKE_PIP/wheels/$file" "$dest/$file"
echo "Saved $dest/$file"
)sh";
  TemporaryDirectory directory_;
  Environment environment_;

 public:
  bool hangs() const { return std::filesystem::exists(directory_ / "hanging"); }
};

}  // namespace slm::hub
