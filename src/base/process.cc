#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>

#include "base/limits.h"

extern char** environ;

namespace slm {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kTick{200};
constexpr std::chrono::seconds kGrace{2};  // between an interrupt passed on and SIGKILL
constexpr size_t kMostLineBytes = 1u << 20;

// ---- Signals passed on to children -------------------------------------------------------------------------------------

constexpr int kPassedOn[] = {SIGINT, SIGTERM, SIGHUP};
constexpr size_t kMostChildren = 64;
std::atomic<pid_t> g_groups[kMostChildren];
std::atomic<unsigned> g_interrupts{0};
struct sigaction g_before[std::size(kPassedOn)];
std::mutex g_mutex;
int g_users = 0;

void pass_on(int signal) {
  const int saved = errno;
  g_interrupts.fetch_add(1);
  for (auto& group : g_groups) {
    if (const pid_t pid = group.load(); pid > 0) kill(-pid, signal);
  }
  for (size_t i = 0; i < std::size(kPassedOn); ++i) {
    if (kPassedOn[i] != signal) continue;
    const struct sigaction& before = g_before[i];
    if (before.sa_handler == SIG_DFL) {  // what would have happened to us happens
      sigaction(signal, &before, nullptr);
      raise(signal);
    } else if (before.sa_handler != SIG_IGN && (before.sa_flags & SA_SIGINFO) == 0) {
      before.sa_handler(signal);
    }
  }
  errno = saved;
}

// Catches the signals while a child runs, and puts the parent's own handlers back after the last one.
class SignalRelay {
 public:
  SignalRelay() {
    const std::lock_guard lock(g_mutex);
    if (g_users++ > 0) return;
    for (size_t i = 0; i < std::size(kPassedOn); ++i) {
      struct sigaction action = {};
      action.sa_handler = pass_on;
      sigemptyset(&action.sa_mask);
      sigaction(kPassedOn[i], nullptr, &g_before[i]);
      if (g_before[i].sa_handler != SIG_IGN) sigaction(kPassedOn[i], &action, nullptr);
    }
  }
  ~SignalRelay() {
    const std::lock_guard lock(g_mutex);
    if (slot_ != nullptr) slot_->store(0);
    if (--g_users > 0) return;
    for (size_t i = 0; i < std::size(kPassedOn); ++i) sigaction(kPassedOn[i], &g_before[i], nullptr);
  }
  void watch(pid_t group) {
    for (auto& slot : g_groups) {
      pid_t none = 0;
      if (slot.compare_exchange_strong(none, group)) {
        slot_ = &slot;
        return;
      }
    }
  }
  bool interrupted() const { return g_interrupts.load() != before_; }

 private:
  std::atomic<pid_t>* slot_ = nullptr;
  const unsigned before_ = g_interrupts.load();
};

// ---- Starting ----------------------------------------------------------------------------------------------------------

struct Pipe {
  int ends[2] = {-1, -1};  // read, write
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  bool open() { return pipe2(ends, O_CLOEXEC) == 0; }
  void close_end(int i) {
    if (ends[i] >= 0) ::close(ends[i]);
    ends[i] = -1;
  }
};

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* variable = std::getenv("PATH");
  std::string_view path = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  while (!name.empty() && !path.empty()) {
    const std::string_view directory = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(path.size(), directory.size() + 1));
    // An empty item means the current directory to a shell; a program that happens to lie there is not what is meant.
    if (directory.empty()) continue;
    std::string candidate = std::string(directory) + "/" + name;
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error) && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

std::vector<std::string> merged_environment(const std::vector<std::string>& extra) {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view name = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
    const bool replaced = std::any_of(extra.begin(), extra.end(), [&](const std::string& one) {
      return one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=';
    });
    if (!replaced) all.emplace_back(*entry);
  }
  all.insert(all.end(), extra.begin(), extra.end());
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& one : strings) out.push_back(one.data());
  out.push_back(nullptr);
  return out;
}

