#include "lab/graders/ifeval_checkers.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/limits.h"
#include "lab/graders/ifeval_text.h"

namespace slm::lab::ifeval {
namespace {

std::optional<size_t> as_count(const Json& value) {
  // The value first: a negative number is not unsigned, a float neither.
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<uint64_t>();
  if (number < 1 || number > limits::kIfevalMaxCount) return std::nullopt;
  return static_cast<size_t>(number);
}

std::optional<std::string> as_text(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  std::string text(strip(value.get_ref<const std::string&>()));
  if (text.empty() || text.size() > limits::kIfevalMaxTextBytes) return std::nullopt;
  return text;
}

Result<std::vector<std::string>> as_texts(const Json& value, const std::string& path) {
  if (!value.is_array() || value.empty() || value.size() > limits::kIfevalMaxTexts) {
    return fail(ErrorKind::kCorrupt, "lab.ifeval.bad_texts", path, limits::kIfevalMaxTexts);
  }
  std::vector<std::string> texts;
  for (size_t i = 0; i < value.size(); ++i) {
    std::optional<std::string> text = as_text(value[i]);
    if (!text) {
      return fail(ErrorKind::kCorrupt, "lab.ifeval.bad_text", path + "[" + std::to_string(i) + "]", limits::kIfevalMaxTextBytes);
    }
    texts.push_back(std::move(*text));
  }
  return texts;
}

Status read_argument(const Json& value, Argument argument, const std::string& path, Arguments& into) {
  switch (argument) {
    case Argument::kCount:
    case Argument::kPosition: {
      const std::optional<size_t> count = as_count(value);
      if (!count) return fail(ErrorKind::kCorrupt, "lab.ifeval.bad_count", path, limits::kIfevalMaxCount);
      (argument == Argument::kCount ? into.count : into.position) = *count;
      return {};
    }
    case Argument::kRelation:
      if (value != "at least" && value != "less than") return fail(ErrorKind::kCorrupt, "lab.ifeval.bad_relation", path);
      into.at_least = value == "at least";
      return {};
    case Argument::kText: {
      std::optional<std::string> text = as_text(value);
      if (!text) return fail(ErrorKind::kCorrupt, "lab.ifeval.bad_text", path, limits::kIfevalMaxTextBytes);
      into.text = std::move(*text);
      return {};
    }
    case Argument::kTexts: {
      SLM_TRY(texts, as_texts(value, path));
      into.texts = std::move(texts);
      return {};
    }
  }
  return {};
}

// Arguments given as null are not given: the set is also handed out with every argument of any checker beside each instruction.
Result<Arguments> read_arguments(const Json& kwargs, const Checker& checker, const std::string& path) {
  if (!kwargs.is_object()) return fail(ErrorKind::kCorrupt, "lab.ifeval.no_object", path);
  for (const auto& [name, value] : kwargs.items()) {
    const bool known = std::any_of(checker.parameters.begin(), checker.parameters.end(),
                                   [&name = name](const Parameter& parameter) { return parameter.name == name; });
    if (!known && !value.is_null()) return fail(ErrorKind::kCorrupt, "lab.ifeval.unknown_argument", path, checker.id, name);
  }
  Arguments arguments;
  const Json absent;
  for (const Parameter& parameter : checker.parameters) {
    const auto found = kwargs.find(parameter.name);
    SLM_TRY_STATUS(read_argument(found == kwargs.end() ? absent : *found, parameter.argument,
                                 path + "." + std::string(parameter.name), arguments));
  }
  if (arguments.position > arguments.count) {
    return fail(ErrorKind::kCorrupt, "lab.ifeval.bad_position", path, arguments.position, arguments.count);
  }
  return arguments;
}

// The list `name` of the reference.
Result<const Json*> find_list(const Json& reference, const char* name) {
  const auto found = reference.is_object() ? reference.find(name) : reference.end();
  if (found == reference.end() || !found->is_array() || found->empty() || found->size() > limits::kIfevalMaxInstructions) {
    return fail(ErrorKind::kCorrupt, "lab.ifeval.no_list", std::string("$.") + name, limits::kIfevalMaxInstructions);
  }
  return &*found;
}

}  // namespace

const std::vector<Checker>& checkers() {
  using enum Argument;
  static const std::vector<Checker> table = {
      {"keywords:existence", has_keywords, {{"keywords", kTexts}}},
      {"keywords:frequency", has_keyword_times, {{"keyword", kText}, {"frequency", kCount}, {"relation", kRelation}}},
      {"keywords:forbidden_words", avoids_words, {{"forbidden_words", kTexts}}},
      {"keywords:letter_frequency", has_letter_times, {{"letter", kText}, {"let_frequency", kCount}, {"let_relation", kRelation}}},
      {"language:response_language", is_in_language, {{"language", kText}}},
      {"length_constraints:number_sentences", has_sentence_count, {{"num_sentences", kCount}, {"relation", kRelation}}},
      {"length_constraints:number_paragraphs", has_starred_paragraphs, {{"num_paragraphs", kCount}}},
      {"length_constraints:number_words", has_word_count, {{"num_words", kCount}, {"relation", kRelation}}},
      {"length_constraints:nth_paragraph_first_word",
       has_paragraph_first_word,
       {{"num_paragraphs", kCount}, {"nth_paragraph", kPosition}, {"first_word", kText}}},
      {"detectable_content:number_placeholders", has_placeholders, {{"num_placeholders", kCount}}},
      {"detectable_content:postscript", has_postscript, {{"postscript_marker", kText}}},
      {"detectable_format:number_bullet_lists", has_bullets, {{"num_bullets", kCount}}},
      {"detectable_format:constrained_response", is_one_of_the_options, {}},
      {"detectable_format:number_highlighted_sections", has_highlights, {{"num_highlights", kCount}}},
      {"detectable_format:multiple_sections", has_sections, {{"section_spliter", kText}, {"num_sections", kCount}}},
      {"detectable_format:json_format", is_json, {}},
      {"detectable_format:title", has_title, {}},
      {"combination:two_responses", has_two_responses, {}},
      {"combination:repeat_prompt", repeats_prompt, {{"prompt_to_repeat", kText}}},
      {"startend:end_checker", ends_with_phrase, {{"end_phrase", kText}}},
      {"change_case:capital_word_frequency", has_capital_words, {{"capital_frequency", kCount}, {"capital_relation", kRelation}}},
      {"change_case:english_capital", is_english_capital, {}},
      {"change_case:english_lowercase", is_english_lowercase, {}},
      {"punctuation:no_comma", has_no_comma, {}},
      {"startend:quotation", is_quoted, {}},
  };
  return table;
}

const Checker* find_checker(std::string_view id) {
  const auto found = std::find_if(checkers().begin(), checkers().end(), [id](const Checker& one) { return one.id == id; });
  return found == checkers().end() ? nullptr : &*found;
}

Result<std::vector<Instruction>> read_reference(std::string_view reference) {
  SLM_TRY(json, parse_json(reference));
  SLM_TRY(ids, find_list(json, "instruction_id_list"));
  SLM_TRY(kwargs, find_list(json, "kwargs"));
  if (ids->size() != kwargs->size()) return fail(ErrorKind::kCorrupt, "lab.ifeval.lengths", ids->size(), kwargs->size());
  std::vector<Instruction> instructions;
  for (size_t i = 0; i < ids->size(); ++i) {
    const std::string place = "[" + std::to_string(i) + "]";
    const Json& id = (*ids)[i];
    Instruction instruction;
    instruction.checker = id.is_string() ? find_checker(id.get_ref<const std::string&>()) : nullptr;
    if (instruction.checker == nullptr) {
      return fail(ErrorKind::kCorrupt, "lab.ifeval.no_instruction", "$.instruction_id_list" + place, to_text(id).substr(0, 80));
    }
    SLM_TRY(arguments, read_arguments((*kwargs)[i], *instruction.checker, "$.kwargs" + place));
    instruction.arguments = std::move(arguments);
    instructions.push_back(std::move(instruction));
  }
  return instructions;
}

}  // namespace slm::lab::ifeval
