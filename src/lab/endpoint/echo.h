// A prompt that an OpenAI endpoint sent back with the logprobs of its tokens ("echo" and "logprobs" of /completions). Nothing of it is trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm::lab {

struct EchoedToken {
  std::string text;                // as the server shows it: of a part of a character it may be anything
  uint64_t offset = 0;             // characters (code points) of the text before it
  std::optional<double> logprob;   // nothing of the first: nothing goes before it
};

struct Echo {
  std::vector<EchoedToken> tokens;   // of the prompt; what was written after it is left out
};

// Errors: kNotFound (a reply without logprobs, or without the prompt: the endpoint cannot do it), kCorrupt: it lies: the text is another
// than `prompt`, lists of different lengths, a logprob that is none (above 0, no number, null after the first), offsets that go back.
Result<Echo> read_echo(std::string_view body, std::string_view prompt);

// The logprobs of the tokens from the one on that begins at character `boundary`. Errors: kNetwork kTokenStraddles (none begins
// there), kCorrupt (one has no logprob).
Result<std::vector<float>> logprobs_from(const Echo& echo, uint64_t boundary);

}  // namespace slm::lab
