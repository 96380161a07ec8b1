#include "base/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/temporary_directory.h"

namespace slm {
namespace {

TEST(Files, ReadsWhatWasWritten) {
  const TemporaryDirectory directory;
  const std::string content("with\0zero\n", 10);
  ASSERT_TRUE(write_file_atomically(directory / "file", content).has_value());
  EXPECT_EQ(read_text_file(directory / "file").value(), content);
  ASSERT_TRUE(write_file_atomically(directory / "file", "new").has_value());
  EXPECT_EQ(read_text_file(directory / "file").value(), "new");
}

TEST(Files, AtomicWriteLeavesNothingBeside) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomically(directory / "file", "x").has_value());
  std::filesystem::create_directory(directory / "taken");
  const Status refused = write_file_atomically(directory / "taken", "x");  // a directory cannot be replaced
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kFailed);
  const auto entries = std::filesystem::directory_iterator(directory.path());
  EXPECT_EQ(std::count_if(begin(entries), end(entries), [](const auto&) { return true; }), 2);
}

TEST(Files, ObeysTheUmask) {
  const TemporaryDirectory directory;
  const mode_t before = umask(0027);
  ASSERT_TRUE(write_file_atomically(directory / "file", "x").has_value());
  umask(before);
  struct stat status = {};
  ASSERT_EQ(stat((directory / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(Files, SaysWhatIsWrong) {
  const TemporaryDirectory directory;
  EXPECT_EQ(read_text_file(directory / "none").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(read_text_file(directory.path()).error().message.key, "base.is_directory");
  const std::string path = directory.write("long", std::string(1000, 'x'));
  EXPECT_EQ(read_text_file(path, 999).error().kind, ErrorKind::kDoesNotFit);
  EXPECT_TRUE(read_text_file(path, 1000).has_value());
  EXPECT_FALSE(write_file_atomically(directory / "no/such/place", "x").has_value());
}

TEST(Files, ReadsADescriptorToItsEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "abc", 3), 3);
  close(ends[1]);
  EXPECT_EQ(read_descriptor(ends[0]).value(), "abc");
  close(ends[0]);
  EXPECT_EQ(read_descriptor(ends[0]).error().kind, ErrorKind::kFailed);
}

TEST(Files, MakesDirectories) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(make_directories(directory / "a/b/c").has_value());
  EXPECT_TRUE(make_directories(directory / "a/b/c").has_value());
  directory.write("file", "x");
  EXPECT_FALSE(make_directories(directory / "file").has_value());
  EXPECT_FALSE(make_directories(directory / "file/below").has_value());
}

TEST(Files, HomeDirectoryIsHome) {
  const char* before = std::getenv("HOME");
  const std::string saved = before != nullptr ? before : "";
  setenv("HOME", "/somewhere", 1);
  EXPECT_EQ(home_directory(), "/somewhere");
  unsetenv("HOME");
  EXPECT_FALSE(home_directory().empty());
  if (before != nullptr) setenv("HOME", saved.c_str(), 1);
}

}  // namespace
}  // namespace slm
