#include "lab/tasks/own_prompts.h"

#include <algorithm>
#include <optional>

#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "chat/unicode.h"
#include "lab/graders/grader.h"

namespace slm::lab {
namespace {

const std::vector<std::string> kKeys = {"prompt", "expected", "regex", "choices"};

tl::unexpected<Error> bad(const Message& message) { return tl::unexpected<Error>(Error{ErrorKind::kCorrupt, message, {}}); }

std::string_view without_space(std::string_view text) {
  const chat::ByteRange kept = chat::strip_space(text, true, true);
  return text.substr(kept.begin, kept.end - kept.begin);
}

bool is_text(const Json& value) { return value.is_string() && !without_space(value.get_ref<const std::string&>()).empty(); }

// Texts and numbers as text; nothing for anything else and for a text with nothing in it.
std::optional<std::string> plain_text(const Json& value) {
  if (value.is_number()) return to_text(value);
  if (!is_text(value)) return std::nullopt;
  return std::string(without_space(value.get_ref<const std::string&>()));
}

// "144", "-2.5", "1,000": found as a text it would also be found in "11440".
bool is_plain_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::string_view whole = text.substr(0, point), part = text.substr(std::min(point + 1, text.size()));
  return !whole.empty() && is_digit(whole.front()) && std::all_of(part.begin(), part.end(), is_digit) &&
         std::all_of(whole.begin(), whole.end(), [is_digit](char c) { return is_digit(c) || c == ','; });
}

// Any Chinese character: then a letter is asked for in Chinese.
bool has_chinese(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const char32_t c = chat::next_code_point(text, at);
    if (c >= 0x4E00 && c <= 0x9FFF) return true;
  }
  return false;
}

// "contains" takes a JSON list of texts, of which any will do; a single text goes as a list too, so that one that looks like a list is not
// read as one.
Status expect_text(const Json& expected, OwnPrompt& own) {
  own.grader = "contains";
  Json list = Json::array();
  const auto add = [&list](const Json& one) {
    std::optional<std::string> text = plain_text(one);
    if (text) list.push_back(std::move(*text));
    return text.has_value();
  };
  const bool good = expected.is_array() ? !expected.empty() && std::all_of(expected.begin(), expected.end(), add) : add(expected);
  if (!good) return bad(msg("lab.prompts.bad_expected"));
  own.reference = to_text(list);
  return {};
}

// The letter of the right option: it is named by its text or, where no option is that text, by its letter.
std::optional<char> right_letter(const std::vector<std::string>& options, const std::string& expected) {
  const auto found = std::find(options.begin(), options.end(), expected);
  if (found != options.end()) return static_cast<char>('A' + (found - options.begin()));
  const char letter = expected.size() == 1 ? expected[0] : '\0';
  if (letter >= 'A' && letter < static_cast<char>('A' + options.size())) return letter;
  return std::nullopt;
}

Status expect_choice(const Json& choices, const Json& expected, OwnPrompt& own) {
  const bool is_list = choices.is_array() && choices.size() >= 2 && choices.size() <= limits::kOwnPromptMaxChoices;
  std::vector<std::string> options;
  for (size_t i = 0; is_list && i < choices.size(); ++i) {
    std::optional<std::string> option = plain_text(choices[i]);
    const bool fresh = option && std::find(options.begin(), options.end(), *option) == options.end();
    if (!fresh) break;
    options.push_back(std::move(*option));
  }
  if (!is_list || options.size() != choices.size()) return bad(msg("lab.prompts.bad_choices", limits::kOwnPromptMaxChoices));
  const std::optional<std::string> right = plain_text(expected);
  const std::optional<char> letter = right ? right_letter(options, *right) : std::nullopt;
  if (!letter) return bad(msg("lab.prompts.no_right_choice"));
  const bool chinese = has_chinese(own.prompt);
  own.prompt += "\n";
  for (size_t i = 0; i < options.size(); ++i) own.prompt += std::string("\n") + static_cast<char>('A' + i) + ". " + options[i];
  own.prompt += chinese ? "\n\n只回答正确选项的字母。" : "\n\nAnswer with the letter of the right option only.";
  own.grader = "choice";
  own.reference = {*letter, '/', static_cast<char>('A' + options.size() - 1)};
  return {};
}

