#include "lab/sandbox/seccomp_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace slm::lab {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr uint32_t kArchitecture = AUDIT_ARCH_RISCV64;
#else
constexpr uint32_t kArchitecture = 0;
#endif

// x86-64's x32 convention: the same architecture word, numbers from here on.
constexpr uint32_t kForeignNumbers = 0x40000000;

// Not every architecture has every call.
const std::vector<uint32_t>& refused_calls() {
  static const std::vector<uint32_t> calls = {
#ifdef SYS_fork
      SYS_fork, SYS_vfork,
#endif
#ifdef SYS_memfd_secret
      SYS_memfd_secret,
#endif
#ifdef SYS_iopl
      SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
#ifdef SYS_process_madvise
      SYS_process_madvise,
#endif
#ifdef SYS_pidfd_getfd
      SYS_pidfd_getfd,
#endif
#ifdef SYS_mount_setattr
      SYS_mount_setattr,
#endif
      SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
      SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_open, SYS_pidfd_send_signal,
      SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
      SYS_unshare, SYS_setns, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_quotactl, SYS_swapon, SYS_swapoff,
      SYS_add_key, SYS_request_key, SYS_keyctl, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_fanotify_init,
      SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_io_setup,
      SYS_memfd_create, SYS_shmget, SYS_shmat, SYS_semget, SYS_msgget, SYS_mq_open,
      SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_syslog, SYS_acct, SYS_personality,
      SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname, SYS_vhangup};
  return calls;
}

sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
sock_filter answer(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
// Skips the next `otherwise` instructions unless the loaded word stands in this relation to `value`.
sock_filter unless(uint16_t relation, uint32_t value, uint8_t otherwise) {
  return BPF_JUMP(static_cast<uint16_t>(BPF_JMP | relation | BPF_K), value, 0, otherwise);
}

}  // namespace

std::string seccomp_filter() {
  if (kArchitecture == 0) return {};
  const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
  std::vector<sock_filter> program = {
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      answer(SECCOMP_RET_KILL_PROCESS),
      load(offsetof(seccomp_data, nr)),
      unless(BPF_JGE, kForeignNumbers, 1),
      answer(SECCOMP_RET_KILL_PROCESS),
      unless(BPF_JEQ, SYS_clone3, 1),
      answer(SECCOMP_RET_ERRNO | ENOSYS),
  };
  for (const uint32_t call : refused_calls()) {
    program.push_back(unless(BPF_JEQ, call, 1));
    program.push_back(answer(refuse));
  }
  // clone(flags, ...): a thread of the same process passes, a new process does not. The flags are the low word of the first
  // argument; every architecture named above is little-endian.
  program.push_back(unless(BPF_JEQ, SYS_clone, 3));
  program.push_back(load(offsetof(seccomp_data, args)));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0));
  program.push_back(answer(refuse));
  program.push_back(answer(SECCOMP_RET_ALLOW));
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

}  // namespace slm::lab
