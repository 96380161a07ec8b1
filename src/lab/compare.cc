#include "lab/compare.h"

#include <algorithm>
#include <chrono>

#include "base/machine.h"
#include "base/text.h"
#include "lab/datasets.h"

namespace slm::lab {
namespace {

using Clock = std::chrono::steady_clock;

// What both models read before a measured answer: some 400 tokens of plain English, and never more than this.
constexpr uint32_t kMostPromptTokens = 512;
constexpr std::string_view kParagraph =
    "The library stands at the end of the street, where the old market used to be. It opens at nine every morning, and by ten most of "
    "the seats near the windows are taken. Students come to read for their examinations, older people come for the newspapers, and in "
    "the afternoon the children's room fills with the noise of stories being told. The building is warm in winter and cool in summer, "
    "which is one reason why so many people stay longer than they had planned. On the second floor there is a small collection of maps. "
    "The oldest was drawn more than three hundred years ago by a sailor who had never seen half of the coast that he put on paper. The "
    "librarian likes to show it to visitors: the rivers run in the right direction, she says, but the mountains are where he hoped they "
    "would be. Nobody has ever asked to borrow it. In the cellar, behind two doors, the town keeps the records of its streets and houses, "
    "its births and its marriages, and a diary written during a flood by a teacher who watched the water rise, step by step, towards the "
    "room in which she was writing. Her last line says that the rain has stopped and that she is going down to see what is left. ";

std::string prompt_text() { return std::string(kParagraph) + std::string(kParagraph).substr(0, 600); }

struct Data {
  DataSet<ParallelSentence> sentences;
  struct Choices {
    const ChoiceTask* task;
    DataSet<ChoiceItem> set;
    Message missing;                  // why there is none
  };
  std::vector<Choices> choices;
  Message sentences_missing;
};

// A set that is not there is left out with the reason; a damaged one is an error.
template <class Item>
Status take_set(Result<DataSet<Item>> loaded, size_t limit, DataSet<Item>& set, Message& missing) {
  if (!loaded) {
    if (loaded.error().kind != ErrorKind::kNotFound) return tl::unexpected<Error>(loaded.error());
    missing = msg("lab.reason.no_data");
    return {};
  }
  set.source = loaded->source;
  set.items = select_items(std::move(loaded->items), limit, kSubsetSeed);
  return {};
}

Result<Data> load_data(const ComparisonSetup& setup) {
  Data data;
  SLM_TRY_STATUS(take_set(load_parallel(setup.data_directories, {"eng_Latn", "zho_Hans"}), setup.tier->sentences, data.sentences,
                          data.sentences_missing));
  for (const ChoiceTask& task : choice_tasks()) {
    Data::Choices choices{&task, {}, {}};
    SLM_TRY_STATUS(take_set(task.load(setup.data_directories), setup.tier->choices, choices.set, choices.missing));
    data.choices.push_back(std::move(choices));
  }
  return data;
}

// The run of one comparison: two models, and rows as they come.
class Run {
 public:
  Run(const ComparedSubject& a, const ComparedSubject& b, const ComparisonSetup& setup, const Watch& watch)
      : subjects_{&a, &b}, setup_(setup), watch_(watch) {}

  Result<Comparison> all() {
    const Clock::time_point start = Clock::now();
    SLM_TRY(data, load_data(setup_));
    SLM_TRY_STATUS(deployment());
    SLM_TRY_STATUS(open());
    SLM_TRY_STATUS(speed());
    SLM_TRY_STATUS(language_rows(data));
    SLM_TRY_STATUS(ability(data));
    describe(data);
    comparison_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return std::move(comparison_);
  }

 private:
  const std::string& name(int which) const { return subjects_[which]->model.name; }

  OpenOptions options_of(int which) const {
    OpenOptions options = subjects_[which]->options;
    options.context = std::min(kComparisonContext, subjects_[which]->model.context);
    options.sequences = 1;
    return options;
  }

  void add(ComparisonRow row) { comparison_.rows.push_back(std::move(row)); }

