#include "base/memory_group.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/process.h"
#include "base/temporary_directory.h"

namespace slm {
namespace {

// A child that takes `mebibytes` of memory, under a limit.
Result<ChildResult> take(const MemoryGroup& group, int mebibytes) {
  ChildOptions child;
  child.argv = {"python3", "-c", "x = bytearray(" + std::to_string(mebibytes) + " << 20); print(len(x))"};
  child.group_file = group.group_file();
  child.timeout_seconds = 30;
  return run_child(child);
}

TEST(MemoryGroup, HoldsAChildToItsLimit) {
  auto group = MemoryGroup::make();
  if (!group) GTEST_SKIP() << group.error().text();
  ASSERT_TRUE(group->set_limit(96u << 20));
  const auto fits = take(*group, 32);
  ASSERT_TRUE(fits) << fits.error().text();
  EXPECT_EQ(fits->exit_code, 0) << fits->error_output;
  const auto too_much = take(*group, 200);
  ASSERT_TRUE(too_much) << too_much.error().text();
  EXPECT_NE(too_much->exit_code, 0);
}

TEST(MemoryGroup, GoesWithItsOwner) {
  std::string directory;
  {
    auto group = MemoryGroup::make();
    if (!group) GTEST_SKIP() << group.error().text();
    directory = std::filesystem::path(group->group_file()).parent_path();
    EXPECT_TRUE(std::filesystem::exists(directory));
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
}

// A system under a folder: /proc as a process in `group` sees it, with one mount of a hierarchy at /cg.
class FakeSystem {
 public:
  FakeSystem(const std::string& mount, const std::string& group) {
    write("/proc/self/mountinfo", "36 35 98:0 / /cg rw - " + mount + "\n");
    write("/proc/self/cgroup", group + "\n");
  }
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root() + path).parent_path());
    std::ofstream(root() + path) << text;
  }
  std::string root() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

TEST(MemoryGroup, NoHierarchyIsNotFound) {
  const TemporaryDirectory empty;
  const auto group = MemoryGroup::make(empty.path());
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().kind, ErrorKind::kNotFound);
}

TEST(MemoryGroup, AGroupThatHandsNothingDownIsNotFound) {
  FakeSystem system("cgroup2 cgroup2 rw", "0::/user");
  system.write("/cg/user/cgroup.controllers", "cpu");  // no subtree_control: nothing can be handed down
  const auto group = MemoryGroup::make(system.root());
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().kind, ErrorKind::kNotFound);
}

TEST(MemoryGroup, AGroupWithoutALimitFileIsTakenAwayAgain) {
  FakeSystem system("cgroup cgroup rw,memory", "4:memory:/");
  system.write("/cg/tasks", "");
  ASSERT_FALSE(MemoryGroup::make(system.root()));
  for (const auto& entry : std::filesystem::directory_iterator(system.root() + "/cg")) EXPECT_FALSE(entry.is_directory()) << entry;
}

TEST(Process, AGroupThatIsNotThereIsSaid) {
  ChildOptions child;
  child.argv = {"true"};
  child.group_file = "/nowhere/cgroup.procs";
  const auto result = run_child(child);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kFailed);
}

}  // namespace
}  // namespace slm
