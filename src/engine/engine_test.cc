#include "engine/engine.h"

#include <cmath>
#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "model/testing/tiny_models.h"

namespace slm {
namespace {

using tiny::open_tiny;
using tiny::some_ids;

constexpr uint32_t kVocabulary = 320;

struct Rig {
  std::unique_ptr<Model> model;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Engine> engine;
};

Rig rig(const std::string& family, EngineOptions options, int threads = 2) {
  Rig r;
  r.model = open_tiny(family, "model-q8_0.gguf", *kernels::usable_tables().front());
  r.pool = std::make_unique<ThreadPool>(threads);
  auto engine = Engine::create(*r.model, *r.pool, options);
  if (!engine) {
    ADD_FAILURE() << engine.error().text(Language::kEnglish);
  } else {
    r.engine = std::move(*engine);
  }
  return r;
}

Request request(std::vector<int32_t> prompt, uint32_t max_tokens) {
  Request r;
  r.prompt = std::move(prompt);
  r.max_tokens = max_tokens;
  return r;
}

SamplingParams drawing(float temperature, uint32_t top_k, uint64_t seed) {
  SamplingParams params;
  params.temperature = temperature;
  params.top_k = top_k;
  params.seed = seed;
  return params;
}

struct Outcome {
  std::vector<int32_t> ids;
  FinishReason finish = FinishReason::kNone;
  uint32_t cached = 0, prefilled = 0;
  std::vector<float> logprobs;
};

// Steps until nothing is left to do.
std::map<SequenceId, Outcome> run(Engine& engine) {
  std::map<SequenceId, Outcome> outcomes;
  while (!engine.idle()) {
    for (const StepOutput& output : engine.step()) {
      Outcome& outcome = outcomes[output.sequence];
      if (output.id) outcome.ids.push_back(*output.id);
      if (output.id) outcome.logprobs.push_back(output.logprob);
      EXPECT_EQ(outcome.finish, FinishReason::kNone) << "output after the end";
      outcome.finish = output.finish;
      outcome.cached = output.cached_tokens;
      outcome.prefilled = output.prefilled;
    }
  }
  return outcomes;
}

Outcome run_one(Engine& engine, Request r, std::optional<uint64_t>* handle = nullptr) {
  const auto id = engine.submit(std::move(r));
  if (!id) {
    ADD_FAILURE() << id.error().text(Language::kEnglish);
    return {};
  }
  Outcome outcome = run(engine)[*id];
  const auto kept = engine.release(*id, handle != nullptr);
  if (handle) *handle = kept;
  return outcome;
}

std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(EngineOptionsTest, AreChecked) {
  const auto model = open_tiny("llama", "model.gguf", kernels::scalar_table());
  ThreadPool pool(1);
  const auto kind = [&](EngineOptions options) {
    const auto engine = Engine::create(*model, pool, options);
    return engine ? std::optional<ErrorKind>() : engine.error().kind;
  };
  EngineOptions good;
  good.context = 64;
  EXPECT_EQ(kind(good), std::nullopt);
  EngineOptions bad = good;
  bad.context = 0;
  EXPECT_EQ(kind(bad), ErrorKind::kUsage);
  bad = good;
  bad.sequences = 0;
  EXPECT_EQ(kind(bad), ErrorKind::kUsage);
  bad = good;
  bad.max_batch_tokens = 0;
  EXPECT_EQ(kind(bad), ErrorKind::kUsage);
  bad = good;
  bad.n_usable = kVocabulary + 1;
  EXPECT_EQ(kind(bad), ErrorKind::kUsage);
}

TEST(EngineSubmit, RefusesWhatCannotRun) {
  Rig r = rig("llama", {.context = 20});
  const auto refused = [&](Request bad) {
    const auto id = r.engine->submit(std::move(bad));
    EXPECT_FALSE(id);
    return id ? Error{} : id.error();
  };
  EXPECT_EQ(refused(request({}, 1)).kind, ErrorKind::kUsage);
  EXPECT_EQ(refused(request({1, -1}, 1)).kind, ErrorKind::kUsage);
  EXPECT_EQ(refused(request({static_cast<int32_t>(kVocabulary)}, 1)).kind, ErrorKind::kUsage);
  const Error too_long = refused(request(some_ids(21, kVocabulary, 1), 1));
  EXPECT_EQ(too_long.kind, ErrorKind::kDoesNotFit);
  EXPECT_EQ(too_long.message.args, (std::vector<std::string>{"21", "20"}));
  Request bad = request({1}, 1);
  bad.sampling.temperature = NAN;
  EXPECT_EQ(refused(bad).kind, ErrorKind::kUsage);
  bad = request({1}, 1);
  bad.sampling.logit_bias = {{static_cast<int32_t>(kVocabulary), 1.0f}};
  EXPECT_EQ(refused(bad).kind, ErrorKind::kUsage);
  EXPECT_TRUE(r.engine->idle());
}

TEST(EngineStep, PrefillComesInChunksAndTellsItsProgress) {
  Rig r = rig("llama", {.context = 100, .max_batch_tokens = 16});
  const auto id = r.engine->submit(request(some_ids(40, kVocabulary, 3), 2));
  ASSERT_TRUE(id);
  std::vector<uint32_t> progress;
  while (!r.engine->idle()) {
    const auto outputs = r.engine->step();
    ASSERT_EQ(outputs.size(), 1u);
    EXPECT_EQ(outputs[0].prompt_tokens, 40u);
    progress.push_back(outputs[0].prefilled);
    EXPECT_EQ(outputs[0].id.has_value(), progress.size() >= 3);
  }
  EXPECT_EQ(progress, (std::vector<uint32_t>{16, 32, 40, 40}));
  EXPECT_TRUE(r.engine->step().empty());
}

// More sequences than run at once, prompts and lengths that differ, sampling and greedy: each gets what it gets alone.
TEST(EngineStep, SequencesTogetherGetTheirOwnIds) {
  for (const char* family : {"llama", "gemma3"}) {
    const auto make = [&](uint32_t i) {
      Request q = request(some_ids(1 + 9 * (i % 7), kVocabulary, 50 + i), 5 + i);
      if (i % 2 == 1) q.sampling = drawing(1.0f, 40, i);
      return q;
    };
    std::vector<std::vector<int32_t>> alone;
    for (uint32_t i = 0; i < 16; ++i) {
      Rig one = rig(family, {.context = 128, .max_batch_tokens = 7}, 1);
      alone.push_back(run_one(*one.engine, make(i)).ids);
      EXPECT_EQ(alone.back().size(), 5 + i);
    }
    for (const auto& [sequences, batch] : {std::pair{16u, 32u}, {16u, 8u}, {5u, 64u}, {16u, 256u}}) {
      Rig many = rig(family, {.context = 128, .sequences = sequences, .max_batch_tokens = batch, .moves_weights = true}, 3);
      std::vector<SequenceId> ids;
      for (uint32_t i = 0; i < 16; ++i) ids.push_back(*many.engine->submit(make(i)));
      auto outcomes = run(*many.engine);
      for (uint32_t i = 0; i < 16; ++i) {
        EXPECT_EQ(outcomes[ids[i]].ids, alone[i]) << family << " " << i << " of " << sequences << ", batch " << batch;
        EXPECT_EQ(outcomes[ids[i]].finish, FinishReason::kLength);
        many.engine->release(ids[i], false);
      }
    }
  }
}

TEST(EngineStep, EndIdsEndAndAreNotReported) {
  Rig r = rig("llama", {.context = 64});
  const auto prompt = some_ids(5, kVocabulary, 6);
  const Outcome free = run_one(*r.engine, request(prompt, 12));
  ASSERT_EQ(free.ids.size(), 12u);
  Request q = request(prompt, 12);
  q.end_ids = {free.ids[4]};
  const Outcome ended = run_one(*r.engine, q);
  const auto first = std::find(free.ids.begin(), free.ids.end(), free.ids[4]);
  EXPECT_EQ(ended.ids, std::vector<int32_t>(free.ids.begin(), first));
  EXPECT_EQ(ended.finish, FinishReason::kStop);
}

TEST(EngineStep, ContextFullIsLength) {
  Rig r = rig("llama", {.context = 20});
  const Outcome outcome = run_one(*r.engine, request(some_ids(15, kVocabulary, 7), 1000));
  EXPECT_EQ(outcome.ids.size(), 5u);
  EXPECT_EQ(outcome.finish, FinishReason::kLength);
  const Outcome full = run_one(*r.engine, request(some_ids(20, kVocabulary, 7), 1000));
  EXPECT_TRUE(full.ids.empty());
  EXPECT_EQ(full.finish, FinishReason::kLength);
  const Outcome none = run_one(*r.engine, request(some_ids(3, kVocabulary, 7), 0));
  EXPECT_TRUE(none.ids.empty());
  EXPECT_EQ(none.finish, FinishReason::kLength);
}

TEST(EngineStep, PaddingIsNeverSampled) {
  Rig r = rig("llama", {.context = 200, .n_usable = 10});
  Request q = request(some_ids(4, kVocabulary, 8), 150);
  q.sampling = drawing(5.0f, 0, 1);
  for (const int32_t id : run_one(*r.engine, q).ids) EXPECT_LT(id, 10);
}

// Greedy and drawn from few together, and one by one: the head in two stages gives the same ids, for any number of threads.
TEST(EngineHeadScreen, ChangesNoId) {
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 4; ++i) {
    requests.push_back(request(some_ids(3 + i, kVocabulary, 40 + i), 30 - static_cast<uint32_t>(i)));
    if (i > 0) requests.back().sampling = drawing(1.2f, i == 1 ? 5 : 40, i);
  }
  requests[3].sampling.top_p = 0.9f;
  for (const char* family : {"llama", "gemma2", "gemma3"}) {
    for (const int threads : {1, 2, 3}) {
      for (const uint32_t sequences : {1u, 4u}) {
        SCOPED_TRACE(std::string(family) + ", " + std::to_string(threads) + " threads, " + std::to_string(sequences) + " sequences");
        std::vector<std::vector<int32_t>> ids[2];
        for (const HeadScreening screening : {HeadScreening::kNever, HeadScreening::kAlways}) {
          Rig r = rig(family, {.context = 64, .sequences = sequences, .n_usable = 300, .head_screening = screening}, threads);
          const bool screened = screening == HeadScreening::kAlways;
          std::vector<SequenceId> submitted;
          for (const Request& one : requests) submitted.push_back(*r.engine->submit(one));
          auto outcomes = run(*r.engine);
          for (const SequenceId id : submitted) ids[screened].push_back(outcomes[id].ids);
          const HeadScreenUse use = r.engine->head_screen_use();
          EXPECT_EQ(use.standing, screened);
          EXPECT_EQ(use.rows > 20, screened);
          EXPECT_LE(use.kept, use.rows * kVocabulary);
        }
        EXPECT_EQ(ids[0], ids[1]);
      }
    }
  }
}

// Who asks for logprobs, or for a choice that may need any logit, gets whole rows.
TEST(EngineHeadScreen, LeavesRequestsAloneThatReadAll) {
  Rig r = rig("llama", {.context = 64, .head_screening = HeadScreening::kAlways});
  run_one(*r.engine, request(some_ids(4, kVocabulary, 1), 3));
  const uint64_t rows = r.engine->head_screen_use().rows;
  EXPECT_EQ(rows, 2u);
  Request asks[4];
  asks[0].with_logprob = true;
  asks[1].top_logprobs = 2;
  asks[2].sampling.repetition_penalty = 1.1f;
  asks[3].sampling = drawing(1.0f, 0, 1);
  for (Request& one : asks) {
    one.prompt = some_ids(4, kVocabulary, 2);
    one.max_tokens = 4;
    EXPECT_EQ(run_one(*r.engine, one).ids.size(), 4u);
  }
  ASSERT_TRUE(r.engine->score(some_ids(3, kVocabulary, 3), 2, [](uint32_t, std::span<const float> logits) {
    for (const float logit : logits) EXPECT_TRUE(std::isfinite(logit));
  }));
  EXPECT_EQ(r.engine->head_screen_use().rows, rows);
}

TEST(EngineStep, LogprobsComeFromTheModelsLogits) {
  Rig r = rig("qwen2", {.context = 64});
  const auto prompt = some_ids(6, kVocabulary, 9);
  Request q = request(prompt, 4);
  q.with_logprob = true;
  q.top_logprobs = 3;
  q.sampling.logit_bias = {{17, 1000.0f}};  // changes the choice, not the logprobs told
  const auto id = r.engine->submit(q);
  ASSERT_TRUE(id);
  std::vector<int32_t> ids = prompt;
  std::vector<StepOutput> told;
  while (!r.engine->idle()) {
    for (StepOutput& output : r.engine->step()) told.push_back(std::move(output));
  }
  for (const StepOutput& output : told) {
    ASSERT_EQ(output.id, 17);
    ids.push_back(17);
  }
  ASSERT_EQ(told.size(), 4u);
  ASSERT_TRUE(r.engine->score(ids, 5, [&](uint32_t i, std::span<const float> logits) {
    if (i - 5 >= told.size()) return;
    const StepOutput& output = told[i - 5];
    EXPECT_EQ(output.logprob, logprob_of(r.model->kernels(), logits, 17));
    const auto top = top_logprobs(r.model->kernels(), logits, 3);
    ASSERT_EQ(output.top.size(), 3u);
    for (size_t k = 0; k < 3; ++k) EXPECT_EQ(output.top[k].id, top[k].id);
  }));
}

TEST(EngineCancel, EndsRunningAndWaitingSequences) {
  Rig r = rig("llama", {.context = 64});
  const auto running = r.engine->submit(request(some_ids(4, kVocabulary, 1), 50));
  const auto waiting = r.engine->submit(request(some_ids(4, kVocabulary, 2), 50));
  const auto after = r.engine->submit(request(some_ids(4, kVocabulary, 3), 3));
  r.engine->step();
  r.engine->step();
  r.engine->cancel(*running);
  r.engine->cancel(*waiting);
  r.engine->cancel(12345);  // not there: nothing happens
  auto outcomes = run(*r.engine);
  EXPECT_EQ(outcomes[*running].finish, FinishReason::kCancelled);
  EXPECT_TRUE(outcomes[*running].ids.empty());
  EXPECT_EQ(outcomes[*waiting].finish, FinishReason::kCancelled);
  EXPECT_EQ(outcomes[*after].ids.size(), 3u);
  EXPECT_FALSE(r.engine->release(12345, true));
}

// Turn two of a chat prefills only what is new, and gets what a fresh prefill gets.
TEST(EngineReuse, SecondTurnStartsAfterTheFirst) {
  for (const char* family : {"llama", "gemma2", "gemma3"}) {
    Rig r = rig(family, {.context = 256, .max_batch_tokens = 32});
    const auto first_prompt = some_ids(50, kVocabulary, 20);
    std::optional<uint64_t> handle;
    const Outcome first = run_one(*r.engine, request(first_prompt, 10), &handle);
    ASSERT_TRUE(handle);
    Request second = request(joined(joined(first_prompt, first.ids), some_ids(12, kVocabulary, 21)), 10);
    Rig other = rig(family, {.context = 256, .max_batch_tokens = 32});
    const Outcome fresh = run_one(*other.engine, second);
    EXPECT_EQ(fresh.cached, 0u);
    second.reuse = handle;
    second.with_logprob = true;
    const Outcome reused = run_one(*r.engine, second);
    EXPECT_EQ(reused.cached, 59u) << family;  // all but the last output token, which was never run
    EXPECT_EQ(reused.prefilled, 72u - 59u);
    EXPECT_EQ(reused.ids, fresh.ids);
    // A handle is used up.
    EXPECT_EQ(run_one(*r.engine, second).cached, 0u);
  }
}

// Cutting a chat back further than a window reaches: the windowed keys are gone, so it is prefilled again, and right.
TEST(EngineReuse, EditBehindTheWindowGivesTheFreshAnswer) {
  Rig r = rig("gemma3", {.context = 512, .max_batch_tokens = 16});
  const auto prompt = some_ids(400, kVocabulary, 30);
  for (const uint32_t edited : {20u, 200u, 385u, 395u}) {
    std::optional<uint64_t> handle;
    auto changed = prompt;
    changed[edited] = (changed[edited] + 1) % static_cast<int32_t>(kVocabulary);
    Request q = request(changed, 8);
    const Outcome fresh = run_one(*r.engine, q);
    run_one(*r.engine, request(prompt, 8), &handle);
    q.reuse = handle;
    const Outcome reused = run_one(*r.engine, q);
    EXPECT_EQ(reused.ids, fresh.ids) << edited;
    EXPECT_TRUE(reused.cached == 0 || reused.cached == edited) << reused.cached;
    if (edited <= 200) {
      EXPECT_EQ(reused.cached, 0u);
    }
    if (edited == 395) {
      EXPECT_EQ(reused.cached, 395u);
    }
  }
}

TEST(EngineReuse, KeptConversationsGiveWayToRunningOnes) {
  Rig r = rig("llama", {.context = 128, .sequences = 2, .max_batch_tokens = 64});
  std::vector<uint64_t> handles;
  for (uint32_t i = 0; i < 5; ++i) {
    std::optional<uint64_t> handle;
    run_one(*r.engine, request(some_ids(100, kVocabulary, i), 20), &handle);
    ASSERT_TRUE(handle);
    handles.push_back(*handle);
  }
  // Two full ones at once need every page: all kept ones go, none of the two fails.
  const auto a = r.engine->submit(request(some_ids(120, kVocabulary, 8), 100));
  const auto b = r.engine->submit(request(some_ids(120, kVocabulary, 9), 100));
  auto outcomes = run(*r.engine);
  EXPECT_EQ(outcomes[*a].ids.size(), 8u);
  EXPECT_EQ(outcomes[*b].ids.size(), 8u);
  // Finished and not released yet, they give way as well; then there is nothing to keep.
  const auto c = r.engine->submit(request(some_ids(120, kVocabulary, 10), 100));
  EXPECT_EQ(run(*r.engine)[*c].ids.size(), 8u);
  EXPECT_FALSE(r.engine->release(*a, true));
  Request q = request(some_ids(100, kVocabulary, 4), 1);
  q.reuse = handles[4];
  EXPECT_EQ(run_one(*r.engine, q).cached, 0u);
  r.engine->drop(handles[3]);
}

std::map<uint32_t, std::vector<float>> scores(Engine& engine, const std::vector<int32_t>& ids, uint32_t first) {
  std::map<uint32_t, std::vector<float>> rows;
  const Status status = engine.score(ids, first, [&](uint32_t i, std::span<const float> logits) {
    EXPECT_TRUE(rows.emplace(i, std::vector<float>(logits.begin(), logits.end())).second);
  });
  EXPECT_TRUE(status);
  return rows;
}

// Scoring after another text with a common beginning gives the bits of scoring it afresh.
TEST(EngineScore, ReuseChangesNoBit) {
  for (const char* family : {"llama", "gemma3"}) {
    Rig kept = rig(family, {.context = 512, .max_batch_tokens = 24});
    const auto context = some_ids(100, kVocabulary, 40);
    for (uint32_t i = 0; i < 6; ++i) {
      const auto ids = joined(context, some_ids(3 + 40 * i, kVocabulary, 41 + i));
      const uint32_t first = i == 3 ? 0 : 99;
      Rig fresh = rig(family, {.context = 512, .max_batch_tokens = 256}, 1);
      const auto expected = scores(*fresh.engine, ids, first);
      EXPECT_EQ(expected.size(), ids.size() - first);
      EXPECT_EQ(scores(*kept.engine, ids, first), expected) << family << " " << i;
    }
  }
}

TEST(EngineScore, RefusesAsSubmitDoes) {
  Rig r = rig("llama", {.context = 20});
  const auto nothing = [](uint32_t, std::span<const float>) { FAIL(); };
  EXPECT_EQ(r.engine->score({}, 0, nothing).error().kind, ErrorKind::kUsage);
  EXPECT_EQ(r.engine->score(some_ids(21, kVocabulary, 1), 0, nothing).error().kind, ErrorKind::kDoesNotFit);
  EXPECT_TRUE(r.engine->score(some_ids(20, kVocabulary, 1), 20, nothing));
}

// Cosine of the logits; keys and values in 8 bits change them little.
TEST(EngineKv, EightBitsStayClose) {
  for (const char* family : {"llama", "gemma3", "qwen3"}) {
    Rig half = rig(family, {.context = 128});
    Rig eight = rig(family, {.context = 128, .kv_type = kernels::KvType::kQ8_0});
    const auto ids = some_ids(100, kVocabulary, 60);
    const auto a = scores(*half.engine, ids, 0), b = scores(*eight.engine, ids, 0);
    bool any_difference = false;
    for (const auto& [i, row] : a) {
      double xy = 0, xx = 0, yy = 0;
      for (size_t j = 0; j < row.size(); ++j) {
        xy += double{row[j]} * b.at(i)[j];
        xx += double{row[j]} * row[j];
        yy += double{b.at(i)[j]} * b.at(i)[j];
      }
      any_difference |= row != b.at(i);
      EXPECT_GT(xy / std::sqrt(xx * yy), 0.99) << family << " " << i;
    }
    EXPECT_TRUE(any_difference);
  }
}

}  // namespace
}  // namespace slm