struct Pipes {
  Pipe in, out, err, status;
};

// Puts the calling process into a control group: "0" stands for whoever writes it.
bool enter_group(const char* file) {
  const int descriptor = open(file, O_WRONLY | O_CLOEXEC);
  return descriptor >= 0 && write(descriptor, "0", 1) == 1;
}

// In the child, between fork and exec: only calls that are safe there. Never returns.
[[noreturn]] void become(const char* program, char* const* argv, char* const* environment, const ChildOptions& options,
                         const Pipes& pipes, pid_t parent) {
  auto give_up = [&] {
    const int error = errno;
    [[maybe_unused]] const ssize_t written = write(pipes.status.ends[1], &error, sizeof(error));
    _exit(127);
  };
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // gone before we asked
  struct sigaction fresh = {};
  fresh.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &fresh, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int in = pipes.in.ends[0] >= 0 ? pipes.in.ends[0] : open("/dev/null", O_RDONLY);
  if (in < 0 || dup2(in, 0) < 0 || dup2(pipes.out.ends[1], 1) < 0) give_up();
  if (dup2(options.merge_stderr ? pipes.out.ends[1] : pipes.err.ends[1], 2) < 0) give_up();
  if (!options.group_file.empty() && !enter_group(options.group_file.c_str())) give_up();
  if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) give_up();
  execve(program, argv, environment);
  give_up();
  _exit(127);
}

// ---- Running -----------------------------------------------------------------------------------------------------------

class Running {
 public:
  Running(const ChildOptions& options, Pipes& pipes, pid_t pid) : options_(options), pipes_(pipes), pid_(pid) {
    for (const int descriptor : {pipes.in.ends[1], pipes.out.ends[0], pipes.err.ends[0]}) {
      if (descriptor >= 0) fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    }
  }

  ChildResult finish(const SignalRelay& relay) {
    const Clock::time_point start = Clock::now();
    std::optional<Clock::time_point> kill_at;
    while (!ended_) {
      wait_for_events();
      if (options_.on_tick) tick();
      const Clock::time_point now = Clock::now();
      if (relay.interrupted() && !result_.interrupted) {
        result_.interrupted = true;
        kill_at = now + kGrace;
      }
      const double seconds = std::chrono::duration<double>(now - start).count();
      if (options_.timeout_seconds > 0 && seconds > options_.timeout_seconds && !result_.timed_out) {
        result_.timed_out = true;
        kill_at = now;
      }
      if (kill_at && now >= *kill_at) kill(-pid_, SIGKILL);
      reap();
    }
    kill(-pid_, SIGKILL);  // what it left behind would keep its pipes open
    drain();
    flush_line();
    return std::move(result_);
  }

 private:
  void wait_for_events() {
    pollfd events[3];
    nfds_t count = 0;
    for (const int descriptor : {pipes_.out.ends[0], pipes_.err.ends[0]}) {
      if (descriptor >= 0) events[count++] = {descriptor, POLLIN, 0};
    }
    if (pipes_.in.ends[1] >= 0) events[count++] = {pipes_.in.ends[1], POLLOUT, 0};
    // The end of the child shows as the end of its output; one that closes it early is looked for at each tick, more often
    // when nothing else can wake us.
    poll(events, count, count == 0 ? 10 : static_cast<int>(kTick.count()));
    drain();
    feed();
  }

  void tick() {
    const Clock::time_point now = Clock::now();
    if (now - last_tick_ < kTick) return;
    last_tick_ = now;
    options_.on_tick();
  }

