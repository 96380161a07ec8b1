#include "lab/tasks/run_item.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "lab/choices.h"
#include "lab/graders/language_id.h"
#include "lab/perplexity.h"

namespace slm::lab {
namespace {

using Clock = std::chrono::steady_clock;

// What ends a turn in one template or another. As text in an answer they mean that the model's own was not recognised; what follows belongs to
// a turn that nobody asked for.
constexpr std::string_view kEndTexts[] = {"<|im_end|>", "<end_of_turn>", "<|endoftext|>", "<|eot_id|>", "</s>", "<eos>", "<|im_start|>",
                                          "<start_of_turn>"};

// Of sentences known to be Malay libcld2 takes 17 % for Indonesian, and 9 % the other way; of every other pair of FLORES' languages at
// most 2 %.
bool may_be(std::string_view wanted, std::string_view found) {
  const auto malay = [](std::string_view code) { return code == "id" || code == "ms"; };
  return found == wanted || (malay(wanted) && malay(found));
}

class ItemRun {
 public:
  ItemRun(const RowData& data, const TaskItem& item, const TaskSubject& subject, AnswerCache* cache, const Watch& watch, Status* kept)
      : data_(data), task_(*data.task), item_(item), subject_(subject), cache_(cache), watch_(watch), kept_(kept) {
    record_.item = item.id;
    record_.name = item.name;
    record_.stratum = item.stratum;
  }

  Result<TaskRecord> run() {
    const auto measured = by_kind();
    if (!measured) {
      if (measured.error().kind == ErrorKind::kDoesNotFit) return too_long(measured.error());
      if (measured.error().message.key == kTokenStraddles) return not_counted("straddles", measured.error());
      if (measured.error().kind == ErrorKind::kNetwork) return not_counted("failed", measured.error());
      return tl::unexpected<Error>(measured.error());
    }
    return std::move(record_);
  }

 private:
  Status by_kind() {
    const bool has_part = task_.kind == TaskKind::kGenerate ? subject_.generator != nullptr : subject_.scorer != nullptr;
    if (!has_part) return fail(ErrorKind::kNotFound, "lab.task.not_measurable", subject_.name, task_kind_name(task_.kind));
    switch (task_.kind) {
      case TaskKind::kGenerate: return generate();
      case TaskKind::kChoices: return choose();
      case TaskKind::kBits: return bits();
    }
    return {};
  }

  Result<TaskRecord> too_long(const Error& error) {
    record_.marks.push_back("too_long");
    record_.is_graded = task_.kind != TaskKind::kBits;  // 0 is wrong, but 0 bits would be perfect
    record_.transcript = error.text(Language::kEnglish);
    if (task_.kind == TaskKind::kGenerate) SLM_TRY_STATUS(grade_nothing());
    return std::move(record_);
  }

  // By the task's further graders, nothing that was written is 0, with the item's weight.
  Status grade_nothing() {
    SLM_TRY(reference, task_.reference.render(item_.fields));
    for (const Grader* further : task_.also) {
      SLM_TRY(none, further->grade({asked_, "", reference, false}));
      record_.also.push_back({std::string(further->name), 0, none.weight});
    }
    return {};
  }

  TaskRecord not_counted(const char* mark, const Error& error) {
    record_.is_graded = false;
    record_.marks.push_back(mark);
    record_.transcript = error.text(Language::kEnglish);
    return std::move(record_);
  }

  // ---- Cache

  // Null: nothing of that key, not what this program wrote, or a cache that broke down: the model is asked then.
  Json look_up(const std::string& key) {
    if (cache_ == nullptr) return {};
    const auto found = cache_->find(key);
    if (!found) tell_not_kept(found.error());
    if (!found || !*found) return {};
    auto value = parse_json(**found);
    if (!value) return {};
    record_.from_cache = true;
    return std::move(*value);
  }

  void keep(const std::string& key, const Json& value) {
    if (cache_ == nullptr) return;
    const Status status = cache_->keep(key, to_text(value));
    if (!status) tell_not_kept(status.error());
  }

  void tell_not_kept(const Error& error) {
    if (kept_ != nullptr) *kept_ = tl::unexpected<Error>(error);
  }

  // ---- Written answers

  bool is_chat() const { return prompting_of(task_, subject_) == "chat"; }

  Result<GenerateRequest> request() {
    GenerateRequest request;
    request.max_tokens = task_.max_tokens;
    if (is_chat()) {
      if (!task_.system.empty()) {
        SLM_TRY(system, task_.system.render(item_.fields));
        request.messages.push_back({"system", std::move(system), {}});
      }
      SLM_TRY(user, task_.chat.render(item_.fields));
      record_.prompt = asked_ = user;
      request.messages.push_back({"user", std::move(user), {}});
      return request;
    }
    if (task_.text.empty()) return fail(ErrorKind::kNotFound, "lab.task.no_text_prompt", task_.name, subject_.name);
    SLM_TRY(before, preamble_of(data_, item_));
    SLM_TRY(text, task_.text.render(item_.fields));
    asked_ = text;
    record_.prompt = request.text = before + text;
    request.stop = task_.stop;
    return request;
  }