  Status deployment() {
    const ComparedModel &a = subjects_[0]->model, &b = subjects_[1]->model;
    const auto bytes = [](uint64_t n) { return Value{format_bytes(n), static_cast<double>(n)}; };
    const auto count = [](uint64_t n) { return Value{fmt::format("{:.1f} M", static_cast<double>(n) / 1e6), static_cast<double>(n)}; };
    const auto tokens = [](uint32_t n) { return Value{std::to_string(n), n}; };
    const std::string_view table = "deployment";
    add(figure_row("file_size", table, msg("lab.row.file_size"), bytes(a.bytes), bytes(b.bytes), Direction::kLessIsBetter, 0));
    add(fact_row("parameters", table, msg("lab.row.parameters"), count(a.parameters), count(b.parameters)));
    add(fact_row("license", table, msg("lab.row.license"), license_of(a), license_of(b)));
    add(figure_row("context", table, msg("lab.row.context"), tokens(a.context), tokens(b.context), Direction::kMoreIsBetter, 0));
    uint64_t peak[2];
    for (int which : {0, 1}) {
      SLM_TRY_STATUS(watch_.check());
      watch_.report({msg("lab.stage.memory", name(which)), 0, 0, ""});
      SLM_TRY(measured, setup_.measure_peak(*subjects_[which], options_of(which).context, prompt_text(), 16));
      SLM_TRY_STATUS(watch_.check());
      peak[which] = measured;
    }
    add(figure_row("peak_memory", table, msg("lab.row.peak_memory"), bytes(peak[0]), bytes(peak[1]), Direction::kLessIsBetter, kMemoryMargin));
    return {};
  }

  static Value license_of(const ComparedModel& model) { return {model.license.empty() ? "-" : model.license, {}}; }

  Status open() {
    for (int which : {0, 1}) {
      watch_.report({msg("lab.stage.open", name(which)), 0, 0, ""});
      SLM_TRY(runtime, Runtime::open(options_of(which)));
      runtimes_[which] = std::move(runtime);
      SLM_TRY_STATUS(watch_.check());
    }
    return {};
  }

  // One answer to the prompt, nothing kept from the one before.
  Result<Timings> answer(int which, uint32_t tokens) {
    Runtime& runtime = *runtimes_[which];
    runtime.forget();
    GenerateOptions options;
    options.max_tokens = tokens;
    options.ignore_end_tokens = true;
    std::vector<slm::TokenId> prompt = runtime.encode(prompt_text());
    const uint32_t context = runtime.memory_plan().context;
    if (context <= tokens + 1) return fail(ErrorKind::kDoesNotFit, "lab.longer_than_context", tokens + 2, context);
    prompt.resize(std::min<size_t>({prompt.size(), kMostPromptTokens, context - tokens - 1}));
    SLM_TRY(generation, runtime.generate(prompt, options, {}, watch_.cancelled));
    SLM_TRY_STATUS(watch_.check());
    if (generation.timings.tokens < 2) return fail(ErrorKind::kFailed, "lab.no_answer", name(which));
    return generation.timings;
  }

  // A B A B ...: what drifts meets both alike.
  Status speed() {
    TimedRuns prefill, decode, latency;
    for (int which : {0, 1}) {
      SLM_TRY(warm, answer(which, 4));
      static_cast<void>(warm);
    }
    for (uint32_t i = 0; i < setup_.tier->repetitions; ++i) {
      for (int which : {0, 1}) {
        SLM_TRY(timings, answer(which, setup_.tier->decode_tokens));
        const auto side = [which](TimedRuns& runs) -> std::vector<double>& { return which == 0 ? runs.a : runs.b; };
        side(prefill).push_back(timings.prompt_tokens / std::max(timings.prompt_seconds, 1e-9));
        side(decode).push_back((timings.tokens - 1) / std::max(timings.seconds, 1e-9));
        side(latency).push_back(1e3 * std::max(timings.first_token_seconds, 1e-9));
        watch_.report({msg("lab.stage.speed", name(which)), 2 * i + static_cast<uint32_t>(which) + 1, 2 * setup_.tier->repetitions,
                       fmt::format("{:.1f} tok/s", side(decode).back())});
      }
    }
    add(runs_row("prefill", msg("lab.row.prefill"), prefill, Direction::kMoreIsBetter, setup_.seed));
    add(runs_row("decode", msg("lab.row.decode"), decode, Direction::kMoreIsBetter, setup_.seed));
    add(runs_row("first_token", msg("lab.row.first_token"), latency, Direction::kLessIsBetter, setup_.seed));
    return {};
  }

