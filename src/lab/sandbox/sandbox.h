// Runs a Python program that nobody vouches for, such as one a language model wrote: bubblewrap (own user, process, network, IPC and
// mount namespaces; of the host only /usr/bin and the libraries, read-only; no /proc, no /home, no /etc), prlimit, and a seccomp filter
// (seccomp_filter.h). What holds, and what does not: docs/sandbox.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slm::lab {

struct SandboxLimits {
  double wall_seconds = 10;          // then the program is killed
  uint32_t cpu_seconds = 10;         // SIGXCPU, a second later SIGKILL
  uint64_t memory_bytes = 1u << 30;  // address space
  uint64_t file_bytes = 16u << 20;   // the largest file it may write
  uint64_t scratch_bytes = 64u << 20;  // /tmp, the only place that can be written, gone with the program
  uint32_t threads = 32;             // processes can not be started at all
  uint32_t open_files = 64;
  size_t output_bytes = 64u << 10;   // of its stdout that are kept
};

struct SandboxRun {
  bool started = false;      // false: the sandbox failed before the program's first statement; error_output says why
  bool timed_out = false;    // killed at wall_seconds
  int exit_code = 0;         // 128 + signal when it was killed
  bool output_cut = false;   // it wrote more than output_bytes
  std::string output;        // untrusted bytes
  std::string error_output;  // untrusted bytes, cut at output_bytes

  bool out_of_time() const;  // by the wall clock or by its CPU limit
};

class Sandbox {
 public:
  // Looks for what the sandbox needs and tries it out: a program in it must not reach a socket, a file of the host, a new process
  // or a place to write. Error: kNotFound with the reason and, as hint, what to do about it. Takes about 0.1 s.
  static Result<Sandbox> open();

  // Runs `program` (Python source) with `input` as its stdin. Errors: kFailed when it was interrupted or bwrap cannot be started.
  // Whatever the program does is no error. Safe to call from several threads.
  Result<SandboxRun> run(std::string_view program, std::string_view input, const SandboxLimits& limits) const;

 private:
  Sandbox() = default;
};

}  // namespace slm::lab
