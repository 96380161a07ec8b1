#include "chat/unicode.h"
#include "lab/compare/session.h"
#include "lab/datasets.h"

namespace slm::lab {
namespace {

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
      SLM_TRY(timings, session.models[which]->time_answer(prompt_tokens, prompt_tokens == kMeasuredPrompt ? tier.decode_tokens : 2, session.watch));
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
  const Message label = msg("lab.row.chinese_characters");
  TimedRuns characters = decode;
  for (int which : {0, 1}) {
    const auto tokens = session.models[which]->count_tokens(kChineseParagraph, session.watch);
    if (!tokens) return unmeasured_row("chinese_characters", "speed", label, msg("lab.reason.no_token_count", session.name(which)));
    const double per_token =
        static_cast<double>(chat::count_code_points(kChineseParagraph)) / static_cast<double>(std::max<uint64_t>(1, *tokens));
    for (double& rate : side(characters, which)) rate *= per_token;
  }
  return runs_row("chinese_characters", label, characters, Direction::kMoreIsBetter, session.setup.seed);
}

std::string first_token_id(uint32_t prompt_tokens) {
  return prompt_tokens == kMeasuredPrompt ? "first_token" : fmt::format("first_token_{}", prompt_tokens);
}

// An endpoint that fails, or cannot be timed, leaves rows that say why; the rest of the comparison goes on.
Status unmeasured(Session& session, uint32_t prompt_tokens, const Error& error, std::vector<ComparisonRow>& first_tokens) {
  SLM_TRY_STATUS(session.watch.check());
  if (!session.has_endpoint()) return tl::unexpected<Error>(error);
  if (prompt_tokens == kMeasuredPrompt) {
    session.add(unmeasured_row("prefill", "speed", msg("lab.row.prefill"), error.message));
    session.add(unmeasured_row("decode", "speed", msg("lab.row.decode"), error.message));
    session.add(unmeasured_row("chinese_characters", "speed", msg("lab.row.chinese_characters"), error.message));
  }
  first_tokens.push_back(unmeasured_row(first_token_id(prompt_tokens), "speed", msg("lab.row.first_token", prompt_tokens), error.message));
  return {};
}

}  // namespace

Status measure_speed(Session& session) {
  const uint64_t seed = session.setup.seed;
  for (int which : {0, 1}) {  // not measured: the first touch of everything
    const auto touched = session.models[which]->time_answer(kMeasuredPrompt, 4, session.watch);
    if (!touched && !session.is_endpoint(which)) return tl::unexpected<Error>(touched.error());
  }
  std::vector<ComparisonRow> first_tokens;  // they stand together, behind the speeds
  for (const uint32_t prompt_tokens : session.setup.tier->prompts) {
    auto measured = run_prompts(session, prompt_tokens);
    if (!measured) {
      SLM_TRY_STATUS(unmeasured(session, prompt_tokens, measured.error(), first_tokens));
      continue;
    }
    PromptRuns& runs = *measured;
    if (prompt_tokens == kMeasuredPrompt) {
      for (int which : {0, 1}) {
        session.prefill_rate[which] = median(side(runs.prefill, which));
        session.decode_rate[which] = median(side(runs.decode, which));
      }
      session.add(runs_row("prefill", msg("lab.row.prefill"), runs.prefill, Direction::kMoreIsBetter, seed));
      session.add(runs_row("decode", msg("lab.row.decode"), runs.decode, Direction::kMoreIsBetter, seed));
      session.add(chinese_row(session, runs.decode));
    }
    first_tokens.push_back(runs_row(first_token_id(prompt_tokens), msg("lab.row.first_token", prompt_tokens), runs.latency, Direction::kLessIsBetter, seed));
  }
  for (ComparisonRow& row : first_tokens) session.add(std::move(row));
  return measure_energy(session);
}

}  // namespace slm::lab
