// One answer of an OpenAI endpoint (/chat/completions or /completions), read as it comes. What the endpoint sends is not trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/sse.h"

namespace slm::lab {

struct Completion {
  std::string text;                 // of the answer; a thinking model's thoughts are not part of it
  std::string finish_reason;        // "stop", "length", ...
  std::string model;                // that the reply names; "" where it names none
  // Of "usage"; nothing where the endpoint does not count. Pieces of a stream are never counted as tokens.
  std::optional<uint32_t> prompt_tokens, cached_tokens, tokens;
  uint32_t pieces = 0;              // with text, thoughts included
  double first_piece_seconds = 0, last_piece_seconds = 0;  // after the request was sent
  bool overran = false;             // went on past the tokens asked for, and was cut here
};

// The endpoint's own words about what went wrong, of an error reply's body: one line, a few hundred characters at most, nothing that could
// move a terminal's cursor. "" where there are none.
std::string error_text(std::string_view body);

class CompletionReader {
 public:
  // More pieces than that, with some to spare, and the endpoint does not stop where it was told to.
  explicit CompletionReader(uint32_t max_tokens) : max_tokens_(max_tokens) {}

  // The next bytes of the body, `now` seconds after the request was sent. False: nothing more is wanted (an error that finish() gives, or an
  // answer that does not stop). What follows the end is read for the connection's sake, and dropped.
  bool read(std::string_view bytes, double now);
  // The end has come: what becomes of the connection afterwards does not matter.
  bool is_complete() const { return done_ && !error_; }
  // The whole answer. Errors, all kNetwork: the stream broke off before its end, is no answer (HTML, other JSON), or says "error".
  Result<Completion> finish();

 private:
  void take_event(const net::ServerEvent& event, double now);
  void take_json(std::string_view text, double now, const char* part);

  uint32_t max_tokens_;
  net::SseReader events_;
  std::string plain_;               // a reply that is no stream: one JSON document
  std::string beginning_;           // of the body, to be quoted
  bool is_plain_ = false, done_ = false;
  std::optional<Error> error_;
  Completion completion_;
};

}  // namespace slm::lab
