#include "lab/sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/temporary_directory.h"
#include "lab/sandbox/unavailable.h"

namespace slm::lab {
namespace {

// Skips only where a person said that this machine has no sandbox; elsewhere its absence is a failure.
class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    sandbox_ = Sandbox::open();
    if (sandbox_) return;
    const std::string reason = sandbox_.error().text() + " / " + sandbox_.error().hint_text();
    if (std::getenv("SLM_TEST_NO_SANDBOX") != nullptr) GTEST_SKIP() << "SLM_TEST_NO_SANDBOX is set: " << reason;
    FAIL() << reason;
  }

  SandboxRun run(const std::string& program, const SandboxLimits& limits = {}, const std::string& input = "") {
    auto got = sandbox_->run(program, input, limits);
    EXPECT_TRUE(got) << got.error().text();
    if (!got) return {};
    EXPECT_TRUE(got->started) << got->error_output;
    return *got;
  }

  // What a statement raises, as "PermissionError"; "nothing" when it passes.
  std::string raised_by(const std::string& statement, const SandboxLimits& limits = {}) {
    return run("import os, sys\ntry:\n    " + statement + "\n    print('nothing')\nexcept BaseException as e:\n    print(type(e).__name__)\n",
               limits).output;
  }

  Result<Sandbox> sandbox_ = tl::unexpected<Error>(Error{});
};

TEST_F(SandboxTest, GivesInputAndTakesOutputAndExitCode) {
  const SandboxRun got = run("import sys\nprint(sys.stdin.read()[::-1])\nsys.exit(3)", {}, "abc");
  EXPECT_EQ(got.output, "cba\n");
  EXPECT_EQ(got.exit_code, 3);
  EXPECT_FALSE(got.timed_out);
}

TEST_F(SandboxTest, RefusesWaysOut) {
  EXPECT_EQ(raised_by("import socket; socket.create_connection(('127.0.0.1', 9), 1)"), "PermissionError\n");
  EXPECT_EQ(raised_by("import subprocess; subprocess.run(['/usr/bin/true'])"), "PermissionError\n");
  EXPECT_EQ(raised_by("open('/etc/passwd')"), "FileNotFoundError\n");
  EXPECT_EQ(raised_by("open('/proc/1/environ')"), "FileNotFoundError\n");
  EXPECT_EQ(raised_by("open('/written', 'w')"), "OSError\n");
  EXPECT_EQ(raised_by("open('/usr/lib/written', 'w')"), "OSError\n");
  EXPECT_EQ(raised_by("os.mkdir('/home')"), "OSError\n");
  EXPECT_EQ(raised_by("os.memfd_create('m')"), "PermissionError\n");
  EXPECT_EQ(raised_by("os.setuid(0)"), "OSError\n");
  EXPECT_EQ(raised_by("open('/tmp/mine', 'w').write('x')"), "nothing\n");
}

// By number: not what Python wraps, but what the kernel answers.
TEST_F(SandboxTest, RefusesSystemCalls) {
  const SandboxRun got = run(R"py(
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": dict(ptrace=101, mount=165, unshare=272, keyctl=250, bpf=321, userfaultfd=323, io_uring_setup=425, shmget=29,
                          perf_event_open=298, process_vm_readv=310, fork=57, clone3=435),
           "aarch64": dict(ptrace=117, mount=40, unshare=97, keyctl=219, bpf=280, userfaultfd=282, io_uring_setup=425, shmget=194,
                           perf_event_open=241, process_vm_readv=270, clone3=435)}[platform.machine()]
for name, number in numbers.items():
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0)
    if result != -1 or ctypes.get_errno() != (errno.ENOSYS if name == "clone3" else errno.EPERM):
        print(name, result, ctypes.get_errno())
)py");
  EXPECT_EQ(got.output, "");
  EXPECT_EQ(got.exit_code, 0) << got.error_output;
}

TEST_F(SandboxTest, SeesNothingOfThisUser) {
  const TemporaryDirectory store;
  const std::string file = store.write("models/secret", "secret");
  setenv("SLM_TEST_SECRET", "secret", 1);
  const SandboxRun got = run("import os\nprint(sorted(os.listdir('/')), os.environ.get('SLM_TEST_SECRET'), os.path.exists('" + file + "'))");
  unsetenv("SLM_TEST_SECRET");
  EXPECT_NE(got.output.find("None False"), std::string::npos) << got.output;
  for (const char* directory : {"'home'", "'root'", "'etc'", "'proc'", "'sys'", "'var'", "'mnt'", "'run'"}) {
    EXPECT_EQ(got.output.find(directory), std::string::npos) << got.output;
  }
  const SandboxRun second = run("import os\nprint(os.listdir('/tmp'))");
  EXPECT_EQ(second.output, "[]\n");
}