// How the answer is graded, by the keys that stand there.
Status take_expectation(const Json& record, OwnPrompt& own) {
  const bool has_expected = record.contains("expected"), has_choices = record.contains("choices");
  if (record.contains("regex")) {
    if (has_expected || has_choices) return bad(msg("lab.prompts.regex_alone"));
    if (!is_text(record["regex"])) return bad(msg("lab.prompts.bad_regex"));
    own.grader = "regex";
    own.reference = record["regex"].get<std::string>();
    return {};
  }
  if (has_choices) return expect_choice(record["choices"], has_expected ? record["expected"] : Json(), own);
  if (!has_expected) return {};
  const std::optional<std::string> one = plain_text(record["expected"]);
  if (one && (record["expected"].is_number() || is_plain_number(*one))) {
    own.grader = "number";
    own.reference = *one;
    return {};
  }
  return expect_text(record["expected"], own);
}

Status check_keys(const Json& record) {
  for (const auto& [key, value] : record.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) continue;
    const std::optional<std::string> meant = nearest_spelling(key, kKeys);
    if (meant) return bad(msg("lab.prompts.key_meant", key, *meant));
  }
  return {};
}

Status take_prompt(std::string prompt, OwnPrompt& own) {
  if (prompt.size() > limits::kOwnPromptMaxBytes) return bad(msg("lab.prompts.too_long", limits::kOwnPromptMaxBytes));
  own.prompt = std::move(prompt);
  return {};
}

Status read_record(std::string_view line, OwnPrompt& own) {
  SLM_TRY(record, parse_json(line));
  if (!record.is_object()) return bad(msg("lab.prompts.not_object"));
  SLM_TRY_STATUS(check_keys(record));
  if (!record.contains("prompt") || !is_text(record["prompt"])) return bad(msg("lab.prompts.no_prompt"));
  SLM_TRY_STATUS(take_prompt(record["prompt"].get<std::string>(), own));
  SLM_TRY_STATUS(take_expectation(record, own));
  if (own.grader.empty()) return {};
  // The grader itself says whether it can read the reference: an empty answer shows it.
  const Grader* grader = find_grader(own.grader);
  SLM_CHECK(grader != nullptr);
  const auto grade = grader->grade({own.prompt, "", own.reference, false});
  if (!grade) return tl::unexpected<Error>(grade.error());
  return {};
}

Status read_line(std::string_view line, bool json_lines, OwnPrompt& own) {
  return json_lines ? read_record(line, own) : take_prompt(std::string(line), own);
}

bool is_json_lines(std::string_view text, std::string_view path) {
  if (path.ends_with(".jsonl")) return true;
  const std::string_view start = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (!start.starts_with('{')) return false;
  const auto first = parse_json(start.substr(0, start.find('\n')));
  return first && first->is_object();
}

}  // namespace

Result<std::vector<OwnPrompt>> parse_own_prompts(std::string_view text, const std::string& path) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const bool json_lines = is_json_lines(text, path);
  std::vector<OwnPrompt> prompts;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view content = without_space(line);
    if (content.empty()) continue;
    if (prompts.size() == limits::kOwnPromptsMax) {
      return fail(ErrorKind::kDoesNotFit, "lab.prompts.too_many", path, limits::kOwnPromptsMax);
    }
    OwnPrompt own;
    own.id = static_cast<uint32_t>(prompts.size());
    own.line = number;
    if (const Status read = read_line(content, json_lines, own); !read) {
      return fail(ErrorKind::kCorrupt, "lab.bad_line", path, number, read.error().text(language()));
    }
    prompts.push_back(std::move(own));
  }
  if (prompts.empty()) return fail_with_hint(ErrorKind::kCorrupt, msg("lab.prompts.none", path), msg("lab.prompts.how"));
  return prompts;
}

Result<std::vector<OwnPrompt>> read_own_prompts(const std::string& path, const std::string& encoding) {
  SLM_TRY(bytes, read_text_file(path, limits::kMaxPromptBytes));
  SLM_TRY(text, decode_text(bytes, encoding, path));
  return parse_own_prompts(text, path);
}

}  // namespace slm::lab
