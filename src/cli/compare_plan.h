// The time a comparison may take: how the user says it, and the plan he is shown before it starts.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "base/result.h"
#include "lab/planning/plan.h"

namespace slm::cli {

// "90s", "20m", "1.5h", "90" (seconds) -> seconds. Errors: kUsage: not a time, or not above 0.
Result<double> parse_duration(std::string_view text);

// The plan on stderr: items and minutes of each row. Where somebody is there to answer (a terminal), asks for Enter, another time, or n.
// The budget to go on with; nothing: stop.
std::optional<double> show_plan(const lab::Plan& plan, const std::vector<Message>& labels, bool may_ask);

}  // namespace slm::cli