TEST_F(SandboxTest, InheritsNoDescriptor) {
  const TemporaryDirectory directory;
  const int descriptor = ::open(directory.write("secret", "secret").c_str(), O_RDONLY);  // not close-on-exec
  ASSERT_GE(descriptor, 3);
  const SandboxRun got = run("import os\nfor fd in range(3, 1024):\n  try: os.fstat(fd); print(fd)\n  except OSError: pass\n");
  close(descriptor);
  EXPECT_EQ(got.output, "");
}

TEST_F(SandboxTest, ForkBombStartsNothing) {
  const SandboxRun got = run("import os\nrefused = 0\nfor i in range(1000):\n  try: os.fork()\n  except OSError: refused += 1\nprint(refused)");
  EXPECT_EQ(got.output, "1000\n");
  // Threads are allowed, and counted.
  const SandboxRun threads = run(
      "import threading, time\nn = 0\ntry:\n  while n < 200:\n    "
      "threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); n += 1\n"
      "except RuntimeError: pass\nprint(0 < n < 40, flush=True)\nimport os\nos._exit(0)");
  EXPECT_EQ(threads.output, "True\n") << threads.error_output;
}

TEST_F(SandboxTest, MemoryHogMeetsItsLimit) {
  EXPECT_EQ(raised_by("x = bytearray(2 << 30)"), "MemoryError\n");
  EXPECT_EQ(raised_by("x = []\n    while True: x.append(bytearray(1 << 24))", {.memory_bytes = 256u << 20}), "MemoryError\n");
}

TEST_F(SandboxTest, LargeFilesMeetTheirLimits) {
  EXPECT_EQ(raised_by("f = open('/tmp/big', 'wb', 0)\n    for i in range(300): f.write(bytes(1 << 20))"), "OSError\n");
  const SandboxRun got = run(
      "import os\ntotal = 0\ntry:\n  for i in range(30):\n    "
      "with open(f'/tmp/{i}', 'wb', 0) as f:\n      for j in range(10): total += f.write(bytes(1 << 20))\n"
      "except OSError as e: print(e.errno, total <= 64 << 20)\n");
  EXPECT_EQ(got.output, "28 True\n");
}

TEST_F(SandboxTest, EndlessOutputIsCut) {
  const SandboxRun got = run("while True: print('x' * 1000)", {.wall_seconds = 0.7});
  EXPECT_TRUE(got.timed_out);
  EXPECT_TRUE(got.output_cut);
  EXPECT_EQ(got.output.size(), 64u << 10);
}

TEST_F(SandboxTest, EndlessLoopsEndInTime) {
  const auto before = std::chrono::steady_clock::now();
  const SandboxRun asleep = run("import time\nwhile True:\n  try: time.sleep(99)\n  except BaseException: pass", {.wall_seconds = 0.7});
  EXPECT_TRUE(asleep.timed_out && asleep.out_of_time());
  const SandboxRun busy = run("while True: pass", {.cpu_seconds = 1});
  EXPECT_FALSE(busy.timed_out);
  EXPECT_TRUE(busy.out_of_time());
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(8));
}

TEST_F(SandboxTest, CannotKillItsParent) {
  const SandboxRun got = run(
      "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\ntry: os.kill(-1, signal.SIGKILL)\nexcept OSError as e: print(e.errno)\nprint('alive')");
  EXPECT_NE(got.output.find("alive"), std::string::npos) << got.output << got.exit_code;
}

TEST_F(SandboxTest, CannotTakeBackThatItStarted) {
  const SandboxRun got = run("import os, sys\nos.kill(os.getpid(), 9)");
  EXPECT_TRUE(got.started);
  EXPECT_EQ(got.exit_code, 128 + SIGKILL);
}

