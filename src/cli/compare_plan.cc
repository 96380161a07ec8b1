#include "cli/compare_plan.h"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <string>

#include "base/text.h"
#include "cli/command.h"

namespace slm::cli {
namespace {

constexpr double kMostSeconds = 30 * 24 * 3600.0;
constexpr size_t kLabelColumns = 45;

std::string time_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60);
}

void print_plan(const lab::Plan& plan, const std::vector<Message>& labels) {
  std::string text = tr("lab.plan.title", time_text(plan.seconds())) + "\n";
  for (size_t i = 0; i < plan.rows.size(); ++i) {
    const lab::PlannedRow& row = plan.rows[i];
    const std::string label = pad_right(render(labels[i], language()), kLabelColumns) + " ";
    if (row.items > 0) text += "  " + label + tr("lab.plan.row", row.items, row.cost.available, time_text(row.seconds())) + "\n";
    else text += "  " + label + tr(row.cost.available > 0 ? "lab.plan.no_time" : "lab.reason.no_data") + "\n";
  }
  std::fputs(text.c_str(), stderr);
}

}  // namespace

Result<double> parse_duration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const double scale = unit.empty() || unit == "s" ? 1 : unit == "m" || unit == "min" ? 60 : unit == "h" ? 3600 : 0;
  const double seconds = value * scale;
  if (error != std::errc() || !(seconds > 0) || seconds > kMostSeconds) return fail(ErrorKind::kUsage, "lab.bad_duration", text);
  return seconds;
}

std::optional<double> show_plan(const lab::Plan& plan, const std::vector<Message>& labels, bool may_ask) {
  print_plan(plan, labels);
  if (!may_ask || isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) return plan.budget_seconds;
  for (;;) {
    std::fputs((tr("lab.plan.ask") + " ").c_str(), stderr);
    std::string answer;
    if (!std::getline(std::cin, answer) || answer == "n" || answer == "N") return std::nullopt;
    if (answer.empty()) return plan.budget_seconds;
    const auto other = parse_duration(answer);
    if (other) return *other;
    note(other.error().message);
  }
}

}  // namespace slm::cli
