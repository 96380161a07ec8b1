#include "hub/piece_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_directory.h"

namespace slm::hub {
namespace {

TEST(PieceWriter, WritesEveryByteInOrder) {
  const TemporaryDirectory directory;
  std::string content((5u << 20) + 11, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2'654'435'761u >> 24);
  const auto bytes = std::as_bytes(std::span(content));
  for (const size_t given : {size_t{70'001}, size_t{2} << 20, content.size()}) {
    const std::string path = directory / std::to_string(given);
    const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(descriptor, 0);
    PieceWriter writer(descriptor, path);
    for (size_t at = 0; at < bytes.size(); at += given) ASSERT_TRUE(writer.write(bytes.subspan(at, std::min(given, bytes.size() - at))));
    ASSERT_TRUE(writer.finish());
    close(descriptor);
    EXPECT_TRUE(read_text_file(path, 8u << 20) == content) << given;
  }
}

TEST(PieceWriter, SaysThatTheDiskIsFull) {
  const int descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) GTEST_SKIP() << "no /dev/full";
  const std::vector<std::byte> bytes(3u << 20);
  PieceWriter writer(descriptor, "a/place");
  const Status large = writer.write(bytes);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ErrorKind::kDoesNotFit);
  EXPECT_NE(large.error().text(Language::kEnglish).find("a/place"), std::string::npos);
  PieceWriter small(descriptor, "a/place");
  ASSERT_TRUE(small.write(std::span(bytes).first(5)));  // kept for later
  EXPECT_EQ(small.finish().error().kind, ErrorKind::kDoesNotFit);
  close(descriptor);
}

}  // namespace
}  // namespace slm::hub
