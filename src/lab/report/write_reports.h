// A comparison as files.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace slm::lab {

// Where each form of the report goes; empty: that form is not written.
struct ReportPaths {
  std::string html, csv, markdown, json;
};

// Every file whole or not at all; all are tried, the first error is returned. Markdown is in the language set for the process.
// Errors: those of check_comparison() and of writing a file (the path named).
Status write_reports(const nlohmann::ordered_json& comparison, const ReportPaths& paths);

}  // namespace slm::lab
