// The report page's texts.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace slm::lab {

// {"en": {key: text}, "zh": {key: text}}: every text data/report/report.js asks for by its key.
nlohmann::ordered_json page_texts();

}  // namespace slm::lab