  std::string key_of(const GenerateRequest& request) const {
    std::vector<std::string> parts = {"answer", subject_.generator->identity(), std::to_string(request.max_tokens), request.text};
    for (const chat::ChatMessage& message : request.messages) {
      parts.push_back(message.role);
      parts.push_back(message.content);
    }
    parts.push_back("stop");
    parts.insert(parts.end(), request.stop.begin(), request.stop.end());
    return AnswerCache::key_of(parts);
  }

  Result<GeneratedAnswer> answer_of(const GenerateRequest& request) {
    const bool may_keep = !subject_.generator->identity().empty();
    const std::string key = may_keep ? key_of(request) : "";
    if (may_keep) {
      const Json found = look_up(key);
      if (auto known = answer_from(found)) return std::move(*known);
      record_.from_cache = false;
    }
    SLM_TRY(answer, subject_.generator->generate(request, watch_.cancelled));
    answer.text = to_valid_utf8(answer.text);
    // How much fits depends on the context this run has: another may have more.
    if (may_keep && !answer.context_full) {
      keep(key, {{"text", answer.text}, {"truncated", answer.truncated}, {"system_folded", answer.system_folded},
                 {"prompt_tokens", answer.prompt_tokens}, {"tokens", answer.tokens}, {"seconds", answer.seconds}});
    }
    return answer;
  }

  static std::optional<GeneratedAnswer> answer_from(const Json& json) {
    const auto has = [&](const char* key, bool (Json::*is)() const noexcept) { return json.contains(key) && (json[key].*is)(); };
    if (!has("text", &Json::is_string) || !has("truncated", &Json::is_boolean) || !has("system_folded", &Json::is_boolean) ||
        !has("prompt_tokens", &Json::is_number_unsigned) || !has("tokens", &Json::is_number_unsigned) || !has("seconds", &Json::is_number)) {
      return std::nullopt;
    }
    GeneratedAnswer answer;
    answer.text = json["text"].get<std::string>();
    answer.truncated = json["truncated"].get<bool>();
    answer.system_folded = json["system_folded"].get<bool>();
    answer.prompt_tokens = json["prompt_tokens"].get<uint32_t>();
    answer.tokens = json["tokens"].get<uint32_t>();
    answer.seconds = json["seconds"].get<double>();
    return answer;
  }

  // An endpoint may pass over stop strings, and a model whose end token was not recognised goes on as text.
  void cut_where_it_ended(GeneratedAnswer& answer, const std::vector<std::string>& stop) {
    size_t end = std::string::npos;
    for (std::string_view text : kEndTexts) end = std::min(end, answer.text.find(text));
    for (const std::string& text : stop) end = std::min(end, answer.text.find(text));
    if (end == std::string::npos) return;
    answer.text.resize(end);
    answer.truncated = false;
    record_.marks.push_back("ran_on");
  }

  Status generate() {
    SLM_TRY(asked, request());
    SLM_TRY(answer, answer_of(asked));
    cut_where_it_ended(answer, asked.stop);
    record_.prompt_tokens = answer.prompt_tokens;
    record_.tokens = answer.tokens;
    record_.seconds = answer.seconds;
    if (answer.truncated) record_.marks.push_back("truncated");
    if (answer.system_folded) record_.marks.push_back("system_folded");
    if (answer.text.find_first_not_of(" \t\r\n") == std::string::npos) record_.marks.push_back("empty");
    record_.answer = answer.text;
    record_.transcript = transcript_of(asked);
    return grade(answer);
  }

  Status grade(const GeneratedAnswer& answer) {
    SLM_TRY(reference, task_.reference.render(item_.fields));
    const GradeRequest request{asked_, record_.answer, reference, answer.truncated};
    auto grade = task_.grader->grade(request);
    if (!grade) return not_graded(grade.error());
    record_.grade = grade->value;
    record_.is_graded = grade->is_graded;
    record_.extracted = std::move(grade->extracted);
    for (std::string& mark : grade->marks) {
      if (!record_.has_mark(mark)) record_.marks.push_back(std::move(mark));
    }
    for (const Grader* further : task_.also) {
      SLM_TRY(other, further->grade(request));
      record_.also.push_back({std::string(further->name), other.value, other.weight});
    }
    return mark_language();
  }

  // What the grader needs of the machine broke down: no fault of the answer, which counts neither way.
  Status not_graded(const Error& error) {
    const bool by_machine = error.kind == ErrorKind::kFailed && watch_.check();
    if (!by_machine) return tl::unexpected<Error>(error);
    record_.is_graded = false;
    record_.marks.push_back("failed");
    record_.transcript += "\n\n[" + std::string(task_.grader->name) + "]\n" + error.text(Language::kEnglish);
    return {};
  }