  Result<std::vector<SentenceBits>> sentence_bits(int which, const Data& data, size_t language, const Message& label) {
    RuntimeScorer scorer(*runtimes_[which]);
    std::vector<SentenceBits> all;
    double bits = 0, bytes = 0;
    for (const ParallelSentence& sentence : data.sentences.items) {
      SLM_TRY_STATUS(watch_.check());
      SLM_TRY(measured, measure_sentence(scorer, sentence.texts[language]));
      bits += measured.bits;
      bytes += static_cast<double>(measured.bytes);
      all.push_back(measured);
      watch_.report({msg("lab.stage.item", render(label, slm::language()), name(which)), all.size(), data.sentences.items.size(),
                     fmt::format("{:.3f}", bits / bytes)});
    }
    return all;
  }

  Status language_rows(const Data& data) {
    const std::pair<const char*, const char*> rows[] = {{"bits_per_byte_en", "lab.row.english"}, {"bits_per_byte_zh", "lab.row.chinese"}};
    for (size_t language = 0; language < std::size(rows); ++language) {
      const auto& [id, key] = rows[language];
      const Message label = msg(key);
      if (data.sentences.items.empty()) {
        add(unmeasured_row(id, "language", label, data.sentences_missing));
        continue;
      }
      PairedSentences sentences;
      for (const ParallelSentence& sentence : data.sentences.items) {
        sentences.ids.push_back(sentence.id);
        sentences.texts.push_back(sentence.texts[language]);
      }
      SLM_TRY(a, sentence_bits(0, data, language, label));
      SLM_TRY(b, sentence_bits(1, data, language, label));
      sentences.a = std::move(a);
      sentences.b = std::move(b);
      add(sentences_row(id, label, sentences, setup_.seed));
    }
    return {};
  }

  Status ability(const Data& data) {
    for (const Data::Choices& choices : data.choices) {
      const Message label = msg("lab.row.choices", choices.task->title, choices.set.items.size());
      if (choices.set.items.empty()) {
        add(unmeasured_row(choices.task->name, "ability", label, choices.missing));
        continue;
      }
      std::vector<ChoiceRecord> records[2];
      for (int which : {0, 1}) {
        RuntimeScorer scorer(*runtimes_[which]);
        SLM_TRY(scored, score_items(scorer, choices.set.items, msg("lab.stage.item", choices.task->title, name(which)), watch_));
        records[which] = std::move(scored);
      }
      add(choices_row(choices.task->name, label, records[0], records[1]));
    }
    return {};
  }

  void describe(const Data& data) {
    comparison_.cpu = machine_facts().cpu;
    comparison_.isa = runtimes_[0]->model().kernels().name;
    comparison_.threads = runtimes_[0]->threads();
    comparison_.tier = setup_.tier->name;
    comparison_.a = subjects_[0]->model;
    comparison_.b = subjects_[1]->model;
    comparison_.seed = setup_.seed;
    if (!data.sentences.items.empty()) comparison_.sources.push_back(data.sentences.source);
    for (const Data::Choices& choices : data.choices) {
      if (!choices.set.items.empty()) comparison_.sources.push_back(choices.set.source);
    }
  }

  const ComparedSubject* subjects_[2];
  const ComparisonSetup& setup_;
  const Watch& watch_;
  std::unique_ptr<Runtime> runtimes_[2];
  Comparison comparison_;
};

}  // namespace

const std::vector<ComparisonTier>& comparison_tiers() {
  static const std::vector<ComparisonTier> tiers = {
      {.name = "smoke", .sentences = 200, .choices = 100, .repetitions = 7, .decode_tokens = 48},
  };
  return tiers;
}

const ComparisonTier* find_tier(std::string_view name) {
  for (const ComparisonTier& tier : comparison_tiers()) {
    if (tier.name == name) return &tier;
  }
  return nullptr;
}

Result<Comparison> run_comparison(const ComparedSubject& a, const ComparedSubject& b, const ComparisonSetup& setup,
                                  const Watch& watch) {
  SLM_CHECK(setup.tier != nullptr && setup.measure_peak);
  return Run(a, b, setup, watch).all();
}

}  // namespace slm::lab
