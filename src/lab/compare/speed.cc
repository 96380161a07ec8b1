#include "chat/unicode.h"
#include "lab/compare/session.h"
#include "lab/datasets.h"

namespace slm::lab {
namespace {

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
constexpr size_t kMostBytesPerToken = 6;  // of this text, in every vocabulary at hand: enough text for the tokens asked for

// Chinese whose characters are counted against its tokens; of the speed of answers, not of their quality.
constexpr std::string_view kChineseParagraph =
    "图书馆在街道的尽头，那里从前是旧市场。它每天早上九点开门，到十点靠窗的座位大多已经有人。学生来这里准备考试，老人来看报纸，下午儿童阅览室里满是讲故事的声音。"
    "这座楼冬暖夏凉，所以许多人待的时间比原先打算的更长。二楼有一批为数不多的地图，其中最古老的一张是三百多年前一位水手画的，他画在纸上的海岸有一半从未见过。";

// What is measured with prompts of one length.
struct PromptRuns {
  uint32_t prompt_tokens = 0;
  TimedRuns prefill, decode, latency;
};

std::vector<double>& side(TimedRuns& runs, int which) { return which == 0 ? runs.a : runs.b; }

// A B A B ...: what drifts meets both alike.
Result<PromptRuns> run_prompts(Session& session, uint32_t prompt_tokens) {
  const ComparisonTier& tier = *session.setup.tier;
  PromptRuns runs;
  runs.prompt_tokens = prompt_tokens;
  for (uint32_t i = 0; i < tier.repetitions; ++i) {
    for (int which : {0, 1}) {
      SLM_TRY(timings, time_answer(session, which, prompt_tokens, prompt_tokens == kMeasuredPrompt ? tier.decode_tokens : 2));
      side(runs.prefill, which).push_back(timings.prompt_tokens / std::max(timings.prompt_seconds, 1e-9));
      side(runs.decode, which).push_back((timings.tokens - 1) / std::max(timings.seconds, 1e-9));
      side(runs.latency, which).push_back(1e3 * std::max(timings.first_token_seconds, 1e-9));
      session.watch.report({msg("lab.stage.speed", session.name(which)), 2 * i + static_cast<uint32_t>(which) + 1, 2 * tier.repetitions,
                            fmt::format("{:.1f} tok/s", side(runs.prefill, which).back())});
    }
  }
  return runs;
}

// Tokens are not alike: what a reader of Chinese sees is characters.
ComparisonRow chinese_row(Session& session, const TimedRuns& decode) {
  TimedRuns characters = decode;
  for (int which : {0, 1}) {
    const double per_token = static_cast<double>(chat::count_code_points(kChineseParagraph)) /
                             static_cast<double>(std::max<size_t>(1, session.runtimes[which]->encode(kChineseParagraph).size()));
    for (double& rate : side(characters, which)) rate *= per_token;
  }
  return runs_row("chinese_characters", msg("lab.row.chinese_characters"), characters, Direction::kMoreIsBetter, session.setup.seed);
}

}  // namespace

std::string plain_prompt(uint32_t tokens) {
  std::string text;
  while (text.size() < tokens * kMostBytesPerToken) text += kParagraph;
  return text;
}

Result<Timings> time_answer(Session& session, int which, uint32_t prompt_tokens, uint32_t tokens) {
  Runtime& runtime = *session.runtimes[which];
  runtime.forget();
  GenerateOptions options;
  options.max_tokens = tokens;
  options.ignore_end_tokens = true;
  std::vector<slm::TokenId> prompt = runtime.encode(plain_prompt(prompt_tokens));
  const uint32_t context = runtime.memory_plan().context;
  if (context <= tokens + 1) return fail(ErrorKind::kDoesNotFit, "lab.longer_than_context", tokens + 2, context);
  prompt.resize(std::min<size_t>({prompt.size(), prompt_tokens, context - tokens - 1}));
  SLM_TRY(generation, runtime.generate(prompt, options, {}, session.watch.cancelled));
  SLM_TRY_STATUS(session.watch.check());
  if (generation.timings.tokens < 2) return fail(ErrorKind::kFailed, "lab.no_answer", session.name(which));
  return generation.timings;
}

Status measure_speed(Session& session) {
  const uint64_t seed = session.setup.seed;
  for (int which : {0, 1}) SLM_TRY_STATUS(time_answer(session, which, kMeasuredPrompt, 4));  // not measured: the first touch of everything
  for (const uint32_t prompt_tokens : session.setup.tier->prompts) {
    SLM_TRY(runs, run_prompts(session, prompt_tokens));
    if (prompt_tokens == kMeasuredPrompt) {
      for (int which : {0, 1}) {
        session.prefill_rate[which] = median(side(runs.prefill, which));
        session.decode_rate[which] = median(side(runs.decode, which));
      }
      session.add(runs_row("prefill", msg("lab.row.prefill"), runs.prefill, Direction::kMoreIsBetter, seed));
      session.add(runs_row("decode", msg("lab.row.decode"), runs.decode, Direction::kMoreIsBetter, seed));
      session.add(chinese_row(session, runs.decode));
    }
    const std::string id = prompt_tokens == kMeasuredPrompt ? "first_token" : fmt::format("first_token_{}", prompt_tokens);
    session.add(runs_row(id, msg("lab.row.first_token", prompt_tokens), runs.latency, Direction::kLessIsBetter, seed));
  }
  return measure_energy(session);
}

}  // namespace slm::lab
