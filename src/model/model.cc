#include "model/model.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "model/forward.h"
#include "model/head_screen.h"
#include "model/pass_profile.h"
#include "model/weight_mover.h"
#include "model/weights.h"
#include "model/workspace.h"

namespace slm {
namespace {

void add_layer_costs_of(const ModelParts& parts, std::span<const BatchItem> batch, PassProfile* profile) {
  if (!profile || batch.empty()) return;
  std::vector<ItemShape> shapes;
  for (const BatchItem& item : batch) {
    const auto n = static_cast<uint32_t>(item.ids.size());
    shapes.push_back({item.first_pos, n, n - std::min(item.first_logits, n)});
  }
  add_layer_costs(parts.spec, parts.weights, batch[0].kv->type(), shapes, profile->costs);
}

void add_head_cost_of(const ModelParts& parts, uint32_t rows, PassProfile* profile) {
  if (profile && rows > 0) add_head_cost(parts.weights, rows, profile->costs);
}

void add_screened_head_cost_of(const ModelParts& parts, uint32_t rows, const HeadScreen& screen, PassProfile* profile) {
  if (!profile) return;
  const TensorView& head = parts.weights.head;
  PassCost& coarse = profile->costs.at(PassPhase::kHead, screen.copy_type());
  PassCost& exact = profile->costs.at(PassPhase::kHead, head.type);
  ++coarse.calls, ++exact.calls;
  coarse.bytes += head.rows * row_bytes(screen.copy_type(), head.cols);
  coarse.macs += uint64_t{rows} * head.rows * head.cols;
  exact.bytes += screen.kept_rows() * head.row_bytes;
  exact.macs += screen.kept_rows() * head.cols;
}

// By row of logits; empty where nobody asks or there are more than are screened.
std::vector<Likeliest> wanted_of(std::span<const BatchItem> batch, const HeadScreen* screen) {
  std::vector<Likeliest> wanted;
  if (!screen) return wanted;
  for (const BatchItem& item : batch) {
    const size_t rows = item.ids.size() - std::min<size_t>(item.first_logits, item.ids.size());
    if (wanted.size() + rows > HeadScreen::kMostRows) return {};
    wanted.insert(wanted.end(), rows, item.wanted);
  }
  return wanted;
}

// pool.run(), timed where somebody asked.
template <class Job>
void run_pass(ThreadPool& pool, PassProfile* profile, const Job& job) {
  if (profile) profile->clock.begin();
  pool.run(job);
  if (profile) profile->clock.end();
}

}  // namespace

struct Model::Impl {
  std::shared_ptr<const gguf::File> file;
  const kernels::KernelTable& kernels;
  ModelSpec spec;
  Weights weights;
  RopeAngles angles[2];  // of full and of windowed layers
  std::unique_ptr<WeightMover> mover = {};  // once the first weights are to be moved