  Status mark_language() {
    if (task_.answer_language.empty()) return {};
    SLM_TRY(wanted, task_.answer_language.render(item_.fields));
    if (wanted.empty()) return {};
    const LanguageGuess guess = identify_language(record_.answer);
    if (guess.reliable && !may_be(wanted, guess.code)) record_.marks.push_back("wrong_language");
    return {};
  }

  std::string transcript_of(const GenerateRequest& request) const {
    if (request.messages.empty()) return request.text + record_.answer;
    std::string text;
    for (const chat::ChatMessage& message : request.messages) text += "[" + message.role + "]\n" + message.content + "\n\n";
    return text + "[assistant]\n" + record_.answer;
  }

  // ---- Likelihoods

  Result<std::string> text_to_score() {
    SLM_TRY(before, preamble_of(data_, item_));
    SLM_TRY(text, task_.text.render(item_.fields));
    return before + text;
  }

  Status choose() {
    SLM_TRY(context, text_to_score());
    SLM_TRY(endings, endings_of(task_, item_.fields));
    ChoiceItem choice{item_.id, std::move(context), std::move(endings.texts), endings.label, task_.delimiter};
    SLM_TRY(scores, scores_of(choice));
    const ChoiceRecord chosen = choose_ending(choice, std::move(scores));
    const uint32_t answer = task_.by_length ? chosen.answer : chosen.answer_by_sum;
    record_.prompt = choice.context;
    record_.answer = choice.endings[answer];
    record_.extracted = std::to_string(answer);
    record_.grade = answer == chosen.label;
    record_.right_by_sum = chosen.right_by_sum();
    record_.scores = chosen.scores;
    record_.transcript = chosen.transcript;
    return {};
  }

  Result<std::vector<double>> scores_of(const ChoiceItem& choice) {
    std::vector<std::string> parts = {"choices", subject_.scorer_identity, choice.context, choice.delimiter};
    parts.insert(parts.end(), choice.endings.begin(), choice.endings.end());
    const std::string key = AnswerCache::key_of(parts);
    return numbers_for(key, choice.endings.size(), [&]() -> Result<std::vector<double>> {
      SLM_TRY(scored, score_item(*subject_.scorer, choice, watch_.cancelled));
      return scored.scores;
    });
  }

  Status bits() {
    SLM_TRY(text, text_to_score());
    const std::string key = AnswerCache::key_of({"bits", subject_.scorer_identity, text});
    SLM_TRY(measured, numbers_for(key, 1, [&]() -> Result<std::vector<double>> {
      SLM_TRY(sentence, measure_sentence(*subject_.scorer, text, watch_.cancelled));
      return std::vector<double>{sentence.bits};
    }));
    record_.prompt = text;
    record_.grade = measured[0];
    record_.bytes = text.size();
    record_.transcript = std::move(text);
    return {};
  }

  // `n` numbers of that key, or measured and kept.
  template <class Measure>
  Result<std::vector<double>> numbers_for(const std::string& key, size_t n, const Measure& measure) {
    const bool may_keep = !subject_.scorer_identity.empty();
    if (may_keep) {
      const Json found = look_up(key);
      const bool is_ours = found.is_object() && found.contains("numbers") && found["numbers"].is_array() && found["numbers"].size() == n &&
                           std::all_of(found["numbers"].begin(), found["numbers"].end(), [](const Json& one) { return one.is_number(); }) &&
                           found.contains("seconds") && found["seconds"].is_number();
      if (is_ours) {
        record_.seconds = found["seconds"].get<double>();
        return found["numbers"].get<std::vector<double>>();
      }
      record_.from_cache = false;
    }
    SLM_TRY_STATUS(watch_.check());
    const Clock::time_point start = Clock::now();
    SLM_TRY(numbers, measure());
    record_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    // A number that is not finite does not live through JSON.
    const bool finite = std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); });
    if (may_keep && finite) keep(key, {{"numbers", numbers}, {"seconds", record_.seconds}});
    return numbers;
  }

  const RowData& data_;
  const Task& task_;
  const TaskItem& item_;
  const TaskSubject& subject_;
  AnswerCache* cache_;
  const Watch& watch_;
  Status* kept_;
  TaskRecord record_;
  std::string asked_;   // the item's own text, for the grader
};

}  // namespace

bool TaskRecord::has_mark(std::string_view mark) const { return std::find(marks.begin(), marks.end(), mark) != marks.end(); }

std::string_view prompting_of(const Task& task, const TaskSubject& subject) {
  return subject.generator != nullptr && subject.generator->is_chat() && !task.chat.empty() ? "chat" : "text";
}

Result<TaskRecord> run_item(const RowData& data, const TaskItem& item, const TaskSubject& subject, AnswerCache* cache, const Watch& watch,
                            Status* kept) {
  return ItemRun(data, item, subject, cache, watch, kept).run();
}

}  // namespace slm::lab
