#include "net/sse.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace slm::net {
namespace {

std::vector<std::pair<std::string, std::string>> events_of(std::string_view text, size_t piece) {
  SseReader reader;
  std::vector<std::pair<std::string, std::string>> events;
  for (size_t i = 0; i < text.size(); i += piece) {
    EXPECT_TRUE(reader.read(text.substr(i, piece), [&](const ServerEvent& event) {
      events.emplace_back(event.name, event.data);
      return true;
    }));
  }
  return events;
}

using Events = std::vector<std::pair<std::string, std::string>>;

TEST(Sse, SameEventsWhereverTheBytesAreCut) {
  const std::string text =
      "\xEF\xBB\xBF: a comment\r\ndata: {\"a\": 1}\r\n\r\nevent: error\ndata:no space\ndata:  two\nid: 7\nretry: 10\n\n"
      "data\n\ndata: with:colon\r\rnonsense\n\n\n\ndata: [DONE]\n\ndata: never ended";
  const Events wanted = {{"message", "{\"a\": 1}"}, {"error", "no space\n two"}, {"message", ""}, {"message", "with:colon"}, {"message", "[DONE]"}};
  for (size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(events_of(text, piece), wanted) << piece;
}

TEST(Sse, NameWithoutDataIsNoEvent) { EXPECT_EQ(events_of("event: ping\n\ndata: x\n\n", 100), (Events{{"message", "x"}})); }

TEST(Sse, AReaderThatHasEnoughGetsNoMore) {
  SseReader reader;
  int events = 0;
  const auto first_only = [&](const ServerEvent&) { return ++events < 1; };
  EXPECT_TRUE(reader.read("data: 1\n\ndata: 2\n\n", first_only));
  EXPECT_TRUE(reader.read("data: 3\n\n", first_only));
  EXPECT_EQ(events, 1);
}

TEST(Sse, ALineWithoutEndIsRefused) {
  SseReader reader;
  const std::string piece(1 << 16, 'x');
  size_t fed = 0;
  Status status;
  while (status && fed <= 2 * limits::kSseMaxEventBytes) {
    status = reader.read(piece, [](const ServerEvent&) { return true; });
    fed += piece.size();
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kNetwork);
  EXPECT_EQ(status.error().message.key, "net.event_too_long");
  EXPECT_LE(fed, limits::kSseMaxEventBytes + piece.size());
}

TEST(Sse, AnEventOfLinesWithoutEndIsRefused) {
  SseReader reader;
  std::string piece;
  for (int i = 0; i < 1'000; ++i) piece += "data: 0123456789\n";
  Status status;
  for (size_t fed = 0; status && fed <= 3 * limits::kSseMaxEventBytes; fed += piece.size()) {
    status = reader.read(piece, [](const ServerEvent&) { return true; });
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message.key, "net.event_too_long");
}

}  // namespace
}  // namespace slm::net
