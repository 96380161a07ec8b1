// One thread's part in the forward pass. Every thread of the team runs the same phases over its share; barriers stand where a
// phase reads what other threads wrote.
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "kernels/table.h"
#include "model/head_screen.h"
#include "model/matmul.h"
#include "model/model.h"
#include "model/pass_profile.h"
#include "model/rope_angles.h"
#include "model/spec.h"
#include "model/weights.h"
#include "model/workspace.h"

namespace slm {

// What the pass reads and never changes.
struct ModelParts {
  const ModelSpec& spec;
  const Weights& weights;
  const kernels::KernelTable& kernels;
  const RopeAngles* angles;  // [2]: of full and of windowed layers
};

// What the head reads of the rows asked for, after run_layers().
HeadInputs head_inputs(const ModelParts& parts, const Model::Workspace& workspace);

// Fills in what all threads will read of the batch. Called before the team starts.
void prepare_batch(const ModelParts& parts, std::span<const BatchItem> batch, Model::Workspace& workspace, int threads);

class ForwardPass {
 public:
  ForwardPass(const ModelParts& parts, std::span<const BatchItem> batch, Model::Workspace& workspace, const Team& team);

  // Embeddings to the last layer; then the final norm of the rows asked for, which end in workspace.tokens.
  void run_layers();
  // Logits of rows [first, first + n), (n, vocabulary).
  void project(uint32_t first, uint32_t n, float* logits);
  // The same of all rows in two stages, one of `wanted` a row. REQUIRES: screen.takes(wanted).
  void project_likeliest(HeadScreen& screen, std::span<const Likeliest> wanted, float* logits);

 private:
  void embed_and_turn();
  void attention_inputs(const LayerWeights& layer, uint32_t index);
  // After the last layer's keys and values only the rows asked for go on; buffers hold them from the start.
  void narrow_to_rows();
  void queries_keys_values(const LayerWeights& layer, uint32_t index);
  void finish_heads(const LayerWeights& layer, uint32_t index, Team::Share heads);
  void attend(uint32_t index);
  void attend_span(const AttentionTask& task, uint32_t layer, uint32_t span, const Partials& out);
  void join_spans(const AttentionTask& task, uint32_t layer, const Partials& partials);
  void attention_output(const LayerWeights& layer);
  void gate_and_up(const LayerWeights& layer);
  void gated_columns(const LayerWeights& layer, MatmulInput& in, Team::Share columns);
  void down(const LayerWeights& layer);
  void final_rows();

  // Rows are tokens, until narrow_to_rows(). The residual stream stays where its token is.
  float* stream(uint32_t row) const;
  // The stream += out[row], through the norm where there is one.
  void add_output(uint32_t row, const std::vector<float>& post_norm);
  void norm(uint32_t row, const std::vector<float>& weight);
  // Quantises one row's input of a matmul where some of its weights want that.
  void quantize(uint32_t row, const float* x, uint32_t cols, bool wanted);
  MatmulInput input(const float* x, uint32_t cols) const;
  void multiply(const TensorView& w, const std::vector<float>& bias, MatmulInput& in, Team::Share rows, float* out, size_t out_stride) const;
  // After a phase over rows: where each thread has done all of them for itself, none need wait.
  void rows_done() const;
  void meet() const;  // all threads of the team
  // This thread's time since the last done() or meet() was this phase's. Nothing where nobody asked.
  void done(PassPhase phase, TensorType type = TensorType::kF32) const;

  const ModelSpec& spec_;
  const Weights& weights_;
  const kernels::KernelTable& kernels_;
  const RopeAngles* angles_;
  std::span<const BatchItem> batch_;
  Model::Workspace& work_;
  const Team& team_;
  Model::Workspace::Thread& mine_;
  PassClock::Thread* const clock_;  // null: nobody asked
  const uint32_t n_tokens_;
  const bool replicated_;           // see kReplicatedTokens
  const TokenBuffers& buffers_;     // this thread's own, or the shared ones
  uint32_t n_rows_;                 // going through the phases now: all tokens, or the rows asked for
  bool narrowed_ = false;
  Team::Share rows_;                // those whose work this thread does where it is not shared by weights
  const uint32_t q_width_, kv_width_;
};

}  // namespace slm
