#include "base/process.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/temporary_directory.h"

namespace slm {
namespace {

ChildOptions shell(const std::string& script) {
  ChildOptions options;
  options.argv = {"sh", "-c", script};
  return options;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(Process, GivesOutputAndExitCode) {
  const auto result = run_child(shell("echo out; echo err >&2; exit 7"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->error_output, "err\n");
}

TEST(Process, ArgumentsAreNotReadByAShell) {
  ChildOptions options;
  options.argv = {"printf", "%s|", "a b", "$HOME; rm -rf /", "*"};
  const auto result = run_child(options);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output, "a b|$HOME; rm -rf /|*|");
}

TEST(Process, MergesAndCallsBackByLine) {
  ChildOptions options = shell("echo one; echo two >&2; printf 'three\\rfour'");
  options.merge_stderr = true;
  std::vector<std::string> lines;
  options.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  const auto result = run_child(options);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three", "four"}));
  EXPECT_EQ(result->output, "one\ntwo\nthree\rfour");
}

TEST(Process, FeedsMoreInputThanAPipeHolds) {
  ChildOptions options;
  options.argv = {"cat"};
  options.input = std::string(3'000'000, 'x');
  const auto result = run_child(options);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output.size(), options.input.size());
  options.argv = {"true"};  // does not read it
  EXPECT_EQ(run_child(options)->exit_code, 0);
}

TEST(Process, EnvironmentAndDirectory) {
  const TemporaryDirectory directory;
  ChildOptions options = shell("pwd -P; echo $SLM_TEST_A$SLM_TEST_B");
  setenv("SLM_TEST_A", "old", 1);
  options.environment = {"SLM_TEST_A=new", "SLM_TEST_B=too"};
  options.directory = directory.path();
  const auto result = run_child(options);
  unsetenv("SLM_TEST_A");
  ASSERT_TRUE(result.has_value());
  EXPECT_NE(result->output.find("newtoo"), std::string::npos);
  EXPECT_NE(result->output.find("slm-test-"), std::string::npos);
}

TEST(Process, TimeoutKillsTheWholeGroup) {
  const auto start = std::chrono::steady_clock::now();
  ChildOptions options = shell("trap '' TERM INT; sleep 60 & sleep 60; echo never");
  options.timeout_seconds = 0.3;
  const auto result = run_child(options);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->exit_code, 128 + SIGKILL);
  EXPECT_LT(seconds_since(start), 10);
}

TEST(Process, DoesNotWaitForWhatTheChildLeftRunning) {
  const auto start = std::chrono::steady_clock::now();
  const auto result = run_child(shell("sleep 60 & echo done"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output, "done\n");
  EXPECT_LT(seconds_since(start), 10);
}

TEST(Process, SaysWhatCannotBeStarted) {
  ChildOptions options;
  options.argv = {"no-such-program-of-slm"};
  EXPECT_EQ(run_child(options).error().kind, ErrorKind::kNotFound);
  options.argv = {};
  EXPECT_EQ(run_child(options).error().kind, ErrorKind::kNotFound);
  options = shell("true");
  options.directory = "/no/such/directory";
  EXPECT_EQ(run_child(options).error().kind, ErrorKind::kFailed);
  const TemporaryDirectory directory;
  options.argv = {directory.write("plain", "text")};  // not executable
  EXPECT_EQ(run_child(options).error().kind, ErrorKind::kNotFound);
}

TEST(Process, KeepsNoMoreOutputThanTheLimit) {
  const auto result = run_child(shell("head -c 70000000 /dev/zero"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->output.size(), limits::kChildMaxOutputBytes);
  EXPECT_EQ(result->exit_code, 0);
}

volatile sig_atomic_t g_caught = 0;

TEST(Process, InterruptReachesTheChildAndOurHandler) {
  struct sigaction action = {}, before = {};
  action.sa_handler = [](int) { g_caught = 1; };
  sigaction(SIGINT, &action, &before);
  std::thread sender([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    kill(getpid(), SIGINT);
  });
  const auto start = std::chrono::steady_clock::now();
  const auto result = run_child(shell("sleep 60"));
  sender.join();
  struct sigaction after = {};
  sigaction(SIGINT, &before, &after);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->interrupted);
  EXPECT_FALSE(result->timed_out);
  EXPECT_EQ(result->exit_code, 128 + SIGINT);
  EXPECT_EQ(g_caught, 1);
  EXPECT_EQ(after.sa_handler, action.sa_handler);
  EXPECT_LT(seconds_since(start), 10);
}

TEST(Process, TicksWhileItRuns) {
  ChildOptions options = shell("sleep 1");
  int ticks = 0;
  options.on_tick = [&] { ++ticks; };
  ASSERT_TRUE(run_child(options).has_value());
  EXPECT_GE(ticks, 2);
}

}  // namespace
}  // namespace slm
