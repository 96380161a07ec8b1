#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>

#include "lab/compare/session.h"
#include "lab/compare/task_rows.h"
#include "lab/datasets.h"
#include "lab/endpoint/endpoint.h"
#include "lab/planning/stopping.h"
#include "lab/tasks/run_task.h"

namespace slm::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kSampledItems = 4;          // whose length stands for the row's
constexpr uint64_t kUsualBytesPerToken = 4;
constexpr double kUsualAnswer = 0.5;         // of the tokens an answer may have
constexpr uint64_t kItemsATurn = 4;          // of A, then of B
constexpr double kEndingsOverContext = 1.5;  // endings are short, but each is a pass of its own

// A row of a task on its way: its items, and what both models made of the first of them.
struct RowRun {
  const Task* task = nullptr;
  const TaskRow* row = nullptr;
  std::optional<RowData> data;      // nothing: not to be had, `missing` says why
  Message missing;
  std::vector<TaskRecord> records[2];
  int failures_in_a_row[2] = {};
  bool is_over = false;             // an endpoint was given up
  std::vector<RunningScore> scores;  // one a model
  std::vector<Look> looks;
  RowProgress progress;
  double seconds_per_item = 0;      // both models, estimated
  uint64_t planned = 0;             // items; 0: the plan has no place for it
  uint64_t wanted = 0;              // of progress: the plan's, or more where time is left
  bool is_own = false;              // a user's own prompts

  // Of a user's own prompts all are wanted.
  uint64_t available(const ComparisonTier& tier) const {
    return data ? std::min<uint64_t>(data->items.size(), is_own ? data->items.size() : tier.most_items) : 0;
  }
};

class TaskPart {
 public:
  TaskPart(Session& session, AnswerCache* cache) : session_(session), tier_(*session.setup.tier), cache_(cache) {
    for (int which : {0, 1}) subjects_[which] = session.models[which]->task_subject();
  }

  Status run() {
    SLM_TRY_STATUS(load());
    const Status ended = ask();
    // What was asked before Ctrl-C, or a plan that was refused, stands in the table all the same.
    if (!ended && ended.error().message.key != "lab.interrupted") return ended;
    session_.comparison.interrupted = !ended;
    for (const RowRun& row : rows_) {
      if (!row.records[0].empty()) add_source(row.is_own ? session_.setup.prompts->file : row.data->source);
      for (ComparisonRow& finished : finish(row)) session_.add(std::move(finished));
    }
    for (const RowRun& row : rows_) add_gap(row);
    if (not_kept_ > 0) session_.comparison.warnings.push_back(msg("lab.task.not_kept", not_kept_, not_kept_because_.text(Language::kEnglish)));
    return {};
  }

 private:
  Status load() {
    if (session_.setup.prompts) load_prompts(*session_.setup.prompts);
    for (const TierTask& wanted : tier_.tasks) {
      SLM_TRY(task, find_task(std::string(wanted.task)));
      tasks_.push_back(std::move(task));
      for (const TaskRow& row : tasks_.back().rows) {
        const bool is_wanted = wanted.rows.empty() || std::find(wanted.rows.begin(), wanted.rows.end(), row.id) != wanted.rows.end();
        if (is_wanted) load_one(tasks_.back(), row);
      }
    }
    return {};
  }

  void load_prompts(const OwnPromptSet& set) {
    tasks_.push_back(own_prompts_task(set.max_tokens));
    RowRun& run = rows_.emplace_back();
    run.task = &tasks_.back();
    run.row = &run.task->rows.front();
    run.is_own = true;
    run.scores.assign(2, RunningScore(*run.task));
    run.data = own_prompts_row(*run.task, set);
  }

