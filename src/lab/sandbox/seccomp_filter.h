// The system calls that a sandboxed program may not make, as a classic BPF program for seccomp(2).
#pragma once

#include <string>

namespace slm::lab {

// The filter as bwrap --seccomp reads it: struct sock_filter records, one after another. Empty where this machine's
// architecture is not known to it (then there is no sandbox). What it refuses fails with EPERM, clone3 with ENOSYS so that the C library
// falls back to clone, whose flags a filter can read; a call made through a foreign calling convention kills the process.
// Refused: new processes (threads stay), sockets, tracing and reading other processes, mounts and namespaces, kernel keys, BPF,
// performance counters, io_uring, userfaultfd, memory files and System V IPC (memory that no limit counts), clocks, modules, reboot.
std::string seccomp_filter();

}  // namespace slm::lab