  ModelParts parts() const { return {spec, weights, kernels, angles}; }
};

Model::Model() = default;
Model::~Model() = default;

Result<std::unique_ptr<Model>> Model::open(std::shared_ptr<const gguf::File> file, const kernels::KernelTable& kernels) {
  SLM_TRY(architecture, file->architecture());
  const Family* family = find_family(architecture);
  if (!family) {
    return fail(ErrorKind::kFailed, "model.unknown_architecture", architecture,
                fmt::format("{}", fmt::join(family_names(), ", ")));
  }
  SLM_TRY(spec, family->read_spec(*file));
  SLM_TRY(weights, bind_weights(*file, spec, kernels));
  const RopeAngles full(spec.rope_dims, spec.rope_base, spec.rope_scale, weights.rope_factors);
  const RopeAngles windowed(spec.rope_dims, spec.rope_base_local, spec.rope_scale_local, {});
  std::unique_ptr<Model> model(new Model);
  model->impl_.reset(new Impl{std::move(file), kernels, std::move(spec), std::move(weights), {full, windowed}});
  return model;
}

const ModelSpec& Model::spec() const { return impl_->spec; }
const gguf::File& Model::file() const { return *impl_->file; }
const kernels::KernelTable& Model::kernels() const { return impl_->kernels; }
uint64_t Model::parameters() const { return impl_->weights.parameters; }
uint64_t Model::weight_bytes() const { return impl_->weights.bytes; }

KvLayout Model::kv_layout(kernels::KvType type) const {
  const ModelSpec& spec = impl_->spec;
  KvLayout layout;
  layout.type = type;
  layout.n_kv_heads = spec.n_kv_heads;
  layout.head_dim = spec.head_dim;
  layout.window = spec.window;
  for (uint32_t i = 0; i < spec.n_layers; ++i) {
    const uint32_t kind = spec.windowed[i] ? 1 : 0;
    layout.layer_class.push_back(kind);
    layout.layer_index.push_back(layout.n_class_layers[kind]++);
  }
  return layout;
}

uint64_t Model::workspace_bytes(uint32_t max_batch_tokens, int threads, uint32_t max_context) const {
  return Workspace::bytes(impl_->spec, max_batch_tokens, max_context > 0 ? max_context : impl_->spec.context, threads);
}

uint64_t Model::head_screen_bytes() const { return HeadScreen::bytes(impl_->weights.head); }

HeadScreenUse Model::head_screen_use(const Workspace& workspace) { return workspace.screen ? workspace.screen->use() : HeadScreenUse{}; }

bool Model::move_weights(size_t bytes, const Workspace& workspace, ThreadPool& pool) {
  const MappedFile* mapping = impl_->file->mapping();
  if (mapping == nullptr) return false;
  if (!impl_->mover) impl_->mover = std::make_unique<WeightMover>(impl_->weights, *mapping);
  return impl_->mover->move(bytes, !workspace.screen || workspace.screen->given_up(), pool);
}

std::unique_ptr<Model::Workspace, void (*)(Model::Workspace*)> Model::make_workspace(uint32_t max_batch_tokens,
                                                                                    uint32_t max_context, int threads,
                                                                                    HeadScreening screening) const {
  const auto destroy = +[](Workspace* workspace) { delete workspace; };
  std::unique_ptr<Workspace, void (*)(Workspace*)> workspace(
      new Workspace(impl_->spec, max_batch_tokens, max_context, threads), destroy);
  if (!*workspace) workspace.reset();
  const TensorView& head = impl_->weights.head;
  const bool pays = screening == HeadScreening::kWhereItPays && head_screen_bytes() > 0;
  if (workspace && (pays || (screening == HeadScreening::kAlways && HeadCopy::saves(head)))) {
    const bool always = screening == HeadScreening::kAlways;
    workspace->screen = std::make_unique<HeadScreen>(head, impl_->kernels, impl_->spec.logit_soft_cap, threads, always);
  }
  return workspace;
}

void Model::forward(std::span<const BatchItem> batch, Workspace& workspace, ThreadPool& pool,
                    std::span<float> logits) const {
  const ModelParts parts = impl_->parts();
  prepare_batch(parts, batch, workspace, pool.size());
  const auto rows = static_cast<uint32_t>(workspace.rows.size());
  SLM_CHECK(workspace.positions.size() <= workspace.max_batch_tokens);
  SLM_CHECK(logits.size() >= size_t{rows} * parts.spec.vocabulary);
  add_layer_costs_of(parts, batch, workspace.profile);
  HeadScreen* const screen = workspace.screen.get();
  const std::vector<Likeliest> wanted = wanted_of(batch, screen);
  const bool screened = screen && screen->takes(wanted);
  run_pass(pool, workspace.profile, [&](const Team& team) {
    ForwardPass pass(parts, batch, workspace, team);
    pass.run_layers();
    if (screened) {
      pass.project_likeliest(*screen, wanted, logits.data());
    } else if (rows > 0) {
      pass.project(0, rows, logits.data());
    }
  });
  if (screen) screen->learn({head_inputs(parts, workspace), wanted, logits.data()}, pool, workspace.threads[0].scratch);
  if (screened) {
    add_screened_head_cost_of(parts, rows, *screen, workspace.profile);
  } else {
    add_head_cost_of(parts, rows, workspace.profile);
  }
}

uint32_t Model::run_layers(std::span<const BatchItem> batch, Workspace& workspace, ThreadPool& pool) const {
  const ModelParts parts = impl_->parts();
  prepare_batch(parts, batch, workspace, pool.size());
  SLM_CHECK(workspace.positions.size() <= workspace.max_batch_tokens);
  add_layer_costs_of(parts, batch, workspace.profile);
  run_pass(pool, workspace.profile, [&](const Team& team) { ForwardPass(parts, batch, workspace, team).run_layers(); });
  return static_cast<uint32_t>(workspace.rows.size());
}

void Model::project(uint32_t first, uint32_t n, Workspace& workspace, ThreadPool& pool, std::span<float> logits) const {
  const ModelParts parts = impl_->parts();
  SLM_CHECK(size_t{first} + n <= workspace.rows.size());
  SLM_CHECK(logits.size() >= size_t{n} * parts.spec.vocabulary);
  add_head_cost_of(parts, n, workspace.profile);
  run_pass(pool, workspace.profile, [&](const Team& team) { ForwardPass(parts, {}, workspace, team).project(first, n, logits.data()); });
}

void Model::profile(Workspace& workspace, PassProfile* into) { workspace.profile = into; }

}  // namespace slm
