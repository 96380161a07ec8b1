#include "hub/wheel.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "hub/wheel_builder.h"

namespace slm::hub {
namespace {

class WheelTest : public testing::Test {
 protected:
  std::string build(const WheelPlan& plan) {
    const std::string path = directory_ / "test-1.0-py3-none-any.whl";
    build_wheel(path, plan);
    return path;
  }
  static Result<std::string> content(const Wheel& wheel, const std::string& member, uint64_t most = 1u << 30) {
    std::string text;
    SLM_TRY_STATUS(wheel.read(member, most, [&](std::span<const std::byte> bytes) -> Status {
      text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    }));
    return text;
  }
  // The message key of what is wrong with a wheel, at opening or when `member` is read.
  std::string fault(const WheelPlan& plan, const std::string& member = "data/a") {
    const auto wheel = Wheel::open(build(plan));
    if (!wheel) {
      EXPECT_EQ(wheel.error().kind, ErrorKind::kCorrupt);
      return std::string(wheel.error().message.key);
    }
    const auto text = content(*wheel, member);
    if (text) return "";
    EXPECT_EQ(text.error().kind, ErrorKind::kCorrupt);
    return std::string(text.error().message.key);
  }
  TemporaryDirectory directory_;
};

TEST_F(WheelTest, GivesAMemberWhole) {
  std::string large;
  for (int i = 0; i < 500'000; ++i) large += std::to_string(i % 10'007 * 7919 % 10'009);
  const auto wheel = Wheel::open(build({.files = {{"data/a", large}, {"data/b", "second"}}}));
  ASSERT_TRUE(wheel.has_value());
  EXPECT_EQ(wheel->size_of("data/a").value(), large.size());
  EXPECT_EQ(content(*wheel, "data/a").value(), large);
  EXPECT_EQ(content(*wheel, "data/b").value(), "second");
  EXPECT_EQ(content(*wheel, "data/c").error().message.key, "hub.zip_no_member");
}

TEST_F(WheelTest, QuotedNamesInRecordAreRead) {
  const std::string record = "\"data/a\",sha256=" + base64url_of_hex(sha256_of("x")) + ",1\r\n";
  EXPECT_EQ(fault({.files = {{"data/a", "x"}}, .record = record}), "");
}

TEST_F(WheelTest, RecordMustAgree) {
  const std::string other = "data/a,sha256=" + base64url_of_hex(sha256_of("other")) + ",1\n";
  EXPECT_EQ(fault({.files = {{"data/a", "x"}}, .record = other}), "hub.wrong_digest");
  EXPECT_EQ(fault({.files = {{"data/a", "x"}}, .record = "data/a,,\n"}), "hub.zip_not_recorded");
  EXPECT_EQ(fault({.files = {{"data/a", "x"}}, .record = "data/a,md5=abc,1\n"}), "hub.zip_not_recorded");
  EXPECT_EQ(fault({.files = {{"data/a", "x"}}, .record = "nothing"}), "hub.zip_not_recorded");
  EXPECT_EQ(fault({.files = {{"data/a", "x"}}, .with_record = false}), "hub.zip_no_record");
}

TEST_F(WheelTest, NamesThatLeadOutsideAreRefused) {
  for (const char* name : {"../evil", "data/../../evil", "/etc/evil", "data\\evil", "C:evil", "data/./x", ".."}) {
    EXPECT_EQ(fault({.files = {{"data/a", "x"}, {name, "y"}}}), "hub.zip_bad_name") << name;
  }
  EXPECT_EQ(fault({.files = {{"data/a", "x"}, {"data/..x", "y"}, {"data/...", "z"}}}), "");
}

TEST_F(WheelTest, LinksAreRefused) {
  EXPECT_EQ(fault({.files = {{"data/a", "/etc/passwd"}}, .link_name = "data/a"}), "hub.zip_link");
}

TEST_F(WheelTest, DoubledNamesAreRefused) {
  const std::string path = build({.files = {{"data/a", "x"}, {"data/Q", "y"}}});
  std::string bytes = read_text_file(path).value();
  for (size_t at; (at = bytes.find("data/Q")) != std::string::npos;) bytes.replace(at, 6, "data/a");
  std::ofstream(path, std::ios::binary) << bytes;
  const auto wheel = Wheel::open(path);
  ASSERT_FALSE(wheel.has_value());
  EXPECT_EQ(wheel.error().kind, ErrorKind::kCorrupt);
}

TEST_F(WheelTest, BombsAreRefusedBeforeUnpacking) {
  EXPECT_EQ(fault({.files = {{"data/a", std::string(3'000'000, '\0')}}}), "hub.zip_too_large");
}

TEST_F(WheelTest, NoMoreThanExpectedIsGiven) {
  const auto wheel = Wheel::open(build({.files = {{"data/a", std::string(1000, 'x')}}}));
  ASSERT_TRUE(wheel.has_value());
  EXPECT_EQ(content(*wheel, "data/a", 999).error().message.key, "hub.zip_member_too_long");
  EXPECT_TRUE(content(*wheel, "data/a", 1000).has_value());
}

TEST_F(WheelTest, DamageIsAnErrorNeverACrash) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::to_string(i * i);
  const std::string path = build({.files = {{"data/a", text}}});
  const std::string whole = read_text_file(path).value();
  for (size_t cut = 0; cut < whole.size(); cut += 97) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, cut);
    EXPECT_FALSE(Wheel::open(path).has_value()) << cut;
  }
  size_t refused = 0;
  for (size_t at = 0; at < whole.size(); at += 31) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    std::ofstream(path, std::ios::binary) << bytes;
    const auto wheel = Wheel::open(path);
    const auto read = wheel ? content(*wheel, "data/a") : Result<std::string>(tl::unexpected<Error>(wheel.error()));
    // Either it is noticed, or the byte did not matter (a time stamp).
    if (!read) ++refused;
    EXPECT_EQ(read.value_or(text), text);
  }
  EXPECT_GT(refused, whole.size() / 31 / 2);
  EXPECT_EQ(Wheel::open(directory_ / "none").error().kind, ErrorKind::kNotFound);
  std::ofstream(path, std::ios::binary) << "<html>not a wheel</html>";
  EXPECT_FALSE(Wheel::open(path).has_value());
}

}  // namespace
}  // namespace slm::hub