  // A set that is not there is a row that says so; a damaged one is named above the table too: what else is measured stands.
  void load_one(const Task& task, const TaskRow& row) {
    rows_.emplace_back();
    RowRun& run = rows_.back();
    run.task = &task;
    run.row = &row;
    run.scores.assign(2, RunningScore(task));
    auto data = load_row(task, row, session_.setup.data_directories, {.seed = kSubsetSeed, .shots = {}});
    if (data) {
      run.data = std::move(*data);
      return;
    }
    const bool is_damaged = data.error().kind != ErrorKind::kNotFound;
    run.missing = is_damaged ? data.error().message : msg("lab.reason.no_data");
    std::vector<Message>& warnings = session_.comparison.warnings;
    const bool is_said = std::any_of(warnings.begin(), warnings.end(), [&](const Message& one) { return same_text(one, run.missing); });
    if (is_damaged && !is_said) warnings.push_back(run.missing);
  }

  static bool same_text(const Message& a, const Message& b) { return a.key == b.key && a.args == b.args; }

  void add_source(const std::string& source) {
    std::vector<std::string>& sources = session_.comparison.sources;
    if (std::find(sources.begin(), sources.end(), source) == sources.end()) sources.push_back(source);
  }

  Status ask() {
    for (RowRun& row : rows_) row.seconds_per_item = row.data ? estimated_seconds(row) : 1;
    SLM_TRY(plan, agreed_plan());
    for (size_t i = 0; i < rows_.size(); ++i) {
      rows_[i].planned = plan.rows[i].items;
      judged_rows_ += rows_[i].planned > 0;
    }
    const Clock::time_point start = Clock::now();
    const Clock::time_point deadline = std::isfinite(plan.budget_seconds)
                                           ? start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(plan.budget_seconds))
                                           : Clock::time_point::max();
    for (;;) {
      const double left = plan.budget_seconds - std::chrono::duration<double>(Clock::now() - start).count();
      std::vector<RowProgress> progress;
      for (const RowRun& row : rows_) progress.push_back(row.progress);
      const auto step = left > 0 ? next_step(plan, progress, left) : std::nullopt;
      if (!step) break;
      RowRun& row = rows_[step->row];
      SLM_TRY_STATUS(answer(row, step->items, deadline));
      if (plan.rows[step->row].cost.may_stop && Clock::now() < deadline) look(row, step->share);
    }
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (plan.rows[i].cost.may_stop && rows_[i].planned > 0 && !rows_[i].progress.decided) look(rows_[i], 1);
    }
    return {};
  }

  Result<Plan> agreed_plan() const {
    double budget = session_.setup.budget_seconds.value_or(tier_.budget_seconds);
    for (;;) {
      Plan plan = make_plan(costs(budget), budget);
      if (!session_.setup.approve) return plan;
      const auto agreed = session_.setup.approve(plan, labels());
      if (!agreed) return fail(ErrorKind::kFailed, "lab.interrupted");
      if (*agreed == budget) return plan;
      budget = *agreed;
    }
  }

  // By the speeds just measured: what an item's fields hold is read, and of answers what is usual is written.
  double estimated_seconds(const RowRun& row) const {
    const size_t sampled = std::min(kSampledItems, row.data->items.size());
    double seconds = 0;
    for (int which : {0, 1}) {
      uint64_t tokens = 0;
      for (size_t i = 0; i < sampled; ++i) tokens += tokens_of(which, text_of(*row.data, row.data->items[i]));
      const double read = static_cast<double>(tokens) / static_cast<double>(std::max<size_t>(1, sampled));
      const bool writes = row.task->kind == TaskKind::kGenerate;
      const double written = writes ? kUsualAnswer * row.task->max_tokens : 0;
      seconds += (writes ? 1 : kEndingsOverContext) * read / session_.prefill_rate[which] + written / session_.decode_rate[which];
    }
    return std::max(1e-4, seconds);
  }

  // Of a model that cannot be asked, as many as are usual.
  uint64_t tokens_of(int which, std::string_view text) const {
    if (session_.is_endpoint(which)) return text.size() / kUsualBytesPerToken;  // it would be asked an answer a text
    return session_.models[which]->count_tokens(text, session_.watch).value_or(text.size() / kUsualBytesPerToken);
  }

  static std::string text_of(const RowData& data, const TaskItem& item) {
    std::string text = preamble_of(data, item).value_or(std::string());
    for (const auto& [name, value] : item.fields) {
      text += value.text;
      for (const std::string& part : value.list) text += part;
    }
    return text;
  }

  std::vector<RowCost> costs(double budget) const {
    std::vector<RowCost> costs;
    for (const RowRun& row : rows_) {
      RowCost cost;
      cost.id = task_row_id(*row.task, *row.row);
      cost.seconds_per_item = row.seconds_per_item;
      cost.least = row.is_own ? 1 : tier_.least_items;
      cost.available = row.missing.empty() ? row.available(tier_) : 0;
      // Without a limit of time nothing is won by stopping early, and the same seed gives the same items. An own prompt is asked to be
      // answered, decided or not.
      cost.may_stop = std::isfinite(budget) && is_rate(*row.task) && !row.is_own;
      costs.push_back(cost);
    }
    return costs;
  }

  std::vector<Message> labels() const {
    std::vector<Message> labels;
    for (const RowRun& row : rows_) labels.push_back(task_label(*row.task, *row.row, 0));
    return labels;
  }

  // The next `count` items of a row, a few by A, then the same by B; fewer when the time is up.
  Status answer(RowRun& row, uint64_t count, Clock::time_point deadline) {
    const uint64_t last = std::min<uint64_t>(row.progress.items + count, row.available(tier_));
    row.wanted = std::max(row.planned, last);  // time that decided rows leave goes beyond the plan
    while (row.progress.items < last) {
      if (Clock::now() >= deadline) return {};
      const uint64_t first = row.progress.items, end = std::min(last, first + kItemsATurn);
      for (int which : {0, 1}) SLM_TRY_STATUS(take_turn(row, which, first, end));
      row.progress.items = row.missing.empty() && !row.is_over ? end : row.available(tier_);
    }
    return {};
  }

  Status take_turn(RowRun& row, int which, uint64_t first, uint64_t end) {
    for (uint64_t i = first; i < end && row.missing.empty() && !row.is_over; ++i) {
      SLM_TRY_STATUS(session_.watch.check());
      Status kept;
      auto record = run_item(*row.data, row.data->items[i], subjects_[which], cache_, session_.watch, &kept);
      if (!record) {
        SLM_TRY_STATUS(session_.watch.check());
        give_up(row, which, record.error());
        return {};
      }
      if (!kept) {
        ++not_kept_;
        not_kept_because_ = kept.error();
      }
      row.scores[static_cast<size_t>(which)].add(*record);
      row.records[which].push_back(std::move(*record));
      if (is_given_up(row, which)) return {};
      session_.watch.report({msg("lab.stage.item", render(task_label(*row.task, *row.row, 0), language()), session_.name(which)), i + 1,
                             row.wanted, row.scores[static_cast<size_t>(which)].text(), number_of(row), judged_rows_});
    }
    return {};
  }

  // From 1, among those that the plan has a place for.
  uint64_t number_of(const RowRun& row) const {
    uint64_t number = 0;
    for (const RowRun& one : rows_) {
      number += one.planned > 0;
      if (&one == &row) break;
    }
    return number;
  }

  // What cannot be measured here is a row with its reason; what is damaged is said above the table too. The other rows go on.
  void give_up(RowRun& row, int which, const Error& error) {
    if (error.kind != ErrorKind::kNotFound) session_.comparison.warnings.push_back(error.message);
    row.missing = reason_not_measurable(which, error.message);
    row.progress.decided = true;
  }

  // The grader's means are not on this machine, or an endpoint lacks what the task needs.
  Message reason_not_measurable(int which, Message reason) const {
    if (!session_.is_endpoint(which) || reason.key != "lab.endpoint.no_echo") return reason;
    return msg("lab.endpoint.no_logprobs", session_.name(which));
  }

  // An endpoint that fails again and again ends its row; what was answered stands.
  bool is_given_up(RowRun& row, int which) {
    const TaskRecord& last = row.records[which].back();
    int& failures = row.failures_in_a_row[which];
    failures = last.has_mark("failed") && session_.is_endpoint(which) ? failures + 1 : 0;
    if (failures < kFailuresInARow) return false;
    const std::string label = render(task_label(*row.task, *row.row, 0), Language::kEnglish);
    Message reason = msg("lab.endpoint.row_given_up", session_.name(which), label, failures, last.transcript);
    session_.comparison.warnings.push_back(reason);
    const bool answered_any = std::any_of(row.records[which].begin(), row.records[which].end(), [](const TaskRecord& one) { return one.is_graded; });
    if (!answered_any) row.missing = std::move(reason);
    row.is_over = row.progress.decided = true;
    return true;
  }

  void look(RowRun& row, double share) {
    const PairedCounts counts = count_records(row.records[0], row.records[1]);
    if (!row.looks.empty()) share = std::max(share, row.looks.back().share);  // by the clock it may seem to fall
    row.looks.push_back({counts.only_a, counts.only_b, share, counts.total()});
    row.progress.decided = sequential_mcnemar(row.looks, alpha()).stop;
  }

  // Shared by all rows: one that stops is shown, whatever the others turn out to be.
  double alpha() const { return kSignificance / static_cast<double>(std::max<uint64_t>(1, judged_rows_)); }

  std::vector<ComparisonRow> finish(const RowRun& run) const {
    if (run.is_own && run.planned > 0 && run.missing.empty()) return own_prompt_rows(*run.data, run.records[0], run.records[1], session_.setup.seed);
    std::vector<ComparisonRow> rows = {finish_task(run)};
    if (rows.front().verdict != Verdict::kNotMeasured) {
      for (ComparisonRow& row : reading_rows(pair_of(run), session_.setup.seed)) rows.push_back(std::move(row));
    }
    for (ComparisonRow& row : rows) row.language = run.row->language;
    return rows;
  }

  // Against the row with the same items, where both were asked.
  void add_gap(const RowRun& run) const {
    const auto is_twin = [&](const RowRun& other) { return other.task == run.task && &other != &run && other.row->id == run.task->twins; };
    const auto twin = std::find_if(rows_.begin(), rows_.end(), is_twin);
    if (twin == rows_.end() || run.planned == 0 || twin->planned == 0 || !run.missing.empty() || !twin->missing.empty()) return;
    session_.add(gap_row(pair_of(run), pair_of(*twin), session_.setup.seed));
  }

  ComparisonRow finish_task(const RowRun& run) const {
    const TaskPair pair = pair_of(run);
    if (!run.missing.empty()) return unmeasured_row(pair.id, run.task->table, pair.label, run.missing);
    if (run.planned == 0) return unmeasured_row(pair.id, run.task->table, pair.label, msg("lab.reason.no_time"));
    return task_row(pair, session_.setup.seed);
  }

  TaskPair pair_of(const RowRun& run) const {
    const Message label = task_label(*run.task, *run.row, std::min(run.records[0].size(), run.records[1].size()));
    return {task_row_id(*run.task, *run.row), label, run.data ? &*run.data : nullptr, &run.records[0], &run.records[1], run.looks, alpha()};
  }

  Session& session_;
  const ComparisonTier& tier_;
  AnswerCache* cache_;
  std::deque<Task> tasks_;  // rows point into it
  std::deque<RowRun> rows_;
  TaskSubject subjects_[2];
  uint64_t judged_rows_ = 0;  // that the plan has a place for
  uint64_t not_kept_ = 0;  // answers that the cache could not take, and the last reason
  Error not_kept_because_;
};

}  // namespace

Status measure_tasks(Session& session) {
  std::unique_ptr<AnswerCache> cache;
  if (!session.setup.cache_path.empty()) {
    auto opened = AnswerCache::open(session.setup.cache_path);
    // Without it the comparison is as good, only not resumable.
    if (opened) cache = std::move(*opened);
    else session.comparison.warnings.push_back(opened.error().message);
  }
  return TaskPart(session, cache.get()).run();
}

}  // namespace slm::lab
