// A run over a real runtime (a tiny model), killed at random moments and gone on with, gives what an unbroken one does.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "base/json.h"
#include "base/temporary_directory.h"
#include "lab/statistics.h"
#include "lab/tasks/task_json.h"
#include "runtime/runtime.h"
#include "runtime/testing/tiny_chat_model.h"

namespace slm::lab {
namespace {

constexpr const char* kEcho =
    "name: echo\ntitle: {en: Echo}\ntable: x\nkind: generate\ndata: {file: d.txt, format: lines, columns: [q]}\ngrader: contains\nreference: e\n"
    "max_tokens: 6\nprompt: {chat: \"say {{q}}\", text: \"{{q}}\"}\n";
constexpr const char* kPairLines =
    "name: pairs\ntitle: {en: Pairs}\ntable: x\nkind: choices\ndata: {file: d.txt, format: lines, columns: [q]}\nprompt: {text: \"{{q}}\"}\n"
    "endings: [hello, the]\nlabel: \"0\"\n";
constexpr size_t kItems = 40;

struct Workplace {
  TemporaryDirectory directory;
  Task task;
  RowData data;

  explicit Workplace(const char* yaml) {
    std::string lines;
    for (size_t i = 0; i < kItems; ++i) lines += "hello the " + std::to_string(i) + "\n";
    directory.write("d.txt", lines);
    EXPECT_TRUE(tiny::write_tiny_chat_model(directory / "tiny.gguf"));
    task = *parse_task(yaml, "t.yaml");
    data = *load_row(task, task.rows[0], {directory.path()}, {});
  }

  // The records as JSON, without what a clock or the cache tells; "" when it ended early.
  std::string run(AnswerCache* cache, const Watch& watch) const {
    OpenOptions options;
    options.path = directory / "tiny.gguf";
    options.threads = 1;
    auto runtime = Runtime::open(options);
    if (!runtime) return {};
    RuntimeGenerator generator(**runtime, options, "digest");
    RuntimeScorer scorer(**runtime);
    const TaskSubject subject{&generator, &scorer, likelihood_identity(**runtime, options, "digest"), "tiny"};
    TaskRun run{&task, "tiny", true, 1, {}, {}};
    auto result = run_row(data, subject, {SIZE_MAX, 1, cache}, watch);
    if (!result || result->stopped) return {};
    for (TaskRecord& record : result->records) record.seconds = 0;
    result->score.seconds = 0;
    result->from_cache = 0;
    run.rows.push_back(std::move(*result));
    return to_text(task_run_json(run));
  }
};

// A child that runs with the cache and is killed after `delay`; true when it came to its end before.
bool run_and_kill(const Workplace& workplace, std::chrono::microseconds delay) {
  const pid_t child = fork();
  if (child == 0) {
    auto cache = AnswerCache::open(workplace.directory / "answers.db");
    if (!cache) _exit(2);
    const Watch slow{[](const Progress&) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }, nullptr};
    workplace.run(cache->get(), slow);
    _exit(0);
  }
  std::this_thread::sleep_for(delay);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status);
}

void expect_the_same_after_kills(const char* yaml) {
  const Workplace workplace(yaml);
  SeededRandom random(1);
  int killed = 0;
  for (int i = 0; i < 20; ++i) killed += !run_and_kill(workplace, std::chrono::microseconds(random.below(60'000)));
  EXPECT_GT(killed, 3);
  const auto cache = AnswerCache::open(workplace.directory / "answers.db");
  ASSERT_TRUE(cache) << cache.error().text();
  const std::string resumed = workplace.run(cache->get(), {}), unbroken = workplace.run(nullptr, {});
  ASSERT_FALSE(unbroken.empty());
  EXPECT_EQ(resumed, unbroken);
  EXPECT_EQ(*(*cache)->size(), kItems);
}

TEST(Resume, WrittenAnswersAfterTwentyKills) { expect_the_same_after_kills(kEcho); }
TEST(Resume, ChoicesAfterTwentyKills) { expect_the_same_after_kills(kPairLines); }

}  // namespace
}  // namespace slm::lab