  void reap() {
    int status = 0;
    const pid_t got = waitpid(pid_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return;
    ended_ = true;
    if (got < 0) {
      result_.exit_code = 127;
    } else {
      result_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }

  // Writes what fits of the input; closes when all is written or nobody reads. (SIGPIPE is blocked by our caller.)
  void feed() {
    if (pipes_.in.ends[1] < 0) return;
    while (fed_ < options_.input.size()) {
      const ssize_t written = write(pipes_.in.ends[1], options_.input.data() + fed_, options_.input.size() - fed_);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0 && errno == EAGAIN) return;
      if (written < 0) break;
      fed_ += static_cast<size_t>(written);
    }
    pipes_.in.close_end(1);
  }

  void drain() {
    read_all(pipes_.out, result_.output, true);
    read_all(pipes_.err, result_.error_output, false);
  }

  void read_all(Pipe& pipe, std::string& kept, bool is_output) {
    char buffer[64 << 10];
    // Bounded, so that a child that never stops writing cannot keep us from the time-out.
    for (int i = 0; pipe.ends[0] >= 0 && i < 256; ++i) {
      const ssize_t got = read(pipe.ends[0], buffer, sizeof(buffer));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        pipe.close_end(0);
        return;
      }
      const std::string_view bytes(buffer, static_cast<size_t>(got));
      kept += bytes.substr(0, limits::kChildMaxOutputBytes - std::min(limits::kChildMaxOutputBytes, kept.size()));
      if (is_output && options_.on_line) take_lines(bytes);
    }
  }

  void take_lines(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t end = bytes.find_first_of("\n\r");  // a carriage return ends the line of a progress bar
      line_ += bytes.substr(0, std::min(end, kMostLineBytes - std::min(kMostLineBytes, line_.size())));
      if (end == std::string_view::npos) return;
      flush_line();
      bytes.remove_prefix(end + 1);
    }
  }

  void flush_line() {
    if (!line_.empty() && options_.on_line) options_.on_line(line_);
    line_.clear();
  }

  const ChildOptions& options_;
  Pipes& pipes_;
  const pid_t pid_;
  ChildResult result_;
  bool ended_ = false;
  size_t fed_ = 0;
  std::string line_;
  Clock::time_point last_tick_ = Clock::now();
};

// Keeps a closed pipe from ending us: blocks SIGPIPE in this thread, and takes back one that came.
class PipeSignalBlock {
 public:
  PipeSignalBlock() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~PipeSignalBlock() {
    if (sigismember(&before_, SIGPIPE) == 0) {
      const timespec now = {};
      sigtimedwait(&set_, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t set_, before_;
};

}  // namespace

Result<ChildResult> run_child(const ChildOptions& options) {
  const std::string name = options.argv.empty() ? "" : options.argv[0];
  const std::string program = find_program(name);
  if (program.empty()) return fail(ErrorKind::kNotFound, "base.no_program", name);
  Pipes pipes;
  const bool opened = pipes.out.open() && pipes.status.open() && (options.merge_stderr || pipes.err.open()) &&
                      (options.input.empty() || pipes.in.open());
  if (!opened) return fail(ErrorKind::kFailed, "base.cannot_start", name, std::strerror(errno));
  std::vector<std::string> arguments = options.argv, environment = merged_environment(options.environment);
  const std::vector<char*> argument_pointers = pointers(arguments), environment_pointers = pointers(environment);

  const PipeSignalBlock no_pipe_signal;
  SignalRelay relay;
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return fail(ErrorKind::kFailed, "base.cannot_start", name, std::strerror(errno));
  if (pid == 0) become(program.c_str(), argument_pointers.data(), environment_pointers.data(), options, pipes, parent);
  setpgid(pid, pid);  // in both: whoever comes first, the group exists before it is needed
  relay.watch(pid);
  pipes.in.close_end(0);
  pipes.out.close_end(1);
  pipes.err.close_end(1);
  pipes.status.close_end(1);
  int error = 0;
  ssize_t got;
  do got = read(pipes.status.ends[0], &error, sizeof(error));
  while (got < 0 && errno == EINTR);
  if (got == sizeof(error)) {
    waitpid(pid, nullptr, 0);
    return fail(ErrorKind::kFailed, "base.cannot_start", name, std::strerror(error));
  }
  return Running(options, pipes, pid).finish(relay);
}

}  // namespace slm
