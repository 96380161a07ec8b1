// One side of a comparison while it is measured: a model opened in this process, or one that an endpoint serves.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/generator.h"
#include "lab/scorer.h"
#include "lab/tasks/run_item.h"
#include "runtime/runtime.h"

namespace slm::lab {

class MeasuredModel {
 public:
  virtual ~MeasuredModel() = default;
  // One greedy answer of `tokens` tokens to plain_prompt(prompt_tokens), cut to that many tokens (fewer where the context is short), nothing
  // kept from the one before, end tokens passed over where that can be asked for.
  // Errors: kDoesNotFit, kNetwork (an endpoint), kFailed (cancelled; fewer than two tokens came).
  virtual Result<Timings> time_answer(uint32_t prompt_tokens, uint32_t tokens, const Watch& watch) = 0;
  // What it makes of a text; nothing where it cannot be asked.
  virtual std::optional<uint64_t> count_tokens(std::string_view text, const Watch& watch) = 0;
  // Its parts for tasks; they live as long as this does.
  virtual TaskSubject task_subject() = 0;
  // The kernels and threads of this process that compute it: "" and 0 where none do.
  virtual std::string isa() const = 0;
  virtual int threads() const = 0;
  // Of the time it computed here until now: 0 to 1.
  virtual double share_on_fewer_threads() const { return 0; }
  // The processes that compute it, as they are at this moment: this one, or a server's. Error: kNotFound: they cannot be seen from here.
  virtual Result<std::vector<int>> processes() const = 0;
};

class LocalModel : public MeasuredModel {
 public:
  // Errors: those of Runtime::open(). `name`: for people; `sha256`: of the file, "" for unknown.
  static Result<std::unique_ptr<LocalModel>> open(const OpenOptions& options, const std::string& name, const std::string& sha256);

  Result<Timings> time_answer(uint32_t prompt_tokens, uint32_t tokens, const Watch& watch) override;
  std::optional<uint64_t> count_tokens(std::string_view text, const Watch& watch) override;
  TaskSubject task_subject() override;
  std::string isa() const override;
  int threads() const override;
  double share_on_fewer_threads() const override;
  Result<std::vector<int>> processes() const override;

 private:
  LocalModel(std::unique_ptr<Runtime> runtime, const OpenOptions& options, const std::string& name, const std::string& sha256);

  std::unique_ptr<Runtime> runtime_;
  std::string name_;
  RuntimeGenerator generator_;
  RuntimeScorer scorer_;
  std::string scorer_identity_;
};

// Plain English of about `tokens` tokens or more (some 4.7 bytes a token), the same text for every model.
std::string plain_prompt(uint32_t tokens);

}  // namespace slm::lab
