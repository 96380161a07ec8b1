#include "base/mapped_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "base/temporary_directory.h"

namespace slm {
namespace {

TEST(MappedFile, ShowsTheBytes) {
  const TemporaryDirectory directory;
  const std::string content = std::string(10'000, 'a') + "end";
  const auto file = MappedFile::open(directory.write("file", content));
  ASSERT_TRUE(file.has_value());
  const auto bytes = (*file)->bytes();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), content);
}

TEST(MappedFile, DroppingKeepsTheBytesAndAcceptsAnyRange) {
  const TemporaryDirectory directory;
  const auto file = MappedFile::open(directory.write("file", std::string(50'000, 'x')));
  ASSERT_TRUE(file.has_value());
  (*file)->drop(0, 50'000);
  (*file)->drop(4'097, 1);
  (*file)->drop(49'999, ~size_t{0});
  (*file)->drop(60'000, 5);
  (*file)->drop(10, 100);
  (*file)->drop(~size_t{0}, ~size_t{0});
  for (const std::byte byte : (*file)->bytes()) ASSERT_EQ(byte, std::byte{'x'});
}

TEST(MappedFile, LargerThanHugePagesItShowsTheSameBytesAfterADrop) {
  const TemporaryDirectory directory;
  std::string content((5u << 20) + 3, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2'654'435'761u >> 24);
  const auto file = MappedFile::open(directory.write("file", content));
  ASSERT_TRUE(file.has_value());
  const auto bytes = (*file)->bytes();
  const std::string_view seen(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_TRUE(seen == content);
  (*file)->drop((2u << 20) + 5'000, 1u << 20);  // a part of a huge page
  EXPECT_TRUE(seen == content);
}

TEST(MappedFile, EmptyFileIsAnEmptySpan) {
  const TemporaryDirectory directory;
  const auto file = MappedFile::open(directory.write("file", ""));
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE((*file)->bytes().empty());
  (*file)->drop(0, 1);
}

TEST(MappedFile, SaysWhatIsWrong) {
  const TemporaryDirectory directory;
  const auto missing = MappedFile::open(directory / "none");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(missing.error().text(Language::kEnglish).find(directory / "none"), std::string::npos);

  const auto is_directory = MappedFile::open(directory.path());
  ASSERT_FALSE(is_directory.has_value());
  EXPECT_EQ(is_directory.error().message.key, "base.is_directory");

  ASSERT_EQ(mkfifo((directory / "pipe").c_str(), 0600), 0);
  const auto pipe = MappedFile::open(directory / "pipe");
  ASSERT_FALSE(pipe.has_value());
  EXPECT_EQ(pipe.error().message.key, "base.not_regular");

  if (geteuid() != 0) {
    const std::string path = directory.write("secret", "x");
    ASSERT_EQ(chmod(path.c_str(), 0), 0);
    const auto unreadable = MappedFile::open(path);
    ASSERT_FALSE(unreadable.has_value());
    EXPECT_EQ(unreadable.error().kind, ErrorKind::kFailed);
  }
}

}  // namespace
}  // namespace slm