// A process that runs the sandbox is killed: what ran inside goes too. The marker in the child's command line finds it.
TEST_F(SandboxTest, DiesWithItsParent) {
  const std::string marker = "slm-sandbox-test-" + std::to_string(getpid());
  auto processes = [&] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "cmdline", std::ios::binary);
      const std::string line((std::istreambuf_iterator<char>(file)), {});
      if (line.find("bwrap") == std::string::npos && line.find(marker) != std::string::npos) ++count;
    }
    return count;
  };
  auto wait_for = [&](int wanted) {
    for (int i = 0; i < 100 && processes() != wanted; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return processes();
  };
  const pid_t parent = fork();
  if (parent == 0) {
    (void)sandbox_->run("import time\ntime.sleep(60) # " + marker, "", {.wall_seconds = 60});
    _exit(0);
  }
  EXPECT_EQ(wait_for(1), 1);
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_EQ(wait_for(0), 0);
}

TEST_F(SandboxTest, RunsSideBySide) {
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(4);
  for (size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&, i] { outputs[i] = run("print(" + std::to_string(i) + ")").output; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(outputs, (std::vector<std::string>{"0\n", "1\n", "2\n", "3\n"}));
}

TEST(SandboxUnavailable, SaysWhyAndWhatToDo) {
  const std::string denied = "bwrap: setting up uid map: Permission denied\nmore";
  EXPECT_EQ(explain_unavailable(denied, {.apparmor_restricts = true}).message.key, "lab.sandbox.apparmor");
  EXPECT_EQ(explain_unavailable(denied, {.apparmor_restricts = true}).hint.key, "lab.sandbox.apparmor_profile");
  EXPECT_EQ(explain_unavailable(denied, {.clone_forbidden = true}).hint.key, "lab.sandbox.allow_clone");
  EXPECT_EQ(explain_unavailable(denied, {.none_allowed = true}).hint.key, "lab.sandbox.allow_namespaces");
  EXPECT_EQ(explain_unavailable(denied, {.in_container = true}).hint.key, "lab.sandbox.container_options");
  EXPECT_EQ(explain_unavailable("bwrap: Unknown option --size", {}).message.key, "lab.sandbox.bwrap_too_old");
  const Error other = explain_unavailable("bwrap: \x1b[31mboom", {});
  EXPECT_EQ(other.kind, ErrorKind::kNotFound);
  EXPECT_NE(other.text(Language::kEnglish).find("bwrap: ?[31mboom"), std::string::npos);
  EXPECT_NE(other.text(Language::kChinese).find("bwrap: ?[31mboom"), std::string::npos);
}

TEST(SandboxUnavailable, ReadsTheSystemsSettings) {
  const TemporaryDirectory root;
  EXPECT_FALSE(read_namespace_settings(root.path()).apparmor_restricts);
  root.write("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
  root.write("proc/sys/kernel/unprivileged_userns_clone", "0\n");
  root.write("proc/sys/user/max_user_namespaces", "15000\n");
  root.write("run/.containerenv", "");
  const NamespaceSettings got = read_namespace_settings(root.path());
  EXPECT_TRUE(got.apparmor_restricts);
  EXPECT_TRUE(got.clone_forbidden);
  EXPECT_FALSE(got.none_allowed);
  EXPECT_TRUE(got.in_container);
}

TEST(SandboxUnavailable, WithoutBubblewrapSaysWhatToInstall) {
  const TemporaryDirectory empty;
  const std::string path = std::getenv("PATH");
  setenv("PATH", empty.path().c_str(), 1);
  const auto sandbox = Sandbox::open();
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(sandbox);
  EXPECT_EQ(sandbox.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(sandbox.error().hint_text(Language::kEnglish).find("bubblewrap"), std::string::npos);
}

// A bwrap with a hole must not count as a sandbox.
TEST(SandboxUnavailable, ASandboxThatLeaksIsNone) {
  const TemporaryDirectory directory;
  const std::string path = std::getenv("PATH");
  const std::string file = directory.write(
      "bwrap", "#!/bin/sh\ncase \"$1\" in --version) exit 0;; esac\nPATH=" + path + "\nexec bwrap --ro-bind /etc /etc \"$@\"\n");
  for (const std::string& open_to_all : {directory.path(), file}) chmod(open_to_all.c_str(), 0755);
  setenv("PATH", (directory.path() + ":" + path).c_str(), 1);
  const auto sandbox = Sandbox::open();
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(sandbox);
  EXPECT_EQ(sandbox.error().message.key, "lab.sandbox.leaks") << sandbox.error().text();
  EXPECT_EQ(sandbox.error().message.args, std::vector<std::string>{"/etc/passwd"});
}

}  // namespace
}  // namespace slm::lab
