// Child processes: argv only, never a shell; limits and time-outs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm {

struct ChildOptions {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH
  std::vector<std::string> environment;  // extra "NAME=value", over the parent's
  std::string directory;                 // empty: the parent's
  std::string group_file;                // cgroup.procs of the control group it is to run in; empty: the parent's
  std::string input;                     // given to its stdin; empty: /dev/null
  double timeout_seconds = 0;            // 0: none; then the whole process group is killed
  bool merge_stderr = false;             // stderr into output, in order
  std::function<void(std::string_view line)> on_line;  // each line of output as it comes (without newline)
  std::function<void()> on_tick;         // about five times a second while it runs
};

struct ChildResult {
  int exit_code = 0;       // 128 + signal when it was killed
  bool timed_out = false;
  bool interrupted = false;  // SIGINT or SIGTERM came to us while it ran
  std::string output;      // stdout, cut at limits::kChildMaxOutputBytes
  std::string error_output;
};

// Errors: kNotFound when argv[0] is not in PATH ("base.no_program"), kFailed when it cannot be started or put into its group.
// A non-zero exit is not an error here. The child leads a process group of its own; SIGINT, SIGTERM and SIGHUP to the parent
// reach that group too (then SIGKILL), besides what the parent does of them itself. What the child leaves running in its group
// is killed when it ends. The child dies with the parent.
Result<ChildResult> run_child(const ChildOptions& options);

}  // namespace slm
