#include "lab/sandbox/sandbox.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <vector>

#include "base/process.h"
#include "lab/sandbox/seccomp_filter.h"
#include "lab/sandbox/unavailable.h"

namespace slm::lab {
namespace {

constexpr const char* kPython = "/usr/bin/python3";
constexpr const char* kPrlimit = "/usr/bin/prlimit";
constexpr uint32_t kNobody = 65534;

// Runs before the program's first statement, so its line in the output proves that the sandbox itself came up: nothing after it can
// take it back. Descriptors that a library of ours left open are closed here.
constexpr std::string_view kPrologue =
    "import os as _os\n"
    "_os.closerange(3, 1024)\n"
    "_os.write(1, b'slm sandbox started\\n')\n"
    "del _os\n";
constexpr std::string_view kStarted = "slm sandbox started\n";

// Says on stdout which ways out are open. A way that cannot even be tried (no such module) is closed.
constexpr std::string_view kTrial = R"py(
import os

def ways_out():
    import socket
    def leave(code):
        if code == 0:
            os._exit(0)
    yield "network", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    yield "local sockets", lambda: socket.socketpair()
    yield "new processes", lambda: leave(os.fork())
    yield "/etc/passwd", lambda: os.open("/etc/passwd", os.O_RDONLY)
    yield "/proc/self/mem", lambda: os.open("/proc/self/mem", os.O_RDONLY)
    for path in ("/written", "/usr/bin/written", "/dev/written", "/dev/shm/written"):
        yield path, lambda path=path: os.open(path, os.O_WRONLY | os.O_CREAT)

for name, attempt in ways_out():
    try:
        attempt()
        print("open:", name)
    except OSError:
        pass
os.close(os.open("/tmp/written", os.O_WRONLY | os.O_CREAT))
print("tried")
)py";

// The seccomp program as a descriptor that bwrap inherits. Not close-on-exec on purpose; bwrap reads it to its end and closes it.
class FilterFile {
 public:
  FilterFile() {
    const std::string filter = seccomp_filter();
    descriptor_ = memfd_create("seccomp", 0);
    if (descriptor_ < 0) return;
    if (write(descriptor_, filter.data(), filter.size()) == static_cast<ssize_t>(filter.size())) {
      lseek(descriptor_, 0, SEEK_SET);
      return;
    }
    close(descriptor_);
    descriptor_ = -1;
  }
  ~FilterFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  FilterFile(const FilterFile&) = delete;
  FilterFile& operator=(const FilterFile&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

using Arguments = std::vector<std::string>;

void append(Arguments& to, std::initializer_list<std::string> more) { to.insert(to.end(), more); }

// Programs and libraries, nothing else of /usr: /usr/local and /usr/share may hold a user's own things. Where /lib is a directory of
// its own and not a link into /usr, it is shown as such.
void append_system_files(Arguments& argv) {
  std::error_code ignored;
  for (const char* directory : {"/usr/bin", "/usr/lib", "/usr/lib64", "/usr/lib32"}) {
    if (std::filesystem::is_directory(directory, ignored)) append(argv, {"--ro-bind", directory, directory});
  }
  for (const char* directory : {"/lib", "/lib64", "/bin"}) {
    if (std::filesystem::is_symlink(directory, ignored)) {
      append(argv, {"--symlink", std::filesystem::read_symlink(directory, ignored).string(), directory});
    } else if (std::filesystem::is_directory(directory, ignored)) {
      append(argv, {"--ro-bind", directory, directory});
    }
  }
}

Arguments command_line(std::string_view program, const SandboxLimits& limits, int filter) {
  Arguments argv;
  // As root the limit on processes counts for nothing, and root's files are everybody's loss: become nobody first.
  const std::string nobody = std::to_string(kNobody);
  if (geteuid() == 0) append(argv, {"setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups", "--"});
  append(argv, {"bwrap", "--unshare-user", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL",
                "--hostname", "sandbox", "--uid", nobody, "--gid", nobody});
  append_system_files(argv);
  append(argv, {"--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/urandom", "/dev/urandom",
                "--perms", "1777", "--size", std::to_string(limits.scratch_bytes), "--tmpfs", "/tmp",
                "--remount-ro", "/", "--chdir", "/tmp",
                "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",
                "--setenv", "OMP_NUM_THREADS", "1", "--setenv", "PYTHONHASHSEED", "0",
                "--seccomp", std::to_string(filter), "--"});
  append(argv, {kPrlimit, "--as=" + std::to_string(limits.memory_bytes),
                "--cpu=" + std::to_string(limits.cpu_seconds) + ":" + std::to_string(limits.cpu_seconds + 1),
                "--fsize=" + std::to_string(limits.file_bytes), "--nofile=" + std::to_string(limits.open_files),
                "--nproc=" + std::to_string(limits.threads), "--core=0", "--"});
  // -I: no environment, no user's packages; -S: no site packages; -B: no byte code written.
  append(argv, {kPython, "-I", "-S", "-B", "-c", std::string(kPrologue) + std::string(program)});
  return argv;
}

// Splits off the prologue's line.
SandboxRun to_run(ChildResult child, const SandboxLimits& limits) {
  SandboxRun run;
  run.started = child.output.starts_with(kStarted);
  run.timed_out = child.timed_out;
  run.exit_code = child.exit_code;
  if (run.started) run.output = child.output.substr(kStarted.size());
  run.output_cut = run.output.size() > limits.output_bytes;
  run.output.resize(std::min(run.output.size(), limits.output_bytes));
  run.error_output = child.error_output.substr(0, limits.output_bytes);
  return run;
}

tl::unexpected<Error> missing(const std::string& program) {
  return fail_with_hint(ErrorKind::kNotFound, msg("lab.sandbox.missing", program), msg("lab.sandbox.install"));
}

// The programs that a run is made of.
Status require_programs() {
  for (const char* path : {kPython, kPrlimit}) {
    if (access(path, X_OK) != 0) return missing(path);
  }
  Arguments in_path = {"bwrap"};
  if (geteuid() == 0) in_path.push_back("setpriv");
  for (const std::string& name : in_path) {
    ChildOptions version;
    version.argv = {name, "--version"};
    version.directory = "/";
    version.timeout_seconds = 10;
    if (!run_child(version)) return missing(name);
  }
  return {};
}

}  // namespace

bool SandboxRun::out_of_time() const { return timed_out || exit_code == 128 + SIGXCPU || exit_code == 128 + SIGPROF; }

Result<Sandbox> Sandbox::open() {
  if (seccomp_filter().empty()) {
    return fail_with_hint(ErrorKind::kNotFound, msg("lab.sandbox.architecture"), msg("lab.sandbox.read_docs"));
  }
  SLM_TRY_STATUS(require_programs());
  const Sandbox sandbox;
  SLM_TRY(trial, sandbox.run(kTrial, {}, {}));
  if (!trial.started) return tl::unexpected<Error>(explain_unavailable(trial.error_output, read_namespace_settings("")));
  if (const size_t open = trial.output.find("open: "); open != std::string::npos) {
    const size_t name = open + 6;
    return fail_with_hint(ErrorKind::kNotFound, msg("lab.sandbox.leaks", trial.output.substr(name, trial.output.find('\n', name) - name)),
                          msg("lab.sandbox.read_docs"));
  }
  if (trial.output != "tried\n") return tl::unexpected<Error>(explain_unavailable(trial.error_output, {}));
  return sandbox;
}

Result<SandboxRun> Sandbox::run(std::string_view program, std::string_view input, const SandboxLimits& limits) const {
  const FilterFile filter;
  if (filter.descriptor() < 0) return fail(ErrorKind::kFailed, "lab.sandbox.no_filter", std::strerror(errno));
  ChildOptions options;
  options.argv = command_line(program, limits, filter.descriptor());
  options.directory = "/";  // ours may be closed to nobody
  options.input = input;
  options.timeout_seconds = limits.wall_seconds;
  SLM_TRY(child, run_child(options));
  if (child.interrupted) return fail(ErrorKind::kFailed, "lab.interrupted");
  return to_run(std::move(child), limits);
}

}  // namespace slm::lab
