// The article that data/claims/article.yaml quotes, held against a comparison of its own two models.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace slm::lab {

// [{claim, quote, verdict, evidence[]}] in the article's order, as the audit finds them with this comparison (docs/json.md) as a measurement;
// empty where the comparison measures nothing that the article speaks of, since then it is of other models. Errors: kCorrupt: no comparison.
Result<nlohmann::ordered_json> article_json(const nlohmann::ordered_json& comparison);

}  // namespace slm::lab
