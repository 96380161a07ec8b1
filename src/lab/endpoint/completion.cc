#include "lab/endpoint/completion.h"

#include <limits>

#include "base/json.h"
#include "base/text.h"

namespace slm::lab {
namespace {

constexpr size_t kQuoted = 300;              // bytes of the endpoint's own words
constexpr uint32_t kPiecesToSpare = 64;      // over the tokens asked for
constexpr size_t kMostAnswerBytes = 16u << 20;
constexpr size_t kMostNameBytes = 200;

// One line of at most kQuoted bytes.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, kQuoted)) line += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  line.resize(line.size() - incomplete_utf8_suffix(line));
  return printable(line) + (text.size() > kQuoted ? " ..." : "");
}

const Json* member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

std::string text_at(const Json& json, const char* key) {
  const Json* found = member(json, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

std::optional<uint32_t> count_at(const Json& json, const char* key) {
  const Json* found = member(json, key);
  if (found == nullptr || !found->is_number_unsigned()) return std::nullopt;
  const uint64_t value = found->get<uint64_t>();
  return value > std::numeric_limits<uint32_t>::max() ? std::nullopt : std::optional(static_cast<uint32_t>(value));
}

// {"error": {"message": "..."}}, {"error": "..."}, {"message": "..."}, {"detail": ...}.
std::string error_of(const Json& json) {
  if (const Json* error = member(json, "error")) {
    if (error->is_string()) return error->get<std::string>();
    const std::string message = text_at(*error, "message");
    return message.empty() ? to_text(*error) : message;
  }
  if (const std::string message = text_at(json, "message"); !message.empty()) return message;
  const Json* detail = member(json, "detail");
  return detail == nullptr ? "" : detail->is_string() ? detail->get<std::string>() : to_text(*detail);
}

Error network(Message message) { return Error{ErrorKind::kNetwork, std::move(message), {}}; }

}  // namespace

std::string error_text(std::string_view body) {
  if (const auto json = parse_json(body)) {
    if (const std::string text = error_of(*json); !text.empty()) return one_line(text);
  }
  return one_line(body);
}

bool CompletionReader::read(std::string_view bytes, double now) {
  if (completion_.overran || error_) return false;
  if (done_) return true;
  if (beginning_.size() < kQuoted) {
    beginning_ += bytes.substr(0, kQuoted - beginning_.size());
    const size_t first = beginning_.find_first_not_of(" \t\r\n");
    if (first != std::string::npos && beginning_[first] == '{') is_plain_ = true;
  }
  if (is_plain_) {
    plain_ += bytes;
    completion_.last_piece_seconds = now;
    return true;
  }
  const Status status = events_.read(bytes, [&](const net::ServerEvent& event) {
    take_event(event, now);
    return !done_ && !error_;
  });
  if (!status) error_ = status.error();
  return !completion_.overran && !error_;
}

void CompletionReader::take_event(const net::ServerEvent& event, double now) {
  if (event.data == "[DONE]") {
    done_ = true;
  } else if (event.name == "error") {
    error_ = network(msg("lab.endpoint.said", error_text(event.data)));
  } else if (event.name == "message") {
    take_json(event.data, now, "delta");
  }
}

// `part`: what holds a choice's text: "delta" of a stream, "message" of a whole reply; /completions has it in the choice itself.
void CompletionReader::take_json(std::string_view text, double now, const char* part) {
  const auto json = parse_json(text);
  if (!json || !json->is_object()) {
    error_ = network(msg("lab.endpoint.not_json", one_line(text)));
    return;
  }
  if (member(*json, "error") != nullptr) {
    error_ = network(msg("lab.endpoint.said", one_line(error_of(*json))));
    return;
  }
  if (const std::string model = text_at(*json, "model"); !model.empty()) completion_.model = model.substr(0, kMostNameBytes);
  if (const Json* usage = member(*json, "usage")) {
    if (const auto count = count_at(*usage, "prompt_tokens")) completion_.prompt_tokens = count;
    if (const auto count = count_at(*usage, "completion_tokens")) completion_.tokens = count;
    if (const Json* details = member(*usage, "prompt_tokens_details")) completion_.cached_tokens = count_at(*details, "cached_tokens");
  }
  const Json* choices = member(*json, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty()) return;
  const Json& choice = (*choices)[0];
  const Json* inner = member(choice, part);
  const Json& holder = inner != nullptr ? *inner : choice;
  const std::string answer = text_at(holder, inner != nullptr ? "content" : "text");
  const bool thinks = !text_at(holder, "reasoning_content").empty() || !text_at(holder, "reasoning").empty();
  if (const std::string reason = text_at(choice, "finish_reason"); !reason.empty()) completion_.finish_reason = reason.substr(0, kMostNameBytes);
  if (answer.empty() && !thinks) return;
  completion_.text += answer;
  if (completion_.pieces++ == 0) completion_.first_piece_seconds = now;
  completion_.last_piece_seconds = now;
  if (completion_.pieces > max_tokens_ + kPiecesToSpare || completion_.text.size() > kMostAnswerBytes) {
    completion_.overran = done_ = true;
    completion_.finish_reason = "length";
  }
}

Result<Completion> CompletionReader::finish() {
  if (is_plain_ && !error_) {
    done_ = true;
    take_json(plain_, completion_.last_piece_seconds, "message");
    if (!error_ && completion_.finish_reason.empty() && completion_.pieces == 0) {
      error_ = network(msg("lab.endpoint.not_an_answer", one_line(beginning_)));
    }
  }
  if (error_) return tl::unexpected<Error>(*error_);
  if (done_ || !completion_.finish_reason.empty()) return std::move(completion_);
  if (completion_.pieces > 0) return fail(ErrorKind::kNetwork, "lab.endpoint.cut_stream", completion_.text.size());
  return fail(ErrorKind::kNetwork, "lab.endpoint.not_an_answer", one_line(beginning_));
}

}  // namespace slm::lab
